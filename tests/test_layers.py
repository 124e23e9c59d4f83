"""The picture of the layers (docs/how-it-works/architecture.md) against the imports, and other manners of importing."""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
import typer

import tracker_diag
from tracker_diag.cli import app

PACKAGE = Path(tracker_diag.__file__).parent
PAGE = PACKAGE.parent / "docs" / "how-it-works" / "architecture.md"


def drawn(page: str) -> dict[str, set[str]]:
    """The arrows of a page's one flowchart: each part, and the parts that its arrows lead to."""
    (chart,) = re.findall(r"^```mermaid\nflowchart \w+\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    arrows: dict[str, set[str]] = defaultdict(set)
    for line in chart.splitlines():
        assert re.fullmatch(r" *\w+( & \w+)* --> \w+( & \w+)*", line), f"not an arrow: {line}"
        sources, targets = (side.split(" & ") for side in line.strip().split(" --> "))
        for source in sources:
            arrows[source] |= set(targets)
        for target in targets:
            arrows[target] |= set()
    return dict(arrows)


ARROWS = drawn(PAGE.read_text(encoding="utf-8"))
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
    "tensorboard",
    "matplotlib",
}
"""What takes longer to import than the command line may take to show its help."""

OF_OTHERS = ("adapters", "probes")
"""Parts that are made for a library of others: a tracker's, or that of a training in which they are loaded anyway."""

TURNS_BACK = {("core/report.py", "report")}
"""Files that may import another part within functions, against the arrows: the methods of a report that show it."""

EVERYWHERE = {"__init__.py", "registry.py", "schema.py"}
"""Names of files that play the same part in each folder that has one."""


parsed = cache(ast.parse)


@dataclass(frozen=True)
class Import:
    """What is imported, where, and whether it is as soon as its module is.

    ``name`` is what is taken out of the module; empty where that is the module itself.
    """

    module: str
    name: str
    at_once: bool
    place: str


def imports(root: Path) -> Iterator[tuple[Path, Import]]:
    """Every import below a package's folder; a name that is imported from the package itself is traced to its home."""
    for path, tree in trees(root):
        later = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test))
            for inner in ast.walk(node)
        }
        for node in ast.walk(tree):
            for module, name, _ in _imported(node, path, root):
                place = f"{path.relative_to(root)}:{node.lineno}"  # type: ignore[attr-defined]
                yield path, Import(module, name, id(node) not in later, place)


def trees(root: Path) -> Iterator[tuple[Path, ast.Module]]:
    """The parsed modules below a package's folder."""
    for path in sorted(root.rglob("*.py")):
        yield path, parsed(path.read_text(encoding="utf-8"))


def _imported(node: ast.AST, path: Path, root: Path) -> list[tuple[str, str, str]]:
    """Module, what is taken out of it, and what that is called here, for each thing that a statement imports."""
    if isinstance(node, ast.Import):
        return [(alias.name, "", alias.asname or alias.name) for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = node.module or ""
    if node.level:
        parts = (root.name, *path.relative_to(root).parent.parts)
        base = ".".join([*parts[: len(parts) - node.level + 1], *([base] if base else [])])
    return [(*_traced(base, alias.name, root), alias.asname or alias.name) for alias in node.names]


def _traced(base: str, name: str, root: Path) -> tuple[str, str]:
    """The module that a name of a module or package leads to, and the name where it is none itself."""
    if base == root.name:
        home = tracker_diag._HOMES.get(name)
        return (f"{base}.{home}", name) if home else (f"{base}.{name}", "")
    inner = root.parent.joinpath(*base.split("."), name)
    is_module = inner.is_dir() or inner.with_suffix(".py").is_file()
    return (f"{base}.{name}", "") if is_module else (base, name)


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
        if head == root.name and turns_back(inside, found):
            continue
        if head == root.name:
            target = rest[0] if rest else ""
            behind_registry = (
                target == "rules" != part and (PACKAGE / "rules" / rest[1]).is_dir() if rest[1:] else False
            )
            if behind_registry or (target not in allowed(part) and not target.startswith("__")):
                wrong.append(f"{found.place}: {part} must not import {found.module}")
        elif part == "stats" and head not in OF_STATS | sys.stdlib_module_names:
            wrong.append(f"{found.place}: stats must not import {head}")
        elif head in SDKS and part not in OF_OTHERS:
            wrong.append(f"{found.place}: only {' and '.join(OF_OTHERS)} may import {head}")
        elif head in SLOW and found.at_once and part not in OF_OTHERS:
            wrong.append(f"{found.place}: {head} must be imported where it is used")
    return wrong


def turns_back(inside: Path, found: Import) -> bool:
    """Whether an import is one of those that may."""
    part = ".".join(found.module.split(".")[1:2])
    return not found.at_once and (inside.as_posix(), part) in TURNS_BACK


def circle(root: Path) -> list[str]:
    """Modules that import each other in a circle, the first one again at the end; empty where there are none.

    Imports in functions and under TYPE_CHECKING count. The package's own ``__init__`` is left out: its public names
    are looked up only when someone asks for them, so it leads everywhere and holds nothing up. That a module's parent
    packages are run before it does not count either, only what is written.
    """
    leads: dict[str, set[str]] = defaultdict(set)
    for path, found in imports(root):
        if turns_back(path.relative_to(root), found):
            continue
        if root.name not in (module := _dotted(path, root), found.module):
            leads[module].add(found.module)
    try:
        TopologicalSorter(leads).prepare()
    except CycleError as error:
        # It goes from what is imported to who imports it.
        return list(reversed(error.args[1]))
    return []


def _dotted(path: Path, root: Path) -> str:
    inside = path.relative_to(root.parent).with_suffix("")
    return ".".join(inside.parent.parts if inside.name == "__init__" else inside.parts)


def private(root: Path) -> list[str]:
    """Say where a private name of another module, or a private module of another folder, is used."""
    wrong = []
    for path, found in imports(root):
        head, *parts = found.module.split(".")
        if head != root.name:
            continue
        folder = path.relative_to(root).parent.parts
        shut = [i for i, part in enumerate(parts) if _is_private(part) and folder[:i] != tuple(parts[:i])]
        if shut or _is_private(found.name):
            wrong.append(f"{found.place}: {'.'.join(filter(None, (found.module, found.name)))} is private")
    for path, tree in trees(root):
        modules = {
            called: module
            for node in ast.walk(tree)
            for module, name, called in _imported(node, path, root)
            if not name and module.split(".")[0] == root.name
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and _is_private(node.attr) and ast.unparse(node.value) in modules:
                module = modules[ast.unparse(node.value)]
                wrong.append(f"{path.relative_to(root)}:{node.lineno}: {module}.{node.attr} is private")
    return wrong


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def same_names(root: Path) -> list[str]:
    """Files of one name, but for those that play the same part.

    These are: ``EVERYWHERE``; the files of the trackers, whose packages are parallel; those of formats, which a report
    and a sweep have under the same name; and those of commands, which have the command's name.
    """
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    found: dict[str, dict[Path, Path]] = defaultdict(dict)
    for path in sorted(root.rglob("*.py")):
        inside = path.relative_to(root)
        folder = Path("a tracker") if inside.parent.parent == Path("adapters") else inside.parent
        folder = Path("formats") if folder.name == "formats" else folder
        is_command = folder == Path("cli") and path.stem in commands
        if path.name not in EVERYWHERE and not is_command:
            found[path.name].setdefault(folder, inside)
    return [" and ".join(map(str, places.values())) for places in found.values() if len(places) > 1]


def test_the_package_keeps_the_arrows() -> None:
    assert violations(PACKAGE) == []


def test_every_arrow_leads_to_a_part_that_exists() -> None:
    parts = {p.stem for p in PACKAGE.iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()}
    assert set(ARROWS) <= parts
    assert {target for targets in ARROWS.values() for target in targets} <= set(ARROWS)


def test_every_arrow_is_used() -> None:
    used = {
        (path.relative_to(PACKAGE).parts[0], found.module.split(".")[1])
        for path, found in imports(PACKAGE)
        if found.module.startswith(f"{PACKAGE.name}.")
    }
    assert {(part, target) for part, targets in ARROWS.items() for target in targets} <= used


def test_no_arrow_says_what_others_say() -> None:
    for part, targets in ARROWS.items():
        for target in targets:
            assert not [other for other in targets - {target} if target in allowed(other)], f"{part} --> {target}"


def test_no_arrow_turns_back() -> None:
    for part in ARROWS:
        assert not [other for other in allowed(part) - {part} if part in allowed(other)]


def test_every_part_is_told() -> None:
    told = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(told) == sorted(ARROWS)


def test_every_file_that_the_page_names_is_there() -> None:
    named = re.findall(r"`(\w+/\w+\.(?:py|yaml))`", PAGE.read_text(encoding="utf-8"))
    assert "rules/registry.py" in named
    assert [name for name in named if not any((top / name).is_file() for top in (PACKAGE, PACKAGE.parent))] == []


def test_arrows_are_read_off_the_picture() -> None:
    page = "# Page\n\n```mermaid\nflowchart TD\n    a --> b & c\n    b & c --> d\n```\n"
    assert drawn(page) == {"a": {"b", "c"}, "b": {"d"}, "c": {"d"}, "d": set()}


@pytest.mark.parametrize("line", ["a -.-> b", "a --> b --> c", "a[text] --> b", "a"])
def test_a_line_that_is_no_arrow_is_not_passed_over(line: str) -> None:
    with pytest.raises(AssertionError, match="not an arrow"):
        drawn(f"```mermaid\nflowchart TD\n    {line}\n```\n")


def test_no_module_imports_itself_through_others() -> None:
    assert circle(PACKAGE) == []


def test_nothing_private_is_used_elsewhere() -> None:
    assert private(PACKAGE) == []


def test_no_two_modules_share_a_name() -> None:
    assert same_names(PACKAGE) == []


@pytest.mark.parametrize(
    ("file", "line", "said"),
    [
        ("stats/trend.py", "from tracker_diag.core.run import Run", "stats must not import tracker_diag.core.run"),
        ("stats/trend.py", "import pandas", "stats must not import pandas"),
        ("core/run.py", "from tracker_diag.roles import words", "core must not import tracker_diag.roles"),
        ("core/run.py", "from ..adapters import base", "core must not import tracker_diag.adapters"),
        ("engine/diagnosis.py", "import tracker_diag.rules.curves", "engine must not import tracker_diag.rules.curves"),
        ("engine/diagnosis.py", "from tracker_diag import report", "engine must not import tracker_diag.report"),
        ("rules/curves/frozen.py", "from tracker_diag import diagnose", "rules must not import tracker_diag.calls"),
        ("core/report.py", "from tracker_diag.report import html", "core must not import tracker_diag.report"),
        (
            "core/finding.py",
            "def f():\n    from tracker_diag.report import x",
            "core must not import tracker_diag.report",
        ),
        ("rules/curves/frozen.py", "def f():\n    import mlflow", "only adapters and probes may import mlflow"),
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
        ("cli/sweep.py", "from tracker_diag.sweeping.plan import Plan\nfrom tracker_diag.core import run"),
        ("sweeping/schedule.py", "def f():\n    import apscheduler"),
        ("core/report.py", "def f():\n    from tracker_diag.report.registry import render"),
    ],
)  # fmt: skip
def test_a_good_import_is_let_through(tmp_path: Path, file: str, line: str) -> None:
    good = tmp_path / "tracker_diag" / file
    good.parent.mkdir(parents=True)
    good.write_text(line, encoding="utf-8")
    assert violations(tmp_path / "tracker_diag") == []


def package(folder: Path, files: dict[str, str]) -> Path:
    """A package of these files."""
    for name, text in files.items():
        path = folder / "tracker_diag" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "tracker_diag"


@pytest.mark.parametrize(
    "back",
    [
        "from tracker_diag.a.one import x",
        "from tracker_diag.a import one",
        "import tracker_diag.a.one",
        "from . import one",
        "from .one import x",
        "def f():\n    from tracker_diag.a import one",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from tracker_diag.a.one import x",
    ],
)
def test_a_circle_is_found(tmp_path: Path, back: str) -> None:
    files = {"a/one.py": "from tracker_diag.a.two import y", "a/two.py": "from .three import z", "a/three.py": back}
    found = circle(package(tmp_path, files))
    assert found[0] == found[-1]
    turn = found.index("tracker_diag.a.one")
    assert [*found[turn:-1], *found[:turn]] == [f"tracker_diag.a.{name}" for name in ("one", "two", "three")]


def test_a_package_that_gathers_names_of_its_modules_is_no_circle(tmp_path: Path) -> None:
    files = {"__init__.py": "from .a import x", "a/__init__.py": "from .one import x", "a/one.py": "from .two import y"}
    assert circle(package(tmp_path, files | {"a/two.py": "from tracker_diag import __version__"})) == []
    assert circle(package(tmp_path, files | {"a/two.py": "from tracker_diag.a import x"})) != []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("from tracker_diag.b.two import _x", "tracker_diag.b.two._x"),
        ("from tracker_diag.a.two import _x", "tracker_diag.a.two._x"),
        ("def f():\n    from .two import _x as y", "tracker_diag.a.two._x"),
        ("from tracker_diag.b import _shut", "tracker_diag.b._shut"),
        ("from tracker_diag.b._shut import x", "tracker_diag.b._shut.x"),
        ("from tracker_diag.a.c._shut import x", "tracker_diag.a.c._shut.x"),
        ("import tracker_diag.b._shut.inner", "tracker_diag.b._shut.inner"),
        ("from tracker_diag.b import two\ntwo._x()", "tracker_diag.b.two._x"),
        ("import tracker_diag.b.two\nprint(tracker_diag.b.two._x)", "tracker_diag.b.two._x"),
    ],
)
def test_what_is_private_elsewhere_is_found(tmp_path: Path, line: str, what: str) -> None:
    files = {"a/one.py": line, "a/two.py": "", "b/two.py": "", "b/_shut.py": "", "a/c/_shut.py": ""}
    (found,) = private(package(tmp_path, files))
    assert found.startswith("a/one.py:")
    assert found.endswith(f": {what} is private")


def test_what_is_private_here_may_be_used(tmp_path: Path) -> None:
    line = "from tracker_diag.a._shut import x\nfrom . import _shut\nfrom tracker_diag.a._part.inner import y\nx._z()"
    files = {"a/one.py": line, "a/_shut.py": "", "a/_part/inner.py": "from tracker_diag.a._part.other import z"}
    assert private(package(tmp_path, files | {"a/_part/other.py": "import os\nos._exit"})) == []


def test_equal_names_are_found_but_for_those_of_the_same_part(tmp_path: Path) -> None:
    names = ("a/__init__.py", "b/__init__.py", "a/registry.py", "b/registry.py", "cli/sweep.py", "sweeping/sweep.py")
    parallel = ("adapters/mlflow/server.py", "adapters/wandb/server.py")
    root = package(tmp_path, dict.fromkeys((*names, *parallel), ""))
    assert same_names(root) == []
    package(tmp_path, dict.fromkeys(("core/server.py", "a/b/odd.py", "a/odd.py", "cli/odd.py"), ""))
    assert same_names(root) == [
        "a/b/odd.py and a/odd.py and cli/odd.py",
        "adapters/mlflow/server.py and core/server.py",
    ]


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
