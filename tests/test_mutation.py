"""What scripts/mutants changes, and that it tells what tests notice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mutmut", reason="group mutation")

import libcst as cst

from scripts.mutation import Module, Mutant, modules, mutations

SOURCE = '''"""1 + 1"""
LEAST: int | None = 3

@decorated(times=2)
def f(x, share=0.5):
    return -x if x is None or not 1 < x else x * share
'''


def changed(source: str) -> list[str]:
    """The line that is another in each mutant."""
    tree = cst.parse_module(source)
    mutants = [tree.deep_replace(old, new).code for old, new in mutations(tree)]  # type: ignore[union-attr]
    return [
        next(b.strip() for a, b in zip(source.splitlines(), m.splitlines(), strict=True) if a != b) for m in mutants
    ]


def test_numbers_operators_and_comparisons_wherever_they_stand() -> None:
    assert sorted(changed(SOURCE)) == sorted([
        "LEAST: int | None = 4",
        "@decorated(times=3)",
        "def f(x, share=1.5):",
        "return +x if x is None or not 1 < x else x * share",
        "return -x if x is not None or not 1 < x else x * share",
        "return -x if x is None and not 1 < x else x * share",
        "return -x if x is None or 1 < x else x * share",
        "return -x if x is None or not 2 < x else x * share",
        "return -x if x is None or not 1 <= x else x * share",
        "return -x if x is None or not 1 < x else x / share",
    ])  # fmt: skip


def test_every_module_has_a_test_that_mirrors_it() -> None:
    """But for those that hold nothing that could be changed."""
    alone = [module for module in modules() if not module.tests.is_file()]
    assert len(modules()) > len(alone) + 25
    assert [str(module.path) for module in alone if module.mutants] == []


def test_the_diff_names_the_line() -> None:
    module = Module(Path("tracker_diag/stats/multiplicity.py"))
    old, new = next((old, new) for old, new in mutations(module.tree) if isinstance(old, cst.Float))
    assert Mutant(module, old, new).diff().splitlines()[1:] == [
        "-    result, least = dict(p_values), 1.0",
        "+    result, least = dict(p_values), 2.0",
    ]


def test_what_no_test_notices_is_told(tmp_path: Path) -> None:
    """Nine mutants, each in a process of its own; the one that is left is a bound of one on what is none larger."""
    run = [sys.executable, "-m", "scripts.mutation", "multiplicity", "--survivors"]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert "| `stats/multiplicity.py` | 9 | 8 | 1 | 0 |" in done.stdout
    assert "+" in done.stdout.splitlines()[-1]
