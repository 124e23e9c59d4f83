"""What the learning curves said, as rules that look for causes are told it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tracker_diag.core.finding import Finding


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
        """Whether any of these was found.

        Parameters
        ----------
        *names : str
            Names of LC rules.

        Returns
        -------
        bool
            False where none is named.
        """
        return any(n in self.findings for n in names)
