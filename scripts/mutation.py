"""Whether the tests notice when an operator, a number or a comparison is another: mutation testing.

The mutants are those of mutmut: its functions that change one node of the syntax tree. Its own runner leaves out
functions that have a decorator, which every rule has, and what stands outside functions, as thresholds do; so the
nodes are visited here. Each mutant meets the test module that mirrors its own, in a process forked from one that has
imported everything that the mutant has no part in.

    scripts/mutants                         all modules: the table
    scripts/mutants trend overfitting       of modules whose path contains one of these
    scripts/mutants --survivors             and each mutant that no test noticed, as a diff
    scripts/mutants --sample 20 --seed 1    of each module at most 20 mutants, drawn at random
    scripts/mutants --docs docs/how-it-works/mutants.md  write the table into the page, between its markers
"""

from __future__ import annotations

import argparse
import ast
import difflib
import gc
import importlib
import json
import os
import random
import resource
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import libcst as cst
import pytest
from mutmut.mutation.mutators import operator_keywords, operator_number, operator_remove_unary_ops, operator_swap_op

from scripts.between import write_between
from scripts.rates import percent, rate, table

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "tracker_diag"
RULES = (
    "curves/overfitting",
    "curves/underfitting",
    "curves/diverged",
    "curves/unstable",
    "curves/undertrained",
    "curves/good_fit",
    "curves/frozen",
    "data/label_noise",
    "optimisation/learning_rate_too_high",
    "regularisation/no_early_stopping",
)
OPERATIONS = (cst.BinaryOperation, cst.UnaryOperation, cst.BooleanOperation, cst.ComparisonTarget, cst.AugAssign)
#: mutmut's functions by the nodes they are given: numbers, operators of all sorts, and comparisons that are words.
MUTATORS = (
    (cst.BaseNumber, operator_number),
    (OPERATIONS, operator_swap_op),
    (cst.UnaryOperation, operator_remove_unary_ops),
    ((cst.Is, cst.IsNot, cst.In, cst.NotIn), operator_keywords),
)
#: Processor time of a mutant: so many times that of the module's tests, and so many seconds for the imports.
TIMES, SECONDS = 5, 10
MEMORY = 8 << 30
#: Mutants of one process, which imports what they have in common: so that a large module is shared out.
AT_ONCE = 60
ENDS = ("killed", "survived", "timed out")


@dataclass(frozen=True)
class Module:
    """A module to be mutated, and the tests that mirror it."""

    path: Path

    @property
    def name(self) -> str:
        """As it is imported."""
        return ".".join(self.path.with_suffix("").parts)

    @property
    def tests(self) -> Path:
        """The test module that mirrors it."""
        return Path("tests", *self.path.parts[1:-1], f"test_{self.path.name}")

    @cached_property
    def tree(self) -> cst.Module:
        """Its syntax."""
        return cst.parse_module((ROOT / self.path).read_text(encoding="utf-8"))

    @cached_property
    def mutants(self) -> list[Mutant]:
        """All of them, in the order of the source."""
        return [Mutant(self, old, new) for old, new in mutations(self.tree)]


@dataclass(frozen=True)
class Mutant:
    """A module with one node changed."""

    module: Module
    old: cst.CSTNode
    new: cst.CSTNode

    def source(self) -> str:
        """The source text of the mutant."""
        return self.module.tree.deep_replace(self.old, self.new).code  # type: ignore[union-attr]

    def diff(self) -> str:
        """The lines that differ, with the number of the first."""
        lines = [text.splitlines() for text in (self.module.tree.code, self.source())]
        changed = [d for d in difflib.unified_diff(*lines, n=0, lineterm="") if not d.startswith(("---", "+++"))]
        line = changed[0].split()[1].removeprefix("-").split(",")[0]
        return "\n".join([f"{self.module.path}:{line}", *changed[1:]])


def modules() -> list[Module]:
    """What is mutated: all statistics, the verdict, the ranking, ten rules."""
    stats = sorted((ROOT / PACKAGE / "stats").glob("*.py"))
    others = ("engine/verdict", "engine/causes", *(f"rules/{rule}" for rule in RULES))
    return [*(Module(path.relative_to(ROOT)) for path in stats), *(Module(Path(PACKAGE, f"{n}.py")) for n in others)]


def mutations(tree: cst.Module) -> list[tuple[cst.CSTNode, cst.CSTNode]]:
    """Each node of these kinds with what it may become; annotations are types, and never evaluated."""
    found: list[tuple[cst.CSTNode, cst.CSTNode]] = []

    class Visitor(cst.CSTVisitor):
        def on_visit(self, node: cst.CSTNode) -> bool:
            for kinds, mutator in MUTATORS:
                if isinstance(node, kinds):
                    found.extend((node, new) for new in mutator(node))
            return not isinstance(node, cst.Annotation)

    tree.visit(Visitor())
    return found


# -- processes -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finder:
    """Imports another source text where its module is asked for."""

    module: Module
    source: str

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """That source, under the module's name; None for every other module."""
        if name != self.module.name:
            return None
        source, path = self.source, str(ROOT / self.module.path)

        class Loader(SourceFileLoader):
            def get_code(self, _: str) -> Any:
                return compile(source, path, "exec", dont_inherit=True)

        return spec_from_file_location(name, path, loader=Loader(name, path))


class Fastest:
    """Plugin of pytest: the tests that took the least time come first."""

    def __init__(self, durations: dict[str, float]) -> None:
        self.durations = durations

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self.durations.get(item.nodeid, 0.0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.durations[report.nodeid] = self.durations.get(report.nodeid, 0.0) + report.duration


def tested(module: Module, durations: dict[str, float]) -> int:
    """What pytest says of the module's tests, run in this process and in silence."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    options = ["-x", "-q", "--no-header", "--tb=no", "--assert=plain"]
    options += [f"-pno:{plugin}" for plugin in ("cacheprovider", "xdist", "benchmark")]
    return pytest.main([*options, "--hypothesis-seed=0", str(module.tests)], plugins=[Fastest(durations)])


def forked(run: Callable[[], int], seconds: int) -> int:
    """The id of a new process that ends with what the function says, or when its processor time is over."""
    pid = os.fork()
    if pid:
        return pid
    code = int(pytest.ExitCode.INTERNAL_ERROR)
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        code = run()
    finally:
        os._exit(code)


def ended(status: int) -> str:
    """What became of a mutant, from the status of its process."""
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL):
        return "timed out"
    return "survived" if status == 0 else "killed"


def ends(module: Module, places: Sequence[int]) -> list[str]:
    """What becomes of these mutants of a module, one after another.

    The tests run once without a mutant. What they import that does not import the module is then imported here, once:
    the process is spoilt for any other module.

    Raises
    ------
    ValueError
        If the tests fail without a mutant, or there are none.
    """
    with tempfile.NamedTemporaryFile() as file:

        def as_it_is() -> int:
            durations: dict[str, float] = {}
            code = tested(module, durations)
            Path(file.name).write_text(json.dumps((durations, independent(module.name))), encoding="utf-8")
            return code

        _, status, usage = os.wait4(forked(as_it_is, 3600), 0)
        if status != 0:
            raise ValueError(f"{module.tests} fails, or is missing: nothing can be said of {module.path}")
        durations, imported = json.loads(Path(file.name).read_text(encoding="utf-8"))
    for name in imported:
        # What is imported under a condition of its own was imported in the test, and need not be here.
        with suppress(Exception):
            importlib.import_module(name)
    if module.name in sys.modules:
        raise ValueError(f"{module.name} was imported too early")
    gc.freeze()

    seconds = SECONDS + round(TIMES * (usage.ru_utime + usage.ru_stime))

    def end(source: Callable[[], str]) -> str:
        def run() -> int:
            sys.meta_path.insert(0, Finder(module, source()))  # type: ignore[arg-type]
            return tested(module, durations)

        return ended(os.waitpid(forked(run, seconds), 0)[1])

    if end(lambda: module.tree.code) != "survived":
        raise ValueError(f"{module.tests} fails where nothing is changed: its imports are not what they were")
    return [end(module.mutants[place].source) for place in places]


def _ends(task: tuple[Path, Sequence[int]]) -> tuple[Path, list[str]]:
    path, places = task
    return path, ends(Module(path), places)


def independent(target: str) -> list[str]:
    """The modules that are imported now, but for tests, and what imports the target or imports one that does."""
    ours = {name for name in sys.modules if name.split(".")[0] == PACKAGE}
    imports = {name: _imports(name) & ours for name in ours}
    reach = {target}
    while more := {name for name, found in imports.items() if found & reach} - reach:
        reach |= more
    return [name for name in sys.modules if name not in reach and name.split(".")[0] not in ("tests", "scripts")]


def _imports(name: str) -> set[str]:
    """The packages of a module, and what its text imports, names that may be modules among them."""
    found = {name[:end] for end, letter in enumerate(name) if letter == "."}
    for node in ast.walk(ast.parse(Path(str(sys.modules[name].__file__)).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


# -- tables --------------------------------------------------------------------------------------------------------


def summary(found: Mapping[Module, Sequence[str]]) -> str:
    """The table by module; a share of a sample has its interval."""
    rows = []
    for name, group in (*((f"`{m.path.relative_to(PACKAGE)}`", [m]) for m in found), ("all", list(found))):
        counts = Counter(end for module in group for end in found[module])
        made, tried = sum(len(module.mutants) for module in group), counts.total()
        noticed = tried - counts["survived"]
        share = percent(noticed / tried, 1) if tried == made else rate(noticed, tried)
        rows.append((name, str(made), *(str(counts[end]) for end in ENDS), share))
    return table(("module", "mutants", *ENDS, "noticed"), rows)


def main() -> None:
    """Read the options, test the mutants, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help="parts of paths of modules (default: all modules)")
    parser.add_argument("--survivors", action="store_true", help="list the mutants that no test noticed")
    parser.add_argument("--sample", type=int, help="at most so many mutants of each module, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at a time")
    parser.add_argument("--docs", type=Path, help="write the table into this page, between its markers")
    options = parser.parse_args()
    os.chdir(ROOT)
    asked = [m for m in modules() if not options.parts or any(part in str(m.path) for part in options.parts)]
    chosen = [module for module in asked if module.mutants]
    draw = random.Random(options.seed)
    places = {m: sorted(draw.sample(range(k := len(m.mutants)), min(options.sample or k, k))) for m in chosen}
    found: dict[Module, list[str]] = {module: [] for module in chosen}
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = os.devnull
    with get_context("fork").Pool(options.jobs, maxtasksperchild=1) as pool:
        tasks = [(m.path, drawn[k : k + AT_ONCE]) for m, drawn in places.items() for k in range(0, len(drawn), AT_ONCE)]
        for path, told in pool.imap(_ends, tasks):
            found[Module(path)] += told
            print(f"{path}: {len(told) - told.count('survived')} of {len(told)}", file=sys.stderr, flush=True)
    text = summary(found)
    print(text)
    if options.survivors:
        for module, drawn in places.items():
            told = zip(drawn, found[module], strict=True)
            print(*(module.mutants[place].diff() for place, end in told if end == "survived"), sep="\n")
    if options.docs:
        drawn = f" on at most {options.sample} mutants of each module (seed {options.seed})" if options.sample else ""
        write_between(options.docs, "mutants", f"Made by `scripts/mutants`{drawn}.\n\n{text}")


if __name__ == "__main__":
    main()
