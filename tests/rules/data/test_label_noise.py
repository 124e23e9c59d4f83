import pytest

from tests.rules.runs import (
    SOUND,
    both,
    cause,
    changes,
    diverged,
    falling,
    flat,
    healthy,
    judge,
    noise,
    overfitting,
    ranked,
)

NAME = "label-noise"


def above():
    """Training stays above validation, at half of the uninformed loss."""
    return both(falling(1.2, 4) + noise(0.004, 1), falling(0.8, 4) + noise(0.006, 2))


def test_the_first_cause_where_much_data_are_learned_by_heart_after_the_rule():
    report = judge(overfitting(), {**SOUND, "n_train": 20_000})
    assert ranked(report)[0] == NAME
    assert set(changes(report, NAME)) == {"epochs"}
    assert changes(report, NAME)["epochs"][1] <= 22


def test_with_few_examples_memorising_needs_no_errors():
    few = cause(judge(overfitting(), {**SOUND, "n_train": 200}), NAME)
    assert few is None or few.score < 0.1


def test_training_that_stays_above_validation_without_anynoise_of_its_own():
    assert NAME in ranked(judge(above(), {**SOUND, "dropout": 0.0}))[:3]


@pytest.mark.parametrize("used", [{"dropout": 0.5}, {"augmentation": "flip"}, {"label_smoothing": 0.1}, {}], ids=str)
def test_dropout_augmentation_and_smoothing_explain_that(used):
    params = {**SOUND, "dropout": 0.0, **used} if used else SOUND
    assert cause(judge(above(), params), NAME) is None


@pytest.mark.parametrize("curves", [healthy(), flat(), diverged()], ids=["healthy", "flat", "lost"])
def test_silent_on_other_courses(curves):
    assert cause(judge(curves, {**SOUND, "n_train": 20_000, "dropout": 0.0}), NAME) is None
