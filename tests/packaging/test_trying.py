"""What scripts/package tries in an empty environment, tried on this one."""

from __future__ import annotations

import itertools
import re
import shutil
import sys
import tomllib
from pathlib import Path

import pytest

from scripts.releasing.steps import StepError
from scripts.releasing.trying import EXTRAS, Installed, trials
from tests.copies import ROOT
from tracker_diag.core.version import __version__


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """An environment whose programs are those of the tests, with this tree to import."""
    programs = tmp_path / "environment" / "bin"
    programs.mkdir(parents=True)
    for name, words in {"python": "", "tracker-diag": "-m tracker_diag"}.items():
        (programs / name).write_text(
            f'#!/bin/sh\nPYTHONPATH="{tmp_path}/environment" exec "{sys.executable}" {words} "$@"\n'
        )
        (programs / name).chmod(0o755)
    (tmp_path / "environment" / "tracker_diag").symlink_to(ROOT / "tracker_diag")
    (tmp_path / "work").mkdir()
    return Installed(tmp_path / "environment", tmp_path / "work")


def test_all_goes_well_but_for_the_extras_that_are_installed_here(installed: Installed) -> None:
    going = trials(installed, __version__)
    said = ["--version", "--help", "rules", "CSV", "sweep", "report", "notebook cell", "experiment page"]
    assert list(itertools.islice(going, len(said))) == said
    with pytest.raises(StepError, match="exit code"):
        next(going)


def test_another_version_is_seen(installed: Installed) -> None:
    with pytest.raises(StepError, match=r"another version\ntracker-diag"):
        list(trials(installed, "9.9.9"))


def test_what_is_imported_from_elsewhere_is_seen(installed: Installed, tmp_path: Path) -> None:
    (installed.environment / "tracker_diag").unlink()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "tracker_diag").symlink_to(ROOT / "tracker_diag")
    program = installed.environment / "bin" / "python"
    program.write_text(
        program.read_text().replace(f'PYTHONPATH="{installed.environment}"', f'PYTHONPATH="{elsewhere}"')
    )
    with pytest.raises(StepError, match="another tracker_diag is imported"):
        list(trials(installed, __version__))


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("report/formats/notebook.html.j2", "notebook.html.j2"),
        ("report/experiment/page.html.j2", "page.html.j2"),
        ("report/experiment/page.js", "page.js"),
    ],
)
def test_a_template_that_is_missing_is_seen(installed: Installed, file: str, told: str) -> None:
    package = installed.environment / "tracker_diag"
    package.unlink()
    shutil.copytree(ROOT / "tracker_diag", package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / file).unlink()
    with pytest.raises(StepError, match=re.escape(told)):
        list(trials(installed, __version__))


def test_each_extra_whose_lack_is_told_is_declared() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    # Matplotlib comes with MLflow.
    assert EXTRAS.keys() == declared.keys() - {"plot"}
