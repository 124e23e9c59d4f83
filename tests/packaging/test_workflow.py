"""The workflow that releases: it parses, and calls only what is there."""

from __future__ import annotations

import os
import re
import subprocess
from typing import Any

import pytest
import yaml

from tests.copies import ROOT
from tracker_diag.core.version import __version__

# YAML takes `on` for a truth value.
WORKFLOW: dict[Any, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8"))
JOBS: dict[str, dict[str, Any]] = WORKFLOW["jobs"]
STEPS = [step for job in JOBS.values() for step in job["steps"]]


def test_tags_release_and_nothing_else_does() -> None:
    assert WORKFLOW[True] == {"push": {"tags": ["v*"]}}


def test_only_the_job_that_publishes_may_prove_who_it_is() -> None:
    assert WORKFLOW["permissions"] == {}
    assert JOBS["build"]["permissions"] == {"contents": "read"}
    assert JOBS["publish"]["permissions"] == {"id-token": "write"}
    assert JOBS["publish"]["environment"]["name"] == "pypi"
    # It runs nothing of the repository.
    assert all("uses" in step for step in JOBS["publish"]["steps"])
    assert "secrets" not in str(WORKFLOW)


def test_jobs_steps_and_scripts_are_there() -> None:
    assert {need for job in JOBS.values() for need in [job.get("needs")] if need} <= JOBS.keys()
    for step in STEPS:
        assert ("uses" in step) != ("run" in step)
        assert re.fullmatch(r"[\w-]+/[\w-]+@[\w./]+", step.get("uses", "a/b@v1"))
        for path in re.findall(r"\b(?:scripts|tracker_diag)/[\w./]+", step.get("run", "")):
            assert (ROOT / path).is_file(), path
    (script,) = [step["run"] for step in STEPS if step.get("run", "").startswith("scripts/")]
    assert script == "scripts/package"
    assert (ROOT / script).stat().st_mode & 0o111


def test_what_is_published_is_what_was_built() -> None:
    given, taken = [step["with"] for step in STEPS if "artifact@" in step.get("uses", "")]
    assert (given["name"], given["path"]) == (taken["name"], taken["path"]) == ("dist", "dist/")


@pytest.mark.parametrize(("tag", "code"), [(f"v{__version__}", 0), (__version__, 1), (f"v{__version__}.1", 1)])
def test_a_tag_that_is_not_the_version_stops_the_release(tag: str, code: int) -> None:
    (check,) = [step["run"] for step in STEPS if "GITHUB_REF_NAME" in step.get("run", "")]
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", check], cwd=ROOT, env={**os.environ, "GITHUB_REF_NAME": tag}, check=False
    )
    assert done.returncode == code
