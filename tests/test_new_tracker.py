"""A new tracker is one new package, a new format one new file: each with one new test, and no other edit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import copies
from tests.copies import ROOT

EXAMPLE = ROOT / "examples" / "acme_diag"

#: What of the tests concerns every tracker and every format.
CONCERNED = (
    "tests/test_layers.py",
    "tests/test_docs.py",
    "tests/adapters/test_registry.py",
    "tests/report/test_registry.py",
    "tests/report/test_schema.py",
    "tests/cli/test_diagnose.py",
    "tests/adapters/jsonfolder",
    "tests/report/formats/test_annotations.py",
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the example's tracker and format in it, as if they had been written for it."""
    folder = copies.project(tmp_path_factory.mktemp("copy") / "project")

    def add(source: Path, target: str, *changes: tuple[str, str]) -> None:
        text = source.read_text(encoding="utf-8")
        for before, after in changes:
            assert before in text
            text = text.replace(before, after)
        (folder / target).parent.mkdir(exist_ok=True)
        (folder / target).write_text(text, encoding="utf-8")

    add(EXAMPLE / "acme_diag" / "__init__.py", "tracker_diag/adapters/jsonfolder/__init__.py")
    tracker = EXAMPLE / "acme_diag" / "json_folder.py"
    add(tracker, "tracker_diag/adapters/jsonfolder/tracker.py", ("json-folder", "jsonfolder"))
    add(
        ROOT / "tests" / "examples" / "test_json_folder.py",
        "tests/adapters/jsonfolder/test_jsonfolder.py",
        ('"examples" / "acme_diag" / "acme_diag" / "json_folder.py"', '"tracker_diag/adapters/jsonfolder/tracker.py"'),
        ("parents[2]", "parents[3]"),
    )
    add(EXAMPLE / "acme_diag" / "annotations.py", "tracker_diag/report/formats/annotations.py")
    add(
        EXAMPLE / "tests" / "test_annotations.py",
        "tests/report/formats/test_annotations.py",
        ("acme_diag.annotations", "tracker_diag.report.formats.annotations"),
    )
    return folder


def python(folder: Path, *arguments: str) -> str:
    """What a fresh Python prints that sees the copy in place of the project."""
    done = copies.python(*arguments, first=folder, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_both_are_in_the_help(project: Path) -> None:
    said = python(project, "-m", "tracker_diag", "diagnose", "--help")
    assert "jsonfolder" in said
    assert "annotations" in said


def test_the_tracker_is_swept_and_the_format_shows_what_it_wrote(project: Path, tmp_path: Path) -> None:
    run = {"metrics": {"train_loss": [[step, 1.0 if step < 20 else "NaN"] for step in range(30)]}}
    (tmp_path / "vision").mkdir()
    (tmp_path / "vision" / "a.json").write_text(json.dumps(run))
    where = ("--tracker", "jsonfolder", "--tracking-uri", str(tmp_path))
    python(project, "-m", "tracker_diag", "sweep", *where, "--all")
    stored = str(tmp_path / "vision" / "a.diagnosis")
    assert "::error title=diverged::" in python(
        project, "-m", "tracker_diag", "report", stored, "--format", "annotations"
    )


def test_no_test_has_to_be_told_of_them(project: Path) -> None:
    python(project, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *CONCERNED)
