"""What a diagnosis is made of: findings, skips, causes, prescriptions, and the report that holds them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

SCHEMA_VERSION = 1


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
    """Turn a value into strict JSON data: tuples to lists, numpy scalars to Python's, ±Inf and NaN to their strings."""
    if value is None or (isinstance(value, bool | str | int) and not isinstance(value, StrEnum)):
        return value
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return str(value)


def _real(value: Any) -> float:
    return float(value)
