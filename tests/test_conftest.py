"""A defect that our guards caught and only logged fails the test that met it, unless the test expects it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = """
import logging
import pytest

def defect():
    try:
        1 / 0
    except ZeroDivisionError:
        logging.getLogger("tracker_diag.engine").exception("rule LC104 failed")

def test_hidden():
    defect()

@pytest.mark.expects_defects
def test_expected():
    defect()

def test_no_defect():
    logging.getLogger("tracker_diag.sweeping.sweep").error("the tracker is away")
    logging.getLogger("other").exception("not ours")
"""


def test_a_hidden_defect_fails_the_suite(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from tests.conftest import _no_hidden_defects, pytest_configure\n")
    (tmp_path / "test_a.py").write_text(TESTS)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--strict-markers",
            "-p",
            "no:cacheprovider",
            "-c",
            "/dev/null",
            str(tmp_path),
        ],
        env={"PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "3 passed, 1 error" in done.stdout
    assert "something failed and was only logged" in done.stdout
    assert "ERROR test_a.py::test_hidden" in done.stdout
