"""HY005 steps-restart."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from tests.rules.runs import found, healthy, judge
from tests.timeline.logs import FloatArray, Points, a_run, anew, falling, noisy, points
from tracker_diag import Finding, Report, diagnose


def report_of(values: FloatArray, steps: Iterable[float], **more: Points) -> Report:
    return diagnose(a_run(train_loss=points(values, steps), **more))


def said(report: Report) -> Finding:
    finding = found(report, "HY005")
    assert finding is not None
    assert finding.severity == "info"
    assert "step" in finding.advice
    return finding


def test_epochs_are_joined_and_it_is_said_once() -> None:
    curve = noisy(falling(125), 0, 0.02)
    report = report_of(curve, anew(25, 5), val_loss=points(curve + 0.05, anew(25, 5)))
    finding = said(report)
    assert finding.message == (
        "steps of train_loss restart 4 times, the last time from 24 to 0; the parts were joined, because train_loss "
        f"continued near its last value instead of starting again ({curve[99]:.4g} before the restart, "
        f"{curve[100]:.4g} after it, {curve[0]:.4g} at the start of the run)"
    )
    assert finding.evidence["restarts"] == 4
    assert (finding.evidence["judged"], finding.evidence["logged"]) == (125, 125)
    assert found(report, "HY004") is None
    assert found(report, "HY006") is None
    assert report.verdict == "good-fit"


@pytest.mark.parametrize("share", [0.02, 0.05, 0.1])
@pytest.mark.parametrize("times", [2, 5, 10])
def test_no_noise_of_this_size_makes_a_fault_of_sound_epochs(share: float, times: int) -> None:
    """Sorted by step, the first epoch would be mixed with the last."""
    curve = noisy(falling(25 * times), 1, share)
    assert said(report_of(curve, anew(25, times)))
    report = report_of(curve, anew(25, times))
    assert report.severity == "info"
    assert report.verdict == diagnose(a_run(train_loss=points(curve, range(25 * times)))).verdict


@pytest.mark.parametrize("overlap", [3, 10])
def test_a_resumed_run_says_which_values_count(overlap: int) -> None:
    steps = np.append(np.arange(40), np.arange(40 - overlap, 80))
    finding = found(report_of(noisy(falling(80)[steps], 0, 0.01), steps), "HY005")
    assert finding is not None
    assert finding.message == (
        f"steps of train_loss go back from 39 to {40 - overlap}: the run was resumed; where a step has two values, "
        f"the later is used (80 of {80 + overlap} values remain)"
    )
    assert finding.advice == ""
    assert finding.severity == "ok"


def test_where_neither_is_shown_the_longest_stretch_is_judged() -> None:
    finding = said(report_of(np.full(70, 2.3), np.append(np.arange(30), np.arange(40))))
    assert "it is unclear whether the training continued or another one began" in finding.message
    assert finding.message.endswith(
        "only the longest part is judged, or the last of equally long ones (40 of 70 values)"
    )


def test_many_values_a_step_are_said() -> None:
    report = report_of(noisy(falling(2000), 0, 0.02), np.repeat(np.arange(10), 200))
    assert said(report).message == "train_loss: 200 values per step, taken in the order of logging"
    assert report.verdict == "good-fit"


def test_several_such_metrics_are_counted() -> None:
    crowd = points(noisy(falling(500), 1, 0.02), np.repeat(np.arange(10), 50))
    report = report_of(noisy(falling(2000), 0, 0.02), np.repeat(np.arange(10), 200), val_loss=crowd)
    assert said(report).message.startswith("train_loss and 1 other metric: 200 values")


def test_silent_where_a_framework_repeats_itself() -> None:
    curve = noisy(falling(60), 0, 0.02)
    every = points(curve, range(60))
    epoch = points(np.repeat(np.arange(60), 2), np.repeat(np.arange(60), 2))
    run = a_run(loss=[*every, every[0]], val_loss=every, validation_loss=points(curve, [0] * 60), epoch=epoch)
    for code in ("HY004", "HY005", "HY006", "HY007"):
        assert found(diagnose(run), code) is None, code


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy()), "HY005") is None
