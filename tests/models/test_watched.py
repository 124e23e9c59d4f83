"""Graphs that ``wandb.watch`` left, read back; the files are those of two real networks of torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tracker_diag.core.model import MAX_LAYERS, InvalidModelError, Layer, Model
from tracker_diag.models.watched import read_graph

DATA = Path(__file__).parents[1] / "data" / "models"
NORM = {"eps": 1e-05, "elementwise_affine": True, "bias": True}


def node(printed: str, parameters: int | None = 0, shape: Any = ((4, 1),)) -> dict[str, Any]:
    """What wandb tells of one module."""
    told = {} if parameters is None else {"parameters": [["weight", [parameters]]] if parameters else []}
    sizes = {} if parameters is None else {"num_parameters": [parameters] if parameters else []}
    return {"name": "m", "id": 1, "class_name": printed, "output_shape": [list(s) for s in shape], **told, **sizes}


def graph(*nodes: Mapping[str, Any], of: str = "torch") -> Model:
    return read_graph(json.dumps({"format": of, "nodes": nodes, "edges": []}).encode())


def layers(printed: str) -> list[tuple[str, dict[str, Any]]]:
    return [(layer.type, dict(layer.settings)) for layer in graph(node(printed)).layers]


def test_a_convolutional_network_is_read_layer_by_layer() -> None:
    model = read_graph((DATA / "convolutions.graph.json").read_bytes())
    wide = Layer("Linear", {"in_features": 128, "out_features": 128, "bias": True})
    leaky = Layer("LeakyReLU", {"negative_slope": 0.1})
    recurrent = {"input_size": 128, "hidden_size": 16, "num_layers": 2, "batch_first": True, "bidirectional": True}
    pooled = {"kernel_size": 2, "stride": 2, "padding": 0, "dilation": 1, "ceil_mode": False}
    norm = {"num_features": 8, "eps": 1e-05, "momentum": 0.1, "affine": True, "bias": True}
    conv = {"in_channels": 3, "out_channels": 8, "kernel_size": [3, 3], "stride": [1, 1], "padding": [1, 1]}
    assert model.layers == (
        Layer("Conv2d", conv),
        Layer("BatchNorm2d", {**norm, "track_running_stats": True}),
        Layer("ReLU", {"inplace": True}),
        Layer("MaxPool2d", pooled),
        Layer("Dropout", {"p": 0.25, "inplace": False}),
        Layer("Flatten", {"start_dim": 1, "end_dim": -1}),
        *(wide, leaky, wide, leaky),
        Layer("LSTM", recurrent),
        Layer("Tanh"),
        Layer("Linear", {"in_features": 32, "out_features": 10, "bias": False}),
    )
    assert (model.framework, model.loss, model.notes) == ("torch", None, ())
    assert model.output_shape == (None, 10)
    recurrent_parameters = 2 * (64 * 128 + 64 * 16 + 128) + 2 * (64 * 32 + 64 * 16 + 128)
    assert model.trainable_parameters == 224 + 16 + 2 * (128 * 128 + 128) + recurrent_parameters + 320


def test_modules_inside_a_module_are_read_as_they_are_printed() -> None:
    model = read_graph((DATA / "transformer.graph.json").read_bytes())
    block = (
        Layer("MultiheadAttention"),
        Layer("Linear", {"in_features": 16, "out_features": 32, "bias": True}),
        Layer("Dropout", {"p": 0.1, "inplace": False}),
        Layer("Linear", {"in_features": 32, "out_features": 16, "bias": True}),
        *(Layer("LayerNorm", {"normalized_shape": [16], **NORM}),) * 2,
        *(Layer("Dropout", {"p": 0.1, "inplace": False}),) * 2,
    )
    conv = {"in_channels": 16, "out_channels": 16, "kernel_size": [3], "stride": [1], "padding": "same"}
    assert model.layers == (
        *block,
        *block,
        Layer("LayerNorm", {"normalized_shape": [16], **NORM}),
        Layer("Upsample", {"scale_factor": 2, "mode": "nearest"}),
        Layer("Conv1d", {**conv, "dilation": [2]}),
        Layer("GELU", {"approximate": "tanh"}),
        Layer("Softplus", {"beta": 1, "threshold": 20}),
        Layer("Linear", {"in_features": 16, "out_features": 1, "bias": True}),
        Layer("Softmax", {"dim": -1}),
    )
    assert model.output_shape == (None, 1)
    assert model.trainable_parameters == 2 * (1088 + 544 + 528 + 64) + 32 + 784 + 17


@pytest.mark.parametrize(
    ("printed", "settings"),
    [
        ("GRUCell(4, 8)", {"input_size": 4, "hidden_size": 8}),
        ("GroupNorm(4, 8, eps=1e-05, affine=True)", {"num_groups": 4, "num_channels": 8, "eps": 1e-05, "affine": True}),
        ("Embedding(10, 4, padding_idx=0)", {"num_embeddings": 10, "embedding_dim": 4, "padding_idx": 0}),
        ("RMSNorm((4,), eps=None)", {"normalized_shape": [4]}),
        ("ZeroPad2d((1, 1, 2, 2))", {"padding": [1, 1, 2, 2]}),
        ("Hardtanh(min_val=-1.5, max_val=1.0)", {"min_val": -1.5, "max_val": 1}),
        ("Mine(4, 8, depth=2)", {"depth": 2}),
        ("Odd(a=(1, (2, 3)), b=x=y, c='a, b', =3, d=)", {"a": [1, "(2, 3)"], "b": "x=y", "c": "'a", "d": ""}),
        ("Wild(a=1e999, b=)))(((, c=3)", {"a": "Infinity", "b": ")))(((", "c": 3}),
    ],
)
def test_settings_have_the_names_that_torch_gives_them(printed: str, settings: dict[str, Any]) -> None:
    assert layers(printed) == [(printed.partition("(")[0], settings)]


def test_containers_are_left_out() -> None:
    assert layers("Sequential()") == []
    assert layers("Net(\n  (body): Sequential()\n  (act): ReLU()\n)") == [("ReLU", {})]


def test_a_module_that_prints_several_lines_of_settings_is_one_layer() -> None:
    assert layers("Mine(\n  width 3\n  depth 4\n)") == [("Mine", {})]


def test_repeated_modules_are_as_many_layers() -> None:
    printed = "Net(\n  (0-1): 2 x Block(\n    (0-2): 3 x Linear(in_features=1)\n    (act): Tanh()\n  )\n)"
    assert [kind for kind, _ in layers(printed)] == ["Linear", "Linear", "Linear", "Tanh"] * 2


def test_a_loss_among_the_modules_is_the_loss_and_no_layer() -> None:
    linear, metric = node("Linear(in_features=4, out_features=2)", 10, ((4, 2),)), node("Accuracy()", 0, ((),))
    for nodes in (
        (linear, node("CrossEntropyLoss()", 0, ((),)), metric),
        (node("Net(\n  (a): Linear(in_features=4, out_features=2)\n  (b): CrossEntropyLoss()\n)", 10, ((4, 2),)),),
    ):
        model = graph(*nodes)
        assert model.layers == (Layer("Linear", {"in_features": 4, "out_features": 2}),)
        assert (model.loss, model.output_shape, model.trainable_parameters) == ("CrossEntropyLoss", (None, 2), 10)
    assert graph(linear, node("MSELoss()"), node("L1Loss()")).loss is None
    own = "FocalLoss(\n  (inner): BCEWithLogitsLoss()\n)"
    assert graph(linear, node(own, 0, ((),))).loss == "FocalLoss"


def test_parameters_are_counted_only_where_each_module_tells_its_own() -> None:
    assert graph(node("Linear()", 10), node("ReLU()")).trainable_parameters == 10
    assert graph(node("Linear()", 10), node("ReLU()", None)).trainable_parameters is None
    assert graph().trainable_parameters is None


@pytest.mark.parametrize("shape", [((4, 5), (4, 6)), ((),), ((4, "x"),), ((4, -1),), ()])
def test_an_output_that_is_not_one_tensor_has_no_shape(shape: Any) -> None:
    assert graph(node("Linear(in_features=4)", 4, shape)).output_shape is None


def test_a_graph_of_keras_is_read() -> None:
    def keras(kind: str, shape: Any, parameters: int) -> dict[str, Any]:
        name = kind.lower()
        return {"name": name, "id": name, "class_name": kind, "output_shape": shape, "num_parameters": parameters}

    nodes = [
        keras("InputLayer", [[None, 8, 8, 3]], 0),
        keras("Conv2D", [None, 6, 6, 4], 112),
        keras("Flatten", [None, 144], 0),
        keras("Dense", [None, 10], 1450),
        keras("Activation", ["multiple"], 0),
    ]
    model = graph(*nodes, of="keras")
    assert model.framework == "keras"
    assert model.layers == (
        Layer("Conv2D"),
        Layer("Flatten"),
        Layer("Dense", {"units": 10}),
        Layer("Activation"),
    )
    assert (model.output_shape, model.trainable_parameters) == (None, 1562)
    assert graph(*nodes[:-1], of="keras").output_shape == (None, 10)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "model: not JSON: "),
        (b"\xff\xfe", "model: not JSON: "),
        (b"[" * 100_000, "model: not JSON: nested too deeply"),
        (b'{"nodes": ' + b"[" * 100_000, "model: not JSON: nested too deeply"),
        (b"null", "model: a mapping is needed, not NoneType"),
        ([], "model: a mapping is needed, not list"),
        ({"format": "torch"}, "model['nodes']: a list of mappings is needed"),
        ({"format": "torch", "nodes": {}}, "model['nodes']: a list of mappings is needed"),
        ({"format": "torch", "nodes": [node("ReLU()"), 3]}, "model['nodes'][1]: a mapping is needed, not int"),
        ({"format": "torch", "nodes": [{"class_name": 3}]}, "model['nodes'][0]['class_name']: a text is needed"),
        ({"format": "torch", "nodes": [node("ReLU()")] * 10_001}, "model['nodes']: more than 10,000 layers"),
        ({"format": "onnx", "nodes": []}, "model['format']: neither torch nor keras"),
        ({"nodes": []}, "model['format']: neither torch nor keras"),
        ({"format": "torch", "nodes": [node("A()", 10**15)] * 2_000}, "model['trainable_parameters']: a whole number"),
    ],
)
def test_what_is_no_graph_is_refused(data: Any, said: str) -> None:
    with pytest.raises(InvalidModelError) as error:
        read_graph(data)
    assert str(error.value).startswith(said)


def test_modules_that_cannot_be_read_are_counted() -> None:
    model = graph(node("<function relu>"), node("ReLU()"))
    assert model.layers == (Layer("ReLU"),)
    assert model.notes == ("model graph: 1 of 2 modules cannot be read",)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "printed",
    [
        "Net(" + "(" * 10**6 + ")",
        "Net(" + "a=1, " * 10**6 + ")",
        "Net(\n" + "  (a): A(\n    (0-9): 99999 x L()\n  )\n" * 10**5 + ")",
        "Net(\n" + "  (a): MultiheadAttention(\n    (0-9): 99999 x L()\n  )\n" * 10**5 + ")",
        "Net(\n" + "  (0-9): 99999 x Block(\n" * 99 + "L()\n" + ")\n" * 100,
        "Net(\n" + "(" * 10**6,
        "A" * 10**6,
        "Net(\n" + ")\n" * 10**6,
    ],
)
def test_a_hostile_module_takes_no_time(printed: str) -> None:
    model = graph(node(printed))
    assert len(model.layers) <= MAX_LAYERS


def test_more_layers_than_are_read_are_said() -> None:
    model = graph(node("Net(\n  (0-8): 9 x ReLU()\n)"), node("Net(\n  (0-9999): 10000 x ReLU()\n)"))
    assert len(model.layers) == MAX_LAYERS
    assert model.notes == ("model graph: only the first 10,000 layers were read",)
