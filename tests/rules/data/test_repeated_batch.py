import math

import numpy as np
import pytest

from tests.rules.runs import (
    EPOCHS,
    SHAPES,
    SOUND,
    both,
    cause,
    diverged,
    falling,
    flat,
    found,
    healthy,
    judge,
    memorised_at_once,
    overfitting,
    ranked,
    skipped,
)
from tests.watched_runs import seen
from tracker_diag import Severity

NAME = "repeated-batch"


@pytest.mark.parametrize("known", [{}, {"n_train": 50_000}], ids=["size unknown", "size known"])
def test_the_first_cause_where_training_is_at_nothing_at_once_and_validation_never_follows(known):
    report = judge(memorised_at_once(), {**SOUND, **known})
    assert ranked(report)[0] == NAME
    assert found(report, "DS202").severity is Severity.WARNING


def test_a_few_dozen_examples_are_soon_memorised():
    few = cause(judge(memorised_at_once(), {**SOUND, "n_train": 40}), NAME)
    many = cause(judge(memorised_at_once(), {**SOUND, "n_train": 50_000}), NAME)
    assert few is None or few.score < many.score / 2


@pytest.mark.parametrize("curves", [healthy(), flat(), diverged()], ids=["healthy", "flat", "lost"])
def test_silent_where_validation_follows_or_nothing_is_memorised(curves):
    assert cause(judge(curves, {**SOUND, "n_train": 50_000}), NAME) is None


def test_not_among_the_first_where_both_fell_together_before():
    assert NAME not in ranked(judge(overfitting(), {**SOUND, "n_train": 50_000}))[:3]


def test_trees_see_no_batches():
    assert cause(judge(memorised_at_once(), {**SOUND, "booster": "gbtree"}), NAME) is None


def overfitted(epochs=EPOCHS, pace=2.0):
    """Both fall together, then training learns by heart and validation stays far above it."""
    train = falling(0.01, pace, epochs)
    return both(train, np.maximum(train, 0.6) + 0.015 * np.arange(epochs))


def test_hardly_where_validation_fell_beside_training_until_half_way():
    named = cause(judge(overfitted(), SOUND), NAME)
    assert named is None or "validation was level with training when training was halfway down" in named.why
    assert ranked(judge(overfitted(), SOUND))[0] != NAME


def test_a_few_per_cent_of_many_epochs_are_not_at_once():
    """Half-way after five epochs, in a twentieth of the run."""
    train = falling(0.01, 7.5, 120)
    report = judge(both(train, np.maximum(1.6, falling(1.5, 4, 120))), {**SOUND, "epochs": 120})
    named = cause(report, NAME)
    assert named is None or "half of its improvement in the first" not in named.why


def test_a_pretrained_network_memorises_soon():
    plain = cause(judge(memorised_at_once(), SOUND), NAME).score
    tuned = cause(judge(memorised_at_once(), {**SOUND, "pretrained": True}), NAME)
    assert tuned is None or tuned.score < plain


def test_one_batch_by_heart_does_not_make_validation_worse_than_guessing():
    n = np.arange(EPOCHS)
    curves = memorised_at_once() | {"train_accuracy": 1 - 0.5 ** (n + 1), "val_accuracy": np.full(EPOCHS, 0.3)}
    guessed = cause(judge(curves, SOUND), NAME).score
    never = cause(judge(curves | {"val_accuracy": np.zeros(EPOCHS)}, SOUND), NAME)
    assert never is None or never.score < guessed


def test_one_batch_by_heart_does_not_make_validation_begin_far_off():
    curves = memorised_at_once()
    near = cause(judge(curves, SOUND), NAME).score
    far = cause(judge(curves | {"val_loss": 30 * curves["val_loss"]}, SOUND), NAME)
    assert far is None or far.score < near


@pytest.mark.parametrize("shape", ["swinging", "flat", "slow"])
def test_the_first_cause_where_a_callback_saw_batches_again(shape):
    assert ranked(judge(SHAPES[shape](), SOUND))[:1] != [NAME]
    report = judge({**SHAPES[shape](), **seen(batches_repeated=0.97)}, SOUND)
    assert ranked(report)[0] == NAME
    assert found(report, "DS202").severity is Severity.WARNING
    assert "97% of the batches had already appeared in the same epoch" in cause(report, NAME).why


@pytest.mark.parametrize(("share", "told"), [(0.3, False), (0.301, True)])
def test_more_batches_than_come_again_by_chance(share, told):
    assert (cause(judge({**healthy(), **seen(batches_repeated=share)}, SOUND), NAME) is not None) == told


def test_batches_that_never_come_again_clear_it():
    known = {**SOUND, "n_train": 50_000}
    plain = cause(judge(memorised_at_once(), known), NAME)
    cleared = cause(judge({**memorised_at_once(), **seen(batches_repeated=0.0)}, known), NAME)
    assert cleared is None or cleared.score < 0.2 < 0.9 < plain.score


def test_a_few_that_came_again_say_nothing():
    curves = memorised_at_once()
    plain, watched = (cause(judge(c, SOUND), NAME) for c in (curves, {**curves, **seen(batches_repeated=0.1)}))
    assert watched == plain


def test_looks_at_batches_need_no_curves():
    assert ranked(judge(seen(1, batches_repeated=1.0), SOUND))[0] == NAME
    assert "no training loss" in skipped(judge(seen(batches_repeated=math.nan), SOUND), "DS202")
