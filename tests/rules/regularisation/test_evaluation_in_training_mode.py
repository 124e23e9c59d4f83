import math

import numpy as np
import pytest

from tests.rules.networks import network
from tests.rules.runs import EPOCHS, SHAPES, SOUND, both, cause, falling, found, judge, noise, ranked, skipped
from tests.watched_runs import seen
from tracker_diag import Severity

NAME = "evaluation-in-training-mode"
DROPOUT = {**SOUND, "dropout": 0.5}


def dropped(jitter=0.05, beside=1.03):
    """Training with the noise of dropout; validation beside it, with noise of its own."""
    course = falling(0.4, 12)
    return both(course * np.exp(noise(0.04, 1)), beside * course * np.exp(noise(jitter, 2)))


def jitter(values):
    return np.diff(np.log(values), 2).std() / math.sqrt(6)


def test_a_hint_where_validation_tracks_training_and_jitters_as_much():
    curves = dropped()
    report = judge(curves, DROPOUT)
    assert found(report, "RG805").severity is Severity.INFO
    why = cause(report, NAME).why
    ours, theirs = curves["train_loss"], curves["val_loss"]
    assert f"fluctuates {jitter(theirs) / jitter(ours):.3g} times as much" in why
    fall = ours[0] - ours.min()
    middle = (ours > ours[0] - 0.8 * fall) & (ours < ours[0] - 0.2 * fall)
    assert f"{np.median(theirs[middle] / ours[middle]):.3g} times as high half-way down" in why
    assert "dropout 0.5" in why


def test_layers_that_drop_units_count():
    model = network(64)
    model["layers"].insert(1, {"type": "Dropout", "rate": 0.4})
    assert "dropout 0.4" in cause(judge(dropped(), SOUND, model=model), NAME).why


def test_says_what_to_log_where_no_dropout_is_logged():
    assert "no dropout is logged" in skipped(judge(dropped(), SOUND), "RG805")


@pytest.mark.parametrize(
    "curves",
    [dropped(jitter=0.005), dropped(beside=0.7), dropped(beside=4.0)],
    ids=["a gap takes what the units gave", "noise of the rate alone", "far apart"],
)
def test_silent_where_only_one_of_both_is_seen(curves):
    assert cause(judge(curves, DROPOUT), NAME) is None


@pytest.mark.parametrize("rate", [0.0, 0.3])
def test_silent_where_dropout_hardly_shows(rate):
    assert cause(judge(dropped(), {**SOUND, "dropout": rate}), NAME) is None


def test_silent_on_few_evaluations():
    assert cause(judge({name: values[:6] for name, values in dropped().items()}, DROPOUT), NAME) is None


def test_the_unit_of_the_loss_does_not_matter():
    scaled = {name: 1000 * values for name, values in dropped().items()}
    assert cause(judge(scaled, {**DROPOUT, "num_classes": None}), NAME) is not None


@pytest.mark.parametrize("shape", sorted(set(SHAPES) - {"frozen", "diverged"}))
def test_at_most_a_hint_on_the_usual_curves(shape):
    told = found(judge(SHAPES[shape](), DROPOUT), "RG805")
    assert told is None or told.severity is Severity.INFO


def test_silent_on_a_network_that_learned_nothing():
    assert cause(judge(both(2.3 + noise(0.01, 1, EPOCHS), 2.3 + noise(0.01, 2, EPOCHS)), DROPOUT), NAME) is None


def seen_in(share, looks=20):
    return seen(looks, eval_in_training_mode=share)


@pytest.mark.parametrize("shape", ["gap", "swinging", "flat"])
def test_the_first_cause_where_a_callback_saw_it(shape):
    assert cause(judge(SHAPES[shape](), SOUND), NAME) is None
    report = judge({**SHAPES[shape](), **seen_in(1.0)}, SOUND)
    assert ranked(report)[0] == NAME
    assert found(report, "RG805").severity is Severity.WARNING
    assert "dropout or batch statistics were on in 100% of the logged evaluations" in cause(report, NAME).why


def test_silent_where_every_evaluation_was_in_its_mode_whatever_the_curves_look_like():
    assert cause(judge(dropped(), DROPOUT), NAME) is not None
    assert cause(judge({**dropped(), **seen_in(0.0)}, DROPOUT), NAME) is None


@pytest.mark.parametrize(
    ("share", "told"), [([1.0, 0.0], True), ([1.0, 0.0, 0.0], False), ([1.0], True), ([math.nan], False)], ids=str
)
def test_half_of_the_evaluations(share, told):
    assert (cause(judge({**SHAPES["gap"](), **seen_in(share)}, SOUND), NAME) is not None) == told


def test_it_needs_no_curves():
    assert ranked(judge(seen_in(1.0), SOUND))[0] == NAME
    assert "no training or no validation loss" in skipped(judge(seen(loss_scale=1.0), SOUND), "RG805")
