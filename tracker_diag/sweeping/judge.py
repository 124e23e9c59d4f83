"""One run, judged as its settings and its own tags ask for: the step that a one-off diagnosis and a sweep share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from sys import intern

from tracker_diag.comparison.comparison import Comparison
from tracker_diag.core.finding import Severity, is_name
from tracker_diag.core.outgoing import clean
from tracker_diag.core.report import Report
from tracker_diag.core.run import Run
from tracker_diag.report.wording import SUMMARY_LIMIT
from tracker_diag.settings.settings import Settings
from tracker_diag.sweeping.cost import gpus, wasted

LONGEST_CODES = 5_000
"""Letters of a ``findings`` tag that are read: what MLflow takes of a tag, and far more than all rules have."""
_CODE = re.compile(r"[A-Z]+[0-9]+")


@dataclass(frozen=True, slots=True)
class Before:
    """What a run's tags said before this diagnosis."""

    verdict: str = ""
    severity: Severity = Severity.OK
    cause: str = ""
    codes: tuple[str, ...] = ()
    summary: str = ""

    @property
    def green(self) -> bool:
        """At most info."""
        return self.severity.rank < Severity.WARNING.rank


NOTHING = Before()
"""Of a run without any tag of ours."""


@dataclass(frozen=True, slots=True)
class Task:
    """One run to judge, as it travels to a worker.

    Attributes
    ----------
    run : Run
        Itself.
    settings : Settings
        Those of its experiment.
    before : Before
        What its tags said.
    siblings : Comparison or None
        What the other runs of its experiment say.
    noted : bool
        Whether its description gets a section.
    page : str
        Where the report will be, as the description may link to it; empty if that is not known.
    """

    run: Run
    settings: Settings
    before: Before = NOTHING
    siblings: Comparison | None = None
    noted: bool = False
    page: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What comes back from a worker: all that is to be shown and written."""

    id: str
    verdict: str
    severity: Severity
    tags: Mapping[str, str]
    artifacts: Mapping[str, bytes]
    note: str | None = None
    wasted: float | None = None
    gpus: int = 0


def before(tags: Mapping[str, str], prefix: str) -> Before:
    """Read an earlier diagnosis from the tags of a run; what does not look like one, somebody else wrote.

    A verdict has the form of a rule's name. The rule need not be installed here: the run may have been diagnosed where
    a package adds it.
    """
    verdict, severity = tags.get(f"{prefix}verdict", ""), tags.get(f"{prefix}severity", "")
    cause = tags.get(f"{prefix}cause", "")
    return Before(
        verdict=verdict if is_name(verdict) else "",
        severity=Severity(severity) if severity in set(Severity) else Severity.OK,
        cause=cause if is_name(cause) else "",
        codes=codes(tags.get(f"{prefix}findings", "")),
        summary=clean(tags.get(f"{prefix}summary", ""), SUMMARY_LIMIT),
    )


def codes(text: str) -> tuple[str, ...]:
    """Read the codes of a ``findings`` tag; what cannot be one is left out."""
    return tuple(intern(word) for word in text[:LONGEST_CODES].split(",") if _CODE.fullmatch(word))


def judge(task: Task) -> Judgement:
    """Diagnose one run and render what is to be written; pure, so it may run anywhere."""
    return render(task, examine(task))


def examine(task: Task) -> Report:
    """Diagnose one run."""
    from tracker_diag.engine import diagnose

    return diagnose(task.run, task.settings, task.siblings or ())


def render(task: Task, report: Report) -> Judgement:
    """Turn a report into tags and, where the settings ask for them, files."""
    from tracker_diag.report.note import note
    from tracker_diag.report.tags import artifacts, tags

    green = report.severity.rank < Severity.WARNING.rank
    # A run that turned green still shows the report of the day it was not: that one is replaced.
    findings = task.settings.artifacts == "findings" and not (green and task.before.green)
    files = artifacts(report) if findings or task.settings.artifacts == "all" else {}
    return Judgement(
        id=report.run_id,
        verdict=report.verdict,
        severity=report.severity,
        tags=tags(report),
        artifacts=files,
        note=note(report, task.page if files else "") if task.noted else None,
        wasted=wasted(task.run, report),
        gpus=gpus(task.run),
    )
