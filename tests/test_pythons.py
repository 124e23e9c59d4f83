"""The Pythons that the project claims are told in the documentation, and scripts/pythons tries them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.compatibility.page import pythons

ROOT = Path(__file__).parents[1]

# Stands for .venv's Python: pip installs nothing, and the only code that it is given asks where uv is.
PYTHON = """#!/bin/sh
[ "$1" = -m ] || echo "$FOLDER/uv"
"""
# Stands for uv: there is no Python 3.14, and an environment is a Python that runs no tests and says what came of them.
UV = """#!/bin/sh
case "$1 $2" in
"python find") for version; do :; done; [ "$version" != 3.14 ] ;;
"venv --quiet")
    mkdir -p "$6/bin"
    cp "$FOLDER/python-$5" "$6/bin/python" ;;
"pip install") ! grep -q "not installed" "$5/bin/python" ;;
esac
"""
TESTS = """#!/bin/sh
case "$1" in -c) echo {version}.1 && exit ;; esac
echo "{said}"
exit {code}
"""


def test_the_page_names_the_pythons_that_the_project_claims() -> None:
    assert pythons() in (ROOT / "docs" / "how-it-works" / "compatibility.md").read_text(encoding="utf-8"), (
        "write what scripts.compatibility.page.pythons gives into docs/how-it-works/compatibility.md"
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the script, and all that it calls replaced."""
    (tmp_path / "scripts").mkdir()
    for name in ("pythons", "environment.sh"):
        shutil.copy(ROOT / "scripts" / name, tmp_path / "scripts")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    _program(tmp_path / ".venv" / "bin" / "python", PYTHON)
    _program(tmp_path / "uv", UV)
    for version, said, code in (
        ("3.10", "not installed", 1),
        ("3.11", "= 7 passed, 1 skipped in 1.50s =", 0),
        ("3.12", "= 2 failed, 5 passed in 65.50s (0:01:05) =", 1),
        ("3.13", "Segmentation fault", 139),
    ):
        _program(tmp_path / f"python-{version}", TESTS.format(version=version, said=said, code=code))
    return tmp_path


def _program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def _call(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = project / "kept"
    kept.mkdir()
    environment = {**os.environ, "FOLDER": str(project), "TMPDIR": str(kept)}
    done = subprocess.run(
        [project / "scripts" / "pythons", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert list(kept.iterdir()) == [], "environments are left"
    return done


def test_each_python_has_its_line(project: Path) -> None:
    done = _call(project, "3.10", "3.11", "3.12", "3.13", "3.14")
    assert done.stdout.splitlines() == [
        "3.10: failed, tracker-diag could not be installed",
        "3.11.1: 7 passed, 1 skipped in 1.50s",
        "3.12.1: 2 failed, 5 passed in 65.50s, exit code 1",
        "3.13.1: the tests broke off, exit code 139",
        "3.14: skipped, it is not on this machine",
    ]
    assert done.returncode == 1


def test_those_that_the_project_claims_are_tried_if_none_is_named(project: Path) -> None:
    tried = [line.partition(":")[0].removesuffix(".1") for line in _call(project).stdout.splitlines()]
    assert f"Python {', '.join(tried[:-1])} and {tried[-1]} " in pythons()


@pytest.mark.parametrize(("versions", "code"), [(["3.11"], 0), (["3.11", "3.14"], 0), (["3.14"], 1), (["3.12"], 1)])
def test_only_tests_that_ran_and_passed_are_a_success(project: Path, versions: list[str], code: int) -> None:
    assert _call(project, *versions).returncode == code


def test_wrong_usage_runs_nothing(project: Path) -> None:
    asked = subprocess.run([project / "scripts" / "pythons", "--help"], capture_output=True, text=True, check=True)
    assert asked.stdout.startswith("usage: scripts/pythons [VERSION ...]")
    wrong = _call(project, "--al")
    assert (wrong.returncode, wrong.stdout, wrong.stderr) == (2, "", asked.stdout)
