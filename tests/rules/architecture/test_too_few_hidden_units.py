from typing import Any

import pytest

from tests.rules.networks import dense, network
from tests.rules.runs import (
    NOTHING,
    SOUND,
    both,
    cause,
    changes,
    falling,
    flat,
    found,
    healthy,
    high_level,
    judge,
    noise,
    overfitting,
    ranked,
)
from tracker_diag import Severity


def shaped(features: int) -> list[dict[str, Any]]:
    """The training data, of so many features, as it is declared."""
    return [{"name": "d", "digest": "1", "context": "train", "profile": {"features_shape": [500, features]}}]


FIFTY_FEATURES = shaped(50)
NAME = "too-few-hidden-units"


@pytest.mark.parametrize("units", [1, 2, 4])
def test_the_first_cause_of_a_narrow_network_that_rests_at_a_high_level(units):
    report = judge(high_level(), {**SOUND, "hidden_units": units})
    assert ranked(report)[0] == NAME
    assert changes(report, NAME) == {"hidden_units": (units, 100)}


def test_a_layer_of_one_unit_is_a_warning():
    assert found(judge(high_level(), {**SOUND, "hidden_units": 1}), "AR702").severity is Severity.WARNING


def test_the_narrowest_of_several_layers_decides_and_only_it_is_widened():
    report = judge(high_level(), {**SOUND, "net.hidden_sizes": "[256, 2, 256]"})
    assert "a hidden layer has only 2 units" in cause(report, NAME).why
    assert changes(report, NAME) == {"net.hidden_sizes": ([256, 2, 256], [256, 100, 256])}


@pytest.mark.parametrize(
    ("params", "widths"),
    [({}, [256, 128, 10]), ({"num_classes": None}, [64, 32, 1]), ({"num_classes": None}, [64, 2, 64])],
    ids=["classes", "one number", "an autoencoder"],
)
def test_an_output_layer_and_a_code_are_no_narrow_layers(params, widths):
    assert cause(judge(high_level(), {**SOUND, **params, "hidden_sizes": str(widths)}), NAME) is None


def test_an_output_layer_is_left_as_it_is():
    report = judge(high_level(), {**SOUND, "hidden_sizes": "[4, 64, 10]"})
    assert changes(report, NAME) == {"hidden_sizes": ([4, 64, 10], [100, 100, 10])}


def test_layers_with_a_parameter_each_are_left_to_the_words():
    report = judge(high_level(), {**SOUND, "fc1_dim": 64, "fc2_dim": 1})
    assert "a hidden layer has only 1 unit;" in cause(report, NAME).why
    assert changes(report, NAME) == {}


def test_the_rule_of_thumb_ends_where_classes_are_many():
    assert cause(judge(high_level(), {**SOUND, "num_classes": 50_000, "hidden_units": 512}), NAME) is None


def test_silent_with_units_enough():
    assert cause(judge(high_level(), {**SOUND, "hidden_units": 128}), NAME) is None


def test_a_run_that_memorises_has_capacity_enough():
    assert ranked(judge(overfitting(), {**SOUND, "hidden_units": 8}))[0] != NAME


@pytest.mark.parametrize("units", [1, 4])
def test_on_a_healthy_run_it_is_at_most_info(units):
    assert judge(healthy(), {**SOUND, "hidden_units": units}).severity.rank <= Severity.INFO.rank


def test_the_layers_of_the_network_say_how_wide_they_are():
    report = judge(high_level(), SOUND, model=network(64, 2, 64), datasets=FIFTY_FEATURES)
    assert ranked(report)[0] == NAME
    assert "a hidden layer has only 2 units" in cause(report, NAME).why
    assert changes(report, NAME) == {"hidden_units": ([64, 2, 64], [100, 100, 100])}


def test_the_output_layer_is_none_of_them():
    assert cause(judge(high_level(), SOUND, model=network(128, 128, classes=2)), NAME) is None


def test_a_layer_as_wide_as_the_input_passes_on_all_there_is():
    narrow = judge(high_level(), SOUND, model=network(2), datasets=FIFTY_FEATURES)
    wide_enough = judge(high_level(), SOUND, model=network(2), datasets=shaped(2))
    assert found(narrow, "AR702").severity is Severity.WARNING
    assert "has only" not in cause(wide_enough, NAME).why


def test_the_code_of_an_autoencoder_is_no_narrow_layer():
    model = {"layers": [dense(64), dense(2), dense(64), dense(100, "sigmoid")], "loss": "mse"}
    assert cause(judge(high_level(), {**SOUND, "num_classes": None}, model=model), NAME) is None


@pytest.mark.parametrize(("share", "severity"), [(0.77, Severity.WARNING), (0.83, Severity.INFO)])
def test_one_unit_is_a_warning_where_a_fifth_is_left(share, severity):
    level = NOTHING * (1 - share)
    curves = both(falling(level, 4) + noise(0.004, 1), falling(level * 1.02, 4) + noise(0.006, 2))
    report = judge(curves, {**SOUND, "hidden_units": 1})
    assert found(report, "AR702").severity is severity


def test_a_layer_a_little_narrow_does_not_explain_that_nothing_is_learned():
    report = judge(flat(), {**SOUND, "hidden_units": 16, "n_features": 12, "activation": "relu"})
    told = cause(report, "too-few-hidden-units")
    assert told is None or told.score < cause(report, "dead-relu").score
