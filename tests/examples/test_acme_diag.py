"""The example package: built, installed beside the package, and used."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.copies import ROOT, install, python
from tracker_diag.core.plugins import RULES

EXAMPLE = ROOT / "examples" / "acme_diag"
GUIDE = ROOT / "docs" / "how-to" / "extend.md"
WAITING: dict[str, Any] = {
    "name": "starved",
    "status": "FINISHED",
    "start_time": 1_700_000_000.0,
    "end_time": 1_700_000_900.0,
    "metrics": {
        "train_loss": [[step, 2.0 / (step + 1)] for step in range(30)],
        "val_loss": [[step, 2.1 / (step + 1)] for step in range(30)],
        "data_time": [[step, 0.6] for step in range(30)],
        "step_time": [[step, 1.0] for step in range(30)],
    },
}


def run(*command: str, site: Path | None = None, expect: int = 0, cwd: Path | None = None) -> str:
    """What a command prints, in an environment that sees the installed package."""
    done = python(*command, first=site, cwd=cwd)
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the example package as pip installs it."""
    folder = tmp_path_factory.mktemp("example")
    offline = ("--no-deps", "--no-index", "--quiet", "--disable-pip-version-check")
    run("-m", "pip", "wheel", str(EXAMPLE), *offline, "--no-build-isolation", "--wheel-dir", str(folder / "wheels"))
    (wheel,) = (folder / "wheels").glob("acme_diag-*.whl")
    run("-m", "pip", "install", str(wheel), *offline, "--target", str(folder / "site"))
    return folder / "site"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A folder of one run."""
    (tmp_path / "runs" / "vision").mkdir(parents=True)
    (tmp_path / "runs" / "vision" / "a.json").write_text(json.dumps(WAITING))
    return tmp_path / "runs"


def diag(site: Path | None, *arguments: str, expect: int = 0, cwd: Path | None = None) -> str:
    return run("-m", "tracker_diag", *arguments, site=site, expect=expect, cwd=cwd)


def test_its_own_tests_pass(site: Path) -> None:
    said = run("-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLE / "tests"), site=site, cwd=site)
    assert re.search(r"\d+ passed", said)


def test_the_rule_is_listed_explained_and_configured(site: Path) -> None:
    assert "slow-loader" in diag(site, "rules")
    page = diag(site, "explain", "slow-loader")
    assert "Mohan, Phanishayee" in page
    assert "share of a step that may be spent waiting" in page
    assert "most: 0.3" in diag(site, "rules", "--format", "config")
    assert "slow-loader" not in diag(None, "rules")


def test_help_names_the_format_and_the_tracker(site: Path) -> None:
    said = " ".join(diag(site, "diagnose", "--help").split())
    assert "annotations" in said
    assert "json-folder" in said


def test_a_sweep_of_the_tracker_writes_what_the_rule_found(site: Path, runs: Path) -> None:
    sweep = ("sweep", "--tracker", "json-folder", "--tracking-uri", str(runs), "--all")
    diag(site, *sweep)
    tags = json.loads((runs / "vision" / "a.diagnosis" / "tags.json").read_text())["tags"]
    assert (tags["severity"], tags["findings"].count("AC101")) == ("warning", 1)
    assert "60% of a step is spent waiting for data" in (runs / "vision" / "a.diagnosis" / "report.html").read_text()
    assert "0 diagnosed" in diag(site, *sweep) or "unchanged" in diag(site, *sweep)


def test_where_the_package_is_not_installed_what_it_found_is_shown_as_it_is(site: Path, runs: Path) -> None:
    diag(site, "sweep", "--tracker", "json-folder", "--tracking-uri", str(runs), "--all")
    stored = runs / "vision" / "a.diagnosis"
    for format in ("text", "markdown", "html", "json"):
        said = diag(None, "report", str(stored), "--format", format)
        assert "slow-loader" in said.replace("\\", "")


def test_the_format_renders_what_was_stored(site: Path, runs: Path) -> None:
    diag(site, "sweep", "--tracker", "json-folder", "--tracking-uri", str(runs), "--all")
    said = diag(site, "report", str(runs / "vision" / "a.diagnosis"), "--format", "annotations")
    assert "::warning title=slow-loader::60%25 of a step is spent waiting for data" in said
    assert "choose one of" in diag(None, "report", str(runs), "--format", "annotations", expect=2)


def test_a_run_s_ignore_tag_and_the_configuration_may_leave_the_rule_out(site: Path, runs: Path) -> None:
    (runs.parent / "tracker-diag.yaml").write_text("ignore: [slow-loader]\n")
    said = diag(site, "diagnose", "--tracker", "json-folder", "--tracking-uri", str(runs), "--run-id", "vision/a",
                "--dry-run", cwd=runs.parent)  # fmt: skip
    assert "slow-loader" not in said


def test_a_package_whose_rule_is_broken_is_told_in_one_line_and_the_others_speak(tmp_path: Path) -> None:
    install(
        tmp_path, "broken-diag", {"broken_diag": "raise RuntimeError('not today')\n"}, {RULES: {"b": "broken_diag"}}
    )
    said = diag(tmp_path, "rules")
    (line,) = [line for line in said.splitlines() if "broken" in line]
    assert "broken-diag 1.0 cannot be used: RuntimeError: not today" in line
    assert "overfitting" in said


def test_the_guide_shows_what_the_example_holds() -> None:
    shown = re.findall(r"```(?:python|toml)\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(shown) > 3
    held = "\n".join(path.read_text(encoding="utf-8") for path in sorted(EXAMPLE.rglob("*.*")) if path.suffix != ".pyc")
    for snippet in shown:
        for part in re.split(r"\n *(?:# )?…\n", snippet.strip("\n")):
            assert part.strip("\n") in held, part
