"""Docstrings are what numpydoc asks for, and what their examples print is what they say.

The public API is what ``tracker_diag.__all__`` names; what ``tracker_diag.rules.api`` offers to the file of a rule;
``adapters.base`` and ``adapters.locating``, which a tracker's package is written to; and the statistics. It passes
every check of numpydoc but two: most of it needs no extended summary (ES01), and names in the text are links enough
(SA01). Everything else that is public by its name passes them too, but for what a line that says it all leaves out:
there a docstring may lack the sections Parameters, Returns and Yields (PR01, RT01, YD01); one that has them has them
complete and right.

Examples (EX01) stand by what a user calls: what ``tracker_diag.__all__`` names, the functions of the statistics, and
what registers rules and inputs. A method may be shown by the example of its class. None is asked of errors,
enumerations and properties, nor of what another package calls.

Left out by kind, since something else decides about their text:

- Rules: their headings are those of their page (``tests/test_rule_pages.py``).
- The first line of an input is what ``docs/reference/inputs.md`` says that it is, and names a thing: no verb (SS05),
  and it may begin with a symbol (SS02).
- The parts of a report: the docstring of each is its description in ``docs/reference/report.schema.json``, one
  sentence, and so are those of their fields.
- The fields of a dataclass are its parameters, and stand under Attributes; those of settings are described where they
  are defined, for the documentation is made from there.
"""

from __future__ import annotations

import doctest
import inspect
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from numpydoc.docscrape import get_doc_object
from numpydoc.validate import Validator, validate
from pydantic import BaseModel

import tracker_diag
from tracker_diag.evidence import registry as inputs
from tracker_diag.evidence.registry import all_inputs, first_of, letters, rule_input
from tracker_diag.rules import api
from tracker_diag.rules import registry as rules
from tracker_diag.rules.registry import all_rules, rule

ROOT = Path(tracker_diag.__file__).parents[1]
#: Name to text of every module.
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path.read_text(encoding="utf-8")
    for path in sorted(ROOT.glob("tracker_diag/**/*.py"))
    if path.name != "__main__.py"
}
WHOLE_MODULES = ("tracker_diag.adapters.base", "tracker_diag.adapters.locating", "tracker_diag.stats.")
NAMED = [getattr(tracker_diag, name) for name in tracker_diag.__all__ if name != "__version__"]
FOR_RULES = [thing for name, thing in vars(api).items() if not name.startswith("_")]
REPORT = ("tracker_diag.core.report", "tracker_diag.core.finding")

#: What callbacks are made for, and tests are not to need.
FRAMEWORKS = ("torch", "keras", "lightning", "transformers", "tensorflow")
# Keras asks for a library to work with; the one that the others need too.
os.environ.setdefault("KERAS_BACKEND", "torch")

#: GL01, on which line a docstring begins, is for ruff to say: numpydoc changed its mind in 1.11.
NEVER_ASKED = {"SA01", "ES01", "GL01"}
#: What is asked outside the public API only of a section that stands.
SECTIONS = {"PR01": "Parameters", "RT01": "Returns", "YD01": "Returns"}


def is_api(thing: Any) -> bool:
    return thing.__module__.startswith(WHOLE_MODULES) or thing in NAMED or thing in FOR_RULES


def needs_example(thing: Any) -> bool:
    if inspect.isclass(thing):
        return thing in NAMED and not issubclass(thing, Exception | Enum)
    return thing in NAMED or thing in (rule, rule_input, first_of) or thing.__module__.startswith("tracker_diag.stats.")


class Docstring(Validator):
    """A docstring as numpydoc sees it; the fields of a class count as its parameters, wherever they are described."""

    def __init__(self, obj_name: Any) -> None:
        super().__init__(get_doc_object(obj_name, config={"show_class_members": False}))

    @property
    def own_fields(self) -> dict[str, str]:
        """What is said of each field where it is defined."""
        if not inspect.isclass(self.obj):
            return {}
        if issubclass(self.obj, BaseModel):
            return {name: found.description or "" for name, found in self.obj.model_fields.items()}
        own = inspect.get_annotations(self.obj)
        known = fields(self.obj) if is_dataclass(self.obj) else ()
        return {
            f.name: f.metadata.get("description", "") for f in known if f.name in own and not f.name.startswith("_")
        }

    @property
    def signature_parameters(self) -> tuple[str, ...]:
        if not inspect.isclass(self.obj) or _is_ours(getattr(self.obj, "__init__", None)):
            return tuple(self.own_fields) or tuple(super().signature_parameters)
        return tuple(self.own_fields)

    @property
    def doc_all_parameters(self) -> dict[str, Any]:
        told = dict(super().doc_all_parameters)
        if not self.own_fields:
            return told
        told |= self._doc_parameters(["Attributes"])
        defined = {name: ("as annotated", [f"It is {text}."]) for name, text in self.own_fields.items() if text}
        return {name: (defined | told)[name] for name in self.own_fields if name in defined} | told


def _is_ours(thing: Any) -> bool:
    return str(getattr(thing, "__module__", "")).startswith("tracker_diag")


def imported(module: str) -> ModuleType:
    """The module, where the framework is installed that it is made for."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name not in FRAMEWORKS:
            raise
        pytest.skip(f"{error.name} is not installed")


def public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """The functions and classes that a module defines under a public name; a rule is neither."""
    for name, thing in vars(module).items():
        if not name.startswith("_") and getattr(thing, "__module__", None) == module.__name__:
            bare = inspect.unwrap(thing)
            if inspect.isclass(bare) or inspect.isfunction(bare):
                yield name, bare


def members(kind: type) -> Iterator[tuple[str, Any]]:
    """The methods and properties that a class defines under a public name."""
    for name, thing in vars(kind).items():
        if name.startswith("_"):
            continue
        if isinstance(thing, classmethod | staticmethod):
            yield name, thing.__func__
        elif isinstance(thing, cached_property):
            yield name, property(thing.func)
        elif isinstance(thing, property) or inspect.isfunction(thing):
            yield name, thing


def wrong(thing: Any, *, in_api: bool, left_out: set[str]) -> list[str]:
    """What is wrong with one docstring, a line each."""
    docstring = Docstring(thing)
    stand = {section for section in SECTIONS.values() if docstring.doc[section]}
    if docstring.own_fields and docstring.doc["Attributes"]:
        stand.add("Parameters")
    excused = set() if in_api else {code for code, section in SECTIONS.items() if section not in stand}
    found = validate(thing, validator_cls=Docstring)["errors"]
    return [f"{code} {said}" for code, said in found if code not in NEVER_ASKED | left_out | excused]


def wrong_of_function(thing: Any) -> list[str]:
    left_out = set() if needs_example(thing) else {"EX01"}
    if any(thing is found.compute for found in all_inputs().values()):
        left_out |= {"SS02", "SS05"}
    return wrong(thing, in_api=is_api(thing), left_out=left_out)


def wrong_of_class(kind: type) -> Iterator[str]:
    left_out = set() if needs_example(kind) else {"EX01"}
    if kind.__module__ in REPORT and is_dataclass(kind):
        left_out |= {"EX01", "PR01"}
    yield from wrong(kind, in_api=is_api(kind), left_out=left_out)
    example = "\n".join(Docstring(kind).doc["Examples"])
    for name, thing in members(kind):
        of_another_package = any(hasattr(base, name) for base in kind.__mro__ if not _is_ours(base))
        left_out = {"PR01", "EX01"} if of_another_package else set()
        if not needs_example(kind) or isinstance(thing, property) or f".{name}(" in example:
            left_out |= {"EX01"}
        yield from (f"{name}: {said}" for said in wrong(thing, in_api=is_api(kind), left_out=left_out))


@pytest.mark.parametrize("module", MODULES)
def test_docstrings_are_what_numpydoc_asks_for(module: str) -> None:
    told = {
        name: list(wrong_of_class(thing) if inspect.isclass(thing) else wrong_of_function(thing))
        for name, thing in public(imported(module))
    }
    assert {name: said for name, said in told.items() if said} == {}


def scaled(values: list[float], by: float) -> list[float]:
    """Scales values.

    Parameters
    ----------
    values : list

    Returns
    -------
    list
    """
    return [by * value for value in values]


@dataclass
class Square:
    """A square.

    Attributes
    ----------
    width : float
        Of each side.
    """

    side: float


@pytest.mark.parametrize(
    ("thing", "codes"),
    [(scaled, ["SS05", "PR01", "PR07", "RT03"]), (Square, ["PR01", "PR02"])],
    ids=["scaled", "Square"],
)
def test_a_bad_docstring_is_told(thing: Callable[..., Any], codes: list[str]) -> None:
    assert [said[:4] for said in wrong(thing, in_api=False, left_out={"EX01"})] == codes


@pytest.fixture
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty folder to work in, and copies of the registries, so that nothing that an example makes stays."""
    monkeypatch.chdir(tmp_path)
    all_rules()
    monkeypatch.setattr(inputs, "_INPUTS", dict(all_inputs()))
    monkeypatch.setattr(rules, "_RULES", dict(all_rules()))
    all_rules.cache_clear()
    yield
    letters.cache_clear()
    all_rules.cache_clear()


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize("module", [name for name, text in MODULES.items() if ">>> " in text])
def test_examples_print_what_they_say(module: str) -> None:
    told: list[str] = []
    # No globals: an example imports what it uses, as its reader has to.
    found = [one for one in doctest.DocTestFinder().find(imported(module), globs={}) if one.examples]
    results = [doctest.DocTestRunner(verbose=False).run(one, out=told.append) for one in found]
    assert told == []
    assert sum(result.attempted for result in results) > 0
