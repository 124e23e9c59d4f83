"""What a diagnosis is made of: findings, skips, causes and prescriptions.

The fields are listed here alone. JSON data follow from their order, names and types (``core.fields``), the JSON schema
and what is checked on reading from their metadata too (``report.schema``), whose keys are those of pydantic's
``Field``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How serious a finding is, in rising order."""

    OK = "ok"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for ok … 3 for error."""
        return _RANKS[self]


_RANKS = {Severity.OK: 0, Severity.INFO: 1, Severity.WARNING: 2, Severity.ERROR: 3}


SHARE = {"ge": 0, "le": 1}
"""Metadata of a field that is a share."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a rule saw."""

    code: str = field(metadata={"description": "code of the rule"})
    name: str = field(metadata={"description": "name of the rule"})
    severity: Severity
    confidence: float = field(
        metadata={"description": "how sure the rule is, from 0 to 1, whatever the severity", **SHARE}
    )
    message: str = field(metadata={"description": "what was seen, with its numbers, as one clause"})
    advice: str = field(default="", metadata={"description": "what to do"})
    evidence: Mapping[str, Any] = field(
        default_factory=dict, metadata={"description": "the numbers behind the message; the rule's page explains them"}
    )
    span: tuple[float, float] | None = field(default=None, metadata={"description": "first and last step affected"})
    folded: str | None = field(
        default=None, metadata={"description": "code of the stronger finding that explains this one"}
    )


@dataclass(frozen=True, slots=True)
class Skip:
    """A rule that could not run, and why."""

    code: str
    reason: str
    what_to_log: str = field(default="", metadata={"description": "what to log so that it can run"})


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one parameter."""

    param: str = field(metadata={"description": "the run's own name of the parameter, where it has one"})
    before: Any = field(metadata={"alias": "from", "description": "current value; null if it is not logged"})
    after: Any = field(metadata={"alias": "to", "description": "value to try"})


@dataclass(frozen=True, slots=True)
class Prescription:
    """What to change: in words, and as data."""

    text: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """A likely reason for the verdict, and what to change."""

    name: str = field(metadata={"description": "name of the rule behind it"})
    score: float = field(
        metadata={
            "description": "share of the odds of all causes listed; it ranks them and is not a probability",
            **SHARE,
        }
    )
    why: str = field(
        metadata={"description": "what in the run points to it; what speaks against it follows after 'Against:'"}
    )
    prescription: Prescription
    findings: tuple[str, ...] = field(default=(), metadata={"description": "codes of the findings behind it"})


AGAINST = ". Against: "
"""Stands in ``Cause.why`` between what points to a cause and what speaks against it."""
UNSPECIFIC = "; other causes would show the same signs"
"""Ends what points to a cause in ``Cause.why``, where all of it points to other causes as well."""


def for_and_against(why: str) -> tuple[str, str]:
    """Split ``Cause.why`` into what points to the cause and what speaks against it, empty where nothing does.

    Examples
    --------
    >>> from tracker_diag.core.finding import for_and_against
    >>> for_and_against("training loss rose from 2.3 to 8.1. Against: the learning rate, 1e-5, is low")
    ('training loss rose from 2.3 to 8.1', 'the learning rate, 1e-5, is low')
    >>> for_and_against("training loss rose from 2.3 to 8.1")
    ('training loss rose from 2.3 to 8.1', '')
    """
    speaks, _, against = why.partition(AGAINST)
    return speaks, against


LONGEST_NAME = 60
"""Letters of the name of a rule."""
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


def is_name(text: str) -> bool:
    """Whether a rule, and so a verdict, may be called so: lower-case words joined by hyphens, and no severity."""
    # The length first: nobody knows how long a text is that somebody else wrote.
    return len(text) <= LONGEST_NAME and _NAME.fullmatch(text) is not None and text not in set(Severity)
