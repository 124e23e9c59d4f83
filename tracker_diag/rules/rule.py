"""What a rule is: its code and name, what it asks for, its thresholds, its page; and where its findings stand."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from tracker_diag.core.finding import Finding, Prescription, Severity, Skip
from tracker_diag.core.numbers import figure
from tracker_diag.evidence.registry import joined, letters
from tracker_diag.rules.hypothesis import OF_DATA, SHARED_MOST, Hypothesis, Observation
from tracker_diag.rules.spelling import normal

Outcome = Finding | Skip | None

HEADINGS = ("What it measures", "Why it matters", "What to do", "Thresholds", "References")

#: Kinds of training that names give away and that rules may not apply to, in words.
KINDS = MappingProxyType(
    {
        "adversarial": "two losses compete",
        "reinforcement": "rewards instead of labels",
        "contrastive": "the loss depends on a growing dictionary",
        "annealed": "a loss term is phased in",
        "boosting": "trees, with rounds instead of epochs",
    }
)

#: Those of them whose loss has no level to fall to and rest at.
UNSETTLED = ("adversarial", "reinforcement", "contrastive", "annealed")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where the findings of a rule on learning curves stand among the verdicts.

    Attributes
    ----------
    precedence : float
        Of several findings the one with the lowest is the verdict.
    why : str
        Why it stands there, as a clause.
    dismisses : bool
        Whether the other rules' findings on curves mean nothing beside this one.
    wasted : str
        Which part of the run was wasted: ``from`` the first step of the finding's span on, what came ``after`` it, or
        empty where none was.
    """

    precedence: float
    why: str
    dismisses: bool = False
    wasted: Literal["", "from", "after"] = ""


@dataclass(frozen=True, slots=True)
class Remedy:
    """A change of one parameter that cures a cause: where siblings that differ in it alone do better, it is shown.

    Attributes
    ----------
    role : str
        The role of the parameter.
    direction : int
        1 where a higher value cures, -1 where a lower one does.
    name : str
        The cause that is cured, where the rule tells more than one; empty for that of the rule's own name.
    """

    role: str
    direction: Literal[1, -1]
    name: str = ""


def lower(*roles: str) -> tuple[Remedy, ...]:
    """Say that a lower value of any of these parameters cures the cause.

    Parameters
    ----------
    *roles : str
        Their roles.

    Returns
    -------
    tuple of Remedy
        One for each.
    """
    return tuple(Remedy(role, -1) for role in roles)


def higher(*roles: str, name: str = "") -> tuple[Remedy, ...]:
    """Say that a higher value of any of these parameters cures the cause.

    Parameters
    ----------
    *roles : str
        Their roles.
    name : str
        The cause, where it is not the rule's own name.

    Returns
    -------
    tuple of Remedy
        One for each.
    """
    return tuple(Remedy(role, 1, name) for role in roles)


#: Of a rule on learning curves that never gives the verdict; its findings are at most `info`.
NEVER = Verdict(math.inf, "an observation beside the verdict")

TALK = "Why does my network fail to learn?"
SEMINAR = f"P. Heuser (2019), {TALK}, slide"
"""What ``Seminar:`` stands for in the references of a rule, before the title of a slide."""

#: The verdict of a run of which no rule says one.
ABSTENTION = "insufficient-evidence"

#: The family of codes whose rules say what the learning curves show.
ON_CURVES = "LC"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as the registry holds it.

    Attributes
    ----------
    code, name : str
        From the catalogue; the name is what users see in tags, filters and ``ignore``.
    check : callable
        The function itself.
    needs : tuple of str
        Inputs without which the rule is skipped.
    wants : tuple of str
        Inputs it uses where they exist.
    thresholds : mapping of str to default
        The keyword-only parameters; users may set them.
    unless : tuple of str
        Kinds of training that it does not apply to, of ``KINDS``.
    also : tuple of str
        Other names of causes that it tells.
    verdict : Verdict or None
        For rules on learning curves: what they find is an input of the others (``symptoms``).
    likelihoods : type or None
        For rules that tell a cause: its table of likelihood ratios (``tracker_diag.rules.hypothesis.LikelihoodRatio``).
    seen_as : tuple of str
        What a person sees of it, in their words and a line each; the documentation's index lists the rule under them.
    cured_by : tuple of Remedy
        Changes of a parameter by which siblings show that it is the cause.
    """

    code: str
    name: str
    check: Callable[..., Outcome]
    needs: tuple[str, ...]
    wants: tuple[str, ...]
    thresholds: Mapping[str, Any]
    unless: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    verdict: Verdict | None = None
    likelihoods: type | None = None
    seen_as: tuple[str, ...] = ()
    cured_by: tuple[Remedy, ...] = ()

    def is_called(self, word: str) -> bool:
        """Whether a word is the code, the name or one of the causes of this rule, in any spelling."""
        return normal(word) in map(normal, (self.code, self.name, *self.also))

    @property
    def evidence(self) -> str:
        """Letters of the catalogue for what its inputs are: C curves, P parameters, D dataset facts, and so on."""
        return joined(letters(name) for name in self.needs + self.wants)

    @property
    def title(self) -> str:
        """First line of the docstring."""
        return self.sections[""].partition("\n")[0]

    @property
    def sections(self) -> dict[str, str]:
        """The docstring by heading; the first line under the empty heading."""
        return sections(self.check.__doc__ or "")

    @property
    def page(self) -> str:
        """The docstring as a page of Markdown, under the rule's code and name, with the defaults of its thresholds."""
        text = self.sections
        if told := text.get("Thresholds"):
            text["Thresholds"] = re.sub(r"^(\w+)(?= : )", self._with_default, told, flags=re.MULTILINE)
        parts = [f"# {self.code} {self.name}", text[""]]
        parts += [f"## {heading}\n\n{text[heading]}" for heading in text if heading]
        return re.sub(r"\bSeminar:", SEMINAR, "\n\n".join(parts))

    def _with_default(self, named: re.Match[str]) -> str:
        default = self.thresholds.get(named[1])
        if default is None:
            return named[1]
        return f"{named[1]} = {figure(default) if isinstance(default, float) else default}"

    @property
    def package(self) -> str:
        """Name of the package that it comes with."""
        return self.check.__module__.partition(".")[0]

    @property
    def folder(self) -> str:
        """Name of the folder that the rule's file lies in: ``curves``, ``optimisation`` and so on."""
        return ("", *self.check.__module__.split("."))[-2]

    def finding(
        self,
        severity: Severity,
        confidence: float,
        message: str,
        advice: str = "",
        evidence: Mapping[str, Any] | None = None,
        span: tuple[float, float] | None = None,
    ) -> Finding:
        """What this rule found; the parameters are those of ``Finding``."""
        return Finding(self.code, self.name, severity, confidence, message, advice, evidence or {}, span)

    def skip(self, reason: str, what_to_log: str = "") -> Skip:
        """Say why this rule does not speak, and what to log so that it can."""
        return Skip(self.code, reason, what_to_log)

    def hypothesis(
        self,
        *,
        prior: float,
        observations: Sequence[Observation],
        message: str,
        advice: str,
        prescription: Prescription | None = None,
        settles: str = "",
        span: tuple[float, float] | None = None,
        verdict: str = "",
        name: str = "",
    ) -> Hypothesis | None:
        """The hypothesis of this rule's cause, or None where nothing speaks for it.

        The severity is the engine's to set, from the odds: a warning has to rest on curves or data; configuration only
        ranks. ``name`` is that of the cause where the rule tells another than its own (``also``); the other parameters
        are those of ``Hypothesis``.
        """
        if not any(s.ratio > 1 for s in observations):
            return None
        return Hypothesis(
            code=self.code,
            name=name or self.name,
            severity=Severity.INFO,
            confidence=0.0,
            message=message,
            advice=advice,
            evidence={
                "for": [s.text for s in observations if s.ratio > 1],
                "against": [s.text for s in observations if s.ratio < 1],
            },
            span=span,
            prior=prior,
            observations=tuple(observations),
            prescription=prescription or Prescription(advice),
            settles=settles,
            verdict=verdict,
            shared_most=SHARED_MOST if self.folder in OF_DATA else math.inf,
        )


def sections(docstring: str) -> dict[str, str]:
    """Split a docstring at its underlined headings; the text before the first one comes under the empty heading."""
    parts = re.split(r"^(\w[^\n]*)\n-{3,}\n", inspect.cleandoc(docstring) + "\n", flags=re.MULTILINE)
    return {"": parts[0].strip()} | {k.strip(): v.strip() for k, v in zip(parts[1::2], parts[2::2], strict=True)}
