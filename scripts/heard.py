"""What the rules said of labelled runs, before their causes are ranked: read once, ranked as often as one likes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from scripts.accuracy import DATA, EXPERIMENTS, FAULTS, Answer, listed, load
from tracker_diag import Run
from tracker_diag.comparison.experiment_table import Table
from tracker_diag.comparison.sibling import Siblings
from tracker_diag.core.finding import Severity
from tracker_diag.engine.asking import ask
from tracker_diag.engine.by_siblings import settled
from tracker_diag.engine.causes import rank
from tracker_diag.engine.values import Values
from tracker_diag.evidence.symptoms import Symptoms
from tracker_diag.models.described import described
from tracker_diag.roles.resolve import resolve
from tracker_diag.rules.hypothesis import Hypothesis
from tracker_diag.rules.registry import all_rules
from tracker_diag.settings.settings import Settings
from tracker_diag.timeline.straighten import straighten

#: The project's own sets; those whose runs have siblings are judged beside them.
OWN = {"faults": FAULTS, "practice": DATA / "practice.jsonl.gz", **EXPERIMENTS}
#: Its runs are drawn from those of another set: they would be counted twice.
DRAWN = "thinned"
#: What a record may hold of a run; the rest is its label.
OF_RUN = ("id", "params", "metrics", "status", "model_summary", "model", "datasets", "profile", "tags")


@dataclass(frozen=True)
class Heard:
    """One labelled run, and what the rules said of it.

    Attributes
    ----------
    record : mapping
        The labelled run.
    held_in : str
        The name of its set.
    task : str
        What it was trained on: runs of one task are left out together, whatever set they stand in.
    asked : tuple of Hypothesis
        What the rules said, each with the rows of its own table.
    judged : tuple of Hypothesis
        The same once siblings have been heard: what is ranked.
    symptoms : Symptoms
    """

    record: Mapping[str, Any]
    held_in: str
    task: str
    asked: tuple[Hypothesis, ...]
    judged: tuple[Hypothesis, ...]
    symptoms: Symptoms

    @property
    def causes(self) -> frozenset[str]:
        """Its true causes; none where nobody knows, or nothing is wrong."""
        return frozenset(self.record["truth"].get("causes") or ())

    @property
    def sound(self) -> bool:
        return self.record["truth"].get("faulty") is False

    @cached_property
    def as_judged(self) -> Answer:
        """The causes as the rules have them."""
        return self.ranked(self.judged)

    def ranked(self, hypotheses: Iterable[Hypothesis]) -> Answer:
        """The causes of these hypotheses."""
        causes, findings, _ = rank(list(hypotheses), self.symptoms)
        warnings = tuple(f.name for f in findings if f.severity.rank >= Severity.WARNING.rank)
        return Answer(self.record, "", bool(warnings), tuple(c.name for c in causes), warnings)

    @property
    def score(self) -> float | None:
        """The score of the first cause, as the report has it; None where there is none."""
        causes = rank(list(self.judged), self.symptoms)[0]
        return causes[0].score if causes else None


def whole(record: Mapping[str, Any]) -> Run:
    """The run of a record with everything that the record holds of it."""
    return Run.from_dict({key: record[key] for key in OF_RUN if key in record})


def task_of(group: str) -> str:
    """The task of a group: the same wherever a set says that it is of faults, or a part drawn from others.

    >>> task_of("fault-wine"), task_of("moons-0-part1"), task_of("digits")
    ('wine', 'moons-0', 'digits')
    """
    return group.removeprefix("fault-").split("-part")[0]


def hear(
    record: Mapping[str, Any], held_in: str, task: str, siblings: tuple[Run, ...] = (), table: Table | None = None
) -> Heard:
    """Ask the rules, as ``tracker_diag.diagnose`` does at default settings, and stop before the ranking."""
    settings, logged = Settings(), whole(record)
    timeline = straighten(logged)
    run = replace(logged, metrics=timeline.metrics)
    network = described(run)
    roles = resolve(run, settings, network)
    compared = None if table is None else table.compare(run.id)
    given = {"run": run, "timeline": timeline, "network": network, "roles": roles}
    values = Values({**given, "siblings": siblings or None, "comparison": compared})
    said = ask(all_rules(), values, settings, run.id)
    judged = settled(said.hypotheses, values.get("beside_siblings"), all_rules(), roles.params.keys())
    return Heard(record, held_in, task, tuple(said.hypotheses), tuple(judged), said.symptoms)


def hear_set(path: Path, name: str, *, beside: bool = False, one_task: bool = False) -> list[Heard]:
    """Hear all runs of a file.

    Parameters
    ----------
    path : Path
    name : str
        What the set is called.
    beside : bool
        Whether each run is judged beside the others of its group.
    one_task : bool
        Whether all of the file is left out together: its groups need not be tasks.
    """
    records = load(path)
    if not beside:
        return [hear(r, name, name if one_task else task_of(r.get("group", name))) for r in records]
    groups: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for record in records:
        groups[record["group"]].append(record)
    settings, found = Settings(), []
    for group, members in groups.items():
        runs = {r["id"]: listed(r) for r in members}
        for record in members:
            others = tuple(run for key, run in runs.items() if key != record["id"])
            # A sibling is known by its last values alone, the run itself by all of its own.
            everyone = dict(sorted({**runs, record["id"]: whole(record)}.items())).values()
            table = Table.of(map(Siblings(settings, settings.prefix).read, everyone))
            found.append(hear(record, name, task_of(group), others, table))
    return found


def hear_all(also: Iterable[Path] = ()) -> list[Heard]:
    """All runs of the project's sets, and of further files, each of which is one task."""
    found = [h for name, path in OWN.items() for h in hear_set(path, name, beside=name in EXPERIMENTS)]
    return found + [h for path in also for h in hear_set(path, path.name.split(".")[0], one_task=True)]
