import numpy as np
import pytest

from tests.rules.networks import network
from tests.rules.runs import (
    EPOCHS,
    NOTHING,
    SHAPES,
    SOUND,
    both,
    cause,
    fallen_to_nothing,
    falling,
    found,
    held_down,
    high_level,
    judge,
    noise,
    ranked,
    skipped,
)
from tracker_diag import Severity

NAME = "augmentation-too-strong"


def hard(end=2.0, val=1.2):
    """Training, augmented, stays near knowing nothing; validation does not."""
    accuracy = 0.8 - 0.7 * np.exp(-np.arange(EPOCHS) / 6)
    return both(falling(end, 6) + noise(0.01, 1), falling(val, 6) + noise(0.01, 2), None, accuracy + noise(0.004, 4))


def drowned():
    """Training rests at knowing nothing, validation a little below."""
    fall = NOTHING * (1 + 0.5 * np.exp(-np.arange(EPOCHS) / 2))
    return both(fall + noise(0.004, 1), NOTHING * 0.97 + noise(0.004, 2), None, 0.3 + noise(0.02, 4))


def test_the_first_cause_where_training_stays_hard_and_validation_is_easy():
    report = judge(hard(), {**SOUND, "augmentation": True})
    assert ranked(report)[0] == NAME
    curves = hard()
    train, val = (1 - curves[name][-6:].mean() / NOTHING for name in ("train_loss", "val_loss"))
    assert f"training loss (augmented) ends only {train:.0%} below chance level" in cause(report, NAME).why
    assert f"validation loss (not augmented) {val:.0%}" in cause(report, NAME).why


@pytest.mark.parametrize("given", [{"augment_std": 6.0}, {"augmentation": "strong"}, {"aug": "heavy"}], ids=str)
def test_a_warning_where_it_calls_itself_strong(given):
    report = judge(hard(), {**SOUND, **given})
    assert found(report, "RG804").severity is Severity.WARNING
    assert next(iter(given)) in cause(report, NAME).prescription.text


def test_noise_below_the_spread_of_a_scaled_input_is_not_strong():
    assert "augment_std is" not in cause(judge(hard(), {**SOUND, "augment_std": 0.9}), NAME).why


def test_before_a_random_relation_where_validation_learned_although_training_did_not():
    names = ranked(judge(drowned(), {**SOUND, "augment_std": 3.0}))
    assert names[0] == NAME
    assert "validation accuracy is 3" in cause(judge(drowned(), {**SOUND, "augment_std": 3.0}), NAME).why


def test_before_too_strong_a_regularisation_where_only_augmentation_is_logged():
    names = ranked(judge(held_down(), {**SOUND, "augmentation": True}))
    assert names[0] == NAME
    assert "regularisation-too-strong" not in names


@pytest.mark.parametrize("other", [{"dropout": 0.7}, {"mixup": 0.8}, {"label_smoothing": 0.1}], ids=str)
def test_what_else_holds_training_back_speaks_against_it(other):
    alone = cause(judge(hard(), {**SOUND, "augmentation": True}), NAME).score
    beside = cause(judge(hard(), {**SOUND, "augmentation": True, **other}), NAME)
    assert beside is None or beside.score < alone


def test_layers_that_augment_count():
    model = network(64)
    model["layers"].insert(0, {"type": "RandomRotation", "factor": 0.5})
    assert cause(judge(hard(), SOUND, model=model), NAME) is not None


def test_says_what_to_log_where_no_augmentation_is_logged():
    assert "no augmentation is logged" in skipped(judge(hard(), SOUND), "RG804")


def test_silent_where_it_is_switched_off():
    assert cause(judge(hard(), {**SOUND, "augmentation": False}), NAME) is None


@pytest.mark.parametrize(
    "curves", [hard(end=1.0, val=0.6), high_level(), fallen_to_nothing()], ids=["learned", "both", "flat"]
)
def test_silent_where_training_came_down_or_validation_is_no_easier(curves):
    assert cause(judge(curves, {**SOUND, "augmentation": True}), NAME) is None


def test_silent_where_the_uninformed_loss_is_unknown():
    assert cause(judge(hard(), {"num_classes": None, "augmentation": True}), NAME) is None


@pytest.mark.parametrize("shape", sorted(set(SHAPES) - {"held_down"}))
def test_silent_on_the_usual_curves(shape):
    assert cause(judge(SHAPES[shape](), {**SOUND, "augmentation": True}), NAME) is None
