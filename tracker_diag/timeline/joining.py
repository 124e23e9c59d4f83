"""Stretches of metrics that begin again together: joined, set apart, or left out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tracker_diag.timeline.seams import LEAST, Levels, Seam, is_correction, judge, levels
from tracker_diag.timeline.stretches import Stretch


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """What became of the stretches of some metrics.

    Attributes
    ----------
    curves : mapping of str to Stretch
        The curve of each metric.
    aside : mapping of str to tuple of Stretch
        What is not in it: other trainings, what was logged anew, and what could not be joined.
    seams : tuple of Seam
        What happened between stretches, one fewer than there are.
    """

    curves: Mapping[str, Stretch]
    aside: Mapping[str, tuple[Stretch, ...]]
    seams: tuple[Seam, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """What was joined of a metric so far, its first stretch, and what was logged anew.

    ``counted_from`` is the step at which its steps were last counted anew, ``shift`` what was added to them since.
    """

    first: Stretch
    whole: Stretch
    counted_from: float
    shift: float = 0.0
    anew: tuple[Stretch, ...] = ()

    @classmethod
    def of(cls, stretch: Stretch) -> _Piece:
        return cls(stretch, stretch, float(stretch.steps[0]))


def join(cut: Mapping[str, Sequence[Stretch]], saying: Collection[str]) -> Joined:
    """Join the stretches of metrics that have equally many.

    What is open at a seam by itself is decided by all of them together: of ten epochs whose batches are counted anew,
    the first may end in noise as high as it began. What is far from all levels stays open, and so does a training of
    fewer than four records.

    Parameters
    ----------
    cut : mapping of str to sequence of Stretch
        In the order of logging, as many for each metric.
    saying : collection of str
        Names of the losses and scores, which tell what happened; the others follow.

    Returns
    -------
    Joined
        The last training where several stand in the run, the longest part of it where parts could not be joined.
    """
    count = len(next(iter(cut.values())))
    asked = [name for name in cut if name in saying]
    # Seen as one training, what does each seam say?
    pieces = {name: _Piece.of(cut[name][0]) for name in asked}
    around: list[list[Levels]] = []
    for i in range(1, count):
        following = {name: cut[name][i] for name in asked}
        around.append(_around(pieces, following))
        pieces = _joined(pieces, following, judge(around[-1]))
    together = judge([x for at in around for x in at])
    parts = [{name: _Piece.of(found[0]) for name, found in cut.items()}]
    seams: list[Seam] = []
    for i in range(1, count):
        following = {name: found[i] for name, found in cut.items()}
        seam = (
            Seam.BACK
            if all(is_correction(parts[-1][name].whole, following[name].moved(parts[-1][name].shift)) for name in cut)
            else Seam.OPEN
        )
        if seam is Seam.OPEN:
            here = _around({name: parts[-1][name] for name in asked}, following)
            seam = judge(here)
            if seam is Seam.OPEN and not (here and all(x.far for x in here)):
                seam = together
        if seam is Seam.NEW and max(stretch.steps.size for stretch in following.values()) < LEAST:
            seam = Seam.OPEN
        seams.append(seam)
        if seam in (Seam.ON, Seam.BACK):
            parts[-1] = _joined(parts[-1], following, seam)
        else:
            parts.append({name: _Piece.of(stretch) for name, stretch in following.items()})
    chosen = _chosen(parts, seams)
    return Joined(
        {name: _told_apart(parts[chosen][name].whole) for name in cut},
        {
            name: tuple(
                stretch
                for i, part in enumerate(parts)
                for stretch in (*part[name].anew, *(() if i == chosen else (part[name].whole,)))
                if stretch.steps.size
            )
            for name in cut
        },
        tuple(seams),
    )


def _around(pieces: Mapping[str, _Piece], following: Mapping[str, Stretch]) -> list[Levels]:
    found = (
        levels(
            piece.whole,
            piece.first,
            following[name].moved(piece.shift),
            bool(following[name].steps[0] > piece.counted_from),
        )
        for name, piece in pieces.items()
    )
    return [x for x in found if x is not None]


def _joined(pieces: Mapping[str, _Piece], following: Mapping[str, Stretch], seam: Seam) -> dict[str, _Piece]:
    """Put what follows behind the pieces: in place of what it logs anew, or after all of it by one shift for all."""
    if seam is Seam.BACK:
        return {name: _resumed(piece, following[name].moved(piece.shift)) for name, piece in pieces.items()}
    if not pieces:
        return {}
    last = max(piece.whole.steps[-1] for piece in pieces.values())
    begins = min(following[name].steps[0] for name in pieces)
    spacing = min(_spacing(piece.first) for piece in pieces.values())
    # Steps that rise are left as they are: it was the epochs that went back.
    shift = 0.0 if begins > last else last + spacing - begins
    return {
        name: replace(
            piece,
            whole=piece.whole.then(following[name].moved(shift)),
            counted_from=float(following[name].steps[0]),
            shift=float(shift),
        )
        for name, piece in pieces.items()
    }


def _resumed(piece: _Piece, following: Stretch) -> _Piece:
    kept, anew = piece.whole.before(following.steps[0]), piece.whole.since(following.steps[0])
    return replace(piece, whole=kept.then(following), anew=(*piece.anew, anew))


def _spacing(stretch: Stretch) -> float:
    return float(np.median(np.diff(stretch.steps))) if stretch.steps.size > 1 else 1.0


def _told_apart(curve: Stretch) -> Stretch:
    """Count the records where steps are so large that what was added to them at a seam is lost."""
    rises = (curve.steps[1:] > curve.steps[:-1]).all()
    return curve if rises else Stretch(np.arange(curve.steps.size, dtype=np.float64), curve.values, curve.at)


def _chosen(parts: Sequence[Mapping[str, _Piece]], seams: Sequence[Seam]) -> int:
    """The part to judge: of the last training, and of its parts the one with the most records, the later of two."""
    breaks = [seam for seam in seams if seam in (Seam.NEW, Seam.OPEN)]
    since = max((i + 1 for i, seam in enumerate(breaks) if seam is Seam.NEW), default=0)
    sizes = [sum(piece.whole.steps.size for piece in part.values()) for part in parts]
    return max(range(since, len(parts)), key=lambda i: (sizes[i], i))
