"""The ``@rule`` decorator and the registry it fills.

A new rule is one new file under ``tracker_diag/rules`` and nothing else.
"""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any

from tracker_diag.core.finding import Finding, Skip

Outcome = Finding | Skip | None

HEADINGS = ("What it measures", "Why it matters", "What to do", "Thresholds", "References")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as the registry holds it.

    Attributes
    ----------
    code, name : str
        From the catalogue; the name is what users see in tags, filters and ``ignore``.
    evidence : str
        Letters of the catalogue: C curves, P params, D dataset facts, G gradients, B batches, X other runs.
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
    """

    code: str
    name: str
    evidence: str
    check: Callable[..., Outcome]
    needs: tuple[str, ...]
    wants: tuple[str, ...]
    thresholds: Mapping[str, Any]
    unless: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """First line of the docstring."""
        return self.sections[""].partition("\n")[0]

    @property
    def sections(self) -> dict[str, str]:
        """The docstring by heading; the first line under the empty heading."""
        return sections(self.check.__doc__ or "")

    @property
    def folder(self) -> str:
        """Name of the folder that the rule's file lies in: ``curves``, ``optimisation`` and so on."""
        return self.check.__module__.rsplit(".", 2)[-2]


_RULES: dict[str, Rule] = {}

#: Kinds of training that names give away and that rules may not apply to, in words.
KINDS = MappingProxyType(
    {
        "adversarial": "two losses against each other",
        "reinforcement": "a reward in place of labels",
        "contrastive": "a dictionary that grows",
        "annealed": "a term that is phased in",
        "boosting": "trees, with rounds and no epochs",
    }
)

#: Those of them whose loss has no level to fall to and rest at.
UNSETTLED = ("adversarial", "reinforcement", "contrastive", "annealed")


def rule(
    code: str, name: str, *, evidence: str, unless: tuple[str, ...] = (), also: tuple[str, ...] = ()
) -> Callable[[Callable[..., Outcome]], Callable[..., Outcome]]:
    """Register a function as a rule.

    Its positional parameters are its inputs, resolved by name (see ``tracker_diag.engine.evidence``): one without a
    default is needed, and the rule is skipped where the run has none; one with the default None is used where it
    exists. Its keyword-only parameters are thresholds, which users may set. ``unless`` names the kinds of training that
    the rule does not apply to, ``also`` further causes that it may name.

    Raises
    ------
    ValueError
        If the code or the name is already taken.
    """

    def register(check: Callable[..., Outcome]) -> Callable[..., Outcome]:
        for other in _RULES.values():
            same_place = other.check.__module__ == check.__module__
            if (other.code == code or other.name == name) and not same_place:
                raise ValueError(f"{code} {name}: taken by {other.code} {other.name} in {other.check.__module__}")
        parameters = inspect.signature(check).parameters.values()
        inputs = [p for p in parameters if p.kind is not p.KEYWORD_ONLY]
        _RULES[code] = Rule(
            code=code,
            name=name,
            evidence=evidence,
            check=check,
            needs=tuple(p.name for p in inputs if p.default is p.empty),
            wants=tuple(p.name for p in inputs if p.default is not p.empty),
            thresholds=MappingProxyType({p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}),
            unless=unless,
            also=also,
        )
        return check

    return register


@cache
def all_rules() -> Mapping[str, Rule]:
    """Every rule by code, in the order of codes; found by walking ``tracker_diag.rules``."""
    package = import_module("tracker_diag.rules")
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        import_module(module.name)
    return MappingProxyType(dict(sorted(_RULES.items())))


def find_rule(word: str) -> Rule | None:
    """The rule of this code or name, or that names this cause, whatever its case."""
    return next((r for r in all_rules().values() if word.lower() in (r.code.lower(), r.name, *r.also)), None)


def sections(docstring: str) -> dict[str, str]:
    """Split a docstring at its underlined headings; the text before the first one comes under the empty heading."""
    parts = re.split(r"^(\w[^\n]*)\n-{3,}\n", inspect.cleandoc(docstring) + "\n", flags=re.MULTILINE)
    return {"": parts[0].strip()} | {k.strip(): v.strip() for k, v in zip(parts[1::2], parts[2::2], strict=True)}
