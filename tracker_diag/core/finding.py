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


SHARE = {"ge": 0, "le": 1}
"""Metadata of a field that is a share."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a rule saw."""

    code: str = field(metadata={"description": "the rule's, from the catalogue"})
    name: str = field(metadata={"description": "the rule's, from the catalogue"})
    severity: Severity
    confidence: float = field(
        metadata={"description": "how sure the rule is that what it says is so, whatever its severity", **SHARE}
    )
    message: str = field(metadata={"description": "what was seen, with its numbers, one sentence"})
    advice: str = field(default="", metadata={"description": "what to do"})
    evidence: Mapping[str, Any] = field(
        default_factory=dict, metadata={"description": "the numbers behind the message; which, the rule's page says"}
    )
    span: tuple[float, float] | None = field(default=None, metadata={"description": "steps in question"})
    folded: str | None = field(
        default=None, metadata={"description": "code of the stronger finding that explains this one"}
    )


@dataclass(frozen=True, slots=True)
class Skip:
    """A rule that could not speak."""

    code: str
    reason: str
    what_to_log: str = field(default="", metadata={"description": "what to log so that it can"})


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one parameter."""

    param: str = field(metadata={"description": "the run's own name for it, where it has one"})
    before: Any = field(metadata={"alias": "from", "description": "null where the run did not log it"})
    after: Any = field(metadata={"alias": "to"})


@dataclass(frozen=True, slots=True)
class Prescription:
    """What to change: in words, and as data."""

    text: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """A trouble to fix."""

    name: str = field(metadata={"description": "the rule that stands for it"})
    score: float = field(
        metadata={"description": "its share of the odds of all causes told, which orders them; no probability", **SHARE}
    )
    why: str = field(
        metadata={"description": "what in the run points to it; what speaks against it follows after 'Against:'"}
    )
    prescription: Prescription
    findings: tuple[str, ...] = field(default=(), metadata={"description": "codes of the findings it rests on"})


AGAINST = ". Against: "
"""Stands in ``Cause.why`` between what points to a cause and what speaks against it."""


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
