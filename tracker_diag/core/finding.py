"""What a diagnosis is made of: findings, skips, causes, prescriptions, and the report that holds them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

SCHEMA_VERSION = 1
DEEPEST, MOST_VALUES = 50, 100_000
"""Levels and values of plain data that are kept; rules read no deeper, and far fewer."""
LARGEST_BITS = 1024
"""Bits; larger integers exceed every float."""
CUT = "…"
"""What stands for data that were cut."""


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


@dataclass(frozen=True, slots=True)
class Curve:
    """A metric, thinned for drawing without losing extremes.

    Attributes
    ----------
    name : str
        The metric's name in the tracker.
    role : str
        ``train_loss``, ``val_loss``, …
    steps, values : tuple of float
        At most a few hundred points; values may be NaN or ±Inf.
    n : int
        How many points were logged.
    """

    name: str
    role: str
    steps: tuple[float, ...]
    values: tuple[float, ...]
    n: int


@dataclass(frozen=True, slots=True)
class Report:
    """The answer for one run.

    Attributes
    ----------
    run_id : str
    run_name : str or None
    status : str
        The run's status when it was read.
    verdict : str
        One of the catalogue's verdicts.
    severity : Severity
        The highest of the findings.
    summary : str
        One plain line.
    findings : tuple of Finding
        Worst first; those folded under another last.
    causes : tuple of Cause
        Most likely first.
    skipped : tuple of Skip
    roles : mapping of str to str
        Role to the metric or parameter name taken for it.
    curves : tuple of Curve
    next_evidence : str
        The one piece of missing evidence that would best tell the first two causes apart.
    cost : mapping ``wasted_share`` and, where wall time is logged, ``wasted_seconds``: steps after the best
        checkpoint or after divergence.
    notes : tuple of str
        What was put right or ignored on reading the run.
    version : str
        Version of tracker_diag.
    """

    run_id: str
    verdict: str
    severity: Severity
    summary: str
    run_name: str | None = None
    status: str = "FINISHED"
    findings: tuple[Finding, ...] = ()
    causes: tuple[Cause, ...] = ()
    skipped: tuple[Skip, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    curves: tuple[Curve, ...] = ()
    next_evidence: str = ""
    cost: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    version: str = ""

    @property
    def seen(self) -> tuple[Finding, ...]:
        """The findings that stand on their own: neither folded under another nor told among the causes anyway."""
        causes = {c.name for c in self.causes}
        return tuple(
            f for f in self.findings if f.folded is None and (f.severity is not Severity.INFO or f.name not in causes)
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data, strict: numbers that are not finite become the strings NaN, Infinity, -Infinity."""
        return {
            "schema_version": SCHEMA_VERSION,
            "version": self.version,
            "run_id": self.run_id,
            "run_name": self.run_name,
            "status": self.status,
            "verdict": self.verdict,
            "severity": str(self.severity),
            "summary": self.summary,
            "findings": [
                {
                    "code": f.code,
                    "name": f.name,
                    "severity": str(f.severity),
                    "confidence": f.confidence,
                    "message": f.message,
                    "advice": f.advice,
                    "evidence": plain(f.evidence),
                    "span": plain(f.span),
                    "folded": f.folded,
                }
                for f in self.findings
            ],
            "causes": [
                {
                    "name": c.name,
                    "score": c.score,
                    "why": c.why,
                    "prescription": {
                        "text": c.prescription.text,
                        "changes": [
                            {"param": x.param, "from": plain(x.before), "to": plain(x.after)}
                            for x in c.prescription.changes
                        ],
                    },
                    "findings": list(c.findings),
                }
                for c in self.causes
            ],
            "skipped": [{"code": s.code, "reason": s.reason, "what_to_log": s.what_to_log} for s in self.skipped],
            "roles": dict(self.roles),
            "curves": [
                {"name": c.name, "role": c.role, "steps": plain(c.steps), "values": plain(c.values), "n": c.n}
                for c in self.curves
            ],
            "next_evidence": self.next_evidence,
            "cost": plain(self.cost),
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read back what ``to_dict`` wrote.

        Raises
        ------
        ValueError
            If the schema version is not one that this version reads.
        """
        if data.get("schema_version") != SCHEMA_VERSION:
            raise ValueError(
                f"report schema version {data.get('schema_version')!r}; this version reads {SCHEMA_VERSION}"
            )
        return cls(
            run_id=data["run_id"],
            run_name=data["run_name"],
            status=data["status"],
            verdict=data["verdict"],
            severity=Severity(data["severity"]),
            summary=data["summary"],
            findings=tuple(
                Finding(
                    code=f["code"],
                    name=f["name"],
                    severity=Severity(f["severity"]),
                    confidence=f["confidence"],
                    message=f["message"],
                    advice=f["advice"],
                    evidence=f["evidence"],
                    span=None if f["span"] is None else (_real(f["span"][0]), _real(f["span"][1])),
                    folded=f["folded"],
                )
                for f in data["findings"]
            ),
            causes=tuple(
                Cause(
                    name=c["name"],
                    score=c["score"],
                    why=c["why"],
                    prescription=Prescription(
                        text=c["prescription"]["text"],
                        changes=tuple(Change(x["param"], x["from"], x["to"]) for x in c["prescription"]["changes"]),
                    ),
                    findings=tuple(c["findings"]),
                )
                for c in data["causes"]
            ),
            skipped=tuple(Skip(s["code"], s["reason"], s["what_to_log"]) for s in data["skipped"]),
            roles=dict(data["roles"]),
            curves=tuple(
                Curve(
                    name=c["name"],
                    role=c["role"],
                    steps=tuple(_real(x) for x in c["steps"]),
                    values=tuple(_real(x) for x in c["values"]),
                    n=c["n"],
                )
                for c in data["curves"]
            ),
            next_evidence=data["next_evidence"],
            cost=dict(data["cost"]),
            notes=tuple(data["notes"]),
            version=data["version"],
        )


def plain(value: Any) -> Any:
    """Turn a value into strict JSON data, whatever it is.

    Tuples and sets become lists, numpy's scalars and arrays Python's, NaN and ±Infinity their strings, and integers
    that no reader of JSON can be relied on to hold (beyond any float) hexadecimal texts.

    Returns
    -------
    object
        At most 50 levels and 100,000 values; what lies beyond becomes ``…``. Data of a run may hold itself, or the
        same part a million times.
    """
    return _Plain().of(value, DEEPEST)


class _Plain:
    """One pass over a value, and how many parts of it may still be taken."""

    def __init__(self) -> None:
        self.left = MOST_VALUES

    def of(self, value: Any, levels: int) -> Any:
        self.left -= 1
        if levels == 0 or self.left < 0:
            return CUT
        if isinstance(value, StrEnum):
            return str(value)
        if value is None or isinstance(value, bool | str):
            return value
        if isinstance(value, int):
            return value if value.bit_length() <= LARGEST_BITS else hex(value)
        if isinstance(value, Mapping):
            return {self._key(k): self.of(v, levels - 1) for k, v in value.items() if self.left >= 0}
        if isinstance(value, list | tuple):
            return [self.of(v, levels - 1) for v in value if self.left >= 0]
        if isinstance(value, set | frozenset):
            # Set order differs between processes (hash randomisation).
            return sorted((self.of(v, levels - 1) for v in value), key=repr)
        if hasattr(value, "tolist") and type(bare := value.tolist()) is not type(value):
            return self.of(bare, levels)
        if isinstance(value, float):
            return _real_number(value)
        return _text(value)

    def _key(self, key: Any) -> str:
        return key if type(key) is str else str(self.of(key, 2))


def _real_number(value: float) -> Any:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001  an object's own text is its own affair
        return type(value).__name__


def _real(value: Any) -> float:
    return float(value)
