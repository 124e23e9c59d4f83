"""Packages that add something may be broken, or collide: the others go on, and each is told once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.copies import install, python
from tracker_diag.core.plugins import FORMATS, RULES, TRACKERS
from tracker_diag.rules.registry import all_rules

RULE = '''
from tracker_diag.rules.api import Outcome, Run, Severity, rule

@rule("{code}", "{name}")
def check(run: Run) -> Outcome:
    """It is {name}."""
    return check.finding(Severity.INFO, 1.0, "{name} is here")
'''


def said(site: Path, *arguments: str, code: int = 0) -> tuple[str, list[str]]:
    """What a fresh Python prints that sees the packages, and its lines on stderr."""
    done = python(*arguments, first=site)
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr.splitlines()


def test_two_packages_may_give_their_rules_the_same_name(tmp_path: Path) -> None:
    for letter, name in (("A", "first-odd"), ("B", "second-odd")):
        module = f"odd_{letter.lower()}"
        install(
            tmp_path,
            f"odd-{letter}",
            {module: RULE.format(code=f"X{letter}901", name=name)},
            {RULES: {"rules": module}},
        )
    listed, complained = said(tmp_path, "-m", "tracker_diag", "rules")
    assert "first-odd" in listed
    assert "second-odd" in listed
    assert complained == []
    versions = "from tracker_diag.rules.registry import packages; print(packages())"
    assert said(tmp_path, "-c", versions)[0] == "('odd-A 1.0', 'odd-B 1.0')\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
        ("import no_such_module_at_all", "ModuleNotFoundError: No module named 'no_such_module_at_all'"),
        (RULE.format(code="LC104", name="mine"), "taken by LC104 overfitting"),
        (RULE.format(code="XX901", name="overfitting"), "taken by LC104 overfitting"),
        (RULE.format(code="XX901", name="Mine"), "'Mine': use lower-case words"),
        (RULE.format(code="XX901", name="lc104"), "taken by LC104 overfitting"),
        (RULE.format(code="XX901", name="lc10"), "the name is also the beginning of the code LC10"),
        (RULE.format(code="XX901", name="insufficient-evidence"), "is reserved for runs without a verdict"),
        (RULE.format(code="XX901", name="odd") + "raise RuntimeError('after')", "RuntimeError: after"),
        ("import sys\nprint('hello')\nsys.exit(0)", "SystemExit: 0"),
        ("raise ImportError('one\\ntwo \\x1b[2J')", "ImportError: one two"),
    ],
)
def test_rules_that_cannot_be_used_are_told_in_one_line_and_ours_speak(tmp_path: Path, text: str, why: str) -> None:
    install(tmp_path, "broken", {"broken_rules": text}, {RULES: {"b": "broken_rules"}})
    listed, complained = said(tmp_path, "-m", "tracker_diag", "rules", "--format", "json")
    assert {rule["name"] for rule in json.loads(listed)} == {rule.name for rule in all_rules().values()}
    line = complained[-1]
    assert len(complained) == 1 + ("hello" in text)
    assert "broken 1.0 cannot be used" in line
    assert why in line


def test_a_tracker_that_raises_keeps_nobody_from_their_runs(tmp_path: Path) -> None:
    tracker = (
        "from tracker_diag.adapters.locating import Tracker\n"
        "from tracker_diag.core.own import TagPolicy\n"
        "def locate(asked):\n    raise KeyError('oops')\n"
        "TRACKER = Tracker('Bad', 'bad', locate, print, TagPolicy(longest=10))\n"
    )
    install(tmp_path, "bad", {"bad_tracker": tracker}, {TRACKERS: {"bad": "bad_tracker:TRACKER", "not": "bad_tracker"}})
    where = "from tracker_diag.cli.connect import place; print(place(None, None, (), 'a/b/c').tracker)"
    answer, complained = said(tmp_path, "-c", where)
    assert answer == "wandb\n"
    assert complained == [
        "the tracker bad: KeyError: 'oops'",
        "the tracker 'not' cannot be used: 'bad_tracker:TRACKER' has to be a Tracker (tracker_diag.adapters.locating), "
        "and the entry point of a package has to name it with ':TRACKER'",
    ]
    _, complained = said(tmp_path, "-m", "tracker_diag", "diagnose", "--tracker", "bad", "-r", "x", code=2)
    assert complained[-1] == "error: the tracker bad: KeyError: 'oops'"


def test_the_second_of_a_name_is_told(tmp_path: Path) -> None:
    for name in ("one", "two"):
        module = f"format_{name}"
        install(
            tmp_path, name, {module: "def render(report):\n    return 'x'\n"}, {FORMATS: {"mine": f"{module}:render"}}
        )
    _, (line,) = said(tmp_path, "-m", "tracker_diag", "rules")
    assert line == "tracker_diag.formats 'mine' of two 1.0 is left out: the name is taken by one"


@pytest.mark.parametrize(
    ("tracker", "why"),
    [
        (
            "Tracker('Bad', 'bad', lambda asked: 3, None, TagPolicy(longest=10))",
            "locate and open of a tracker are functions",
        ),
        ("Tracker('Bad', 'bad', lambda asked: None, print, None)", "its policy is a TagPolicy"),
        (
            "Tracker('Bad', None, lambda asked: None, print, TagPolicy(longest=10))",
            "title and forms of a tracker are texts",
        ),
        ("Tracker('Bad', 'bad', lambda asked: 3, print, TagPolicy(longest=10))", "locate gave int, not a Location"),
    ],
)
def test_a_tracker_that_is_not_sound_keeps_nobody_from_mlflow(tmp_path: Path, tracker: str, why: str) -> None:
    imports = "from tracker_diag.adapters.locating import *\nfrom tracker_diag.core.own import TagPolicy\n"
    module = f"{imports}TRACKER = {tracker}\n"
    install(tmp_path, "bad", {"bad_tracker": module}, {TRACKERS: {"bad": "bad_tracker:TRACKER"}})
    _, complained = said(
        tmp_path, "-m", "tracker_diag", "diagnose", "-r", "a" * 32, "--tracking-uri", str(tmp_path), code=3
    )
    assert why in complained[0]
    assert complained[-1].startswith(f"error: no MLflow experiments in {tmp_path}")


def test_what_opens_to_no_adapter_is_told(tmp_path: Path) -> None:
    module = (
        "from tracker_diag.adapters.locating import Location, Tracker\nfrom tracker_diag.core.own import TagPolicy\n"
        "TRACKER = Tracker('Bad', 'bad', lambda asked: Location('bad', 'x'), lambda *_: None, TagPolicy(longest=10))\n"
    )
    install(tmp_path, "bad", {"bad_tracker": module}, {TRACKERS: {"bad": "bad_tracker:TRACKER"}})
    _, (line,) = said(tmp_path, "-m", "tracker_diag", "diagnose", "-r", "x", "--tracker", "bad", code=2)
    assert line == "error: the tracker bad: TypeError: open gave NoneType, not an Adapter"


def test_a_package_that_was_broken_and_is_mended_makes_runs_due_again(tmp_path: Path) -> None:
    install(
        tmp_path,
        "odd",
        {"odd_rules": "import odd_later\n" + RULE.format(code="XX901", name="odd")},
        {RULES: {"o": "odd_rules"}},
    )
    print_it = (
        "from tracker_diag.adapters.base import Listing\nfrom tracker_diag.settings import Settings\n"
        "from tracker_diag.sweeping.fingerprint import fingerprint\nprint(fingerprint(Listing('a'), Settings()))"
    )
    broken, _ = said(tmp_path, "-c", print_it)
    (tmp_path / "odd_later.py").write_text("")
    mended, complained = said(tmp_path, "-c", print_it)
    assert complained == []
    assert broken != mended
