"""scripts/environment.sh: an installation says one line, and all that went wrong."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.copies import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the scripts, whose .venv is the environment of the tests."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "environment.sh", tmp_path / "scripts")
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


def _install(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    script = checkout / "scripts" / "installs"
    script.write_text(f'set -eu\n. "$(dirname "$0")/environment.sh"\ninstall {" ".join(words)}\necho installed\n')
    return subprocess.run(["sh", script], capture_output=True, text=True, check=False, timeout=300)


def test_one_line_says_what_is_done(checkout: Path) -> None:
    done = _install(checkout, "pip", "--no-index", "pip")
    assert done.returncode == 0, done.stderr
    first, last = done.stdout.splitlines()
    assert first.startswith("Installing pip into .venv (a few minutes the first time")
    assert (last, done.stderr) == ("installed", "")


def test_what_pip_fails_with_is_shown_and_ends_the_script(checkout: Path) -> None:
    done = _install(checkout, "it", "--no-index", "--no-deps", "no-such-package-anywhere")
    assert done.returncode == 1
    assert "installed" not in done.stdout
    assert "ERROR: No matching distribution found for no-such-package-anywhere" in done.stderr


@pytest.mark.parametrize("name", ["demo", "test", "package"])
def test_the_scripts_install_so(name: str) -> None:
    text = (ROOT / "scripts" / name).read_text(encoding="utf-8")
    assert "\ninstall " in text
    assert "-m pip install" not in text
