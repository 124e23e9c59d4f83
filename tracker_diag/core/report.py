"""The report: the answer for one run, and the curves drawn in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from tracker_diag.core.finding import Cause, Change, Finding, Prescription, Severity, Skip
from tracker_diag.core.plain import plain

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class DrawnCurve:
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
    curves : tuple of DrawnCurve
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
    curves: tuple[DrawnCurve, ...] = ()
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
                DrawnCurve(
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


def _real(value: Any) -> float:
    return float(value)
