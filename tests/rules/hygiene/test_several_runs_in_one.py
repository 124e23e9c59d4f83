"""HY006 several-runs-in-one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rules.runs import found, healthy, judge, overfitting
from tests.timeline.logs import a_run, anew, falling, noisy, points
from tracker_diag import diagnose


def test_the_last_of_three_is_judged() -> None:
    curve = noisy(np.tile(falling(30), 3), 0, 0.02)
    report = diagnose(a_run(train_loss=points(curve, anew(30, 3)), val_loss=points(curve + 0.05, anew(30, 3))))
    finding = found(report, "HY006")
    assert finding is not None
    assert finding.severity == "info"
    assert finding.message == (
        f"3 training runs were logged as one: after step 29, train_loss jumps from {curve[59]:.4g} to {curve[60]:.4g}, "
        f"about its first value ({curve[30]:.4g}); only the last one is judged (30 of 90 values)"
    )
    assert finding.evidence == {"metric": "train_loss", "trainings": 3, "judged": 30, "logged": 90}
    assert found(report, "HY005") is None
    assert found(report, "HY004") is None
    assert report.verdict == "good-fit"


@pytest.mark.parametrize("order", [(healthy, overfitting), (overfitting, healthy)])
def test_the_verdict_is_that_of_the_last(order: tuple[object, object]) -> None:
    first, last = (f() for f in order if callable(f))
    both = {name: np.append(first[name], last[name]) for name in first}
    report = diagnose(a_run(**{name: points(values, anew(60, 2)) for name, values in both.items()}))
    assert found(report, "HY006") is not None
    assert report.verdict == diagnose(a_run(**{n: points(v, range(60)) for n, v in last.items()})).verdict


def test_where_steps_rise_the_epoch_tells() -> None:
    epoch = points(anew(40, 2), range(80))
    trained = {2: np.tile(falling(40), 2), 1: falling(80)}
    for trainings, whole in trained.items():
        curve = points(noisy(whole, 0, 0.02), range(80))
        finding = found(diagnose(a_run(train_loss=curve, epoch=epoch)), "HY006")
        assert (finding is not None) == (trainings == 2)


def test_silent_where_the_training_went_on() -> None:
    assert found(diagnose(a_run(train_loss=points(noisy(falling(80), 0), anew(40, 2)))), "HY006") is None


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy()), "HY006") is None
