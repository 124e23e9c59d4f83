"""Diagnoses a training while it goes on, from what its callbacks have seen."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tracker_diag.core.finding import Finding, Severity
from tracker_diag.core.report import Report
from tracker_diag.core.run import Run
from tracker_diag.engine import diagnose

#: Share of the epochs seen that pass from one look to the next, from the twentieth on.
APART = 0.1
#: Share of the training's time that these looks may take, beyond so many seconds once.
MOST_OF_TIME, AT_FIRST = 0.005, 0.8
#: Looks in a row at which a finding has to stand before it is told: one look may be chance, and looks are many.
LOOKS = 2
#: Score of a cause from which on it is told with what was found.
LIKELY = 0.3
#: Verdicts that a single look shows, and the score of a cause from which on it does: such a cause was measured, and is
#: not inferred from a few points of a curve.
AT_ONCE, SURE = ("diverged",), 0.9


@dataclass(frozen=True, slots=True)
class Told:
    """What was worth telling of a training that is going.

    Attributes
    ----------
    report : Report
        Of what was seen so far.
    finding : Finding
        The gravest that stands.
    epoch : int
        How many epochs had ended.
    """

    report: Report
    finding: Finding
    epoch: int

    @property
    def line(self) -> str:
        """One line for people."""
        found, said = self.finding, ""
        cause = next(iter(self.report.causes), None)
        if cause is not None and cause.score >= LIKELY:
            named = "" if cause.name == found.name else f"most likely {cause.name}: "
            said = f"; {named}{cause.prescription.text}"
        return f"tracker_diag, epoch {self.epoch}: {found.severity.value}: {found.name}: {found.message}{said}"


class TrainingStoppedError(RuntimeError):
    """A hand-written loop is lost, and was to be stopped then.

    Attributes
    ----------
    told : Told
        What was found.
    """

    def __init__(self, told: Told) -> None:
        super().__init__(told.line)
        self.told = told


@dataclass
class Live:
    """What was seen of a run that is going, and what was said of it.

    Attributes
    ----------
    params : mapping
        Of the run, as far as the framework tells them.
    points : dict of str to list of (step, value)
        Every metric that was seen.
    profile, model : mapping or None
        What is known of the data and of the network, as ``Run.from_dict`` takes them.
    told : Told or None
        The last that was worth telling: the first warning, then the first error.
    """

    params: dict[str, Any] = field(default_factory=dict)
    points: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    profile: Mapping[str, Any] | None = None
    model: Mapping[str, Any] | None = None
    told: Told | None = None
    _epochs: int = 0
    _next: int = 1
    _standing: dict[str, int] | None = None
    _spent: float = 0.0
    _started: float = field(default_factory=time.perf_counter)

    def saw(self, figures: Mapping[str, Any], step: float) -> bool:
        """Keep metrics; gives whether one of them is not finite."""
        lost = False
        for name, value in figures.items():
            try:
                number = float(value)
            except (TypeError, ValueError):
                continue
            self.points.setdefault(name, []).append((step, number))
            lost |= "loss" in name and not math.isfinite(number)
        return lost

    def run(self) -> Run:
        """What was seen, as a run that is going."""
        return Run.from_dict(
            {
                "id": "live",
                "params": self.params,
                "status": "RUNNING",
                "profile": self.profile,
                "model": self.model,
                "metrics": {name: [list(point) for point in several] for name, several in self.points.items()},
            }
        )

    def epoch(self, *, lost: bool = False) -> Told | None:
        """Look, if a look is due at the end of this epoch.

        Parameters
        ----------
        lost : bool
            Whether a loss is not finite, which is not waited with.

        Returns
        -------
        Told or None
            The first warning that stands, and the first error.
        """
        self._epochs += 1
        now = time.perf_counter()
        waits = self._epochs < self._next or self._spent > AT_FIRST + MOST_OF_TIME * (now - self._started)
        told = -1 if self.told is None else self.told.finding.severity.rank
        if told >= Severity.ERROR.rank or (waits and not lost):
            return None
        return self._look(LOOKS)

    def last(self) -> Told | None:
        """Look once more where a training ends: what is seen then, later diagnoses see as well.

        Returns
        -------
        Told or None
            As ``epoch`` gives it.
        """
        graver = self.told is None or self.told.finding.severity.rank < Severity.ERROR.rank
        return self._look(1) if self._epochs and graver else None

    def _look(self, looks: int) -> Told | None:
        """Diagnose what was seen; a finding is told that stands at so many looks in a row."""
        now = time.perf_counter()
        highest = Severity.INFO.rank if self.told is None else self.told.finding.severity.rank
        self._next = self._epochs + max(1, int(APART * self._epochs))
        report = diagnose(self.run())
        # The first look also reads the rules.
        self._spent += time.perf_counter() - now if self._standing is not None else 0.0
        # Verdicts and causes; a first loss that is off, say, is no trouble as long as it falls.
        told = {report.verdict, *(cause.name for cause in report.causes)}
        grave = [f for f in report.findings if f.severity.rank >= Severity.WARNING.rank and f.name in told]
        before = self._standing or {}
        self._standing = {f.code: before.get(f.code, 0) + 1 for f in grave}
        sure = {cause.name for cause in report.causes if cause.score >= SURE}
        stands = [f for f in grave if f.name in AT_ONCE or f.name in sure or self._standing[f.code] >= looks]
        if not stands or stands[0].severity.rank <= highest:
            return None
        self.told = Told(report, stands[0], self._epochs)
        return self.told
