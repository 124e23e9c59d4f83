from dataclasses import replace
from typing import Any

import pytest

from tests.rules.datasets import RELATED, related
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
from tracker_diag.core.finding import Change, Finding, Severity
from tracker_diag.engine.causes import WARNING_ODDS
from tracker_diag.evidence.baseline import Explained
from tracker_diag.evidence.features import Features
from tracker_diag.evidence.related import Relation
from tracker_diag.evidence.symptoms import Symptoms
from tracker_diag.rules.data.label_noise import Likelihoods
from tracker_diag.rules.data.label_noise import label_noise as the_rule
from tracker_diag.rules.hypothesis import Hypothesis

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


TURNED = Finding("LC104", "overfitting", Severity.WARNING, 0.9, "", "", span=(15.0, 60.0))
KNOWN = Explained(2.3, 0.0, True, 0.0, 0.99, 0.99, 0.0, 0.5, 0.6)


def told(**inputs: Any) -> Hypothesis | None:
    """What is said of a validation that turned while training learned the rest by heart."""
    usual = {
        "traits": frozenset(),
        "relation": None,
        "features": Features(memorised=True, parted=0.2),
        "symptoms": Symptoms("overfitting", {"overfitting": TURNED}),
        "explained": KNOWN,
        "names": {"epochs": "max_epochs"},
        "epochs": 60,
        "n_train": None,
        "n_classes": None,
        "dropout": 0.0,
        "label_smoothing": None,
        "augmentation": None,
    }
    said = the_rule.check(**{**usual, **inputs})
    assert said is None or isinstance(said, Hypothesis)
    return said


def rows(said: Hypothesis | None) -> list[str]:
    return [] if said is None else [o.key for o in said.observations]


def test_what_it_proposes():
    said = told()
    assert said.message.endswith("the model may be memorising wrong labels")
    assert said.prescription.changes == (Change("max_epochs", 60, 15),)
    assert said.advice.endswith("until then, stop early: reduce max_epochs from 60 to 15")
    assert told(epochs=None).advice.endswith("until then, stop early")
    # Wrong labels are a cause that few runs have.
    assert said.prior < 0.1


@pytest.mark.parametrize("row", ["FEW_EXAMPLES", "BY_HEART"])
def test_what_speaks_against_it(row):
    assert getattr(Likelihoods, row).value < 1


@pytest.mark.parametrize("row", ["TURNED", "TOGETHER", "MANY_EXAMPLES", "BLIND", "SLOWLY", "ABOVE_VALIDATION"])
def test_what_speaks_for_it(row):
    assert getattr(Likelihoods, row).value > 1


def test_what_several_causes_leave_says_less_than_what_wrong_labels_alone_do():
    """Each alone is no warning, which takes a ratio of three; training above validation is."""
    assert Likelihoods.TURNED.value < WARNING_ODDS
    assert Likelihoods.TOGETHER.value < Likelihoods.TURNED.value
    assert Likelihoods.SLOWLY.value < Likelihoods.BLIND.value
    assert Likelihoods.ABOVE_VALIDATION.value > 2 * Likelihoods.MANY_EXAMPLES.value


@pytest.mark.parametrize(("parted", "together"), [(0.149, True), (0.15, False)])
def test_both_fell_together_where_validation_was_best(parted, together):
    said = told(features=Features(memorised=True, parted=parted))
    assert rows(said) == ["TURNED", "TOGETHER"] if together else ["TURNED"]


@pytest.mark.parametrize(
    ("n_train", "n_classes", "enough"),
    [
        # A hundred of each class; or fifty, and five hundred in all.
        (100, None, True),
        (99, None, False),
        (200, 2, True),
        (198, 2, False),
        (500, 10, True),
        (499, 9, False),
        (500, 11, False),
        (490, 5, False),
        (1000, 20, True),
        (1000, 10, True),
    ],
)
def test_examples_enough_not_to_be_learned_by_heart(n_train, n_classes, enough):
    said = told(n_train=n_train, n_classes=n_classes)
    assert rows(said) == ["TURNED", "MANY_EXAMPLES" if enough else "FEW_EXAMPLES"]
    assert str(n_train) in said.observations[1].text


@pytest.mark.parametrize(
    ("features", "symptoms", "seen"),
    [
        ({}, ("overfitting",), ["TURNED"]),
        ({}, (), []),
        ({"memorised": False}, ("overfitting",), []),
        ({"stuck_at_baseline": True}, ("overfitting",), []),
        ({}, ("overfitting", "diverged"), []),
        ({}, ("overfitting", "frozen"), []),
        # A validation that never learned anything has not turned.
        ({"val_blind": True}, ("overfitting",), ["BLIND", "BY_HEART"]),
        ({"val_blind": True, "memorised": False}, (), ["BLIND", "BY_HEART"]),
    ],
)
def test_which_of_the_courses_is_seen(features, symptoms, seen):
    found = Symptoms("", dict.fromkeys(symptoms, TURNED))
    features = Features(**{"memorised": True, "parted": 0.2, **features})
    assert rows(told(features=features, symptoms=found)) == seen


@pytest.mark.parametrize(("train", "row"), [(0.79, "SLOWLY"), (0.8, "BY_HEART")])
def test_whether_training_learned_it_by_heart(train, row):
    blind = told(features=Features(val_blind=True), explained=replace(KNOWN, train=train))
    assert rows(blind) == ["BLIND", row]


@pytest.mark.parametrize(
    ("apart", "train", "inputs", "seen"),
    [
        # Above validation by more than .08, having explained more than a tenth and less than four fifths.
        (-0.081, 0.5, {}, True),
        (-0.08, 0.5, {}, False),
        (0.081, 0.5, {}, False),
        (-0.2, 0.101, {}, True),
        (-0.2, 0.1, {}, False),
        (-0.2, 0.799, {}, True),
        (-0.2, 0.8, {}, False),
        # Little dropout is none; nobody knows what an unknown one does.
        (-0.2, 0.5, {"dropout": 0.1}, True),
        (-0.2, 0.5, {"dropout": 0.11}, False),
        (-0.2, 0.5, {"dropout": None}, False),
        (-0.2, 0.5, {"label_smoothing": 0.1}, False),
        (-0.2, 0.5, {"label_smoothing": 0.0}, True),
        (-0.2, 0.5, {"augmentation": "flip"}, False),
    ],
)
def test_training_above_validation(apart, train, inputs, seen):
    said = told(
        features=Features(apart=apart), symptoms=Symptoms("", {}), explained=replace(KNOWN, train=train), **inputs
    )
    assert rows(said) == (["ABOVE_VALIDATION"] if seen else [])
    assert said is None or said.message.endswith("the model cannot fit some training labels")


@pytest.mark.parametrize("curves", [flat(), diverged(), overfitting()], ids=["flat", "lost", "overfits"])
def test_the_first_cause_where_neighbours_agree_on_fewer_training_targets_than_of_validation(curves):
    assert ranked(judge(curves, SOUND))[:1] != [NAME]
    report = judge(curves, SOUND, profile=related(RELATED, RELATED, RELATED, agreement=0.5, held_out=0.9))
    assert ranked(report)[0] == NAME
    assert "worse than validation targets (agreement 0.5 against 0.9)" in cause(report, NAME).why


def beside(**facts: Any) -> Relation:
    usual = {"train": True, "validation": True, "across": True, "rows": 1000, "chance": 0.1, "noise": None}
    return Relation(**{"agreement": 0.8, "held_out": 0.8, **usual, **facts})


@pytest.mark.parametrize(
    ("facts", "row"),
    [
        ({"agreement": 0.6799}, "LESS_ALIKE"),
        ({"agreement": 0.6801}, None),
        ({"agreement": 0.9}, None),
        # Where nothing holds training together, nothing is less alike.
        ({"agreement": 0.2, "train": None}, None),
        ({"agreement": 0.2, "train": False}, None),
        ({"agreement": None}, None),
        ({"held_out": None}, None),
        ({"agreement": -0.2, "held_out": -0.1}, None),
        # Where both sides are as noisy, the share of wrong labels is an estimate.
        ({"noise": 0.15}, "MANY_WRONG"),
        ({"noise": 0.149}, None),
        ({"noise": 0.05}, None),
        ({"noise": 0.049}, "FEW_WRONG"),
    ],
    ids=str,
)
def test_what_neighbours_say(facts, row):
    said = rows(told(relation=beside(**facts)))
    # Where training's targets are less alike, the curves need not be asked.
    assert said == (["LESS_ALIKE"] if row == "LESS_ALIKE" else ["TURNED", *([row] if row else [])])


def test_labels_that_neighbours_agree_on_speak_against_it():
    plain, against = (
        judge(overfitting(), {**SOUND, "n_train": 20_000}, **more)
        for more in ({}, {"profile": related(RELATED, RELATED, RELATED, noise=0.01)})
    )
    assert ranked(plain)[0] == NAME
    assert cause(against, NAME) is None or cause(against, NAME).score < 0.5 * cause(plain, NAME).score


def test_silent_on_other_courses_where_few_labels_are_wrong():
    for curves in (healthy(), flat()):
        assert cause(judge(curves, SOUND, profile=related(RELATED, RELATED, RELATED, noise=0.01)), NAME) is None
