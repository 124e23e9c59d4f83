"""The GitHub action: its steps, run as GitHub's runner runs them, on a database that MLflow made."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.runs import KINDS, curves

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = {step["id"]: step for step in ACTION["runs"]["steps"]}
SCRIPTS = {name: step for name, step in STEPS.items() if "run" in step}
HOSTILE = "::add-mask::x ##[add-mask]x $(touch hit) `touch hit`; touch hit"
PLAIN = {"annotations": "false", "step-summary": "false"}


@dataclass(frozen=True, slots=True)
class Ended:
    """What a step left."""

    code: int
    log: str
    page: str
    outputs: dict[str, str]


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs the steps of the action in a working folder, as GitHub's runner does."""

    work: Path
    temp: Path

    def step(self, name: str, inputs: dict[str, str], **variables: str) -> Ended:
        step = SCRIPTS[name]
        values = {key: str(declared["default"]) for key, declared in ACTION["inputs"].items()} | inputs
        known = {f"inputs.{key}": value for key, value in values.items()}
        known["steps.python.outputs.python-path"] = sys.executable
        given = {
            key: re.sub(r"\$\{\{ *([\w.-]+) *\}\}", lambda match: known[match[1]], text)
            for key, text in step["env"].items()
        }
        files = {name: self.temp / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "script.sh")}
        for file in files.values():
            file.write_text("")
        files["script.sh"].write_text(step["run"], encoding="utf-8")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(files["script.sh"])],
            cwd=self.work,
            env={key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "MLFLOW_TRACKING_URI")}
            | {"RUNNER_TEMP": str(self.temp), "GITHUB_ACTION_PATH": str(ROOT)}
            | {name: str(file) for name, file in files.items() if name.isupper()}
            # Dependencies, and what builds the package, are those of the tests.
            | {"PYTHONPATH": sysconfig.get_path("purelib")}
            | given
            | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        lines = files["GITHUB_OUTPUT"].read_text().splitlines()
        outputs = dict(line.split("=", 1) for line in lines)
        return Ended(done.returncode, done.stdout, files["GITHUB_STEP_SUMMARY"].read_text(), outputs)

    def sweep(self, inputs: dict[str, str], **variables: str) -> Ended:
        ended = self.step("sweep", inputs, **variables)
        assert not (self.work / "hit").exists()
        return ended


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runner's folder for temporary files, after the installing step, which reaches for no network here."""
    temp = tmp_path_factory.mktemp("runner")
    # 0 is what pip takes for "without build isolation".
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    ended = Runner(temp, temp).step("install", {}, **offline)
    assert ended.code == 0, ended.log
    return temp


@pytest.fixture(scope="module")
def _filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import mlflow

    folder = tmp_path_factory.mktemp("store")
    client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    for experiment, kinds in {"vision": KINDS, "speech lab": KINDS[:1], HOSTILE: KINDS[2:]}.items():
        experiment_id = client.create_experiment(experiment, artifact_location=(folder / "artifacts").as_uri())
        for kind in kinds:
            run = client.create_run(experiment_id, run_name=HOSTILE if experiment == HOSTILE else f"{kind} run")
            metrics = [
                mlflow.entities.Metric(name, value, 1_700_000_000_000, int(step))
                for name, points in curves(kind).items()
                for step, value in points
            ]
            client.log_batch(run.info.run_id, metrics=metrics, params=[mlflow.entities.Param("lr", "0.01")])
            client.set_terminated(run.info.run_id)
    return folder / "mlflow.db"


@pytest.fixture
def runner(installed: Path, _filled: Path, tmp_path: Path) -> Runner:
    """A checked-out repository with a database of its own for each test."""
    (tmp_path / "mlflow.db").write_bytes(_filled.read_bytes())
    return Runner(tmp_path, installed)


def commands(log: str) -> list[str]:
    """The lines of a log that GitHub's runner takes for commands: none from a token on until it comes again."""
    obeyed, token = [], ""
    for line in log.splitlines():
        start = line.lstrip()
        if token:
            token = "" if start.startswith(f"::{token}::") else token
        elif start.startswith("::stop-commands::"):
            token = start.removeprefix("::stop-commands::")
            assert re.fullmatch(r"[0-9a-f]{32}", token)
        elif start.startswith("::") or "##[" in line:
            obeyed.append(line)
    assert not token
    return obeyed


def test_it_is_an_action_that_github_accepts() -> None:
    assert ACTION.keys() <= {"name", "author", "description", "branding", "inputs", "outputs", "runs"}
    assert ACTION["runs"].keys() == {"using", "steps"}
    for declared in ACTION["inputs"].values():
        assert declared.keys() == {"description", "default"}
        # Inputs are texts: YAML would make a truth value of `false`.
        assert isinstance(declared["default"], str)
    for step in STEPS.values():
        assert ("uses" in step) != ("run" in step)
        assert step.keys() <= ({"id", "uses", "with"} if "uses" in step else {"id", "shell", "env", "run"})
        assert step.get("shell", "bash") == "bash"


def test_no_script_holds_what_somebody_else_writes() -> None:
    for name, step in SCRIPTS.items():
        assert "${{" not in step["run"], name
    used = re.findall(r"\$\{\{ inputs\.([\w-]+) \}\}", json.dumps(ACTION["runs"]))
    assert sorted(used) == sorted(ACTION["inputs"])
    written = set(re.findall(r'echo "([\w-]+)=', SCRIPTS["sweep"]["run"]))
    declared = {re.findall(r"steps\.sweep\.outputs\.([\w-]+)", made["value"])[0] for made in ACTION["outputs"].values()}
    assert written == declared == set(ACTION["outputs"])


@pytest.mark.parametrize(
    ("inputs", "code", "worst", "runs"),
    [
        ({"all": "true"}, 0, "error", 5),
        ({"all": "true", "fail-on": "error"}, 1, "error", 5),
        ({"experiment": "vision\n"}, 0, "error", 3),
        ({"experiment": "speech lab\n  vis*\n\n"}, 0, "error", 4),
        ({"experiment": "speech lab", "fail-on": "warning"}, 0, "info", 1),
        ({"experiment": HOSTILE, "fail-on": "info"}, 1, "error", 1),
        ({"all": "true", "args": "--filter params.lr = '0.01'\n--limit=2\r\n--dry-run\n"}, 0, None, 2),
    ],
)
def test_the_scope_and_the_level_are_what_the_inputs_say(
    runner: Runner, inputs: dict[str, str], code: int, worst: str | None, runs: int
) -> None:
    ended = runner.sweep({"tracking-uri": f"sqlite:///{runner.work / 'mlflow.db'}"} | PLAIN | inputs)
    assert ended.code == code, ended.log
    assert ended.outputs["exit-code"] == str(code)
    assert worst in (None, ended.outputs["worst"])
    assert re.search(rf"^{runs} runs? in .*: {runs} diagnosed", ended.log, re.MULTILINE)
    assert (ended.page, commands(ended.log)) == ("", [])


def test_the_tracker_may_be_named_by_the_environment(runner: Runner) -> None:
    address = f"sqlite:///{runner.work / 'mlflow.db'}"
    assert runner.sweep(PLAIN | {"all": "true"}, MLFLOW_TRACKING_URI=address).outputs["worst"] == "error"


def test_figures_may_be_kept(runner: Runner) -> None:
    inputs = {"tracking-uri": f"sqlite:///{runner.work / 'mlflow.db'}", "all": "true", "args": "--summary found.json"}
    ended = runner.sweep(PLAIN | inputs)
    assert ended.outputs == {"worst": "", "exit-code": "0"}
    assert json.loads((runner.work / "found.json").read_text())["worst"] == "error"


@pytest.mark.parametrize(
    ("inputs", "code", "message"),
    [
        ({}, 2, "error: no runs selected: add --experiment NAME, --project NAME or --all"),
        ({"experiment": "--all"}, 2, "error: no experiment named '--all'"),
        ({"all": "true", "fail-on": "$(touch hit)"}, 2, "error: --fail-on $(touch hit): choose one of"),
        (
            {"all": "true", "args": "--since 24h; touch hit"},
            2,
            "error: --since 24h; touch hit: write a time span",
        ),
        ({"all": "true", "args": "; touch hit"}, 2, "error: Got unexpected extra argument"),
        ({"all": "true", "args": "::add-mask::x"}, 2, "error: Got unexpected extra argument"),
        ({"all": "true", "tracking-uri": "http://127.0.0.1:9"}, 3, "error: "),
    ],
)
def test_what_goes_wrong_fails_the_step_with_one_line(
    runner: Runner, inputs: dict[str, str], code: int, message: str
) -> None:
    ended = runner.sweep({"tracking-uri": f"sqlite:///{runner.work / 'mlflow.db'}"} | PLAIN | inputs)
    assert (ended.code, ended.outputs) == (code, {"worst": "", "exit-code": str(code)})
    assert [line[: len(message)] for line in ended.log.splitlines() if line.startswith("error: ")] == [message]
    assert commands(ended.log) == []


def test_by_default_the_job_is_annotated_and_has_a_table(runner: Runner) -> None:
    inputs = {"tracking-uri": f"sqlite:///{runner.work / 'mlflow.db'}", "all": "true", "fail-on": "error"}
    first, second = runner.sweep(inputs), runner.sweep(inputs)
    for ended in (first, second):
        assert ended.code == 1
        obeyed = commands(ended.log)
        assert {line.split()[0] for line in obeyed} <= {"::error", "::warning", "::notice"}
        assert sum(line.startswith("::error ") for line in obeyed) == 2
        assert "diverged run" in ended.page
    assert "5 diagnosed" in first.log
    assert "5 unchanged" in second.log
    # What a job shows does not depend on which job it was that found it first.
    assert commands(first.log) == commands(second.log)


def test_what_could_not_be_diagnosed_is_told_and_fails_the_step(runner: Runner) -> None:
    from sqlite3 import connect

    with connect(runner.work / "mlflow.db") as database:
        # A store that refuses to take tags for one run.
        database.execute(
            "CREATE TRIGGER full BEFORE INSERT ON tags WHEN new.key LIKE 'diag.%' AND new.run_uuid = "
            "(SELECT run_uuid FROM runs WHERE name = 'diverged run') BEGIN SELECT RAISE(ABORT, 'no more room'); END"
        )
    database.close()
    ended = runner.sweep({"tracking-uri": f"sqlite:///{runner.work / 'mlflow.db'}", "all": "true"})
    assert (ended.code, ended.outputs["exit-code"]) == (4, "4")
    assert [line for line in commands(ended.log) if "no more room" in line]
    assert "no more room" in ended.page


def test_a_file_is_written_in_the_format_that_is_asked_for(runner: Runner) -> None:
    inputs = {"tracking-uri": f"sqlite:///{runner.work / 'mlflow.db'}", "all": "true"}
    ended = runner.sweep(inputs | {"output-file": "found.sarif"})
    assert ended.code == 0, ended.log
    assert json.loads((runner.work / "found.sarif").read_text())["version"] == "2.1.0"
    assert "diverged run" in ended.page
    again = runner.sweep(inputs | {"output-file": "$(touch hit).x", "format": "csv"})
    assert (again.code, "diverged run" in (runner.work / "$(touch hit).x").read_text()) == (0, True)
    refused = runner.sweep(inputs | {"output-file": "found.xml", "format": "xml; touch hit"})
    assert (refused.code, refused.page, commands(refused.log)) == (2, "", [])
