"""The runs of an experiment, sorted into groups that can be compared, and what they say of one of them."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tracker_diag.comparison.alternatives import alternatives, other
from tracker_diag.comparison.comparison import LONGEST_NAME, Comparison, Other
from tracker_diag.comparison.group import Group
from tracker_diag.comparison.sibling import Sibling
from tracker_diag.core.outgoing import clean

#: Times as many examples an epoch as another run, which make it one on other data.
OTHER_SIZE = 1.3
#: Parameters that are named, of those that were not looked at.
NAMED = 3
#: Share of their parameters' names that runs have in common, so that they can be compared.
IN_COMMON = 0.75
#: Kinds of runs that others may join.
MOST_KINDS = 200
#: Seconds since the epoch that are no date any more: the year 10,000.
LATEST = 253_402_300_800.0


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The runs of one experiment.

    Attributes
    ----------
    groups : tuple of Group
        The largest first.
    places : mapping of str to (int, int)
        Run id to its group, and its place there.
    controls : mapping of str to tuple of Sibling
        What runs were a control for, to these runs, the latest first.
    left_out : mapping of str to int
        Why runs are compared with none, and how many.
    """

    groups: tuple[Group, ...]
    places: Mapping[str, tuple[int, int]]
    controls: Mapping[str, tuple[Sibling, ...]]
    left_out: Mapping[str, int]

    @classmethod
    def of(cls, runs: Iterable[Sibling]) -> Table:
        """Sort runs into groups: same metric by role and unit, same data where known, three quarters of the names.

        Parameters
        ----------
        runs : iterable of Sibling
            In any order; the answer does not depend on it.
        """
        keyed: dict[object, list[Sibling]] = defaultdict(list)
        controls: dict[str, list[Sibling]] = defaultdict(list)
        left_out: Counter[str] = Counter()
        for run in sorted(runs, key=lambda run: run.id):
            if run.control:
                left_out["that are control runs"] += 1
                controls[run.control].append(run)
            elif run.measure is None:
                left_out["without a validation metric"] += 1
            else:
                keyed[run.measure.key, run.data].append(run)
        groups = [
            Group(tuple(part), part[0].measure)
            for several in keyed.values()
            for same in _of_one_size(several)
            for part in _alike(same)
            if part[0].measure is not None
        ]
        groups.sort(key=lambda g: (-len(g.runs), g.runs[0].id))
        places = {run.id: (i, j) for i, group in enumerate(groups) for j, run in enumerate(group.runs)}
        latest = {
            kind: tuple(sorted(several, key=lambda run: -(run.ended or 0.0))) for kind, several in controls.items()
        }
        return cls(tuple(groups), places, latest, left_out)

    def _left_out(self, group: Group) -> tuple[str, ...]:
        """Why runs were not compared with those of a group, and which parameters were not, in words."""
        elsewhere = len(self.places) - len(group.runs)
        reasons = {
            "with another metric, other data or other parameters": elsewhere,
            **group.left_out,
            **self.left_out,
        }
        unlooked = group.factors.unlooked[:NAMED]
        named = tuple(f"parameter {clean(name, LONGEST_NAME)} ({group.factors.left_out[name]})" for name in unlooked)
        return (*_told(reasons), *named)

    def compare(self, run_id: str) -> Comparison | None:
        """Say what the comparable runs say of one.

        Parameters
        ----------
        run_id : str
            Of a run of this table.

        Returns
        -------
        Comparison or None
            None for a run that is a control, or of which nothing was measured on validation data.
        """
        if run_id not in self.places:
            return None
        place, i = self.places[run_id]
        group = self.groups[place]
        run = group.runs[i]
        best = next((int(j) for j in group.best_first[:2] if j != i), None)
        latest = next((float(group.end_times[j]) for j in group.last_first[:2] if j != i), -math.inf)
        runs = int(group.ended.sum()) - bool(group.ended[i])
        return Comparison(
            runs=runs,
            as_of=latest if 0 <= latest < LATEST else None,
            measure=group.measure,
            value=run.value,
            train=run.train,
            score=run.score,
            best=None if best is None else other(group.runs[best]),
            poor=group.poor,
            noise=_noise(group, float(group.distances[i])),
            near_best=None if best is None else _noise(group, float(group.distances[best])),
            between_seeds=group.between_seeds,
            repeated=group.repeated,
            same_setting=best is not None and bool(group.cells[best] == group.cells[i]),
            alternatives=alternatives(group, i) if best is not None else (),
            shared=frozenset() if best is None else _shared(run, group.runs[best]),
            guessing=group.guessing,
            level=group.level,
            ladder=group.ladder,
            twin=_twin(group, i),
            left_out=self._left_out(group),
            controls={
                kind: other(control)
                for kind, several in self.controls.items()
                if (control := next((c for c in several if _is_control_of(c, run)), None)) is not None
            },
            foretold=group.foretold(i),
        )


def _is_control_of(control: Sibling, run: Sibling) -> bool:
    """Whether both are on one task, as far as it is named: the data of a control are other data by design."""
    if control.measure is None or run.measure is None or not control.measure.same_as(run.measure):
        return False
    named: dict[str, str] = dict(x for x in run.data[:-1] if isinstance(x, tuple))
    theirs: dict[str, str] = dict(x for x in control.data[:-1] if isinstance(x, tuple))
    classes = {run.data[-1], control.data[-1]} - {None}
    return all(theirs.get(name, value) == value for name, value in named.items()) and len(classes) <= 1


def _told(reasons: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(f"{n:,} run{'s' * (n != 1)} {why}" for why, n in reasons.items() if n)


def _of_one_size(runs: list[Sibling]) -> list[list[Sibling]]:
    """Runs whose epochs take as many examples; those of which nobody knows stand apart."""
    known = sorted((run for run in runs if run.examples is not None), key=lambda run: (run.examples, run.id))
    parts = [unknown] if (unknown := [run for run in runs if run.examples is None]) else []
    last = math.inf
    for run in known:
        examples = run.examples or 0.0
        if last == math.inf or examples > OTHER_SIZE * last:
            parts.append([])
        parts[-1].append(run)
        last = examples
    return [sorted(part, key=lambda run: run.id) for part in parts]


def _alike(runs: list[Sibling]) -> list[list[Sibling]]:
    """Runs with much the same parameters, by name: each joins the first kind it is like, the most frequent first.

    Where kinds are very many, only the most frequent ones are joined: each other one stands alone.
    """
    kinds = Counter(frozenset(run.params) for run in runs)
    heads: list[frozenset[str]] = []
    head_of: dict[frozenset[str], int] = {}
    for names, _ in sorted(kinds.items(), key=lambda x: (-x[1], sorted(x[0]))):
        near = next((i for i, head in enumerate(heads[:MOST_KINDS]) if _share(names, head) >= IN_COMMON), None)
        if near is None:
            near = len(heads)
            heads.append(names)
        head_of[names] = near
    parts: list[list[Sibling]] = [[] for _ in heads]
    for run in runs:
        parts[head_of[frozenset(run.params)]].append(run)
    return parts


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one | other else 1.0


def _noise(group: Group, distance: float) -> float | None:
    """Standard deviation between seeds in the unit of the metric, at a distance from the best."""
    return None if group.sigma is None else group.sigma * group.unit * math.exp(distance)


def _shared(run: Sibling, best: Sibling) -> frozenset[str]:
    """Roles whose parameter has the same value in both runs."""
    return frozenset(
        role for role, name in run.played.items() if name in best.params and best.params[name] == run.params[name]
    )


def _twin(group: Group, i: int) -> Other | None:
    """A run with the same parameters and the same last values throughout."""
    run = group.runs[i]
    same = group.alike.get((int(group.cells[i]), float(group.values[i])), ())
    return next(
        (
            other(group.runs[j])
            for j in same
            if j != i and group.runs[j].params == run.params and group.runs[j].last == run.last and not run.lost
        ),
        None,
    )
