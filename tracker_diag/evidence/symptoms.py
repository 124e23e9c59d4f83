"""What the learning curves said, as rules that look for causes are told it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tracker_diag.core.finding import Finding

#: Key in the evidence of a finding that rests on the other runs of the experiment, and not on the curves alone.
BY_SIBLINGS = "runs"


@dataclass(frozen=True, slots=True)
class Symptoms:
    """What the learning curves said.

    Attributes
    ----------
    verdict : str
        That of the curves alone.
    findings : mapping of str to Finding
        Those of the LC rules that mean something beside it, by name.
    """

    verdict: str
    findings: Mapping[str, Finding]

    def has(self, *names: str) -> bool:
        """Whether the curves show any of these; what only other runs of the experiment show says nothing of why.

        Parameters
        ----------
        *names : str
            Names of LC rules.

        Returns
        -------
        bool
            False where none is named.
        """
        return any(n in self.findings and BY_SIBLINGS not in self.findings[n].evidence for n in names)
