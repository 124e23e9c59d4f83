"""The arrows between the parts of the package: who may import whom, and who may import an SDK."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import tracker_diag

PACKAGE = Path(tracker_diag.__file__).parent

ARROWS: dict[str, set[str]] = {
    "cli": {"sweeping"},
    "sweeping": {"engine", "adapters", "report"},
    "engine": {"settings"},
    "settings": {"rules"},
    "rules": {"evidence"},
    "evidence": {"roles"},
    "roles": {"core"},
    "adapters": {"core"},
    "report": {"core"},
    "profile": {"core"},
    "core": {"stats"},
    "stats": set(),
}
"""A part may import what it has an arrow to, and what that has arrows to in turn."""

OF_STATS = {"numpy", "scipy"}
SDKS = {"mlflow", "wandb"}
SLOW = SDKS | {
    "pandas",
    "pyarrow",
    "distributed",
    "apprise",
    "apscheduler",
    "sqlalchemy",
    "requests",
    "sklearn",
    "torch",
}
"""What takes longer to import than the command line may take to show its help."""


@dataclass(frozen=True)
class Import:
    """One imported module, where it stands, and whether it is imported as soon as its module is."""

    module: str
    at_once: bool
    place: str


def imports(root: Path) -> Iterator[tuple[Path, Import]]:
    """Every import below a package's folder; a name that is imported from the package itself is traced to its home."""
    for path in sorted(root.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        later = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test))
            for inner in ast.walk(node)
        }
        for node in ast.walk(tree):
            for module in _modules(node, path, root):
                yield path, Import(module, id(node) not in later, f"{path.relative_to(root)}:{node.lineno}")  # type: ignore[attr-defined]


def _modules(node: ast.AST, path: Path, root: Path) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = node.module or ""
    if node.level:
        parts = (root.name, *path.relative_to(root).parent.parts)
        base = ".".join([*parts[: len(parts) - node.level + 1], *([base] if base else [])])
    if base == root.name:
        return [f"{root.name}.{tracker_diag._HOMES.get(alias.name, alias.name)}" for alias in node.names]
    return [base]


def allowed(part: str) -> set[str]:
    """The parts that a part may import: those its arrows lead to, however far."""
    reached, todo = {part}, [part]
    while todo:
        for target in ARROWS[todo.pop()] - reached:
            reached.add(target)
            todo.append(target)
    return reached


def violations(root: Path) -> list[str]:
    """Say of each import that goes against the arrows where it stands and what it imports."""
    wrong = []
    for path, found in imports(root):
        inside = path.relative_to(root)
        part = inside.parts[0].removesuffix(".py")
        if len(inside.parts) == 1 and part in ("__init__", "__main__"):
            continue
        if part not in ARROWS:
            wrong.append(f"{found.place}: the part {part!r} has no place among the arrows")
            continue
        head, *rest = found.module.split(".")
        if head == root.name:
            target = rest[0] if rest else ""
            behind_registry = (
                target == "rules" != part and (PACKAGE / "rules" / rest[1]).is_dir() if rest[1:] else False
            )
            if behind_registry or (target not in allowed(part) and not target.startswith("__")):
                wrong.append(f"{found.place}: {part} must not import {found.module}")
        elif part == "stats" and head not in OF_STATS | sys.stdlib_module_names:
            wrong.append(f"{found.place}: stats must not import {head}")
        elif head in SDKS and part != "adapters":
            wrong.append(f"{found.place}: only adapters may import {head}")
        elif head in SLOW and found.at_once and part != "adapters":
            wrong.append(f"{found.place}: {head} must be imported where it is used")
    return wrong


def test_the_package_keeps_the_arrows() -> None:
    assert violations(PACKAGE) == []


def test_every_arrow_leads_to_a_part_that_exists() -> None:
    parts = {p.stem for p in PACKAGE.iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()}
    assert set(ARROWS) <= parts
    assert {target for targets in ARROWS.values() for target in targets} <= set(ARROWS)


def test_no_arrow_turns_back() -> None:
    for part in ARROWS:
        assert not [other for other in allowed(part) - {part} if part in allowed(other)]


@pytest.mark.parametrize(
    ("file", "line", "said"),
    [
        ("stats/trend.py", "from tracker_diag.core.run import Run", "stats must not import tracker_diag.core.run"),
        ("stats/trend.py", "import pandas", "stats must not import pandas"),
        ("core/run.py", "from tracker_diag.roles import words", "core must not import tracker_diag.roles"),
        ("core/run.py", "from ..adapters import base", "core must not import tracker_diag.adapters"),
        ("engine/diagnosis.py", "import tracker_diag.rules.curves", "engine must not import tracker_diag.rules.curves"),
        ("engine/diagnosis.py", "from tracker_diag import report", "engine must not import tracker_diag.report"),
        ("rules/curves/frozen.py", "from tracker_diag import diagnose", "rules must not import tracker_diag.engine"),
        ("rules/curves/frozen.py", "def f():\n    import mlflow", "only adapters may import mlflow"),
        ("report/html.py", "from tracker_diag.engine import diagnose", "report must not import tracker_diag.engine"),
        ("adapters/base.py", "from tracker_diag import sweeping", "adapters must not import tracker_diag.sweeping"),
        ("sweeping/sweep.py", "from tracker_diag.cli import app", "sweeping must not import tracker_diag.cli"),
        ("sweeping/schedule.py", "import apscheduler.triggers", "apscheduler must be imported where it is used"),
        ("manager.py", "import os", "the part 'manager' has no place among the arrows"),
    ],
)
def test_a_bad_import_is_found(tmp_path: Path, file: str, line: str, said: str) -> None:
    bad = tmp_path / "tracker_diag" / file
    bad.parent.mkdir(parents=True)
    bad.write_text(line, encoding="utf-8")
    (found,) = violations(tmp_path / "tracker_diag")
    assert found.startswith(f"{file}:")
    assert said in found


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("stats/trend.py", "import math\nimport numpy as np\nfrom scipy import stats\nfrom . import noise"),
        ("rules/curves/frozen.py", "from tracker_diag import Run\nfrom tracker_diag.rules.registry import rule"),
        ("engine/diagnosis.py", "from tracker_diag import __version__"),
        ("adapters/mlflow/server.py", "import mlflow\nfrom .http import call"),
        ("cli/sweep.py", "from tracker_diag.sweeping.executors import check_engine\nfrom tracker_diag.core import run"),
        ("sweeping/schedule.py", "def f():\n    import apscheduler"),
    ],
)  # fmt: skip
def test_a_good_import_is_let_through(tmp_path: Path, file: str, line: str) -> None:
    good = tmp_path / "tracker_diag" / file
    good.parent.mkdir(parents=True)
    good.write_text(line, encoding="utf-8")
    assert violations(tmp_path / "tracker_diag") == []


def looks_into_names(tree: ast.AST) -> list[int]:
    """Lines that look into a ``.name``: parts of it, what it starts with, whether it holds a word."""
    asked = {"lower", "upper", "casefold", "split", "startswith", "endswith", "find", "replace", "count", "partition"}

    def is_name(node: ast.AST) -> bool:
        return isinstance(node, ast.Attribute) and node.attr == "name"

    lines = []
    for node in ast.walk(tree):
        method = isinstance(node, ast.Attribute) and node.attr in asked and is_name(node.value)
        held = isinstance(node, ast.Compare) and any(
            isinstance(op, ast.In | ast.NotIn) and is_name(right)
            for op, right in zip(node.ops, node.comparators, strict=True)
        )
        pattern = (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("search", "match", "fullmatch", "findall", "read", "read_metric")
            and any(is_name(argument) for argument in node.args)
        )
        if method or held or pattern:
            lines.append(node.lineno)  # type: ignore[attr-defined]
    return lines


@pytest.mark.parametrize("part", ["rules", "evidence", "engine"])
def test_nobody_but_the_roles_looks_into_a_metric_s_name(part: str) -> None:
    found = {
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in (PACKAGE / part).rglob("*.py")
        for line in looks_into_names(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found == set()


@pytest.mark.parametrize(
    "line", ["'acc' in score.name", "score.name.lower()", "re.search('acc', score.name)", "'x' not in f(c).name"]
)
def test_such_a_look_is_found(line: str) -> None:
    assert looks_into_names(ast.parse(line)) == [1]
    assert looks_into_names(ast.parse("print(score.name); names = {score.name: 1}; score.name == 'x'")) == []
