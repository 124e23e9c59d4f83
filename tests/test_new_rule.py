"""A new rule is one new file, and its test another: it is found, listed, explained, configured, run and tested.

No other file is edited. The rule's numbers are its own, and it stands on a paper in place of a slide.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import copies

RULE = '''"""LC999 too-loud."""

from tracker_diag.rules.api import Curve, Outcome, Severity, Verdict, rule, rule_input


@rule_input(missing="no loudness", unit="decibels")
def loudness(train: Curve, val: Curve | None) -> float:
    """The first value of the louder curve."""
    return max(c.start for c in (train, val) if c is not None)


@rule("LC999", "too-loud", seen_as=("It hurts my ears",), verdict=Verdict(35.125, "nobody hears the others"))
def too_loud(loudness: float, train: Curve, *, loud: float = 100.0) -> Outcome:
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

TEST = """from tests.rules.runs import found, healthy, judge, steep


def test_a_loud_start():
    assert found(judge(steep(200.0)), "LC999") is not None


def test_a_quiet_start():
    assert found(judge(healthy()), "LC999") is None
"""

#: What of the tests concerns every rule.
CONCERNED = (
    "tests/test_rule_pages.py",
    "tests/test_docs.py",
    "tests/rules/test_healthy.py",
    "tests/configs",
    "tests/evidence/test_registry.py",
    "tests/cli/test_catalogue.py",
    "tests/rules/curves/test_too_loud.py",
)

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
    """A copy of the project with one more rule and its test in it."""
    folder = copies.project(tmp_path_factory.mktemp("copy") / "project")
    (folder / "tracker_diag" / "rules" / "curves" / "too_loud.py").write_text(RULE, encoding="utf-8")
    (folder / "tests" / "rules" / "curves" / "test_too_loud.py").write_text(TEST, encoding="utf-8")
    return folder


def start(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a fresh Python that sees the copy in place of the project."""
    return copies.python(*arguments, first=folder, cwd=folder)


def python(folder: Path, *arguments: str) -> str:
    """What it prints."""
    done = start(folder, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def findings(folder: Path, settings: dict[str, object]) -> list[str]:
    """The verdict on a run that starts at 60 under these settings, and the names of what is found."""
    answer: list[str] = json.loads(python(folder, "-c", DIAGNOSE, json.dumps(settings)))
    return answer


def test_it_is_listed(package: Path) -> None:
    (line,) = [x for x in python(package, "-m", "tracker_diag", "rules").splitlines() if "LC999" in x]
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
        "print(*(f'{s.reason}: {s.what_to_log}' for s in report.skipped if s.code == 'LC999'))",
    )
    assert said.startswith("no training loss found: log the training loss")


def test_its_verdict_is_read_where_verdicts_are(package: Path) -> None:
    said = python(
        package,
        "-c",
        "from tracker_diag.rules.verdicts import precedence\n"
        "from tracker_diag.sweeping.judge import before\n"
        "print(*precedence(), before({'diag.verdict': 'too-loud'}, 'diag.').verdict)",
    )
    *order, read = said.split()
    assert order.index("underfitting") < order.index("too-loud") < order.index("overfitting")
    assert read == "too-loud"


def test_it_is_left_out(package: Path) -> None:
    settings = {"rules": {"LC999": {"thresholds": {"loud": 50.0}}}, "ignore": ["too-loud"]}
    assert "too-loud" not in findings(package, settings)


def test_it_gets_a_page(package: Path) -> None:
    made = python(
        package,
        "-c",
        "from scripts.documentation.pages import pages\n"
        "made = pages()\n"
        "print(made['rules/too-loud.md'], made['rules/index.md'], made['how-it-works/verdict.md'])",
    )
    assert "Turn it down." in made
    assert "Fletcher and Munson" in made
    assert "nobody hears the others" in made
    assert "| It hurts my ears | [too-loud](too-loud.md) |" in made


def test_no_test_has_to_be_told_of_it(package: Path) -> None:
    python(package, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *CONCERNED)


def test_the_pages_lag_behind_until_they_are_made(package: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(package, folder)
    check = ("-m", "scripts.documentation", "--check")
    done = start(folder, *check)
    assert done.returncode == 1
    for name in ("docs/rules/index.md", "docs/rules/too-loud.md", "configs/tracker-diag.yaml"):
        assert f"out of date: {name}; scripts/docs writes it" in done.stdout.splitlines()
    python(folder, "-m", "scripts.documentation")
    assert python(folder, *check) == "all up to date\n"
    assert "Turn it down." in (folder / "docs" / "rules" / "too-loud.md").read_text(encoding="utf-8")
