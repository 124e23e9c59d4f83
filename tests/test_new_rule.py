"""A new rule is one new file: it is found, listed, explained, configured and run without any other edit."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tracker_diag

RULE = '''"""LC199 too-loud."""

from tracker_diag.core.finding import Severity
from tracker_diag.evidence.registry import rule_input
from tracker_diag.rules.registry import Outcome, Verdict, rule
from tracker_diag.evidence.curve import Course


@rule_input(missing="no loudness", unit="decibels")
def loudness(train: Course, val: Course | None) -> float:
    """The first value of the louder curve."""
    return max(c.start for c in (train, val) if c is not None)


@rule("LC199", "too-loud", verdict=Verdict(35, "nobody hears the others"))
def too_loud(loudness: float, train: Course, *, loud: float = 100.0) -> Outcome:
    """The training loss is loud.

    What it measures
    ----------------
    The first value of the training loss.

    Why it matters
    --------------
    The neighbours.

    What to do
    ----------
    Turn it down.

    Thresholds
    ----------
    loud : in the loss's own units; a whisper has thirty.

    References
    ----------
    Fletcher and Munson (1933), Loudness, its definition, measurement and calculation, JASA 5:82.
    """
    if loudness < loud:
        return None
    return too_loud.finding(Severity.ERROR, 1.0, f"starts at {loudness:g}", "turn it down")
'''

DIAGNOSE = """
import json, sys
import tracker_diag
from tracker_diag.settings.settings import parse_settings
run = tracker_diag.Run.from_dict({"id": "r", "metrics": {"train_loss": [[i, 60 / (i + 1)] for i in range(20)]}})
report = tracker_diag.diagnose(run, parse_settings(json.loads(sys.argv[1])))
print(json.dumps([report.verdict, *(finding.name for finding in report.findings)]))
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with one more rule file in it."""
    folder = tmp_path_factory.mktemp("package")
    source = Path(tracker_diag.__file__).parent
    shutil.copytree(source, folder / "tracker_diag", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "tracker_diag" / "rules" / "curves" / "too_loud.py").write_text(RULE, encoding="utf-8")
    return folder


def python(folder: Path, *arguments: str) -> str:
    """What a fresh Python prints that sees the copy in place of the package."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def findings(folder: Path, settings: dict[str, object]) -> list[str]:
    """The verdict on a run that starts at 60 under these settings, and the names of what is found."""
    answer: list[str] = json.loads(python(folder, "-c", DIAGNOSE, json.dumps(settings)))
    return answer


def test_it_is_listed(package: Path) -> None:
    (line,) = [x for x in python(package, "-m", "tracker_diag", "rules").splitlines() if "LC199" in x]
    assert "too-loud" in line
    assert "The training loss is loud." in line


def test_it_is_explained(package: Path) -> None:
    page = python(package, "-m", "tracker_diag", "explain", "too-loud")
    assert "Turn it down." in page
    assert "in the loss's own units; a whisper has thirty." in page


def test_it_is_run_with_its_default(package: Path) -> None:
    assert "too-loud" not in findings(package, {})


def test_its_threshold_is_configured_and_its_precedence_makes_it_the_verdict(package: Path) -> None:
    verdict, *found = findings(package, {"rules": {"too-loud": {"thresholds": {"loud": 50.0}}}})
    assert (verdict, found[0]) == ("too-loud", "too-loud")


def test_its_evidence_is_that_of_its_inputs(package: Path) -> None:
    listed = json.loads(python(package, "-m", "tracker_diag", "rules", "--format", "json"))
    (entry,) = [rule for rule in listed if rule["name"] == "too-loud"]
    assert (entry["evidence"], entry["needs"]) == ("C", ["loudness", "train"])


def test_without_the_input_it_says_what_to_log(package: Path) -> None:
    said = python(
        package,
        "-c",
        "import tracker_diag\n"
        "report = tracker_diag.diagnose(tracker_diag.Run.from_dict({'id': 'r'}))\n"
        "print(*(f'{s.reason}: {s.what_to_log}' for s in report.skipped if s.code == 'LC199'))",
    )
    assert said.startswith("no train loss: log the training loss")


def test_its_verdict_is_read_where_verdicts_are(package: Path) -> None:
    said = python(
        package,
        "-c",
        "from tracker_diag.rules.verdicts import precedence\n"
        "from tracker_diag.sweeping.judge import before\n"
        "print(*list(precedence())[2:5], before({'diag.verdict': 'too-loud'}, 'diag.').verdict)",
    )
    assert said.split() == ["underfitting", "too-loud", "overfitting", "too-loud"]


def test_it_is_left_out(package: Path) -> None:
    settings = {"rules": {"LC199": {"thresholds": {"loud": 50.0}}}, "ignore": ["too-loud"]}
    assert "too-loud" not in findings(package, settings)


def test_it_gets_a_page(package: Path) -> None:
    made = python(
        package,
        "-c",
        f"import sys; sys.path.append({str(Path.cwd())!r})\n"
        "from scripts.documentation.pages import pages\n"
        "made = pages()\n"
        "print(made['rules/too-loud.md'], made['README.md'], made['verdict.md'])",
    )
    assert "Turn it down." in made
    assert "Fletcher and Munson" in made
    assert "nobody hears the others" in made
    assert "(rules/too-loud.md)" in made
