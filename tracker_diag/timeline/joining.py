"""Stretches of metrics that begin again together: joined, set apart, or left out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tracker_diag.timeline.seams import LEAST, Levels, Seam, is_correction, judge, levels
from tracker_diag.timeline.stretches import Stretch

#: Seams that are looked at one by one; if there are more, the first of them decide for all.
MANY = 300
#: How many times the largest value before a seam an end must be to have run away.
RUN_AWAY = 10.0


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


@dataclass(slots=True, eq=False)
class _Piece:
    """What was joined of one metric so far, in its stretches, and what was logged anew.

    ``counted_from`` is the step at which its steps were last counted anew, ``shift`` what was added to them since.
    """

    stretches: list[Stretch]
    counted_from: float
    shift: float = 0.0
    anew: list[Stretch] = field(default_factory=list)

    @classmethod
    def of(cls, stretch: Stretch) -> _Piece:
        return cls([stretch], float(stretch.steps[0]))

    @property
    def last(self) -> Stretch:
        return self.stretches[-1]

    @property
    def whole(self) -> Stretch:
        return Stretch(*(np.concatenate([getattr(s, a) for s in self.stretches]) for a in ("steps", "values", "at")))

    def may_go_back(self, following: Stretch) -> bool:
        return bool(following.steps[0] > self.counted_from)

    def go_on(self, following: Stretch, shift: float) -> None:
        self.counted_from, self.shift = float(following.steps[0]), shift
        self.stretches.append(following.moved(shift))

    def go_back(self, following: Stretch) -> None:
        moved = following.moved(self.shift)
        step = moved.steps[0]
        while self.stretches and self.stretches[-1].steps[-1] >= step:
            kept, anew = self.stretches.pop().parted(step)
            self.anew.append(anew)
            if kept.steps.size:
                self.stretches.append(kept)
                break
        self.stretches.append(moved)


def join(cut: Mapping[str, Sequence[Stretch]], saying: Collection[str]) -> Joined:
    """Join the stretches of metrics that have equally many.

    A seam that shows nothing by itself is decided by all seams together: with noisy batches, one epoch may start as
    high as the last ended. It stays open if the curve begins far from all levels, or if fewer than four records of a
    new training follow. Of more than 300 seams the first 300, together, decide for all.

    Parameters
    ----------
    cut : mapping of str to sequence of Stretch
        In the order of logging, as many for each metric.
    saying : collection of str
        Names of the losses and scores, which tell what happened; the others follow.

    Returns
    -------
    Joined
        The last training where several stand in the run, the longest part of it where parts could not be joined; the
        last part where that ran away or is not finite.
    """
    count = len(next(iter(cut.values())))
    asked = [name for name in cut if name in saying]
    together = judge(_seen_as_one({name: cut[name][: MANY + 1] for name in asked}))
    parts = [{name: _Piece.of(found[0]) for name, found in cut.items()}]
    seams: list[Seam] = []
    for i in range(1, count):
        following = {name: found[i] for name, found in cut.items()}
        seam = together if count > MANY else _seam(parts[-1], following, asked, together)
        if seam is Seam.NEW and max(stretch.steps.size for stretch in following.values()) < LEAST:
            seam = Seam.OPEN
        seams.append(seam)
        if seam in (Seam.ON, Seam.BACK):
            _put_behind(parts[-1], following, seam)
        else:
            parts.append({name: _Piece.of(stretch) for name, stretch in following.items()})
    chosen = _chosen(parts, seams, asked)
    return Joined(
        {name: _told_apart(parts[chosen][name].whole) for name in cut},
        {
            name: tuple(
                stretch
                for i, part in enumerate(parts)
                for stretch in (*part[name].anew, *(() if i == chosen else part[name].stretches))
                if stretch.steps.size
            )
            for name in cut
        },
        tuple(seams),
    )


def _seen_as_one(cut: Mapping[str, Sequence[Stretch]]) -> list[Levels]:
    """What all seams say if the stretches are one training."""
    pieces = {name: _Piece.of(found[0]) for name, found in cut.items()}
    said: list[Levels] = []
    for i in range(1, len(next(iter(cut.values()), ()))):
        following = {name: found[i] for name, found in cut.items()}
        here = _around(pieces, following)
        said += here
        _put_behind(pieces, following, judge(here))
    return said


def _seam(pieces: Mapping[str, _Piece], following: Mapping[str, Stretch], asked: Sequence[str], together: Seam) -> Seam:
    if all(_is_corrected(piece, following[name]) for name, piece in pieces.items()):
        return Seam.BACK
    here = _around({name: pieces[name] for name in asked}, following)
    seam = judge(here)
    return together if seam is Seam.OPEN and not (here and all(x.far for x in here)) else seam


def _is_corrected(piece: _Piece, following: Stretch) -> bool:
    return piece.may_go_back(following) and is_correction(piece.last, following.moved(piece.shift))


def _around(pieces: Mapping[str, _Piece], following: Mapping[str, Stretch]) -> list[Levels]:
    found = (_levels(piece, following[name]) for name, piece in pieces.items())
    return [x for x in found if x is not None]


def _levels(piece: _Piece, following: Stretch) -> Levels | None:
    back = piece.may_go_back(following)
    # Only who goes back needs more than the last stretch to be seen.
    going = piece.whole if back else piece.last
    return levels(going, piece.stretches[0], following.moved(piece.shift) if back else following, back)


def _put_behind(pieces: Mapping[str, _Piece], following: Mapping[str, Stretch], seam: Seam) -> None:
    """Put what follows behind the pieces: in place of what it logs anew, or after all of it by one shift for all."""
    if seam is Seam.BACK:
        for name, piece in pieces.items():
            piece.go_back(following[name])
    elif pieces:
        last = max(piece.last.steps[-1] for piece in pieces.values())
        begins = min(following[name].steps[0] for name in pieces)
        spacing = min(_spacing(piece.stretches[0]) for piece in pieces.values())
        # Steps that rise are left as they are: it was the epochs that went back.
        shift = 0.0 if begins > last else float(last + spacing - begins)
        for name, piece in pieces.items():
            piece.go_on(following[name], shift)


def _spacing(stretch: Stretch) -> float:
    return float(np.median(np.diff(stretch.steps))) if stretch.steps.size > 1 else 1.0


def _told_apart(curve: Stretch) -> Stretch:
    """Count the records where steps are so large that what was added to them at a seam is lost."""
    rises = (curve.steps[1:] > curve.steps[:-1]).all()
    return curve if rises else Stretch(np.arange(curve.steps.size, dtype=np.float64), curve.values, curve.at)


def _chosen(parts: Sequence[Mapping[str, _Piece]], seams: Sequence[Seam], asked: Sequence[str]) -> int:
    """The part to judge: of the last training, and of its parts the one with the most records, the later of two.

    A training that ends in values which are no numbers, or have run away, is judged by its end.
    """
    breaks = [seam for seam in seams if seam in (Seam.NEW, Seam.OPEN)]
    since = max((i + 1 for i, seam in enumerate(breaks) if seam is Seam.NEW), default=0)
    final = len(parts) - 1
    if since < final and any(_ran_away([part[name] for part in parts[since:]]) for name in asked):
        return final
    sizes = [sum(s.steps.size for piece in part.values() for s in piece.stretches) for part in parts]
    return max(range(since, len(parts)), key=lambda i: (sizes[i], i))


def _ran_away(pieces: Sequence[_Piece]) -> bool:
    before = np.concatenate([s.values for piece in pieces[:-1] for s in piece.stretches])
    known, end = np.abs(before[np.isfinite(before)]), pieces[-1].last.values[-1]
    return bool(known.size and (not np.isfinite(end) or abs(end) / RUN_AWAY > known.max()))
