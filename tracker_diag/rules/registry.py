"""The ``@rule`` decorator and the registry it fills.

A new rule is one new file under ``tracker_diag/rules`` and nothing else.
"""

from __future__ import annotations

import inspect
import math
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from types import MappingProxyType

from tracker_diag.core.finding import LONGEST_NAME, is_name
from tracker_diag.core.plugins import RULES, loaded, version
from tracker_diag.evidence.registry import (
    PACKAGE,
    all_inputs,
    find_input,
    in_order,
    inputs_as_before,
    parameters,
)
from tracker_diag.roles.role_names import param_roles
from tracker_diag.rules.rule import ABSTENTION, KINDS, ON_CURVES, Outcome, Remedy, Rule, Verdict

_RULES: dict[str, Rule] = {}


def rule(
    code: str,
    name: str,
    *,
    seen_as: tuple[str, ...] = (),
    unless: tuple[str, ...] = (),
    also: tuple[str, ...] = (),
    verdict: Verdict | None = None,
    likelihoods: type | None = None,
    cured_by: tuple[Remedy, ...] = (),
) -> Callable[[Callable[..., Outcome]], Rule]:
    """Register a function as a rule; the function's name then stands for the rule.

    Its positional parameters are its inputs, resolved by name (``tracker_diag.evidence.registry``): one annotated
    ``X | None`` is optional. All others are required: if one is missing, the rule is skipped. Its keyword-only
    parameters are thresholds, which users may set.

    Parameters
    ----------
    code, name : str
        From the catalogue: capitals and a number, and lower-case words joined by hyphens.
    seen_as : tuple of str
        What a person sees of it, in their words and a line each.
    unless : tuple of str
        Kinds of training that it does not apply to, of ``KINDS``.
    also : tuple of str
        Other names of causes that it tells.
    verdict : Verdict, optional
        Needed where the code begins with LC: the rule is one on learning curves.
    likelihoods : type, optional
        Needed where a threshold is called ``prior``: the table of likelihood ratios of the cause.
    cured_by : tuple of Remedy
        Changes of a parameter by which siblings show that it is the cause: ``lower("learning_rate")``.

    Returns
    -------
    callable
        The decorator; what it gives is the ``Rule``.

    Raises
    ------
    ValueError
        If the code, a name or the precedence is taken; if a parameter is no input, or a threshold has no default; if
        a rule on learning curves has no ``verdict``, or asks, directly or not, for ``symptoms``; if a rule with a
        ``prior`` has no table of likelihood ratios; if ``unless`` names no kind of training; or if what the rule is
        ``seen_as`` is empty or more than one line.

    Examples
    --------
    >>> from tracker_diag import Run, diagnose
    >>> from tracker_diag.rules.api import Curve, Outcome, Severity, rule
    >>> @rule("XX901", "late-start")
    ... def late_start(train_loss: Curve, *, latest: float = 100.0) -> Outcome:
    ...     first = train_loss.steps[0]
    ...     if first <= latest:
    ...         return None
    ...     return late_start.finding(Severity.INFO, 1.0, f"nothing was logged before step {first:g}")
    >>> run = Run.from_dict({"id": "r1", "metrics": {"loss": [[500, 0.3], [501, 0.2], [502, 0.2], [503, 0.1]]}})
    >>> [found.message for found in diagnose(run).findings if found.name == "late-start"]
    ['nothing was logged before step 500']
    """

    def register(check: Callable[..., Outcome]) -> Rule:
        all_inputs()
        needs, wants, _ = parameters(check)
        thresholds = {
            p.name: p.default for p in inspect.signature(check).parameters.values() if p.kind is p.KEYWORD_ONLY
        }
        new = Rule(
            code,
            name,
            check,
            needs,
            wants,
            MappingProxyType(thresholds),
            unless,
            also,
            verdict,
            likelihoods,
            seen_as,
            cured_by,
        )
        if not check.__module__.startswith(PACKAGE):
            _own_rules()
        _refuse(new)
        _RULES[code] = new
        all_rules.cache_clear()
        return new

    return register


def _refuse(new: Rule) -> None:
    """Raise an error where a rule cannot stand among the others."""
    said = f"{new.code} {new.name}"
    if wrong := [name for name in (new.name, *new.also) if not is_name(name)]:
        raise ValueError(
            f"{said}: name {wrong[0]!r}: use lower-case words joined by hyphens, at most {LONGEST_NAME} letters"
        )
    for other in _RULES.values():
        if (other.check.__module__, other.check.__qualname__) == (new.check.__module__, new.check.__qualname__):
            continue
        if any(other.is_called(word) for word in (new.code, new.name, *new.also)):
            raise ValueError(
                f"{said}: the name or code is taken by {other.code} {other.name} in {other.check.__module__}"
            )
        if new.verdict and other.verdict and new.verdict.precedence == other.verdict.precedence < math.inf:
            raise ValueError(f"{said}: precedence {new.verdict.precedence:g} is taken by {other.code} {other.name}")
    if new.code.upper().startswith(ON_CURVES) and new.verdict is None:
        raise ValueError(f"{said}: give its place among the verdicts, verdict=Verdict(…), or verdict=NEVER")
    if new.verdict and math.isnan(new.verdict.precedence):
        raise ValueError(f"{said}: the precedence is NaN: give a number")
    _refuse_words(new, said)
    _refuse_remedies(new, said)
    if bare := [name for name, default in new.thresholds.items() if default is inspect.Parameter.empty]:
        raise ValueError(f"{said}: give the threshold {bare[0]} a default")
    if "prior" in new.thresholds and new.likelihoods is None:
        raise ValueError(f"{said}: a rule with a prior needs a table of likelihood ratios: likelihoods=Likelihoods")
    for name in new.needs + new.wants:
        find_input(name, said)
    if new.verdict:
        in_order({"symptoms": [new.code], new.code: new.needs + new.wants})


def _refuse_remedies(new: Rule, said: str) -> None:
    if new.cured_by and "prior" not in new.thresholds:
        raise ValueError(f"{said}: cured_by is only for rules with a prior")
    for remedy in new.cured_by:
        if remedy.role not in param_roles():
            raise ValueError(f"{said}: cured_by: no parameter role {remedy.role!r}")
        if remedy.name not in ("", new.name, *new.also):
            raise ValueError(f"{said}: cured_by: unknown cause {remedy.name!r}: add it to also=")


def _refuse_words(new: Rule, said: str) -> None:
    if ABSTENTION in (new.name, *new.also):
        raise ValueError(f"{said}: {ABSTENTION} is reserved for runs without a verdict; choose another name")
    codes = [code for code in _RULES if any(code.startswith(name.upper()) for name in (new.name, *new.also))]
    if codes:
        raise ValueError(f"{said}: the name is also the beginning of the code {codes[0]}; choose another name")
    if re.fullmatch(r"[A-Z]+[0-9]+", new.code) is None:
        raise ValueError(f"{said}: write the code as capitals and a number, e.g. LC104")
    if unknown := sorted(set(new.unless) - set(KINDS)):
        raise ValueError(f"{said}: unless: no kind {unknown[0]!r}; choose from {', '.join(KINDS)}")
    for seen in new.seen_as:
        if not seen.strip() or seen.splitlines() != [seen]:
            raise ValueError(f"{said}: seen_as: {seen!r} is not one line of text")


@cache
def all_rules() -> Mapping[str, Rule]:
    """Every rule by code, in the order of codes.

    Found by walking ``tracker_diag.rules``, then by importing what other packages declare as entry points of the group
    ``tracker_diag.rules``. A module of theirs that cannot be imported, or whose rule is refused, is left out and told
    in the log: the other rules still speak.
    """
    _own_rules()
    loaded(RULES, _as_before)
    return MappingProxyType(dict(sorted(_RULES.items())))


@cache
def packages() -> tuple[str, ...]:
    """Other packages whose rules are in use, with their versions, sorted: ``acme-diag 1.0``."""
    _own_rules()
    return tuple(sorted({version(point) for point, _ in loaded(RULES, _as_before)}))


@contextmanager
def _as_before() -> Iterator[None]:
    """Take back what was registered in the block, if it fails."""
    before = dict(_RULES)
    try:
        with inputs_as_before():
            yield
    except BaseException:
        _RULES.clear()
        _RULES.update(before)
        raise


@cache
def _own_rules() -> None:
    package = import_module("tracker_diag.rules")
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        import_module(module.name)


def find_rule(word: str) -> Rule | None:
    """The rule of this code or name, or that names this cause, in any spelling (``tracker_diag.rules.spelling``)."""
    return next((r for r in all_rules().values() if r.is_called(word)), None)
