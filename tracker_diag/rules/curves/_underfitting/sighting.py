"""What a detector of LC102 saw."""

from __future__ import annotations

from dataclasses import dataclass

from tracker_diag.rules.api import Severity

ADVICE = (
    "try to overfit a few examples; if even that fails, check the data, the learning rate and the initialisation "
    "before you enlarge the model"
)


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a detector saw; the attributes are those of ``Finding``."""

    severity: Severity
    confidence: float
    message: str
    advice: str = ADVICE
