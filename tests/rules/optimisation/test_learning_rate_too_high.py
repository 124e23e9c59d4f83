import numpy as np
import pytest

from tests.rules.runs import (
    EPOCHS,
    SOUND,
    both,
    cause,
    changes,
    diverged,
    falling,
    found,
    healthy,
    judge,
    noise,
    ranked,
    swinging,
    undertrained,
)
from tracker_diag import Severity

NAME = "learning-rate-too-high"


@pytest.mark.parametrize("curves", [swinging(), diverged()], ids=["swings", "lost"])
def test_the_first_cause_of_a_run_that_comes_apart_at_a_rate_beyond_the_usual(curves):
    report = judge(curves, {**SOUND, "optimizer": "sgd", "lr": 30.0})
    assert ranked(report)[0] == NAME
    assert found(report, "OP401").severity is Severity.WARNING


def test_swings_at_an_unknown_rate_are_reason_enough_to_name_it_and_none_to_warn():
    report = judge(swinging())
    assert ranked(report)[0] == NAME
    assert changes(report, NAME) == {}
    assert found(report, "OP401") is None or found(report, "OP401").severity is Severity.INFO


@pytest.mark.parametrize(("optimizer", "rate"), [("adam", 0.5), ("sgd", 30.0), ("lion", 0.1), ("rmsprop", 1.0)])
def test_prescribes_a_usual_rate_of_the_optimiser_in_the_run_s_own_name(optimizer, rate):
    params = {"num_classes": 10, "opt.name": optimizer, "opt.lr": rate}
    ((name, (before, after)),) = changes(judge(swinging(), params), NAME).items()
    assert (name, before) == ("opt.lr", rate)
    assert 1e-5 <= after <= rate / 50


def test_a_usual_rate_that_proved_too_high_is_divided_by_ten():
    assert changes(judge(swinging(), {**SOUND, "lr": 4e-3}), NAME)["lr"] == (4e-3, pytest.approx(4e-4, rel=0.5))


@pytest.mark.parametrize(
    ("params"),
    [
        {"optimizer": "adadelta", "lr": 1.0},
        {"optimizer": "adagrad", "lr": 0.05},
        {"optimizer": "sgd", "lr": 0.3},
        {"optimizer": "sgd", "lr": 3.0, "batch_size": 4096},
    ],
    ids=["adadelta", "adagrad", "sgd", "scaled with the batch"],
)
def test_ranges_depend_on_the_optimiser_and_on_the_batch(params):
    named = cause(judge(swinging(), {**SOUND, **params}), NAME)
    assert named is not None
    assert "highest usual rate" not in named.why


def thrown_back():
    """Learns, loses more than a quarter of it for some epochs, and learns it again."""
    curves = healthy()
    for name in ("train_loss", "val_loss"):
        curves[name] = curves[name] + 0.7 * np.exp(-(((np.arange(EPOCHS) - 20) / 3) ** 2))
    return curves


def test_training_that_is_thrown_back_at_a_rate_beyond_the_usual():
    report = judge(thrown_back(), {**SOUND, "lr": 0.2})
    assert report.verdict == "unstable"
    assert ranked(report)[0] == NAME
    assert found(report, "OP401").severity is Severity.WARNING
    assert "training lost 28%" in cause(report, NAME).why


@pytest.mark.parametrize("said", ["named", "logged"])
def test_where_the_schedule_raises_the_rate_again_it_is_the_schedule_s_doing(said):
    curves, params = thrown_back(), {**SOUND, "lr": 0.02}
    assert judge(curves, params).verdict == "unstable"
    if said == "named":
        params["scheduler"] = "CosineAnnealingWarmRestarts"
    else:
        curves["lr"] = 0.01 * (1 + np.cos(np.pi * (np.arange(EPOCHS) % 15) / 15))
    report = judge(curves, params)
    assert report.verdict == "good-fit"
    assert report.severity.rank <= Severity.INFO.rank


def test_a_restart_of_the_schedule_at_a_usual_rate_is_no_warning():
    report = judge(thrown_back(), SOUND)
    assert report.verdict == "good-fit"
    assert report.severity.rank <= Severity.INFO.rank


def test_a_rate_beyond_the_usual_on_a_healthy_run_is_at_most_info():
    report = judge(healthy(), {**SOUND, "optimizer": "sgd", "lr": 30.0})
    assert report.severity.rank <= Severity.INFO.rank


def test_silent_where_the_curves_settle_at_a_usual_rate():
    assert cause(judge(healthy(), SOUND), NAME) is None


@pytest.mark.parametrize(("rate", "severity"), [(0.24, Severity.INFO), (0.3, Severity.WARNING)])
def test_a_rate_that_nobody_doubts_is_a_warning_where_the_rest_came_at_once(rate, severity):
    """Sixty times the highest usual rate of AdamW, and a loss that rests half-way from the third epoch on."""
    curves = both(falling(1.2, 1) + noise(0.004, 1), falling(1.22, 1) + noise(0.006, 2))
    report = judge(curves, {**SOUND, "optimizer": "adamw", "lr": rate})
    assert ranked(report)[0] == NAME
    assert found(report, "OP401").severity is severity
    if severity is Severity.WARNING:
        assert report.verdict == "underfitting"
        assert "came within 2% of the run" in cause(report, NAME).why


@pytest.mark.parametrize("curves", [healthy(0.02), undertrained()], ids=["learns all", "learns slowly"])
def test_a_rate_far_beyond_is_no_warning_where_the_run_learns(curves):
    report = judge(curves, {**SOUND, "optimizer": "adamw", "lr": 0.5})
    told = found(report, "OP401")
    assert told is None or told.severity is Severity.INFO
