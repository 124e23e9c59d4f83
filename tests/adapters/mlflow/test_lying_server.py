"""Whatever a server answers, a sweep ends with one line that names what happened, and harms nothing."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.adapters.mlflow.lying import BAD, FOREIGN, GOOD, LIES, PASSWORD, Handler, Lie, Serving, changes, lying, says
from tracker_diag.adapters.address import shown_address
from tracker_diag.adapters.base import (
    AwayError,
    DeniedError,
    Diagnosis,
    Failure,
    Listing,
    Query,
    TrackerError,
    without_files,
)
from tracker_diag.adapters.guard import find_one
from tracker_diag.adapters.mlflow import answer, connect, http
from tracker_diag.adapters.mlflow.refusals import ATTEMPTS
from tracker_diag.cli import app
from tracker_diag.cli.console import QUIET
from tracker_diag.core.run import InvalidRunError, Run

Sweep = Callable[[Serving], Result]


@pytest.fixture
def sweep(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sweep]:
    """A sweep over everything as a user starts it, but for the time it waits."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    monkeypatch.setattr(answer, "WINDOW", 1.0)
    monkeypatch.setattr(http, "_CONNECT", 0.5)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "3")
    environment, levels = dict(os.environ), {name: logging.getLogger(name).level for name in QUIET}

    def run(serving: Serving) -> Result:
        result = CliRunner().invoke(app, ["sweep", "--all", "--tracking-uri", serving.uri])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    yield run
    os.environ.clear()
    os.environ.update(environment)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def _diagnosed(serving: Serving) -> set[str]:
    return {run for run, tags in serving.truth.tags.items() if "diag.fingerprint" in tags}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_lie_ends_in_one_line(sweep: Sweep, lie: Lie) -> None:
    with lying(lie) as serving:
        result = sweep(serving)
    assert result.exit_code == lie.code, result.output
    assert "Traceback" not in result.output
    assert PASSWORD not in result.output
    assert "\x1b" not in result.output
    lines = [line for line in result.output.splitlines() if re.search(lie.says, line)]
    assert len([line for line in lines if not line.startswith("WARNING: ")]) == 1, result.output
    if lie.code == 3:
        assert [line for line in result.stderr.splitlines() if line.startswith("error: ")] == lines
    if lie.alone:
        assert _diagnosed(serving) >= set(GOOD)


def test_the_truth_is_believed(sweep: Sweep) -> None:
    with lying(None) as serving:
        result = sweep(serving)
    assert result.exit_code == 0, result.output
    assert _diagnosed(serving) == {*GOOD, BAD}


def test_a_server_that_stores_no_files_gets_its_tags(sweep: Sweep) -> None:
    disabled = b"Endpoint: /api disabled due to the mlflow server running with `--no-serve-artifacts`. To enable"
    refuses = Lie("(GET|PUT) .*mlflow-artifacts", says(disabled, 501), 0, "serves no artifacts")
    with lying(refuses) as serving:
        result = sweep(serving)
    assert result.exit_code == 0, result.output
    assert "serves no artifacts" in result.output
    assert _diagnosed(serving) == {*GOOD, BAD}


# What a sweep does not ask for


def _runs_get(change: Callable[[dict[str, Any]], Any]) -> Lie:
    return Lie("GET .*/runs/get", changes(change), 3, "")


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        (
            _runs_get(lambda answer: answer["run"]["info"].update(run_id=FOREIGN)),
            f"answered with another run than {BAD}",
        ),
        (_runs_get(lambda answer: answer.pop("run") and None), "run: an object is needed"),
        (_runs_get(lambda answer: {"run": [1]}), "run: an object is needed"),
        (Lie("GET .*/experiments/get", says({"experiment": 3}), 3, ""), "something other than an experiment"),
        (Lie("GET .*/experiments/get", says(None), 3, ""), "JSON that is not an object"),
    ],
)
def test_one_run_is_looked_up_as_carefully(lie: Lie, reason: str) -> None:
    with lying(lie) as serving:
        adapter = connect(serving.uri)
        with pytest.raises(TrackerError, match=reason):
            find_one(adapter, BAD)
        if "runs/get" in lie.on:
            with pytest.raises((TrackerError, InvalidRunError), match=reason):
                adapter.write(BAD, Diagnosis({"verdict": "ok"}, {}, "f"))
    assert serving.truth.tags[BAD] == {}


def test_runs_that_were_not_asked_for_are_left_aside() -> None:
    foreign = Lie(
        "POST .*/runs/search.*run_id IN", changes(lambda x: x["runs"][0]["info"].update(run_id=FOREIGN)), 4, ""
    )
    with lying(foreign) as serving:
        loaded = list(connect(serving.uri).load_runs([*GOOD, BAD]))
    assert {run.id for run in loaded if isinstance(run, Run)} == {*GOOD[1:], BAD}
    assert [run for run in loaded if isinstance(run, Failure)] == [Failure(GOOD[0], "no such run, or it was deleted")]


@pytest.mark.parametrize("name", ["401 in the middle", "503 in the middle"])
def test_what_concerns_the_server_ends_the_reading(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    with lying(LIES[name]) as serving, pytest.raises(AwayError):
        list(connect(serving.uri).load_runs([*GOOD, BAD]))


def test_a_listing_tells_where_the_artifacts_are() -> None:
    with lying(None) as serving:
        listings = list(connect(serving.uri).list_runs(Query(everything=True)))
    assert {listing.store for listing in listings if isinstance(listing, Listing)} == {
        f"mlflow-artifacts:/1/{run}/artifacts through {shown_address(serving.uri)}" for run in (*GOOD, BAD)
    }


@pytest.mark.parametrize(
    "address", ["mlflow-artifacts:/../../mlflow/x", "http://[x", "/no/such/folder/here", "nosuch://x"]
)
def test_an_address_that_leads_nowhere_gets_no_files(address: str) -> None:
    lie = Lie("GET .*/runs/get", changes(lambda x: x["run"]["info"].update(artifact_uri=address)), 0, "")
    with lying(lie) as serving:
        reason = connect(serving.uri).write(BAD, Diagnosis({"verdict": "ok"}, {"report.json": b"{}"}, "f"))
    assert reason
    assert serving.truth.files == {}
    marked = without_files("f", f"{address} through {shown_address(serving.uri)}")
    assert serving.truth.tags[BAD] == {"diag.verdict": "ok", "diag.fingerprint": marked}


def test_a_run_that_may_not_be_written_to_is_told_from_others() -> None:
    for on in ("POST .*/log-batch", "PUT .*"):
        with lying(Lie(on, says({}, 403), 3, "")) as serving, pytest.raises(DeniedError):
            connect(serving.uri).write(BAD, Diagnosis({"verdict": "ok"}, {"report.json": b"{}"}, "f"))
        assert "diag.fingerprint" not in serving.truth.tags[BAD]


def test_a_store_that_is_away_is_not_asked_for_every_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    asked: list[str] = []

    def away(handler: Handler, truth: Any) -> None:
        asked.append(handler.path)
        says({}, 503)(handler, truth)

    with lying(Lie("GET .*mlflow-artifacts", away, 0, "")) as serving:
        loaded = list(connect(serving.uri).load_runs([*GOOD, BAD]))
    assert {run.id for run in loaded if isinstance(run, Run)} == {*GOOD, BAD}
    assert len(asked) == ATTEMPTS
