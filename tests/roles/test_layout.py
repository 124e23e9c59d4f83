import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.core.model import Layer, Model
from tracker_diag.roles.layout import Layout, layout


def laid(*layers: dict[str, Any], **more: Any) -> Layout:
    found = layout(Model(layers=tuple(Layer(x.pop("type"), x) for x in (dict(y) for y in layers)), **more))
    assert found is not None
    return found


def dense(units: int, activation: str | None = "relu", **more: Any) -> dict[str, Any]:
    named = {} if activation is None else {"activation": activation}
    return {"type": "Dense", "units": units, **named, **more}


def activation(name: str) -> dict[str, Any]:
    return {"type": "Activation", "activation": name}


def test_the_last_layer_with_weights_is_the_output():
    found = laid(dense(16), {"type": "Dropout", "rate": 0.5}, dense(4), dense(1, "sigmoid"))
    assert [unit.width for unit in found.hidden] == [16, 4]
    assert (found.output.width, found.output.activation) == (1, "sigmoid")
    assert found.dropout == (0.5,)


def test_an_activation_of_its_own_is_that_of_the_layer_before():
    batch = {"type": "BatchNormalization", "momentum": 0.99}
    found = laid(dense(16, "linear"), batch, activation("relu"), dense(3, "linear"), activation("softmax"))
    assert found.hidden[0].activation == "relu"
    assert found.output.activation == "softmax"
    assert found.normalisation == "batch"


def test_pytorch_s_modules_are_activations_by_their_type():
    layers = [{"type": "Linear", "out_features": 8}, {"type": "LeakyReLU"}, {"type": "Linear", "out_features": 2}]
    found = laid(*layers, {"type": "LogSoftmax"})
    assert (found.hidden[0].width, found.hidden[0].activation) == (8, "leaky_relu")
    assert found.output.activation == "log_softmax"


def test_a_module_of_pytorch_that_was_made_last_may_be_applied_before():
    layers = [{"type": "Linear", "out_features": 8}, {"type": "Linear", "out_features": 2}]
    assert laid(*layers, {"type": "ReLU"}, framework="torch").output.activation is None
    assert laid(*layers, {"type": "Softmax"}, framework="torch").output.activation == "softmax"


def test_scikit_learn_tells_the_hidden_layers_alone():
    found = laid(dense(100), framework="sklearn")
    assert [unit.width for unit in found.hidden] == [100]
    assert found.output is None


def test_what_a_description_does_not_show_is_not_linear():
    found = laid(dense(8, None), {"type": "Linear", "out_features": 2})
    assert found.hidden[0].activation is None
    assert found.output.activation is None


@pytest.mark.parametrize("last", ["GlobalAveragePooling2D", "UnknownLayer", "Lambda", "Add"])
def test_an_end_that_is_no_layer_with_weights_has_no_output(last):
    assert laid(dense(8), dense(2, "linear"), {"type": last}).output is None


def test_a_layer_that_passes_what_it_gets_leaves_the_output_the_output():
    assert laid(dense(8), dense(2, "linear"), {"type": "Dropout"}).output.width == 2


@pytest.mark.parametrize("last", ["Flatten", "Reshape", "Permute"])
def test_behind_another_shape_the_units_are_no_more_what_is_compared(last):
    found = laid(dense(8), dense(1, "linear"), {"type": last}, {"type": "Softmax", "axis": -1})
    assert (found.output.width, found.output.activation) == (None, "softmax")
    assert laid(dense(1, "linear"), {"type": "Softmax", "axis": 1}).output is None


@pytest.mark.parametrize("gate", ["Multiply", "Dot", "Add", "Lambda", "Maximum", "UnitNormalization", "MyOwn"])
def test_what_does_not_stand_in_a_row_is_not_plain(gate):
    assert not laid(dense(8), {"type": gate}, dense(2)).plain
    assert laid(dense(8), {"type": "Dropout"}, {"type": "ReLU"}, {"type": "MaxPooling2D"}, dense(2)).plain


def test_scores_beside_a_row_of_pytorch_s_modules_are_not_plain():
    def linear(taken: int, given: int) -> dict[str, Any]:
        return {"type": "Linear", "in_features": taken, "out_features": given}

    assert laid(linear(4, 8), linear(8, 2), framework="torch").plain
    assert not laid(linear(4, 8), linear(8, 1), linear(8, 2), framework="torch").plain


@pytest.mark.parametrize("between", ["LayerNormalization", "MaxPooling2D", "LSTM"])
def test_what_is_not_linear_stands_between(between):
    assert not laid(dense(8, "linear"), {"type": between}, dense(2)).linear_between
    assert laid(dense(8, "linear"), {"type": "BatchNormalization"}, dense(2)).linear_between


def test_a_width_beyond_all_networks_is_none():
    assert laid(dense(2**1024 - 1)).output.width is None


def test_the_dropout_of_a_recurrent_layer_is_dropout():
    assert laid({"type": "LSTM", "units": 8, "dropout": 0.4, "recurrent_dropout": 0.0}, dense(2)).dropout == (0.4,)


def test_what_penalties_add_to_the_loss():
    l2 = {"kernel_regularizer": "L2", "kernel_regularizer_config": {"l2": 0.01}}
    assert laid(dense(100, **l2), dense(10)).penalty == 2.0
    assert math.isnan(laid(dense(8, kernel_initializer="HeNormal", activity_regularizer="L1"), dense(2)).decay)


def test_several_outputs_are_none_and_a_recurrent_end_too():
    assert laid(dense(8), dense(2), outputs=2).output is None
    assert laid(dense(8), {"type": "LSTM", "units": 3, "activation": "tanh"}).output is None
    assert laid({"type": "BertLayer", "units": 64}).output is None


@pytest.mark.parametrize(
    ("kind", "counts"),
    [("Conv2D", True), ("Conv1d", True), ("GRU", True), ("EinsumDense", True), ("MultiHeadAttention", True),
     ("Embedding", False), ("InputLayer", False), ("LayerNormalization", False), ("BatchNorm1d", False),
     ("MaxPooling2D", False), ("SpatialDropout1D", False)],
)  # fmt: skip
def test_what_counts_as_a_layer_with_weights(kind, counts):
    assert len(laid({"type": kind}, dense(1)).units) == 1 + counts


def test_shortcuts_frozen_layers_and_penalties():
    first = dense(8, kernel_regularizer="L2", kernel_regularizer_config={"l2": 0.01})
    found = laid(first, dense(8, trainable=False), {"type": "Add"}, dense(1))
    assert found.shortcuts
    assert found.frozen == 1
    assert found.decay == 0.01
    assert math.isnan(laid(dense(8, kernel_regularizer="L2"), dense(1)).decay)
    assert laid(dense(8, kernel_initializer="HeNormal"), dense(1)).decay == 0
    assert laid(dense(8), dense(1)).decay is None


def test_nothing_with_weights_is_no_layout():
    assert layout(Model(layers=(Layer("Dropout"), Layer("ReLU")))) is None
    assert layout(Model()) is None


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.lists(st.integers())
LAYERS = st.lists(
    st.builds(
        Layer,
        st.text(max_size=12) | st.sampled_from(["Dense", "Linear", "Conv2D", "Activation", "Dropout", "Softmax"]),
        st.dictionaries(
            st.sampled_from(["units", "activation", "rate", "kernel_regularizer", "trainable"]) | st.text(max_size=5),
            VALUES | st.dictionaries(st.text(max_size=4), VALUES, max_size=3),
            max_size=6,
        ),
    ),
    max_size=8,
)


@given(LAYERS, st.integers(0, 3))
def test_any_layers_are_laid_out(layers, outputs):
    found = layout(Model(layers=tuple(layers), outputs=outputs))
    assert found is None or len(found.units) <= len(layers)
