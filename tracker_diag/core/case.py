"""Weighs the evidence for and against a cause."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tracker_diag.core.finding import Change, Finding, Prescription, Severity
from tracker_diag.core.observed import Symptoms

Source = Literal["curves", "data", "params"]


@dataclass(frozen=True, slots=True)
class Sign:
    """One observation, and how much likelier it is if the cause holds than if it does not.

    Attributes
    ----------
    text : str
        The observation, in words that follow "because".
    ratio : float
        Likelihood ratio, positive; above 1 it speaks for the cause, below 1 against it.
    source : str
        Where it was seen: ``curves``, ``data`` (dataset facts) or ``params``.
    """

    text: str
    ratio: float
    source: Source = "curves"


@dataclass(frozen=True, slots=True)
class Suspicion(Finding):
    """A finding that names a cause.

    Attributes
    ----------
    prior : float
        Odds of the cause among runs that somebody worries about, before anything is seen.
    signs : tuple of Sign
        Conditionally independent given the cause: one sign an independent observation.
    prescription : Prescription
    settles : str
        What to log or run to be sure.
    verdict : str
        What a run with this cause is called where its curves alone would pass for a good fit; empty where the cause
        says nothing of them.
    """

    prior: float = 0.05
    signs: tuple[Sign, ...] = ()
    prescription: Prescription = field(default_factory=lambda: Prescription(""))
    settles: str = ""
    verdict: str = ""

    @property
    def odds(self) -> float:
        """Prior odds times all likelihood ratios."""
        return self.prior * math.prod(s.ratio for s in self.signs)

    @property
    def seen_ratio(self) -> float:
        """The likelihood ratios of what curves and data say, without what the configuration says."""
        return math.prod(s.ratio for s in self.signs if s.source != "params")


def suspicion(
    code: str,
    name: str,
    *,
    prior: float,
    signs: list[Sign],
    message: str,
    advice: str,
    prescription: Prescription | None = None,
    settles: str = "",
    span: tuple[float, float] | None = None,
    verdict: str = "",
) -> Suspicion | None:
    """A suspicion, or None where nothing speaks for it.

    The severity is the engine's to set, from the odds: a warning has to rest on curves or data; configuration only
    ranks.
    """
    if not any(s.ratio > 1 for s in signs):
        return None
    return Suspicion(
        code=code,
        name=name,
        severity=Severity.INFO,
        confidence=0.0,
        message=message,
        advice=advice,
        evidence={"for": [s.text for s in signs if s.ratio > 1], "against": [s.text for s in signs if s.ratio < 1]},
        span=span,
        prior=prior,
        signs=tuple(signs),
        prescription=prescription or Prescription(advice),
        settles=settles,
        verdict=verdict,
    )


def stop_at_best(
    symptoms: Symptoms, names: Mapping[str, str], epochs: float | None, slowed: float = 1.0
) -> tuple[Change, ...]:
    """The change of the number of epochs to that after which validation was best.

    What a run that overfits has shown itself: nothing else that is prescribed for it is as sure. Empty where the run
    does not overfit, or does not say for how many epochs it was to train. ``slowed``: how many times the steps the
    same progress takes after the other changes that are prescribed with it.
    """
    turned = symptoms.findings.get("overfitting")
    if turned is None or turned.span is None or not epochs or turned.span[1] <= 0:
        return ()
    best = max(1, round(slowed * epochs * turned.span[0] / turned.span[1]))
    return (Change(names.get("epochs", "epochs"), epochs, best),) if best < epochs else ()


def in_words(changes: tuple[Change, ...]) -> str:
    """``lower epochs from 60 to 15``, several joined by "and"."""
    return " and ".join(
        f"{'lower' if c.after < (c.before or 0) else 'raise'} {c.param} from {c.before or 0:g} to {c.after:g}"
        for c in changes
    )
