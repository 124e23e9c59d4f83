import numpy as np
import pytest

from tests.rules.runs import (
    CLASSES,
    SOUND,
    cause,
    changes,
    diverged,
    flat,
    found,
    guessing,
    healthy,
    judge,
    overfitting,
    ranked,
    slow,
)
from tracker_diag import Severity

NAME = "learning-rate-too-low"


def test_the_first_cause_of_a_slow_run_at_a_rate_below_the_usual():
    report = judge(slow(), {**SOUND, "lr": 1e-6})
    assert ranked(report)[0] == NAME
    assert found(report, "OP402").severity is Severity.WARNING


def test_among_the_first_of_a_slow_run_of_unknown_rate():
    assert NAME in ranked(judge(slow()))[:3]


@pytest.mark.parametrize(("optimizer", "rate"), [("adam", 1e-7), ("sgd", 1e-6), ("adadelta", 1e-3)])
def test_prescribes_a_usual_rate_of_the_optimiser_in_the_run_s_own_name(optimizer, rate):
    report = judge(slow(), {"num_classes": CLASSES, "optim": optimizer, "model.learning_rate": rate})
    ((name, (before, after)),) = changes(report, NAME).items()
    assert (name, before) == ("model.learning_rate", rate)
    assert 50 * rate <= after <= 3


def test_a_usual_rate_that_is_slow_is_raised():
    ((before, after),) = changes(judge(slow(), SOUND), NAME).values()
    assert before < after <= 10 * before


def test_a_rate_of_zero_is_raised_to_a_usual_one():
    report = judge(slow(), {**SOUND, "lr": 0.0})
    assert "the learning rate is zero" in cause(report, NAME).why
    ((name, (before, after)),) = changes(report, NAME).items()
    assert (name, before) == ("lr", 0)
    assert 1e-4 <= after <= 5e-3


def test_fine_tuning_takes_rates_ten_times_lower():
    why = {p: cause(judge(slow(), {**SOUND, "lr": 2e-5, "pretrained": p}), NAME).why for p in (True, False)}
    assert "lower than the lowest rate usual" in why[False]
    assert "lower than the lowest rate usual" not in why[True]


def test_a_model_that_is_mostly_fine_tuned_takes_them_too():
    why = {m: cause(judge(slow(), {**SOUND, "lr": 2e-5, "model": m}), NAME).why for m in ("bert-base-uncased", "mlp")}
    assert "lower than the lowest rate usual" in why["mlp"]
    assert "lower than the lowest rate usual" not in why["bert-base-uncased"]


@pytest.mark.parametrize("curves", [diverged(), overfitting()], ids=["came apart", "overfits"])
def test_not_first_where_the_rate_carried_the_run_away(curves):
    assert ranked(judge(curves, {**SOUND, "lr": 2e-5}))[0] != NAME


def test_a_rate_below_the_usual_on_a_healthy_run_is_at_most_info():
    assert judge(healthy(), {**SOUND, "lr": 1e-9}).severity.rank <= Severity.INFO.rank


def test_a_loss_that_never_left_while_the_answers_change_may_have_hardly_moved():
    hardly = cause(judge(guessing(), {"num_classes": 10}), NAME)
    assert "predictions change from one evaluation" in hardly.why
    assert hardly.score > cause(judge(flat(), {"num_classes": 10}), NAME).score


def test_rewards_have_no_rate_that_curves_of_losses_show():
    reward = 2 - 3 * np.exp(-np.arange(100) / 25) + 0.1 * np.sin(12.99 * np.arange(100) ** 2)
    params = {"learning_rate": 1.4e-5, "clip_range": 0.2, "gamma": 0.99, "num_classes": None}
    report = judge({"env/reward_mean": reward}, params)
    assert cause(report, NAME) is None
    assert report.severity.rank <= Severity.INFO.rank
