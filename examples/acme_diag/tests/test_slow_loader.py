from __future__ import annotations

from typing import Any

import acme_diag.slow_loader
import pytest

from tracker_diag import Report, Run, diagnose


def judged(waiting: list[float], whole: list[float]) -> Report:
    metrics: dict[str, Any] = {
        "data_time": list(enumerate(waiting)),
        "step_time": list(enumerate(whole)),
        "train_loss": [(step, 2.0 / (step + 1)) for step in range(20)],
    }
    return diagnose(Run.from_dict({"id": "r", "metrics": metrics}))


@pytest.mark.parametrize(("waiting", "found"), [(0.1, False), (0.29, False), (0.31, True), (0.9, True)])
def test_waiting_for_data_is_found(waiting: float, found: bool) -> None:
    report = judged([waiting] * 20, [1.0] * 20)
    said = [finding for finding in report.findings if finding.code == "AC101"]
    assert [finding.name for finding in said] == ["slow-loader"] * found
    assert all(f"{waiting:.0%} of a step" in finding.message for finding in said)


def test_a_first_slow_batch_and_times_that_are_not_finite_say_nothing() -> None:
    report = judged([50.0, float("nan"), *[0.1] * 18], [51.0, 1.0, 0.0, *[1.0] * 17])
    assert "AC101" not in {finding.code for finding in report.findings}


def test_without_times_it_says_what_to_log() -> None:
    (skip,) = [skip for skip in diagnose(Run.from_dict({"id": "r"})).skipped if skip.code == "AC101"]
    assert "data_time and step_time" in skip.what_to_log
    assert acme_diag.slow_loader.slow_loader.evidence == "B"
