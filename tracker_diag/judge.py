"""One run, judged as its settings and its own tags ask for: the step that a one-off diagnosis and a sweep share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tracker_diag.core.finding import Report, Severity
from tracker_diag.core.run import Run
from tracker_diag.core.settings import Settings, SettingsError, parse_settings


@dataclass(frozen=True, slots=True)
class Before:
    """What a run's tags said before this diagnosis: an earlier verdict, and what its owner wants left out."""

    verdict: str = ""
    severity: Severity = Severity.OK
    ignore: str = ""

    @property
    def green(self) -> bool:
        """At most info."""
        return self.severity.rank < Severity.WARNING.rank


@dataclass(frozen=True, slots=True)
class Task:
    """One run to judge, as it travels to a worker; ``settings`` are those of its experiment."""

    run: Run
    settings: Settings
    before: Before = Before()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What comes back from a worker: all that is to be shown and written."""

    id: str
    verdict: str
    severity: Severity
    cause: str
    summary: str
    tags: Mapping[str, str]
    artifacts: Mapping[str, bytes]


def before(tags: Mapping[str, str], prefix: str) -> Before:
    """Read an earlier diagnosis from the tags of a run."""
    severity = tags.get(f"{prefix}severity", "")
    return Before(
        verdict=tags.get(f"{prefix}verdict", ""),
        severity=Severity(severity) if severity in set(Severity) else Severity.OK,
        ignore=tags.get(f"{prefix}ignore", ""),
    )


def judge(task: Task) -> Judgement:
    """Diagnose one run and render what is to be written; pure, so it may run anywhere."""
    return render(task, examine(task))


def examine(task: Task) -> Report:
    """Diagnose one run without the rules that its ``ignore`` tag names; a word there that is no rule becomes a note."""
    from tracker_diag.engine import diagnose

    words = tuple(word.strip() for word in task.before.ignore.split(",") if word.strip())
    if not words:
        return diagnose(task.run, task.settings)
    notes = []
    for word in words:
        try:
            parse_settings({"ignore": [word]}, where=f"tag {task.settings.prefix}ignore")
        except SettingsError as error:
            notes.append(str(error))
    report = diagnose(task.run, task.settings.model_copy(update={"ignore": (*task.settings.ignore, *words)}))
    return replace(report, notes=(*report.notes, *notes))


def render(task: Task, report: Report) -> Judgement:
    """Turn a report into tags and, where the settings ask for them, files."""
    from tracker_diag.report.tags import artifacts, tags

    green = report.severity.rank < Severity.WARNING.rank
    # A run that turned green still shows the report of the day it was not: that one is replaced.
    findings = task.settings.artifacts == "findings" and not (green and task.before.green)
    return Judgement(
        id=report.run_id,
        verdict=report.verdict,
        severity=report.severity,
        cause=report.causes[0].name if report.causes else "",
        summary=report.summary,
        tags=tags(report),
        artifacts=artifacts(report) if findings or task.settings.artifacts == "all" else {},
    )
