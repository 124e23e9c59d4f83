import numpy as np
import pytest

from tests.rules.runs import (
    EPOCHS,
    NOTHING,
    SOUND,
    both,
    cause,
    changes,
    falling,
    flat,
    found,
    healthy,
    held_down,
    judge,
    noise,
    overfitting,
    ranked,
)
from tracker_diag import Severity
from tracker_diag.core.numbers import times as said
from tracker_diag.rules.regularisation.regularisation_too_strong import Likelihoods

NAME = "regularisation-too-strong"


def test_the_first_cause_of_a_run_that_dropout_holds_down():
    report = judge(held_down(), {**SOUND, "net.dropout": 0.95})
    assert ranked(report)[0] == NAME
    assert found(report, "RG802").severity is Severity.WARNING
    assert changes(report, NAME) == {"net.dropout": (0.95, 0.2)}


def test_the_first_cause_of_a_run_that_decay_keeps_at_nothing():
    report = judge(flat(), {**SOUND, "weight_decay": 10.0})
    assert ranked(report)[0] == NAME
    assert changes(report, NAME) == {"weight_decay": (10.0, 1e-4)}


def test_both_are_lowered_where_both_are_strong():
    assert set(changes(judge(flat(), {**SOUND, "weight_decay": 10.0, "dropout": 0.95}), NAME)) == {
        "dropout",
        "weight_decay",
    }


def test_decoupled_decay_may_be_five_times_as_strong():
    assert cause(judge(flat(), {**SOUND, "optimizer": "adamw", "weight_decay": 0.3}), NAME) is None
    assert cause(judge(flat(), {**SOUND, "optimizer": "sgd", "weight_decay": 0.3}), NAME) is not None


@pytest.mark.parametrize("params", [{"dropout": 0.5}, {"weight_decay": 0.05}, {"dropout": 0.1, "weight_decay": 1e-4}])
def test_silent_with_the_usual_amounts(params):
    assert cause(judge(flat(), {**SOUND, **params}), NAME) is None


def test_a_run_that_overfits_is_not_held_down():
    assert ranked(judge(overfitting(), {**SOUND, "dropout": 0.7}))[0] != NAME


def test_leaves_of_trees_are_another_matter():
    assert cause(judge(flat(), {**SOUND, "l2_leaf_reg": 3, "depth": 6}), NAME) is None


@pytest.mark.parametrize("params", [{"dropout": 0.9}, {"weight_decay": 10.0}])
def test_on_a_healthy_run_it_is_at_most_info(params):
    assert judge(healthy(), {**SOUND, **params}).severity.rank <= Severity.INFO.rank


def noisy_training():
    """All that is learned is learned through noise that training alone is measured with."""
    curves = healthy(0.27)
    return {**curves, "train_loss": 2.6 * curves["train_loss"], "train_accuracy": 0.6 * curves["train_accuracy"]}


def test_training_far_above_validation_under_dropout_that_leaves_a_tenth():
    report = judge(noisy_training(), {**SOUND, "dropout": 0.9})
    assert ranked(report)[0] == NAME
    assert found(report, "RG802").severity is Severity.WARNING
    assert report.verdict == "good-fit", "nine tenths are learned all the same"
    unknown = judge(noisy_training(), {**SOUND, "num_classes": None, "dropout": 0.9})
    assert unknown.verdict == "underfitting"


@pytest.mark.parametrize(
    "params",
    [
        {"dropout": 0.3},
        {"dropout": 0.5},
        {"dropout": 0.7},
        {"optimizer": "adam", "weight_decay": 0.3, "mixup": 0.8},
        {"optimizer": "adam", "weight_decay": 0.3, "label_smoothing": 0.1},
        {"optimizer": "adam", "weight_decay": 0.3},
        {"optimizer": "lion", "weight_decay": 1.0},
    ],
)
def test_the_same_under_what_people_use_is_at_most_info(params):
    assert judge(noisy_training(), {**SOUND, **params}).severity.rank <= Severity.INFO.rank


def test_a_threshold_of_zero_makes_any_decay_strong():
    from tracker_diag import Run, diagnose
    from tracker_diag.settings.settings import parse_settings

    points = [[step, 2.3 - 0.001 * step] for step in range(30)]
    run = Run.from_dict(
        {"id": "r", "params": {"weight_decay": 0.1}, "metrics": {"train_loss": points, "val_loss": points}}
    )
    settings = parse_settings({"rules": {"RG802": {"thresholds": {"strong_decay": 0}}}})
    assert not [skip for skip in diagnose(run, settings).skipped if "failed" in skip.reason]


def penalised(times=6.0, end=1.02, level=NOTHING):
    """A penalty of the weights in the training loss alone; what is learned is nothing."""
    val = np.full(EPOCHS, level) + noise(level * 0.001, 2)
    train = level * (end + (times - end) * np.exp(-np.arange(EPOCHS) / 1.5)) + noise(level * 0.001, 1)
    return both(train, val)


@pytest.mark.parametrize("level", [NOTHING, 1000.0])
def test_a_penalty_that_only_the_training_loss_holds(level):
    curves = penalised(level=level)
    report = judge(curves, {"num_classes": None if level > 10 else 10})
    assert ranked(report)[0] == NAME
    times = curves["train_loss"][0] / curves["val_loss"][0]
    assert f"training loss starts at {said(times)} the validation loss" in cause(report, NAME).why


@pytest.mark.parametrize(
    "curves",
    [penalised(times=1.5), penalised(times=40.0), penalised(end=1.7), penalised(end=0.8), healthy()],
    ids=["hardly above", "it exploded", "stays far above", "ends below", "healthy"],
)
def test_no_penalty_where_training_does_not_come_down_to_a_validation_that_stands(curves):
    found_cause = cause(judge(curves, SOUND), NAME)
    assert found_cause is None or "penalty" not in found_cause.why


@pytest.mark.parametrize(("dropout", "told"), [(0.9, True), (0.8, False)])
def test_dropout_that_nobody_doubts_needs_less_of_the_curves(dropout, told):
    """Training, with its noise, ends a quarter above validation."""
    curves = both(falling(0.5, 4) + noise(0.004, 1), falling(0.4, 4) + noise(0.006, 2))
    finding = found(judge(curves, {**SOUND, "dropout": dropout}), "RG802")
    assert (Likelihoods.NOISY().text in finding.evidence["for"]) == told


def test_a_first_epoch_that_learns_the_shares_of_the_classes_is_no_penalty():
    """One in a hundred is positive: the loss falls from .3 to the entropy of the shares, where validation stands."""
    t = np.arange(30)
    curves = {
        "loss": 0.056 + 0.244 * np.exp(-t),
        "val_loss": 0.056 + 0.0002 * np.sin(t * t),
        "val_accuracy": np.full(30, 0.99),
    }
    told = cause(judge(curves, {"num_classes": None, "lr": 0.001, "optimizer": "adam"}), NAME)
    assert told is None or "penalty" not in told.why
