"""What a rule may ask for: the ``@rule_input`` decorator, and the registry it fills.

An input is a function whose parameters are other inputs. Which are needed and which are used where they exist, in which
order they are computed and what kind of evidence they are follows from the signatures.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from types import MappingProxyType, NoneType
from typing import Any, TypeVar, get_args, get_type_hints

from tracker_diag.roles.role_names import all_roles, what_to_log

PACKAGE = "tracker_diag."
F = TypeVar("F", bound=Callable[..., Any])

#: Letters of the catalogue for kinds of evidence, in rising order of what the user must have logged.
EVIDENCE = MappingProxyType(
    {
        "C": "curves",
        "P": "parameters",
        "M": "model description",
        "D": "dataset statistics",
        "G": "gradient, weight or activation statistics",
        "B": "per-batch statistics",
        "X": "other runs of the experiment",
    }
)


@dataclass(frozen=True, slots=True)
class Input:
    """One thing that rules may ask of a run, by the name of their parameter.

    Attributes
    ----------
    name : str
        That of the function that computes it.
    needs : tuple of str
        Inputs without which it is missing.
    wants : tuple of str
        Inputs it uses where they exist.
    missing : str
        What a skip says where the run does not hold it: "batch_size not found". An input whose needs are missing gives
        the reason of the first of them.
    log : str
        What to log to have it, as a phrase; empty where nothing would help.
    evidence : str
        Letters of ``EVIDENCE``; empty for that of the inputs it is computed from.
    unit : str
        Of its value; empty where it has none.
    compute : callable or None
        None for what the engine gives: the run, its roles, the other runs, what the curves said.
    about, type : str
        Of what the engine gives: what it is, and its type; of others the function says both.
    """

    name: str
    needs: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()
    missing: str = ""
    log: str = ""
    evidence: str = ""
    unit: str = ""
    compute: Callable[..., Any] | None = None
    about: str = ""
    type: str = ""


_INPUTS: dict[str, Input] = {}


def rule_input(*, missing: str, log: str = "", evidence: str = "", unit: str = "") -> Callable[[F], F]:
    """Register a function as an input of rules, under its own name.

    Its parameters are other inputs, resolved by name. One annotated ``X | None`` is optional. All others
    are required: if one is missing, this input is missing too, as it is where the function returns None.

    Parameters
    ----------
    missing : str
        What a skip says where only this input is missing: "batch_size not found".
    log : str
        What to log to have it: a role, whose words are taken from the vocabulary, or a phrase.
    evidence : str
        Letters of ``EVIDENCE``, where they are not those of the inputs it is computed from.
    unit : str
        Of its value, in words.

    Returns
    -------
    callable
        The decorator; the function stays what it is.

    Raises
    ------
    ValueError
        If the name is taken, ``log`` is one word and no role, ``evidence`` has an unknown letter, a parameter is
        keyword-only or no input, or inputs depend on each other in a circle. Within the package unknown inputs and
        circles are found when all of it has been imported.

    Examples
    --------
    >>> from tracker_diag.evidence.registry import all_inputs
    >>> from tracker_diag.rules.api import Curve, rule_input
    >>> @rule_input(missing="no training loss found", log="train_loss", unit="same as the loss")
    ... def lowest_loss(train_loss: Curve, val_loss: Curve | None) -> float:
    ...     return min(c.best for c in (train_loss, val_loss) if c is not None)
    >>> all_inputs()["lowest_loss"].needs, all_inputs()["lowest_loss"].wants
    (('train_loss',), ('val_loss',))
    """

    def register(compute: F) -> F:
        name = compute.__name__
        if not compute.__module__.startswith(PACKAGE):
            _package()
        _refuse_taken(name, compute)
        needs, wants, kept = parameters(compute)
        if kept:
            raise ValueError(f"input {name}: {', '.join(kept)} is keyword-only, which inputs may not have")
        if set(evidence) - set(EVIDENCE):
            raise ValueError(f"input {name}: evidence {evidence!r} has unknown letters: use {''.join(EVIDENCE)}")
        _add(Input(name, needs, wants, missing, _said(name, log), evidence, unit, compute))
        return compute

    return register


def _refuse_taken(name: str, compute: Callable[..., Any]) -> None:
    taken = _INPUTS.get(name)
    if taken is None or (taken.compute and taken.compute.__module__ == compute.__module__ != __name__):
        return
    by = taken.compute.__module__ if taken.compute else "the engine"
    if taken.compute and taken.compute.__module__ == __name__:
        by = f"the parameter role {name}" if name in all_roles() else "first_of"
    raise ValueError(f"input {name}: the name is taken by {by}; choose another")


def _said(name: str, log: str) -> str:
    if log in all_roles():
        return what_to_log(log)
    if log and " " not in log:
        near = get_close_matches(log, all_roles(), 1)
        raise ValueError(f"input {name}: log: no role {log!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    return log


def given_input(name: str, about: str, type: str, *, missing: str = "", log: str = "", evidence: str = "") -> None:
    """Declare an input that the engine gives."""
    if name in _INPUTS:
        raise ValueError(f"input {name}: the name is taken; choose another")
    _add(Input(name, missing=missing, log=log, evidence=evidence, about=about, type=type))


def first_of(name: str, sources: Mapping[str, str], *, missing: str, log: str = "", unit: str = "") -> None:
    """Register an input that takes its value from the first of several inputs that the run holds.

    Beside it stands an input ``<name>_from`` that says in words which one that was.

    Parameters
    ----------
    name : str
        Of the new input.
    sources : mapping of str to str
        Inputs, the surest first, and what a value taken from there is called: "as configured".
    missing, log, unit : str
        As for ``rule_input``.

    Raises
    ------
    ValueError
        As for ``rule_input``.

    Examples
    --------
    >>> from tracker_diag.evidence.registry import all_inputs
    >>> from tracker_diag.rules.api import first_of
    >>> first_of("some_loss", {"val_loss": "validation", "train_loss": "training"}, missing="no loss")
    >>> all_inputs()["some_loss_from"].compute(val_loss=None, train_loss=0.5)
    'training'
    """

    def value(**found: Any) -> Any:
        return next((found[source] for source in sources if found[source] is not None), None)

    def taken_from(**found: Any) -> str | None:
        return next((said for source, said in sources.items() if found[source] is not None), None)

    text = _said(name, log)
    for new in (name, f"{name}_from"):
        if new in _INPUTS:
            raise ValueError(f"input {new}: the name is taken; choose another")
    _add(
        Input(name, (), tuple(sources), missing, text, "", unit, value),
        Input(f"{name}_from", (), tuple(sources), missing, text, "", "", taken_from),
    )


def parameters(function: Callable[..., Any]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Name a function's parameters: those it needs, those annotated ``X | None``, the keyword-only ones."""
    hints = get_type_hints(function)
    needs: list[str] = []
    wants: list[str] = []
    kept: list[str] = []
    for p in inspect.signature(function).parameters.values():
        if p.kind not in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY):
            raise ValueError(f"{function.__name__}: {p.name} cannot be given by name")
        optional = NoneType in get_args(hints.get(p.name))
        (kept if p.kind is p.KEYWORD_ONLY else wants if optional else needs).append(p.name)
    return tuple(needs), tuple(wants), tuple(kept)


def find_input(name: str, asking: str) -> Input:
    """The input of this name.

    Raises
    ------
    ValueError
        If there is none; says who asked and what is spelt like it.
    """
    found = _INPUTS.get(name)
    if found is None:
        near = get_close_matches(name, _INPUTS, 1)
        raise ValueError(
            f"{asking} asks for an unknown input {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
        )
    return found


def all_inputs() -> Mapping[str, Input]:
    """Every input by name: those of ``tracker_diag.evidence``, one for each role of a parameter, and rules' own."""
    _package()
    return MappingProxyType(_INPUTS)


@cache
def letters(name: str) -> str:
    """Give the letters of the evidence that an input is, in the order of ``EVIDENCE``."""
    found = find_input(name, "evidence")
    return found.evidence or joined(letters(other) for other in found.needs + found.wants)


def joined(several: Iterable[str]) -> str:
    """Join the letters of several, each once, in the order of ``EVIDENCE``."""
    known = set().union(*several)
    return "".join(letter for letter in EVIDENCE if letter in known)


def in_order(asks: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """All inputs, and what else asks for some, each behind what it asks for.

    Parameters
    ----------
    asks : mapping of str to iterable of str
        What beyond the inputs' own signatures asks for what.

    Raises
    ------
    ValueError
        Names the circle, if there is one.
    """
    own = {i.name: set(i.needs + i.wants) for i in _INPUTS.values()}
    sorter = TopologicalSorter(own | {name: {*own.get(name, ()), *others} for name, others in asks.items()})
    try:
        return tuple(sorter.static_order())
    except CycleError as error:
        raise ValueError(f"inputs ask for each other in a circle: {' ← '.join(error.args[1])}") from None


def _add(*several: Input) -> None:
    """Register inputs; where one is refused, none of them stays."""
    before = dict(_INPUTS)
    _INPUTS.update({new.name: new for new in several})
    letters.cache_clear()
    if not _package.cache_info().currsize:
        return
    try:
        _check(several)
    except ValueError:
        _INPUTS.clear()
        _INPUTS.update(before)
        raise


def _check(several: Iterable[Input]) -> None:
    for one in several:
        for name in one.needs + one.wants:
            find_input(name, f"input {one.name}")
    in_order({})


@contextmanager
def inputs_as_before() -> Iterator[None]:
    """Take back the inputs that were registered in the block, if it fails."""
    _package()
    before = dict(_INPUTS)
    try:
        yield
    except BaseException:
        _INPUTS.clear()
        _INPUTS.update(before)
        letters.cache_clear()
        raise


@cache
def _package() -> None:
    package = import_module("tracker_diag.evidence")
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        import_module(module.name)
    for role, filled_by in all_roles().items():
        if "param" in filled_by and role not in _INPUTS:
            said = f"{role} not found"
            _INPUTS[role] = Input(role, ("params",), (), said, what_to_log(role), "P", "", _of_role(role))
    _check(list(_INPUTS.values()))


def _of_role(role: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda params: params.get(role)
