"""Networks as Keras writes them: files of Keras 3.15 and tf.keras 2.15 from real runs, and configurations made here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.core.model import MAX_LAYERS, InvalidModelError, Layer, Model
from tracker_diag.models.keras_config import read_keras

DATA = Path(__file__).parents[1] / "data" / "models"
GLOROT: dict[str, Any] = {"kernel_initializer": "GlorotUniform", "bias_initializer": "Zeros"}


def of_file(name: str) -> Model:
    return read_keras((DATA / f"{name}.json").read_bytes())


def read(config: Any) -> Model:
    return read_keras(json.dumps(config).encode())


def layer(
    kind: str, *, nodes: list[Any] | None = None, built: list[Any] | None = None, **config: Any
) -> dict[str, Any]:
    entry: dict[str, Any] = {"module": "keras.layers", "class_name": kind, "registered_name": None, "config": config}
    if built is not None:
        entry["build_config"] = {"input_shape": built}
    if "name" in config:
        entry |= {"name": config["name"], "inbound_nodes": nodes or []}
    return entry


def sequential(*layers: Any, **config: Any) -> dict[str, Any]:
    return {"module": "keras", "class_name": "Sequential", "config": {"layers": list(layers), **config}}


def functional(*layers: Any, outputs: Any) -> dict[str, Any]:
    config = {"layers": list(layers), "output_layers": outputs}
    return {"module": "keras.src.models.functional", "class_name": "Functional", "config": config}


def compiled(loss: Any, optimizer: Any = "adam") -> dict[str, Any]:
    return sequential(layer("Dense", units=1)) | {"compile_config": {"loss": loss, "optimizer": optimizer}}


def has(found: Layer, kind: str, **settings: Any) -> bool:
    """Whether a layer is of this kind and has these settings; None stands for one that it does not have."""
    return found.type == kind and {key: found.settings.get(key) for key in settings} == settings


def test_activations_initialisers_and_regularisers_are_named_with_what_they_are_configured_with() -> None:
    model = of_file("keras-activations")
    of_16, of_4, dropout, leaky, last, tanh = model.layers
    assert of_16 == Layer(
        "Dense",
        {
            "units": 16,
            "activation": "LeakyReLU",
            "activation_config": {"negative_slope": 0.1},
            "use_bias": True,
            "kernel_initializer": "RandomNormal",
            "kernel_initializer_config": {"mean": 0, "stddev": 1},
            "bias_initializer": "Zeros",
        },
    )
    assert has(of_4, "Dense", activation="swish_of_ours", kernel_regularizer="L1L2", **GLOROT)
    assert of_4.settings["kernel_regularizer_config"] == {"l1": 0.001, "l2": 0.01}
    assert dropout == Layer("Dropout", {"rate": 0.5})
    assert leaky == Layer("LeakyReLU", {"negative_slope": 0.3})
    assert has(last, "Dense", units=1, activation="linear", kernel_initializer_config=None)
    assert tanh == Layer("Activation", {"activation": "tanh"})
    assert (model.framework, model.optimizer, model.loss) == ("keras", "SGD", "BinaryCrossentropy")
    assert model.loss_settings["from_logits"] is True
    assert model.loss_settings["label_smoothing"] == 0.1
    assert (model.output_shape, model.outputs, model.notes) == ((None, 1), 1, ())


def test_a_wrapper_gives_the_layer_that_it_holds() -> None:
    embedding, lstm, dense, gru, last = of_file("keras-recurrent").layers
    assert has(embedding, "Embedding", input_dim=20, output_dim=5, wrapper=None)
    assert has(lstm, "LSTM", units=4, dropout=0.1, wrapper="Bidirectional", return_sequences=True)
    assert lstm.settings["wrapper_config"] == {"merge_mode": "concat"}
    assert has(dense, "Dense", units=3, activation="tanh", wrapper="TimeDistributed", wrapper_config=None)
    assert has(gru, "GRU", units=4, recurrent_activation="sigmoid", wrapper=None)
    assert has(last, "Dense", units=1, activation="sigmoid")
    assert of_file("keras-recurrent").output_shape == (None, 1)


@pytest.mark.parametrize("name", ["keras-frozen_base", "keras-2-frozen_base"])
def test_models_in_a_model_are_given_flat_and_what_is_frozen_says_so(name: str) -> None:
    model = of_file(name)
    conv, pool, mean, hidden, last = model.layers
    assert has(conv, "Conv2D", filters=4, kernel_size=[3, 3], strides=[1, 1], activation="relu", trainable=False)
    assert has(pool, "MaxPooling2D", pool_size=[2, 2], trainable=False)
    assert has(mean, "GlobalAveragePooling2D", trainable=None)
    assert has(hidden, "Dense", units=5, activation="elu", trainable=None, **GLOROT)
    assert has(last, "Dense", units=3, activation="softmax", trainable=None)
    assert (model.loss, model.output_shape) == ("sparse_categorical_crossentropy", (None, 3))
    assert (model.optimizer or "").lower() == "adam"


def test_of_several_outputs_no_loss_and_no_shape_is_said() -> None:
    model = of_file("keras-two_outputs")
    assert [found.settings["units"] for found in model.layers] == [8, 1, 2]
    assert (model.outputs, model.loss, dict(model.loss_settings), model.output_shape) == (2, None, {}, None)
    assert model.optimizer == "Adam"


def test_of_a_model_of_a_class_of_its_own_no_layer_is_known() -> None:
    model = of_file("keras-subclassed")
    assert (model.layers, model.loss, model.optimizer) == ((), "Huber", "Adam")
    assert model.notes == ("config.json: Sub is a subclassed model; Keras does not store its layers",)


def test_all_of_a_frozen_model_is_frozen_at_any_depth() -> None:
    inside = sequential(sequential(layer("Dense", units=2, trainable=True)), trainable=False)
    model = read(sequential(layer("Dense", units=1, trainable=False), inside, layer("Dense", units=3, trainable=True)))
    assert [found.settings.get("trainable") for found in model.layers] == [False, False, None]


def test_cells_are_layers_with_a_wrapper() -> None:
    stack = layer("StackedRNNCells", cells=[layer("GRUCell", units=4), layer("LSTMCell", units=3)])
    model = read(sequential(layer("RNN", cell=stack, return_sequences=True)))
    around = {"wrapper": "RNN", "wrapper_config": {"return_sequences": True}}
    assert model.layers == (Layer("GRUCell", {"units": 4, **around}), Layer("LSTMCell", {"units": 3, **around}))


def test_a_layer_of_a_class_of_its_own_may_have_a_setting_that_is_called_as_those_of_models() -> None:
    block = layer("Block", layers=[64, 32], cell="small", type="odd", wrapper="mine")
    model = read(sequential(block))
    assert model.layers == (Layer("Block", {"layers": [64, 32], "cell": "small", "wrapper": "mine"}),)


def test_code_and_vocabularies_are_no_settings() -> None:
    code = {"class_name": "__lambda__", "config": {"value": ["4wEAAAAA", None, None]}}
    model = read(
        sequential(
            layer("TextVectorization", vocabulary=[f"word{i}" for i in range(50_000)], max_tokens=50_000),
            layer("Lambda", function=code, arguments={"value": 3}, text="x" * 10_000),
            layer("Dense", units=1, activation={"value": ["4wEAAAAA", None, None]}),
        )
    )
    assert model.layers == (
        Layer("TextVectorization", {"max_tokens": 50_000}),
        Layer("Lambda", {"function": "lambda"}),
        Layer("Dense", {"units": 1, "activation": "lambda"}),
    )


def test_the_layer_that_gives_the_output_comes_last() -> None:
    a, b, unused = (layer("Dense", units=8, name=name, activation=name) for name in ("a", "b", "unused"))
    model = read(functional(layer("InputLayer", name="in"), a, b, unused, outputs=["a", 1, 0]))
    assert [found.settings["activation"] for found in model.layers] == ["b", "unused", "a"]
    model = read(functional(a, b, outputs=[["b", 0, 0]]))
    assert [found.settings["activation"] for found in model.layers] == ["a", "b"]


FUNCTION = {"module": "builtins", "class_name": "function", "config": "Ours>focal", "registered_name": "function"}
MSE = {"class_name": "MeanSquaredError", "config": {"name": "mean_squared_error", "reduction": "sum", "dtype": None}}


@pytest.mark.parametrize(
    ("loss", "name", "settings", "outputs"),
    [
        ("mse", "mse", {}, 1),
        (MSE, "MeanSquaredError", {"reduction": "sum"}, 1),
        (FUNCTION, "focal", {"custom": True}, 1),
        ({"class_name": "__lambda__", "config": {"value": ["4wE", None]}}, "lambda", {"custom": True}, 1),
        ({"only": MSE}, "MeanSquaredError", {"reduction": "sum"}, 1),
        (["mae"], "mae", {}, 1),
        (["mae", "mse"], None, {}, 2),
        ({"a": "mae", "b": None, "c": "mse"}, None, {}, 3),
        (None, None, {}, 1),
        ({}, None, {}, 1),
        (7, None, {}, 1),
        ("x" * 10_000, None, {}, 1),
    ],
)
def test_the_loss_is_as_compile_was_told_it(
    loss: Any, name: str | None, settings: dict[str, Any], outputs: int
) -> None:
    model = read(compiled(loss))
    assert (model.loss, dict(model.loss_settings), model.outputs) == (name, settings, outputs)


def test_an_output_that_has_no_loss_is_an_output() -> None:
    two = functional(layer("Dense", units=1, name="a"), layer("Dense", units=2, name="b"), outputs=["a", 0, 0])
    two["config"]["output_layers"] = {"a": ["a", 0, 0], "b": ["b", 0, 0]}
    model = read(two | {"compile_config": {"loss": {"a": "mse"}}})
    assert (model.outputs, model.loss) == (2, None)


def test_the_optimiser_is_the_one_inside() -> None:
    inner = {"class_name": "Adam", "config": {"learning_rate": 0.1}}
    assert read(compiled("mse", inner)).optimizer == "Adam"
    assert read(
        compiled("mse", {"class_name": "LossScaleOptimizer", "config": {"inner_optimizer": inner}})
    ).optimizer == ("Adam")
    assert read(compiled("mse", None)).optimizer is None


CALLED_ONCE = [{"args": [{"class_name": "__keras_tensor__", "config": {"shape": [None, 6, 4]}}], "kwargs": {}}]


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (sequential(layer("Dense", units=3, built=[32, 8])), (None, 3)),
        (sequential(layer("Dense", units=3, built=[None, None, 8])), (None, None, 3)),
        (sequential(layer("Dense", units=3, built=[None, 8]), layer("Softmax")), (None, 3)),
        (sequential(layer("InputLayer", batch_shape=[None, 8]), layer("Activation")), (None, 8)),
        (sequential(layer("InputLayer", batch_input_shape=[None, 8]), layer("Dense", units=2)), (None, 2)),
        (functional(layer("Dense", units=2, name="a", nodes=CALLED_ONCE), outputs=["a", 0, 0]), (None, 6, 2)),
        (sequential(layer("Flatten"), sequential(layer("Dense", units=2, built=[None, 8]))), (None, 2)),
        # Whatever leaves a doubt.
        (sequential(layer("Dense", units=3)), None),
        (sequential(layer("Dense", units=3, built=[None, 8]), layer("Flatten")), None),
        (sequential(layer("Dense", units="3", built=[None, 8])), None),
        (sequential(layer("Dense", units=3, built=[[None, 8], [None, 8]])), None),
        (sequential(layer("Dense", units=3, built=[None])), None),
        (sequential(layer("Dense", units=3, built=[None, 8]) | {"registered_name": "Ours>Dense"}), None),
        (functional(layer("Dense", units=2, name="a", nodes=CALLED_ONCE * 2), outputs=["a", 0, 0]), None),
        (functional(layer("Dense", units=2, built=[None, 8]), layer("Softmax", name="a"), outputs=["a", 0, 0]), None),
        (sequential(functional(layer("Dense", units=3, built=[None, 8]), outputs=[["a", 0, 0], ["b", 0, 0]])), None),
    ],
)
def test_the_shape_of_the_output_is_said_where_it_is_certain(model: Any, shape: Any) -> None:
    assert read(model).output_shape == shape


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (b"", "model: config.json cannot be read as JSON (Expecting value: line 1 column 1 (char 0))"),
        (b"\xff\xfe\xfa", "model: config.json cannot be read as JSON"),
        (b'{"class_name": "' + b"x" * 999 + b'", "config": {}}', "model: a mapping with a class_name and a config"),
        (b"[]", "model: a mapping with a class_name and a config is needed"),
        (b'{"class_name": "Sequential"}', "model: a mapping with a class_name and a config is needed"),
        (
            json.dumps(sequential(layer("Dense", units=1), {"class_name": "Dense"})).encode(),
            "model['layers'][1]: a mapping with a class_name and a config is needed",
        ),
        (
            json.dumps(sequential(sequential(7))).encode(),
            "model['layers'][0]['layers'][0]: a mapping with a class_name and a config is needed",
        ),
        (
            b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
            "model: config.json cannot be read as JSON (nested too deeply)",
        ),
        (b'{"a":1' + b"0" * 5_000 + b"}", "model: config.json cannot be read as JSON"),
    ],
    ids=range(9),
)
def test_what_cannot_be_read_is_named(config: bytes, said: str) -> None:
    with pytest.raises(InvalidModelError) as error:
        read_keras(config)
    assert str(error.value).startswith(said)


def test_models_that_lie_deep_in_models_are_refused() -> None:
    deep = layer("Dense", units=1)
    for level in range(60):
        deep = sequential(deep) if level % 2 else layer("TimeDistributed", layer=deep)
    with pytest.raises(InvalidModelError, match="nested more than 50 levels deep"):
        read(deep)


@pytest.mark.parametrize("count", [MAX_LAYERS + 1, 9_000], ids=["layers", "settings"])
def test_a_network_that_is_too_large_is_not_read_in_part(count: int) -> None:
    settings = {f"setting{i}": i for i in range(1 if count > MAX_LAYERS else 20)}
    model = read(sequential(*[layer("Dense", **settings)] * count) | {"compile_config": {"loss": "mse"}})
    assert (model.layers, model.loss) == ((), "mse")
    assert model.notes == ("config.json: too many layers to read",)


def test_the_spelling_without_modules_is_read() -> None:
    zeros = {"class_name": "Zeros", "config": {}}
    dense = {"class_name": "Dense", "config": {"units": 2, "bias_initializer": zeros, "activation": "relu"}}
    entry = {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 4]}}
    model = read({"class_name": "Sequential", "config": {"name": "sequential", "layers": [entry, dense]}})
    assert model.layers == (Layer("Dense", {"units": 2, "bias_initializer": "Zeros", "activation": "relu"}),)
    assert model.output_shape == (None, 2)


@pytest.mark.timeout(20)
def test_time_is_in_proportion_to_the_layers() -> None:
    def chain(count: int) -> bytes:
        layers = [layer("Activation", name=f"a{i}", activation="relu") for i in range(count)]
        return json.dumps(functional(*layers, outputs=["a0", 0, 0])).encode()

    # Twice the layers take four times as long where each looks at all of them: 9,000 then take a minute.
    config = chain(9_000)
    assert len(read_keras(config).layers) == 9_000


KEYS = st.sampled_from(
    [
        *("class_name", "config", "layers", "layer", "cell", "output_layers", "inbound_nodes", "build_config", "args"),
        *("input_shape", "batch_shape", "units", "activation", "name", "trainable", "value", "inner_optimizer"),
    ]
)


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    kinds = st.sampled_from(["Sequential", "Functional", "Dense", "InputLayer", "Activation", "function", "__lambda__"])
    settings = st.dictionaries(KEYS, inner, max_size=4)
    return st.fixed_dictionaries({"class_name": kinds, "config": settings}, optional={"build_config": inner})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["Dense", "Sequential", "function", "a"]),
    lambda inner: st.lists(inner, max_size=3) | objects(inner) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=25,
)


@given(objects(JSON), JSON, JSON)
def test_whatever_is_written_is_read_or_refused(config: Any, loss: Any, optimizer: Any) -> None:
    try:
        model = read(config | {"compile_config": {"loss": loss, "optimizer": optimizer}})
    except InvalidModelError:
        return
    assert isinstance(model, Model)
