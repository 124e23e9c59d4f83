from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from tests.sweeping.formats.conftest import CNN, HEALTHY, HOSTILE, SWEPT, TEXTS, again, hostile
from tracker_diag.core.finding import Severity
from tracker_diag.core.outgoing import clean
from tracker_diag.sweeping.document import Asked
from tracker_diag.sweeping.formats.json import render, to_dict
from tracker_diag.sweeping.result import Swept

ASKED = Asked("MLflow at http://127.0.0.1:5000", Severity.ERROR)


def read(swept: Swept) -> dict[str, Any]:
    return dict(json.loads(render(swept, ASKED)))


def test_snapshot() -> None:
    data = read(replace(SWEPT, rows=(CNN,)))
    assert data == {
        "schema_version": 1,
        "version": data["version"],
        "tracker": "MLflow at http://127.0.0.1:5000",
        "fail_on": "error",
        "worst": "error",
        "severities": {"error": 1},
        "verdicts": {"diverged": 1},
        "runs": [
            {
                "id": CNN.id,
                "name": "cnn, lr=0.1",
                "experiment": "vision",
                "link": CNN.link,
                "verdict": "diverged",
                "severity": "error",
                "cause": "exploding-gradients",
                "summary": CNN.summary,
                "findings": ["LC108", "HY003"],
                "fails": True,
                "accepted": False,
                "before": None,
            }
        ],
        "failures": [{"id": "dead", "reason": "metrics.csv: no such file"}],
        "sweep": {
            "diagnosed": 1,
            "unchanged": 0,
            "failed": 1,
            "not_reached": 0,
            "new": [CNN.id],
            "wasted_hours": 2.0,
            "wasted_gpu_hours": 4.0,
            "seconds": 1.5,
            "error": None,
            "stopped": False,
        },
    }


def test_a_second_sweep_differs_in_what_is_of_that_sweep_alone() -> None:
    first, second = read(SWEPT), read(again(SWEPT))
    assert first.pop("sweep")["diagnosed"] == 3
    assert second.pop("sweep")["unchanged"] == 3
    assert first == second


def test_what_is_not_known_is_null() -> None:
    (run,) = to_dict(Swept(standing=(replace(HEALTHY, verdict="", experiment=""),)))["runs"]
    assert (run["name"], run["experiment"], run["link"], run["verdict"], run["cause"]) == (None,) * 5


def test_no_secret_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hunter2")
    assert "hunter2" not in render(hostile("http://bob:hunter2@h/x hunter2"), Asked("http://bob:hunter2@h"))


@given(TEXTS | TEXTS.map(lambda x: HOSTILE + x))
def test_every_text_is_one_line_once_it_is_read(text: str) -> None:
    (run,) = read(hostile(text))["runs"]
    assert all(clean(x) == x for x in run.values() if isinstance(x, str))
