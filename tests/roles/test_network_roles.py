from typing import Any

import pytest
from hypothesis import given

from tests.roles.test_layout import LAYERS, activation, dense
from tracker_diag import Run, Settings
from tracker_diag.core.model import Model, read_model
from tracker_diag.roles.network_roles import read_network
from tracker_diag.roles.resolve import resolve


def told(*layers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return read_network(read_model({"layers": list(layers), **more}))


def test_what_a_network_says_of_the_roles():
    found = told(
        dense(64, "tanh", kernel_initializer="HeNormal"),
        {"type": "Dropout", "rate": 0.3},
        dense(32, "tanh", kernel_initializer="HeNormal"),
        dense(10, "softmax", kernel_initializer="GlorotUniform"),
        loss="sparse_categorical_crossentropy",
        optimizer="Adam",
        loss_settings={"label_smoothing": 0.1},
    )
    assert found == {
        "loss_function": "cross_entropy",
        "label_smoothing": 0.1,
        "optimizer": "adam",
        "layers": 3,
        "hidden_units": 64,
        "layer_widths": (64, 32),
        "activation": "tanh",
        "output_activation": "softmax",
        "initialiser": "he",
        "dropout": 0.3,
        "task": "classification",
    }


def test_an_error_of_probabilities_may_be_one_of_classes():
    assert told(dense(10, "softmax"), loss="mse").get("task") is None
    assert told(dense(1, "linear"), loss="mse")["task"] == "regression"


def test_one_layer_whose_weights_begin_alike_says_more_than_the_others():
    assert (
        told(*[dense(8, kernel_initializer=name) for name in ("HeNormal", "Zeros", "HeNormal")], dense(1))[
            "initialiser"
        ]
        == "zeros"
    )
    # That of the last layer is usual: it begins by saying nothing.
    assert told(dense(8, kernel_initializer="HeNormal"), dense(1, kernel_initializer="Zeros"))["initialiser"] == "he"


def test_an_activation_is_told_only_where_all_layers_say_theirs():
    assert "activation" not in told(dense(8, "relu"), dense(8, None), dense(1))
    assert told(dense(8, "linear"), dense(8, "relu"), dense(1))["activation"] == "relu"
    assert told(dense(8, "linear"), dense(8, "linear"), activation("linear"), dense(1))["activation"] == "linear"


def test_the_scale_of_a_plain_initialiser():
    first = dense(8, kernel_initializer="RandomNormal", kernel_initializer_config={"stddev": 1.5})
    assert told(first, dense(1))["init_scale"] == 1.5


def test_a_parameter_comes_before_the_network():
    network = read_model({"layers": [dense(8, "tanh"), dense(1, "sigmoid")], "loss": "mse"})
    run = Run.from_dict({"id": "r", "params": {"activation": "relu", "loss_function": "binary_crossentropy"}})
    roles = resolve(run, Settings(), network)
    assert roles.params["activation"] == "relu"
    assert roles.params["loss_function"] == "binary_cross_entropy"
    assert roles.params["output_activation"] == "sigmoid"
    assert "output_activation" not in roles.names


def test_the_loss_of_the_network_says_what_a_bare_loss_is():
    run = Run.from_dict({"id": "r", "metrics": {"loss": [[0, 1.0], [1, 0.5]]}})
    assert resolve(run, Settings(), Model(loss="mean_squared_error")).facts["train_loss"].kind == "squared error"
    assert resolve(run, Settings(), Model(loss="categorical_crossentropy")).facts["train_loss"].kind == "cross-entropy"
    assert resolve(run, Settings()).facts["train_loss"].kind == "loss"


@pytest.mark.parametrize("network", [Model(), Model(loss=""), Model(loss="my_own_loss"), Model(optimizer="MyOwn")])
def test_what_says_nothing_gives_nothing_that_is_wrong(network):
    assert set(read_network(network)) <= {"loss_function", "optimizer"}


@given(LAYERS)
def test_any_network_is_read(layers):
    assert None not in read_network(Model(layers=tuple(layers))).values()
