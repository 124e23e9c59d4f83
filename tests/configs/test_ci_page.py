"""docs/how-to/ci.md says what the action, the hook and the command line take."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from tracker_diag.cli import app
from tracker_diag.core.version import __version__

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "ci.md").read_text(encoding="utf-8")
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
WORKFLOW, PRE_COMMIT = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = re.findall(r"^(?:docker run .*)?tracker-diag(?::\S+)? ((?:sweep|committed) .+)$", PAGE, re.MULTILINE)


def _understood(words: list[str]) -> dict[str, Any]:
    command = typer.main.get_command(app).commands[words[0]]  # type: ignore[attr-defined]
    context = command.make_context(words[0], words[1:])
    assert not context.args
    return dict(context.params)


def test_every_input_and_output_is_on_the_page() -> None:
    rows = re.findall(r"^\| (`.+?) \|", PAGE, re.MULTILINE)
    assert sorted(re.findall(r"`([\w-]+)`", " ".join(rows))) == sorted(ACTION["inputs"])
    assert set(ACTION["outputs"]) <= set(re.findall(r"`([\w-]+)`", PAGE.partition("Its outputs are")[2]))


def test_the_workflow_says_what_the_action_takes() -> None:
    (step,) = [step for step in WORKFLOW["jobs"]["runs"]["steps"] if step["uses"].startswith("tracker-diag/")]
    assert step["uses"].endswith(f"@v{__version__}")
    assert step["with"].keys() <= ACTION["inputs"].keys()
    _understood(["sweep", *shlex.split(step["with"]["args"])])


def test_the_commands_are_understood() -> None:
    assert len(COMMANDS) == 4
    for line in COMMANDS:
        _understood(shlex.split(line.replace("$(git diff --name-only --staged)", "train.py")))


def test_the_hook_runs_a_command_that_exists() -> None:
    (hook,) = PRE_COMMIT["repos"][0]["hooks"]
    assert (hook["id"], PRE_COMMIT["repos"][0]["rev"]) == (HOOK["id"], f"v{__version__}")
    script, *words = shlex.split(HOOK["entry"])
    assert script == "tracker-diag"
    assert _understood([*words, "mlruns/1/meta.yaml"])["fail_on"] == "error"
    assert _understood([*words, "--fail-on", "warning", "mlruns/1/meta.yaml"])["fail_on"] == "warning"


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("mlruns/1/a/meta.yaml", True),
        ("vision/mlruns/1/a/metrics/loss", True),
        ("my-mlruns/1/a/meta.yaml", False),
        ("mlruns.py", False),
    ],
)
def test_the_hook_looks_at_mlruns_folders(path: str, seen: bool) -> None:
    assert bool(re.search(HOOK["files"], path)) is seen
