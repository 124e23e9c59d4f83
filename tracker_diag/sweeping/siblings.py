"""The runs of the experiments in which something is due, and which diagnoses they change."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from tracker_diag.adapters.base import Adapter, Failure, Listing, Query, TrackerError
from tracker_diag.adapters.guard import guarded, one_line
from tracker_diag.adapters.overviews import OVERVIEW
from tracker_diag.comparison.comparison import Comparison
from tracker_diag.comparison.sibling import Sibling, Siblings
from tracker_diag.core.controlled import is_ours
from tracker_diag.core.own import CONTROL
from tracker_diag.core.run import ACTIVE, Run, Series
from tracker_diag.settings.settings import Settings
from tracker_diag.sweeping.plan import Plan

if TYPE_CHECKING:
    from tracker_diag.comparison.experiment_table import Table

MOST = 100_000
"""Runs whose listings are kept for comparison; of more, those that changed last are compared with each other."""
STEP, GAIN = 0.02, 0.05
"""Shares of the way from the best run to a poor one by which a run, and what another value of a parameter brings, have
to have moved, so that the run is judged again."""
FAR = 10.0
"""Times that way from which on a run is so far behind that more makes no difference."""
SURE = 0.03
"""Share of that way by which a gain has to lie beyond noise, the same that settles a cause."""
REPEATED = 6
"""Runs that repeat a setting, from which on a rule takes the noise between them for known."""
NOISES = 4
"""Steps of the square root of two, up or down from the distance to the best, in which the noise is told apart."""

_log = logging.getLogger(__name__)


def is_made_by_us(tags: Mapping[str, str], prefix: str) -> bool:
    """Whether a run holds an overview, or ``tracker_diag.controls`` made it: such runs are never diagnosed."""
    return tags.get(prefix + CONTROL) == OVERVIEW or is_ours(tags)


def last_of(listing: Listing) -> Run:
    """The run of a listing, with the last values of its metrics."""
    last = {name: Series(name, np.array([step]), np.array([value])) for name, (step, value) in listing.latest.items()}
    return Run(
        listing.id,
        listing.params,
        last,
        listing.status,
        listing.tags,
        listing.name,
        start_time=listing.start_time,
        end_time=listing.end_time,
        datasets=tuple({"digest": digest} for digest in listing.digests),
    )


def table_of(listings: Sequence[Listing], settings: Settings) -> Table:
    """Sort the runs of an experiment into groups that can be compared; what cannot be read is left out, and logged."""
    # SciPy takes longer to import than a sweep of nothing new takes.
    from tracker_diag.comparison.experiment_table import Table

    reader = Siblings(settings, settings.prefix)
    read = (guarded(x.id, partial(_read, reader, x)) for x in sorted(listings, key=lambda x: x.id))
    return Table.of(run for run in read if isinstance(run, Sibling))


def _read(reader: Siblings, listing: Listing) -> Sibling:
    return reader.read(last_of(listing))


@dataclass(frozen=True, slots=True)
class Compared:
    """The comparisons of a sweep.

    Attributes
    ----------
    tables : mapping of str to Table
        Of each experiment in which a run is due.
    again : frozenset of str
        Runs that are not due, and of which their siblings may say something else than they did.
    beyond : tuple of Listing
        Those of them that the scope hides by age or by number: what changed them is in the scope this once.
    """

    tables: Mapping[str, Table]
    again: frozenset[str]
    beyond: tuple[Listing, ...] = ()

    def of(self, run_id: str, experiment: str) -> Comparison | None:
        """What the siblings of a run say."""
        table = self.tables.get(experiment)
        return None if table is None else _told(table, run_id)


def compare(
    adapter: Adapter, plan: Plan, seen: Mapping[str, Sequence[Listing]], due: Set[str], stop: threading.Event
) -> Compared:
    """Compare the runs of each experiment in which one is due.

    Parameters
    ----------
    adapter : Adapter
        Asked once more for each experiment, where the scope of the sweep hides some of its runs.
    plan : Plan
        The scope.
    seen : mapping of str to sequence of Listing
        The runs in the scope, by experiment.
    due : set of str
        Runs whose state has changed.
    stop : threading.Event
        Once it is set, nothing more is compared.
    """
    tables: dict[str, Table] = {}
    again: set[str] = set()
    beyond: list[Listing] = []
    hidden = plan.query.since is not None or plan.query.filter or plan.query.limit is not None
    for experiment, listings in seen.items():
        if stop.is_set() or not any(listing.id in due for listing in listings):
            continue
        settings = plan.settings.for_experiment(experiment)
        everything = _all_of(adapter, experiment, listings) if hidden else listings
        after = tables[experiment] = table_of(everything, settings)
        # What a filter hides somebody has left out on purpose.
        rest = [
            x for x in (listings if plan.query.filter else everything) if x.id not in due and x.status not in ACTIVE
        ]
        if rest:
            before = table_of([listing for listing in everything if listing.id not in due], settings)
            changed = {x.id: x for x in rest if _changes(_told(before, x.id), _told(after, x.id))}
            here = {listing.id for listing in listings}
            again |= changed.keys() & here
            beyond += [x for run_id, x in changed.items() if run_id not in here]
    return Compared(tables, frozenset(again), tuple(beyond))


def _all_of(adapter: Adapter, experiment: str, listings: Sequence[Listing]) -> Sequence[Listing]:
    try:
        return [x for x in adapter.list_runs(Query((experiment,))) if isinstance(x, Listing)][:MOST]
    except TrackerError as error:
        _log.warning("runs are compared only with those in the scope: %s", error)
    except Exception as error:  # noqa: BLE001  the sweep goes on, whatever an adapter raises
        _log.exception("runs are compared only with those in the scope: %s", one_line(error))
    return listings


def _told(table: Table, run_id: str) -> Comparison | None:
    """What the siblings of a run say; where that cannot be told, the run is judged by itself, and the log says why."""
    found = guarded(run_id, lambda: table.compare(run_id))
    return None if isinstance(found, Failure) else found


def _changes(before: Comparison | None, after: Comparison | None) -> bool:
    """Whether two comparisons of a run may make two diagnoses; both are measured by the way to a poor run of now."""
    way = 0.0
    if after is not None and after.best is not None:
        way = max(after.poor, after.value if math.isfinite(after.value) else after.poor) - after.best.value
    return _says(before, way) != _says(after, way)


def _says(found: Comparison | None, way: float) -> object:
    """What a comparison says of a run, as coarsely as it would change verdict, severity or first cause."""
    if found is None:
        return None
    controls = tuple(sorted((kind, control.id) for kind, control in found.controls.items()))
    if found.best is None:
        return controls
    ends = found.value if math.isfinite(found.value) else found.best.value + way
    behind = ends - found.best.value

    def steps(part: float, step: float) -> int:
        return round(max(-FAR, min(FAR, part / way)) / step) if way > 0 and math.isfinite(part) else 0

    # Which value does better, and which run shows it, makes no other cause.
    gains = sorted(
        (a.parameter, a.direction, a.matched is None, steps(ends - a.value, GAIN), ends - a.at_worst > SURE * way)
        for a in found.alternatives
    )

    def halvings(noise: float | None) -> int:
        share = noise / behind if noise and behind > 0 else 0.0
        return max(-NOISES, min(NOISES, round(2 * math.log2(share)))) if 0 < share < math.inf else 0

    return (
        controls,
        steps(behind, STEP),
        steps(found.train - found.best.train, GAIN),
        tuple(gains) if behind > GAIN * way else (),
        found.guessing,
        None if found.level is None else steps(found.level - found.best.value, GAIN),
        found.twin is None,
        found.ladder is not None and found.ladder.sound is not None,
        found.repeated >= REPEATED and not found.same_setting,
        halvings(found.between_seeds),
        halvings(found.near_best),
    )
