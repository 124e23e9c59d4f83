import pytest

from tests.rules.networks import dense, network
from tests.rules.runs import (
    NOTHING,
    SOUND,
    both,
    cause,
    changes,
    falling,
    found,
    healthy,
    high_level,
    judge,
    noise,
    ranked,
)
from tracker_diag import Severity

NAME = "missing-nonlinearity"
LINEAR = """  | Name | Type   | Params
------------------------------
0 | fc1  | Linear | 100 K
1 | fc2  | Linear | 10 K
2 | fc3  | Linear | 1.0 K
------------------------------
111 K Trainable params
"""


@pytest.mark.parametrize("word", ["linear", "identity", "nn.Identity"])
def test_the_first_cause_of_a_network_without_one_that_rests_at_a_high_level(word):
    report = judge(high_level(), {**SOUND, "net.activation": word, "layers": 4})
    assert ranked(report)[0] == NAME
    assert changes(report, NAME) == {"net.activation": ("linear", "relu")}


def test_one_layer_needs_none():
    assert cause(judge(high_level(), {**SOUND, "activation": "linear", "layers": 1}), NAME) is None


def test_functional_activations_and_adapters_do_not_show_in_summaries_so_they_weigh_little():
    report = judge(high_level(), SOUND, model_summary=LINEAR)
    assert NAME in ranked(report)
    assert found(report, "AR707") is None or found(report, "AR707").severity is Severity.INFO


@pytest.mark.parametrize(
    "summary",
    [LINEAR.replace("fc2  | Linear", "act  | ReLU  "), 'Model: "keras"\nDense\nDense\nDense\n', "Dense " * 5, ""],
    ids=["has a ReLU", "Keras", "shows no activations", "empty"],
)
def test_silent_where_the_summary_says_nothing(summary):
    assert cause(judge(high_level(), SOUND, model_summary=summary), NAME) is None


def test_a_named_activation_is_believed_before_the_summary():
    assert cause(judge(high_level(), {**SOUND, "activation": "gelu"}, model_summary=LINEAR), NAME) is None


def test_on_a_healthy_run_it_is_at_most_info():
    report = judge(healthy(), {**SOUND, "activation": "linear", "layers": 9}, model_summary=LINEAR)
    assert report.severity.rank <= Severity.INFO.rank


def test_layers_without_an_activation_are_one_layer():
    report = judge(high_level(), SOUND, model=network(64, 64, activation="linear"))
    assert ranked(report)[0] == NAME
    assert "3 layers in a row have no activation" in cause(report, NAME).why


@pytest.mark.parametrize(
    "layers",
    [
        [dense(64, "linear"), dense(64), dense(10, "softmax")],
        [dense(64, "linear"), {"type": "ReLU"}, dense(10, "softmax")],
        [{"type": "Conv2D", "filters": 8, "activation": "linear"}, {"type": "MaxPooling2D"}, dense(10, "softmax")],
        [dense(64, "linear"), {"type": "MyOwn"}, dense(10, "softmax")],
        [dense(64, "linear"), {"type": "Maximum"}, dense(10, "softmax")],
        [dense(64, "linear"), {"type": "LayerNormalization"}, dense(10, "softmax")],
        [{"type": "LSTM", "units": 8, "activation": "linear"}, dense(10, "softmax")],
        [{"type": "Dense", "units": 64}, {"type": "Dense", "units": 10}],
        [dense(10, "softmax")],
    ],
    ids=[
        "one of two",
        "a layer of its own",
        "a maximum",
        "a layer of one's own",
        "an operation",
        "a scale",
        "gates",
        "not said",
        "one layer",
    ],
)
def test_silent_where_something_is_not_linear_or_may_be(layers):
    assert cause(judge(high_level(), SOUND, model={"layers": layers}), NAME) is None


def test_a_linear_network_that_learns_is_left_in_peace():
    assert judge(healthy(), SOUND, model=network(64, 64, activation="linear")).severity.rank <= Severity.INFO.rank


@pytest.mark.parametrize(("share", "severity"), [(0.77, Severity.WARNING), (0.83, Severity.INFO)])
def test_a_linear_network_is_a_warning_where_a_fifth_is_left(share, severity):
    """Nobody means to stack linear layers; a run that learned nearly all of it stays green."""
    level = NOTHING * (1 - share)
    curves = both(falling(level, 4) + noise(0.004, 1), falling(level * 1.02, 4) + noise(0.006, 2))
    report = judge(curves, {**SOUND, "activation": "linear", "num_layers": 3})
    assert found(report, "AR707").severity is severity
