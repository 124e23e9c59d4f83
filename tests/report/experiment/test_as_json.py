from __future__ import annotations

import json

import pytest

from tests.report.experiment.conftest import large, nothing, payloads
from tracker_diag.core.plain import plain
from tracker_diag.report.experiment.as_json import SCHEMA_VERSION, render
from tracker_diag.report.experiment.overview import Overview


def refuse(word: str) -> None:
    raise AssertionError(word)


def test_it_is_strict_and_the_same_each_time(overview: Overview) -> None:
    text = render(overview)
    data = json.loads(text, parse_constant=refuse)
    assert data["schema_version"] == SCHEMA_VERSION
    assert len(data["runs"]) == len(overview.rows)
    assert render(overview) == text
    text.encode()


def test_values_that_are_not_finite_are_words() -> None:
    outcomes = [run["outcome"] for run in json.loads(render(payloads()))["runs"]]
    assert outcomes == [None, "NaN", "Infinity", "-Infinity", 1e308, -1e-308, 0.0]


def test_counts_and_effects_are_those_of_the_page() -> None:
    overview = large()
    data = json.loads(render(overview))
    assert data["severities"] == dict(overview.severities)
    assert sum(sum(p["verdicts"].values()) for p in data["over_time"]) == 2000
    assert data["seconds"]["lost"] == pytest.approx(overview.spent.lost)
    assert data["effects"]["contrasts"][0]["interval"] == [0.92, 1.7]
    assert data["effects"]["contrasts"][-1]["interval"] == ["-Infinity", "Infinity"]
    assert data["effects"]["aliased"] == [["width", "hidden_units"]]
    assert data["parameters"] == [*overview.parameters]
    assert data["compared_runs"] == 1990
    for run, row in zip(data["runs"], overview.rows, strict=True):
        assert run["params"] == {name: plain(value) for name, value in row.params.items()}
    assert data["outcome"] == {"metric": "validation loss", "unit": "nats", "better": "min"}


def test_what_is_not_known_is_null() -> None:
    data = json.loads(render(nothing()))
    assert (data["as_of"], data["outcome"], data["effects"], data["runs"]) == (None, None, None, [])


def test_no_secret_gets_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hunter2hunter2")
    assert "hunter2" not in render(Overview("at hunter2hunter2", "http://me:pass@host"))
