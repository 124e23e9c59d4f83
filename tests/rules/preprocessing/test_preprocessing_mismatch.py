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
    assert ("inputs far outside of training" in why) == own
    assert why.startswith("not excluded") != own


def test_other_inputs_leave_a_guess_and_not_less():
    n = np.arange(EPOCHS)
    curves = off_from_the_start() | {"train_accuracy": 1 - 0.5 ** (n + 1), "val_accuracy": np.full(EPOCHS, 0.1)}
    guessed = cause(judge(curves, SOUND), "preprocessing-mismatch").score
    never = cause(judge(curves | {"val_accuracy": np.zeros(EPOCHS)}, SOUND), "preprocessing-mismatch")
    assert never is None or never.score < guessed
