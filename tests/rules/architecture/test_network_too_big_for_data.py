import pytest

from tests.rules.runs import (
    EPOCHS,
    SOUND,
    cause,
    changes,
    flat,
    found,
    gap,
    healthy,
    judge,
    overfitting,
    ranked,
    skipped,
)
from tracker_diag import Severity

NAME = "network-too-big-for-data"
SUMMARY = "Layer (type) Output Shape\n" + "=" * 40 + "\nTotal params: 25,600,000 (97.66 MB)\n"
BIG = {**SOUND, "hidden_units": 2048, "layers": 4, "n_train": 400}


def test_among_the_first_causes_of_a_big_network_that_overfits_few_examples():
    report = judge(overfitting(), BIG)
    assert NAME in ranked(report)[:3]
    ((name, (before, after)),) = changes(report, NAME).items()
    assert (name, before) == ("epochs", EPOCHS)
    assert 10 <= after <= 22


def test_no_number_where_validation_never_turned():
    report = judge(gap(), BIG)
    assert changes(report, NAME) == {}
    assert "more training examples" in cause(report, NAME).prescription.text


def test_the_weights_may_come_from_the_model_summary():
    report = judge(overfitting(), {**SOUND, "n_train": 400}, model_summary=SUMMARY)
    assert "64,000 weights per training example" in cause(report, NAME).why


@pytest.mark.parametrize(
    ("params", "summary", "said"),
    [
        ({"n_parameters": 1_200_000}, SUMMARY, "1.2 million weights (from the logged parameters)"),
        ({}, SUMMARY, "25.6 million weights (from the model description)"),
        ({}, None, "16.8 million weights (estimated from width and depth)"),
    ],
    ids=["configured", "described", "estimated"],
)
def test_says_where_the_weights_come_from(params, summary, said):
    report = judge(overfitting(), {**BIG, **params}, model_summary=summary)
    assert found(report, "AR704").message == f"{said} for 400 training examples"


def test_a_pretrained_model_s_weights_are_not_learned_here():
    assert "not learned from these" in skipped(judge(overfitting(), {**BIG, "pretrained": True}), "AR704")


def test_silent_with_examples_enough():
    assert cause(judge(overfitting(), {**BIG, "n_train": 100_000_000}), NAME) is None


def test_a_run_that_learned_nothing_memorised_nothing():
    assert NAME not in ranked(judge(flat(), BIG))[:1]


def test_overparameterised_networks_that_generalise_are_at_most_info():
    assert judge(healthy(), {**BIG, "n_parameters": 10**9}).severity.rank <= Severity.INFO.rank
