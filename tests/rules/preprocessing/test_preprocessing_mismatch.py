import math

import numpy as np
import pytest

from tests.rules.runs import (
    EPOCHS,
    NOTHING,
    SOUND,
    both,
    cause,
    diverged,
    falling,
    flat,
    found,
    healthy,
    judge,
    noise,
    off_from_the_start,
    overfitting,
    ranked,
)
from tests.watched_runs import seen
from tracker_diag import Severity

NAME = "preprocessing-mismatch"


def test_the_first_cause_where_validation_is_off_from_the_first_epoch():
    report = judge(off_from_the_start(), SOUND)
    assert ranked(report)[0] == NAME
    assert found(report, "PP307").severity is Severity.WARNING
    assert "validation pipeline" in cause(report, NAME).prescription.text


def test_without_the_classes_too():
    assert NAME in ranked(judge(off_from_the_start(), {"num_classes": None}))[:3]


@pytest.mark.parametrize("curves", [healthy(), flat(), diverged()], ids=["healthy", "flat", "lost"])
def test_silent_where_both_see_the_same_or_nothing(curves):
    report = judge(curves, SOUND)
    assert cause(report, NAME) is None


def test_a_run_that_fell_together_and_parted_later_is_not_first():
    assert ranked(judge(overfitting(), {**SOUND, "n_train": 5000}))[0] != NAME


def test_needs_both_curves():
    curves = {n: v for n, v in off_from_the_start().items() if n == "train_loss"}
    assert cause(judge(curves, SOUND), NAME) is None


@pytest.mark.parametrize(("ends", "own"), [(8.5, False), (9.5, True)])
def test_a_validation_loss_that_training_never_had(ends, own):
    """In baselines: labels learned by heart end a few above knowing nothing, inputs far outside end many."""
    val = NOTHING * (1 + (ends - 1) * (1 - np.exp(-np.arange(EPOCHS) / 10)))
    curves = both(falling(0.2, 5) + noise(0.004, 1), val + noise(0.01, 2))
    why = cause(judge(curves, SOUND), NAME).why
    assert ("inputs far outside the training range" in why) == own
    assert ("other causes would show the same signs" in why) != own


def test_other_inputs_leave_a_guess_and_not_less():
    n = np.arange(EPOCHS)
    curves = off_from_the_start() | {"train_accuracy": 1 - 0.5 ** (n + 1), "val_accuracy": np.full(EPOCHS, 0.1)}
    guessed = cause(judge(curves, SOUND), "preprocessing-mismatch").score
    never = cause(judge(curves | {"val_accuracy": np.zeros(EPOCHS)}, SOUND), "preprocessing-mismatch")
    assert never is None or never.score < guessed


def fed(eval_mean=0.0, eval_deviation=1.0, mean=0.0, deviation=1.0, looks=20):
    return seen(looks, input_mean=mean, input_std=deviation, eval_input_mean=eval_mean, eval_input_std=eval_deviation)


@pytest.mark.parametrize("curves", [overfitting(), flat(), healthy()], ids=["overfits", "flat", "healthy"])
def test_the_first_cause_where_a_callback_saw_other_inputs_in_evaluation(curves):
    assert ranked(judge(curves, SOUND))[:1] != [NAME]
    report = judge({**curves, **fed(120.0, 60.0)}, SOUND)
    assert ranked(report)[0] == NAME
    assert found(report, "PP307").message == "network inputs are 0 ± 1 (mean ± std) in training, 120 ± 60 in evaluation"
    assert "network inputs are 0 ± 1 (mean ± std) in training, 120 ± 60 in evaluation" in cause(report, NAME).why


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({"eval_mean": 0.499}, False),
        ({"eval_mean": 0.5}, True),
        ({"eval_mean": -0.5}, True),
        ({"eval_mean": 0.9, "deviation": 2.0, "eval_deviation": 2.0}, False),
        ({"eval_deviation": 1.49}, False),
        ({"eval_deviation": 1.5}, True),
        ({"eval_deviation": 0.67}, False),
        ({"eval_deviation": 0.66}, True),
        # Constants have no deviations to count in.
        ({"deviation": 0.0, "eval_mean": 9.0}, False),
        ({"eval_deviation": 0.0}, False),
        ({"eval_mean": math.nan}, False),
        ({"mean": math.inf}, False),
    ],
    ids=str,
)
def test_how_far_inputs_may_differ(inputs, told):
    assert (cause(judge({**healthy(), **fed(**inputs)}, SOUND), NAME) is not None) == told


def test_a_warning_where_validation_stays_behind_and_less_where_it_keeps_up():
    behind, beside = (judge({**curves, **fed(120.0, 60.0)}, SOUND) for curves in (overfitting(), healthy()))
    assert found(behind, "PP307").severity is Severity.WARNING
    assert cause(beside, NAME).score < cause(behind, NAME).score
    assert "validation keeps up with training anyway" in cause(beside, NAME).why


@pytest.mark.parametrize(
    ("near", "far"),
    [
        ({"eval_mean": 0.99}, {"eval_mean": 1.0}),
        ({"eval_deviation": 2.99}, {"eval_deviation": 3.0}),
        ({"eval_deviation": 0.34}, {"eval_deviation": 0.33}),
    ],
)
def test_augmentation_changes_inputs_somewhat(near, far):
    somewhat, certain = (found(judge({**overfitting(), **fed(**at)}, SOUND), "PP307") for at in (near, far))
    assert certain.evidence["odds"] > 3 * somewhat.evidence["odds"]


@pytest.mark.parametrize(("blank", "explained"), [(0.15, False), (0.16, True)])
def test_blank_training_examples_make_the_difference(blank, explained):
    sides = {"train": {"rows": 1000, "constant_share": blank}, "validation": {"rows": 1000, "constant_share": 0.0}}
    named = cause(judge({**overfitting(), **fed(120.0, 60.0)}, SOUND, profile=sides), NAME)
    assert ("of the training examples are blank, which explains it" in named.why) == explained


def test_the_same_inputs_speak_against_it():
    plain = cause(judge(off_from_the_start(), SOUND), NAME)
    same = cause(judge({**off_from_the_start(), **fed()}, SOUND), NAME)
    assert same is None or same.score < plain.score


def described(p=0.8):
    """A profile in which all features of validation lie elsewhere; p of no relation across the sides."""
    held = {"rows": 1000, "rows_read": 1000, "relation": {"rows": 1000, "p": 0.001, "agreement": 0.8}}
    shift = {"tested": 8, "shifted": 8, "largest_ks": 0.9}
    return {"train": held, "validation": held, "shift": shift, "across": {"rows": 500, "p": p, "agreement": 0.7}}


def test_the_first_cause_where_a_profile_shows_other_inputs_in_validation():
    report = judge(overfitting(), SOUND, profile=described())
    assert ranked(report)[0] == NAME
    assert "different input distributions in training and validation" in cause(report, NAME).why


@pytest.mark.parametrize(("p", "told"), [(0.005, False), (0.006, True), (0.8, True)])
def test_not_where_neighbours_across_the_sides_share_their_labels(p, told):
    report = judge(overfitting(), SOUND, profile=described(p=p))
    assert ("the dataset profile shows" in cause(report, NAME).why) == told


def test_what_was_fed_is_surer_than_a_profile():
    report = judge({**overfitting(), **fed()}, SOUND, profile=described())
    assert "the dataset profile shows" not in str(cause(report, NAME))


def test_one_look_is_enough_and_needs_no_curves():
    assert ranked(judge(fed(120.0, 60.0, looks=1), SOUND))[0] == NAME
