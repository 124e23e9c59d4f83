"""A run whose metrics are curves: records in order, steps that go back explained, the same for all metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tracker_diag.core.run import Records, Run, Series, by_step
from tracker_diag.roles.metric_names import read_metric, read_plain
from tracker_diag.timeline.frameworks import without_restored_point, without_twins
from tracker_diag.timeline.joining import Joined, join
from tracker_diag.timeline.seams import Seam
from tracker_diag.timeline.stretches import CROWDED, Stretch, order_is_known, stretches, values_a_step
from tracker_diag.timeline.zeros import zero_filled


@dataclass(frozen=True, slots=True)
class Restart:
    """A place where the steps of a metric go back, or its epochs do.

    Attributes
    ----------
    before, after : float
        Steps on either side, as logged.
    first, last, next : float
        Values: the first of the training that was going on, and those on either side.
    seam : Seam
        What happened there.
    """

    before: float
    after: float
    first: float
    last: float
    next: float
    seam: Seam


@dataclass(frozen=True, slots=True)
class Crowd:
    """Many values under each step.

    Attributes
    ----------
    values : float
        How many, on average.
    in_order : bool
        Whether it is known in which order they were logged.
    """

    values: float
    in_order: bool


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """What had to be decided to put the records of a run in order.

    Attributes
    ----------
    metrics : mapping of str to Series
        All metrics of the run as curves, by name.
    told_by : str
        The loss or score that ``restarts`` are of; empty where there are none.
    restarts : tuple of Restart
        In the order of logging.
    judged, logged : int
        Records of that metric in its curve, and all.
    crowded : mapping of str to Crowd
        Metrics of which many values were logged under each step.
    zeros : mapping of str to int
        Metrics that are exactly 0 in evenly spaced records, and in how many: these are left out.
    """

    metrics: Mapping[str, Series]
    told_by: str = ""
    restarts: tuple[Restart, ...] = ()
    judged: int = 0
    logged: int = 0
    crowded: Mapping[str, Crowd] = field(default_factory=dict)
    zeros: Mapping[str, int] = field(default_factory=dict)

    @property
    def trainings(self) -> int:
        """How many trainings stand in the run, as far as it is shown."""
        return 1 + sum(x.seam is Seam.NEW for x in self.restarts)


def straighten(run: Run) -> Timeline:
    """Put the records of a run in order.

    Steps go back where a script counts the batches of each epoch, where a run was resumed, and where several trainings
    were logged as one. Metrics that go back equally often are taken together. At each place the training losses
    (without any, all losses and scores) are set against where they began and where they stood
    (:func:`tracker_diag.timeline.seams.judge`): stretches are joined where the training went on, the last training is
    taken where another began, and the longest stretch where neither is shown. Where steps only rise, a logged epoch
    that begins again asks the same question.

    Parameters
    ----------
    run : Run
        As it was read.

    Returns
    -------
    Timeline
        Its metrics are those of the run, but for what a framework added by itself.
    """
    metrics = without_twins(run.metrics)
    cut = {
        name: stretches(series.records)
        for name, series in metrics.items()
        if series.records is not None and np.ptp(series.records.steps) > 0
    }
    crowded = {
        name: Crowd(a_step, order_is_known(series.records))
        for name, series in metrics.items()
        if name in cut and series.records is not None and (a_step := values_a_step(series.records)) >= CROWDED
    }
    straight = {
        name: _in_order(series, cut[name][0], name in crowded) if len(cut.get(name, ())) == 1 else series
        for name, series in metrics.items()
    }
    told, joined = _by_step({name: found for name, found in cut.items() if len(found) > 1}, metrics)
    if told is None:
        told, joined = _by_epoch(straight)
    straight |= joined
    zeros = zero_filled({name: series for name, series in straight.items() if _is_judged(name)})
    straight = {name: _without_zeros(series) if name in zeros else series for name, series in straight.items()}
    straight = without_restored_point(straight)
    if told is None:
        return Timeline(straight, crowded=crowded, zeros=zeros)
    if Seam.NEW in told.joined.seams:
        straight = _since(straight, told.joined.curves)
    judged = told.joined.curves[told.name].steps.size
    return Timeline(straight, told.name, told.restarts, judged, _logged(metrics[told.name]), crowded, zeros)


@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """The metric that tells of the restarts, what became of its stretches, and what is to be said of them."""

    name: str
    joined: Joined
    restarts: tuple[Restart, ...]


def _by_step(cut: Mapping[str, list[Stretch]], metrics: Mapping[str, Series]) -> tuple[_Told | None, dict[str, Series]]:
    """Join the metrics whose steps go back, those that do so equally often together."""
    groups: dict[int, dict[str, list[Stretch]]] = defaultdict(dict)
    for name, found in sorted(cut.items()):
        groups[len(found)][name] = found
    told, curves = None, dict[str, Series]()
    # The group with the most losses and scores speaks for the run.
    for group in sorted(groups.values(), key=lambda group: (-sum(map(_is_judged, group)), len(group))):
        saying = _saying(group)
        if saying:
            joined = join(group, saying)
            curves |= {name: _taken(metrics[name], curve) for name, curve in joined.curves.items()}
            told = told or _Told(saying[0], joined, tuple(_restarts(group[saying[0]], joined.seams)))
    return told, curves


def _by_epoch(metrics: Mapping[str, Series]) -> tuple[_Told | None, dict[str, Series]]:
    """Take the last of several trainings that a logged epoch tells apart, where steps only rise."""
    pieces = _cut_by_epoch(metrics)
    joined = join(pieces, _saying(pieces)) if pieces else None
    if joined is None or Seam.NEW not in joined.seams:
        return None, {}
    name = _saying(pieces)[0]
    # What was joined is nothing to speak of: its steps go on.
    restarts = tuple(x for x in _restarts(pieces[name], joined.seams) if x.seam is Seam.NEW)
    return _Told(name, joined, restarts), {n: _part(metrics[n], curve) for n, curve in joined.curves.items()}


def _is_judged(name: str) -> bool:
    return read_metric(name) is not None


def _saying(names: Iterable[str]) -> list[str]:
    """Names that tell what happened: training losses, which begin before anything is learned; else all that are judged.

    Validation is measured after an epoch: of a fast training its first value lies near where a slow one ended.
    """
    read = {name: reading for name in names if (reading := read_metric(name)) is not None}
    of_training = [name for name, r in read.items() if r.kind != "score" and r.split in (None, "train")]
    return of_training or list(read)


def _logged(series: Series) -> int:
    return len(series) if series.records is None else int(series.records.steps.size)


def _in_order(series: Series, curve: Stretch, crowded: bool) -> Series:
    """A metric whose steps go back nowhere, or that was sorted; what was repeated word for word is not mentioned."""
    records = series.records
    assert records is not None
    if crowded:
        return _taken(series, curve)
    end = int(curve.at.max()) + 1
    seconds = None if records.seconds is None else records.seconds[:end]
    before = series.notes[: len(series.notes) - len(by_step(series.name, records).notes)]
    return by_step(series.name, Records(records.steps[:end], records.values[:end], seconds), before)


def _taken(series: Series, curve: Stretch) -> Series:
    """A metric made anew of some of its records."""
    seconds = None if series.records is None else series.records.seconds
    return Series(series.name, curve.steps, curve.values, None if seconds is None else seconds[curve.at])


def _part(series: Series, curve: Stretch) -> Series:
    """A part of a metric that was in order."""
    seconds = None if series.seconds is None else series.seconds[curve.at]
    return Series(series.name, curve.steps, curve.values, seconds, series.notes)


def _without_zeros(series: Series) -> Series:
    kept = series.values != 0
    seconds = None if series.seconds is None else series.seconds[kept]
    return Series(series.name, series.steps[kept], series.values[kept], seconds, series.notes)


def _cut_by_epoch(metrics: Mapping[str, Series]) -> dict[str, list[Stretch]]:
    """Losses and scores, cut where a logged epoch goes back to its first value; those that have no value in a part."""
    epochs = [s for name, s in sorted(metrics.items()) if len(s) > 1 and [r for r, _ in read_plain(name)] == ["epoch"]]
    if not epochs:
        return {}
    counted = max(epochs, key=len)
    again = (counted.values[1:] < counted.values[:-1]) & (counted.values[1:] <= counted.values[0])
    edges = counted.steps[1:][again]
    if not edges.size:
        return {}
    pieces = {
        name: [
            Stretch(series.steps[part], series.values[part], part)
            for part in np.split(np.arange(len(series)), np.searchsorted(series.steps, edges))
        ]
        for name, series in sorted(metrics.items())
        if _is_judged(name)
    }
    return {name: parts for name, parts in pieces.items() if all(part.steps.size for part in parts)}


def _since(metrics: Mapping[str, Series], curves: Mapping[str, Stretch]) -> dict[str, Series]:
    """Metrics without what was logged before the last training began, where that is known by the clock."""
    begins = [float(s.seconds[0]) for name in curves if (s := metrics[name]).seconds is not None and len(s)]
    if not begins:
        return dict(metrics)
    begin = min(begins)
    out = dict(metrics)
    for name, series in metrics.items():
        if name not in curves and series.seconds is not None and len(series) and series.seconds[-1] >= begin:
            kept = series.seconds >= begin
            out[name] = replace(
                series, steps=series.steps[kept], values=series.values[kept], seconds=series.seconds[kept]
            )
    return out


def _restarts(cut: Sequence[Stretch], seams: Sequence[Seam]) -> Iterator[Restart]:
    first = float(cut[0].values[0])
    for before, after, seam in zip(cut, cut[1:], seams, strict=False):
        steps = float(before.steps[-1]), float(after.steps[0])
        yield Restart(*steps, first, float(before.values[-1]), float(after.values[0]), seam)
        if seam is Seam.NEW:
            first = float(after.values[0])
