"""Whether the tests notice when an operator, a number or a comparison is another: mutation testing.

The mutants are those of mutmut: its functions that change one node of the syntax tree. Its own runner leaves out
functions that have a decorator, which every rule has, and what stands outside functions, as thresholds do; so the
nodes are visited here. Each mutant meets the test module that mirrors its own, in a process forked from one that has
imported everything but this project.

    scripts/mutants                         all modules: the table
    scripts/mutants trend overfitting       of modules whose path contains one of these
    scripts/mutants --survivors             and each mutant that no test noticed, as a diff
    scripts/mutants --sample 20 --seed 1    of each module at most 20 mutants, drawn at random
    scripts/mutants --docs docs/mutants.md  write the table into the page, between its markers
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import json
import os
import random
import resource
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import Any, NoReturn

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

    @property
    def source(self) -> str:
        """The source text of the mutant."""
        return self.module.tree.deep_replace(self.old, self.new).code  # type: ignore[union-attr]

    def diff(self) -> str:
        """The lines that differ, with the number of the first."""
        lines = [text.splitlines() for text in (self.module.tree.code, self.source)]
        changed = [d for d in difflib.unified_diff(*lines, n=0, lineterm="") if not d.startswith(("---", "+++"))]
        line = changed[0].split()[1].removeprefix("-").split(",")[0]
        return "\n".join([f"{self.module.path}:{line}", *changed[1:]])


def modules() -> list[Module]:
    """What is mutated: all statistics, the verdict, the ranking, ten rules."""
    stats = sorted((ROOT / PACKAGE / "stats").glob("*.py"))
    others = ("engine/verdict", "engine/causes", *(f"rules/{rule}" for rule in RULES))
    found = [Module(path.relative_to(ROOT)) for path in stats]
    found += [Module(Path(PACKAGE, f"{name}.py")) for name in others]
    return [module for module in found if module.mutants]


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
    """Imports the mutant where its module is asked for."""

    mutant: Mutant

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """The mutant, under the module's name; None for every other module."""
        if name != self.mutant.module.name:
            return None
        source, path = self.mutant.source, str(ROOT / self.mutant.module.path)

        class Loader(SourceFileLoader):
            def get_code(self, _: str) -> Any:
                return compile(source, path, "exec", dont_inherit=True)

        return spec_from_file_location(name, path, loader=Loader(name, path))


def forked(module: Module, mutant: Mutant | None, seconds: int, imported: Path | None = None) -> int:
    """The id of a new process that runs the module's tests, and ends with what pytest says."""
    pid = os.fork()
    if pid:
        return pid
    try:
        _test(module, mutant, seconds, imported)
    finally:
        os._exit(pytest.ExitCode.INTERNAL_ERROR)


def _test(module: Module, mutant: Mutant | None, seconds: int, imported: Path | None) -> NoReturn:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    if mutant is not None:
        sys.meta_path.insert(0, Finder(mutant))  # type: ignore[arg-type]
    options = [
        "-x",
        "-q",
        "--no-header",
        "--tb=no",
        "--assert=plain",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-p",
        "no:benchmark",
    ]
    code = pytest.main([*options, "--hypothesis-seed=0", str(module.tests)])
    if imported is not None:
        imported.write_text(json.dumps(list(sys.modules)), encoding="utf-8")
    os._exit(code)


def ended(status: int) -> str:
    """What became of a mutant, from the status of its process."""
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL):
        return "timed out"
    return "survived" if status == 0 else "killed"


def sound(found: Iterable[Module], folder: Path) -> dict[Module, int]:
    """For each module the seconds that a mutant may take; what its tests import of others is imported here, once.

    Raises
    ------
    SystemExit
        If the tests of a module fail without a mutant, or there are none.
    """
    assert not any(name.split(".")[0] == PACKAGE for name in sys.modules), "a mutant would not be imported any more"
    limits = {}
    for module in found:
        imported = folder / module.name
        _, status, usage = os.wait4(forked(module, None, 3600, imported), 0)
        if status != 0:
            raise SystemExit(f"{module.tests} fails, or is missing: nothing can be said of {module.path}")
        for name in json.loads(imported.read_text(encoding="utf-8")):
            if name.partition(".")[0] not in (PACKAGE, "tests", "scripts", "conftest"):
                # What is imported under a condition of its own was imported in the test, and need not be here.
                with suppress(Exception):
                    importlib.import_module(name)
        limits[module] = SECONDS + round(TIMES * (usage.ru_utime + usage.ru_stime))
    return limits


def outcomes(mutants: Sequence[Mutant], limits: dict[Module, int], jobs: int) -> Iterator[tuple[Mutant, str]]:
    """Each mutant with its end, as they end."""
    running: dict[int, Mutant] = {}
    waiting = list(reversed(mutants))
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            running[forked(mutant.module, mutant, limits[mutant.module])] = mutant
        pid, status = os.wait()
        yield running.pop(pid), ended(status)


# -- tables --------------------------------------------------------------------------------------------------------


def summary(ends: dict[Module, Counter[str]]) -> str:
    """The table by module; a share of a sample has its interval."""
    rows = []
    for module, counts in (*ends.items(), (None, sum(ends.values(), Counter[str]()))):
        tried, noticed = counts.total(), counts.total() - counts["survived"]
        made = len(module.mutants) if module else sum(len(m.mutants) for m in ends)
        name = f"`{module.path.relative_to(PACKAGE)}`" if module else "all"
        noticing = percent(noticed / tried, 1) if tried == made else rate(noticed, tried)
        rows.append((name, str(made), *(str(counts[end]) for end in ENDS), noticing))
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
    chosen = [m for m in modules() if not options.parts or any(part in str(m.path) for part in options.parts)]
    draw = random.Random(options.seed)
    mutants = [
        mutant
        for m in chosen
        for mutant in (draw.sample(m.mutants, min(options.sample, len(m.mutants))) if options.sample else m.mutants)
    ]
    ends: dict[Module, Counter[str]] = {module: Counter() for module in chosen}
    survivors = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = folder
        limits = sound(chosen, Path(folder))
        for done, (mutant, end) in enumerate(outcomes(mutants, limits, options.jobs), 1):
            ends[mutant.module][end] += 1
            if end == "survived":
                survivors.append(mutant)
            print(f"\r{done}/{len(mutants)} mutants", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    text = summary(ends)
    print(text)
    if options.survivors:
        order = {id(mutant): place for place, mutant in enumerate(mutants)}
        print("", *(mutant.diff() for mutant in sorted(survivors, key=lambda m: order[id(m)])), sep="\n")
    if options.docs:
        drawn = f" on at most {options.sample} mutants of each module (seed {options.seed})" if options.sample else ""
        write_between(options.docs, "mutants", f"Made by `scripts/mutants`{drawn}.\n\n{text}")


if __name__ == "__main__":
    main()
