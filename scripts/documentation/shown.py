"""The runs that the pages of the rules show, and what ``diagnose`` says of them when the pages are made.

``examples/runs.yaml`` names for each rule a run on which it speaks and one on which it is silent. They are real
networks of tests/data, whose fault is known, or made by formula (``examples/made.jsonl``).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tracker_diag import Run, diagnose
from tracker_diag.core.finding import Finding
from tracker_diag.core.report import Report
from tracker_diag.core.signals import PREFIX
from tracker_diag.rules.rule import Rule

_EXAMPLES = Path(__file__).with_name("examples")
_DATA = Path(__file__).parents[2] / "tests" / "data"
_CORPORA = ("faults.jsonl.gz", "practice.jsonl.gz")


@dataclass(frozen=True, slots=True)
class Shown:
    """One run on the page of a rule.

    Attributes
    ----------
    name : str
        Unique among the runs that are shown.
    about : str
        What it is, as a sentence without a full stop.
    report : Report
        What is said of it.
    beyond_curves : bool
        Whether more than curves and parameters was logged: a profile, a network, signals of a callback, other runs.
    """

    name: str
    about: str
    report: Report
    beyond_curves: bool

    def finding(self, rule: Rule) -> Finding | None:
        """What the rule says of it, if anything."""
        return next((f for f in self.report.findings if f.code == rule.code and f.name == rule.name), None)


class WrongExampleError(ValueError):
    """A rule is silent on the run that should show it, or speaks on the other; one line."""


def examples(rule: Rule) -> tuple[Shown, Shown] | None:
    """Give the run on which the rule speaks, and the one on which it is silent.

    Returns
    -------
    tuple of Shown or None
        None where ``examples/runs.yaml`` does not name the rule.

    Raises
    ------
    WrongExampleError
        If that is no longer so.
    """
    names = chosen().get(rule.name)
    if names is None:
        return None
    speaks, silent = (shown(name) for name in names)
    if speaks.finding(rule) is None:
        raise WrongExampleError(f"{rule.name} is silent on {speaks.name}: choose another run in examples/runs.yaml")
    if silent.finding(rule) is not None:
        raise WrongExampleError(f"{rule.name} speaks on {silent.name}: choose another run in examples/runs.yaml")
    return speaks, silent


@cache
def chosen() -> Mapping[str, tuple[str, str]]:
    """Names of both runs, by rule."""
    return {
        rule: tuple(names)
        for rule, names in yaml.safe_load((_EXAMPLES / "runs.yaml").read_text(encoding="utf-8")).items()
    }


@cache
def shown(name: str) -> Shown:
    """Diagnose the run of this name."""
    data, siblings, about = _runs()[name]
    run = Run.from_dict(data)
    report = diagnose(run, siblings=[Run.from_dict(sibling) for sibling in siblings])
    signals = any(metric.startswith(PREFIX) for metric in run.metrics)
    return Shown(name, about, report, bool(siblings or run.profile or run.model or signals))


@cache
def _runs() -> Mapping[str, tuple[dict[str, Any], list[dict[str, Any]], str]]:
    wanted = {name for names in chosen().values() for name in names}
    found = {}
    for line in (_EXAMPLES / "made.jsonl").read_text(encoding="utf-8").splitlines():
        made = json.loads(line)
        found[made["example"]] = (made["run"], made.get("siblings", []), "a run made by formula")
    for data in _corpora():
        if data["id"] in wanted:
            truth, group = data.pop("truth"), data.pop("group")
            known = {key: data[key] for key in data if key not in ("habit", "practice", "expert_points")}
            found[data["id"]] = (known, [], _about(group, truth))
    return found


def _corpora() -> Iterator[dict[str, Any]]:
    for name in _CORPORA:
        with gzip.open(_DATA / name, "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def _about(group: str, truth: Mapping[str, Any]) -> str:
    task = group.rpartition("-")[2]
    known = " and ".join(truth["causes"][:2]) or truth["fault"].replace("-", " ")
    return f"a real model on the task {task}, {f'known fault: {known}' if truth['faulty'] else 'no known fault'}"
