"""What the learning curves said, as rules that look for causes are told it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tracker_diag.core.finding import Finding


@dataclass(frozen=True, slots=True)
class Symptoms:
    """What the learning curves said: the verdict, and the findings of the LC rules by name."""

    verdict: str
    findings: Mapping[str, Finding]

    def has(self, *names: str) -> bool:
        """Whether any of these was found."""
        return any(n in self.findings for n in names)
