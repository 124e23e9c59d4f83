"""The statistics: each public function of ``tracker_diag.stats``, its formula and policies, and what it says itself."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

import tracker_diag
from scripts.documentation.markdown import GENERATED, links, source, table
from tracker_diag import stats
from tracker_diag.rules.registry import all_rules
from tracker_diag.rules.rule import sections

_DATA = Path(__file__).with_name("statistics.yaml")
_PACKAGE = Path(tracker_diag.__file__).parent
_POLICIES = {
    "hypothesis": "Null hypothesis",
    "level": "Level",
    "nonfinite": "NaN and infinite values",
    "autocorrelation": "Autocorrelation",
    "looks": "Repeated looks",
}


def page() -> str:
    """The page."""
    told = described()
    return (
        f"{GENERATED}# Statistics\n\n"
        "This page describes the statistics behind the rules. Training curves are short and autocorrelated, and they "
        "drift, so textbook tests cannot be used as they are. Each statistic states its null hypothesis and its level, "
        "and how it treats values that are not finite, autocorrelation and repeated looks. "
        "[Calibration](/how-it-works/calibration.md) shows the error rates that were simulated.\n\n"
        "## Tests\n\n"
        + "".join(_section(name, entry) for name, entry in told["tests"].items())
        + "## Estimates\n\nThese test nothing. They say how large something is, and most of them give an interval.\n\n"
        + "".join(_section(name, entry) for name, entry in told["estimates"].items())
        + "## Building blocks\n\n"
        + table(("function", "what it does"), ((_where(name), said) for name, said in told["tools"].items()))
    )


@cache
def described() -> Mapping[str, Mapping[str, Any]]:
    """What is written of the functions: tests, estimates and tools."""
    read: Mapping[str, Mapping[str, Any]] = yaml.safe_load(_DATA.read_text(encoding="utf-8"))
    return read


def functions() -> dict[str, Callable[..., Any]]:
    """Every public function of the statistics, by module and name."""
    found = {}
    for info in pkgutil.iter_modules(stats.__path__):
        module = import_module(f"{stats.__name__}.{info.name}")
        found |= {
            f"{info.name}.{name}": thing
            for name, thing in vars(module).items()
            if inspect.isfunction(thing) and thing.__module__ == module.__name__ and not name.startswith("_")
        }
    return found


def constants(text: str) -> str:
    """Fill in ``{rule.threshold}``, a rule's default, and ``{module:NAME}``, a constant of the package.

    Raises
    ------
    KeyError, AttributeError
        If there is none of this name.
    """
    by_name = {rule.name: rule for rule in all_rules().values()}

    def value(place: re.Match[str]) -> str:
        if ":" in place[1]:
            module, _, name = place[1].partition(":")
            return f"{getattr(import_module(module), name):g}"
        rule, _, threshold = place[1].partition(".")
        return f"{by_name[rule].thresholds[threshold]:g}"

    return re.sub(r"\{([\w.-]+[.:]\w+)\}", value, text)


def _section(name: str, entry: Mapping[str, str]) -> str:
    docstring = inspect.getdoc(functions()[name]) or ""
    parts = sections(docstring)
    body = parts[""].partition("\n\n")[2]
    rows = [(title, constants(entry[key])) for key, title in _POLICIES.items() if key in entry]
    if "Raises" in parts:
        raised = " ".join(parts["Raises"].split())
        raised = re.sub(r"Error ([A-Z])", lambda m: f"Error {m[1].lower()}", raised)
        rows.append(("Errors", raised))
    if "References" in parts:
        rows.append(("Source", " ".join(parts["References"].split())))
    rows.append(("Function", _where(name)))
    if users := asked_by(name.partition(".")[0]):
        rows.append(("Rules that ask for it directly", links(users)))
    return (
        f"### {entry['title']}\n\n{parts[''].partition(chr(10))[0]}\n\n$$\n{entry['formula'].strip()}\n$$\n\n"
        + (f"{entry['where']}\n\n" if "where" in entry else "")
        + table(("", "what holds"), rows)
        + f"\n{_markdown(body)}\n\n"
    )


def asked_by(module: str) -> list[str]:
    """Names of the rules whose file, or the files beside it that it shares, imports a module of the statistics."""
    wanted = f"{stats.__name__}.{module}"
    return [rule.name for rule in all_rules().values() if wanted in _imports(inspect.getfile(rule.check))]


@cache
def _imports(path: str) -> frozenset[str]:
    """Modules that a file of the rules imports, by itself or through private modules beside it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            shared = _PACKAGE.parent / (node.module.replace(".", "/") + ".py")
            if ".rules." in node.module and "._" in node.module and shared.is_file():
                found |= _imports(str(shared))
    return frozenset(found)


def _where(name: str) -> str:
    module, _, function = name.partition(".")
    return f"[`tracker_diag.stats.{module}.{function}`]({source(f'tracker_diag/stats/{module}.py')})"


def _markdown(text: str) -> str:
    """Prose of a docstring: roles of Sphinx and its doubled backticks as Markdown has them."""
    text = re.sub(r":math:`([^`]+)`", r"$`\1`$", text)
    text = re.sub(r"docs/(?:how-it-works/)?calibration\.md", "[calibration](/how-it-works/calibration.md)", text)
    return text.replace("``", "`")
