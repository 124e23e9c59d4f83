"""What a diagnosis is made of: findings, skips, causes and prescriptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How much a finding matters; ordered."""

    OK = "ok"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for ok … 3 for error."""
        return _RANKS[self]


_RANKS = {Severity.OK: 0, Severity.INFO: 1, Severity.WARNING: 2, Severity.ERROR: 3}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a rule saw.

    Attributes
    ----------
    code, name : str
        The rule's, from the catalogue.
    severity : Severity
    confidence : float
        In [0, 1]: how sure the rule is that what it says is so, whatever its severity.
    message : str
        What was seen, with its numbers, one sentence.
    advice : str
        What to do.
    evidence : mapping
        The numbers behind the message; JSON values.
    span : (float, float) or None
        The steps in question, in the logged unit.
    folded : str or None
        Code of the stronger finding that explains this one, if one does.
    """

    code: str
    name: str
    severity: Severity
    confidence: float
    message: str
    advice: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    span: tuple[float, float] | None = None
    folded: str | None = None


@dataclass(frozen=True, slots=True)
class Skip:
    """A rule that could not speak: why, and what to log so that it can."""

    code: str
    reason: str
    what_to_log: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one parameter, in the run's own name for it where it has one."""

    param: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Prescription:
    """What to change: as data and in words."""

    text: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """A trouble to fix.

    Attributes
    ----------
    name : str
        Name of the rule that stands for it.
    score : float
        Posterior probability in [0, 1]; see the page on causes.
    why : str
        The evidence for it, and against it where there is some, in one sentence.
    prescription : Prescription
    findings : tuple of str
        Codes of the findings it rests on.
    """

    name: str
    score: float
    why: str
    prescription: Prescription
    findings: tuple[str, ...] = ()
