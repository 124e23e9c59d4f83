from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import typer
import yaml

from tracker_diag.cli import app
from tracker_diag.cli.defaults import default_config, threshold_notes
from tracker_diag.core.version import __version__
from tracker_diag.rules.registry import all_rules
from tracker_diag.settings.settings import Settings, load_settings, parse_settings
from tracker_diag.sweeping.schedule import cron

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "configs"


def _accepts(command: list[str]) -> None:
    """Whether the command line takes these words: options and their types, without running anything."""
    assert command[0] == "tracker-diag"
    name = command[1]
    typer.main.get_command(app).commands[name].make_context(name, command[2:])  # type: ignore[attr-defined]


def test_as_it_stands_it_changes_nothing() -> None:
    assert load_settings(CONFIGS / "tracker-diag.yaml") == Settings()


def test_with_its_keys_uncommented_it_holds_every_default() -> None:
    text = re.sub(r"^( *)#(?! )", r"\1", default_config(), flags=re.MULTILINE)
    data = yaml.safe_load(text)
    thresholds = {name: dict(entry["thresholds"]) for name, entry in data.pop("rules").items()}
    assert thresholds == {r.name: dict(r.thresholds) for r in all_rules().values() if r.thresholds}
    assert parse_settings(data) == Settings()
    assert set(data) | {"rules"} == set(Settings.model_fields)


def test_every_threshold_has_its_comment() -> None:
    missing = {r.name: set(r.thresholds) - set(threshold_notes(r)) for r in all_rules().values()}
    assert not {name: names for name, names in missing.items() if names}


def test_the_crontab_lines_are_times_and_a_command_that_exists() -> None:
    lines = [
        x for x in (CONFIGS / "crontab").read_text().splitlines() if x and not x.startswith("#") and "=" not in x[:30]
    ]
    assert lines
    for line in lines:
        fields = line.split(None, 5)
        cron(" ".join(fields[:5]))
        words = shlex.split(fields[5].partition(" 2>")[0])
        _accepts(words[words.index("tracker-diag") :])


def test_the_systemd_units_verify_and_run_a_command_that_exists(tmp_path: Path) -> None:
    units = sorted((CONFIGS / "systemd").iterdir())
    service = next(unit for unit in units if unit.suffix == ".service").read_text()
    words = shlex.split(re.findall(r"^ExecStart=(.*)$", service, re.MULTILINE)[0])
    _accepts(words[1:])
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine: syntax not checked")
    for unit in units:
        shutil.copy(unit, tmp_path)
    paths = [str(tmp_path / unit.name) for unit in units]
    checked = subprocess.run(["systemd-analyze", "verify", *paths], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_cron_job_has_the_shape_kubernetes_asks_for() -> None:
    job = yaml.safe_load((CONFIGS / "kubernetes" / "cronjob.yaml").read_text())
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "CronJob")
    assert job["metadata"].keys() == {"name"}
    spec = job["spec"]
    assert spec.keys() <= {
        "schedule",
        "concurrencyPolicy",
        "startingDeadlineSeconds",
        "successfulJobsHistoryLimit",
        "failedJobsHistoryLimit",
        "jobTemplate",
    }
    cron(spec["schedule"])
    assert spec["concurrencyPolicy"] == "Forbid"
    pod = spec["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["restartPolicy"] in ("Never", "OnFailure")
    (container,) = pod["containers"]
    assert {mount["name"] for mount in container["volumeMounts"]} <= {volume["name"] for volume in pod["volumes"]}
    assert "command" not in container
    _accepts(["tracker-diag", *container["args"]])
    # As the image has it: its user, and the one folder that it writes to.
    image = (ROOT / "Dockerfile").read_text()
    assert f"\nUSER {container['securityContext']['runAsUser']}:" in image
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == re.findall(r"\bHOME=(\S+)", image)


def test_the_workflow_uses_the_action_on_a_schedule() -> None:
    workflow = yaml.safe_load((CONFIGS / "github" / "diagnose.yml").read_text())
    triggers = workflow[True]  # YAML 1.1 reads the key `on` as a truth value
    cron(triggers["schedule"][0]["cron"])
    (job,) = workflow["jobs"].values()
    (step,) = job["steps"]
    assert step.keys() == {"uses", "with"}
    assert step["with"].keys() <= yaml.safe_load((ROOT / "action.yml").read_text())["inputs"].keys()
    _accepts(["tracker-diag", "sweep", "--all", *shlex.split(step["with"]["args"])])


def test_the_gitlab_job_keeps_the_file_that_its_command_writes() -> None:
    (job,) = yaml.safe_load((CONFIGS / "gitlab" / "diagnose.yml").read_text()).values()
    (line,) = job["script"]
    words = shlex.split(line)
    _accepts(words)
    assert words[words.index("--output-file") + 1] == job["artifacts"]["reports"]["junit"]
    assert job["image"]["entrypoint"] == [""]


def test_all_name_the_version_that_this_is() -> None:
    found = {
        str(path.relative_to(CONFIGS)): re.findall(r"tracker-diag(?::|@v)(\d\S*)", path.read_text())
        for path in sorted(CONFIGS.rglob("*.y*ml"))
    }
    named = ["github/diagnose.yml", "gitlab/diagnose.yml", "kubernetes/cronjob.yaml"]
    assert {name: versions for name, versions in found.items() if versions} == {name: [__version__] for name in named}
