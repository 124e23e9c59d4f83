"""Summaries that frameworks printed of real networks, read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.core.model import MAX_LAYERS, Model
from tracker_diag.models.summaries import LETTERS, read_summary

DATA = Path(__file__).parents[1] / "data" / "models"
Layers = list[tuple[str, dict[str, Any]]]

CONVOLUTIONS: Layers = [
    ("Conv2D", {"filters": 32}),
    ("BatchNormalization", {}),
    ("MaxPooling2D", {}),
    ("SeparableConv2D", {"filters": 8}),
    ("DepthwiseConv2D", {}),
    ("GlobalAveragePooling2D", {}),
    ("Dropout", {}),
    ("Dense", {"units": 10}),
]
GRAPH: Layers = [
    ("Dense", {"units": 16}),
    ("BatchNormalization", {}),
    ("LeakyReLU", {}),
    ("Dense", {"units": 16}),
    ("Add", {}),
    ("Concatenate", {}),
    ("LayerNormalization", {}),
    ("Dense", {"units": 3}),
]
LIGHTNING = """\
   | Name      | Type               | Params | Mode  | FLOPs  | In sizes | Out sizes
------------------------------------------------------------------------------------------
0  | net       | Sequential         | 2.1 K  | train | 26.9 K | [7, 20]  | [7, 10]  {}
1  | net.0     | Linear             | 1.3 K  | train | 17.9 K | [7, 20]  | [7, 64]  {}
2  | net.1     | ReLU               | 0      | train | 0      | [7, 64]  | [7, 64]  {}
3  | net.2     | Sequential         | 650    | train | 9.0 K  | [7, 64]  | [7, 10]  {}
4  | net.2.0   | Linear             | 650    | train | 9.0 K  | [7, 64]  | [7, 10]  {}
5  | net.2.1   | Tanh               | 0      | train | 0      | [7, 10]  | [7, 10]  {}
6  | head      | Linear             | 33     | train | 420    | [7, 10]  | [7, 3]   {}
7  | criterion | CrossEntropyLoss   | 0      | train | 0      | ?        | ?        {}
8  | acc       | MulticlassAccuracy | 0      | train | 0      | ?        | ?        {}
------------------------------------------------------------------------------------------
2.1 K     Trainable params
33        Non-trainable params
2.2 K     Total params
0.009     Total estimated model params size (MB)
11        Modules in train mode
0         Modules in eval mode
27.3 K    Total Flops
""".replace("{}", "")
PRINTED = """\
Net(
  (conv): Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1))
  (bn): BatchNorm2d(6, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
  (body): Sequential(
    (0): Linear(in_features=864, out_features=32, bias=True)
    (1): ReLU()
    (2): Dropout(p=0.5, inplace=False)
  )
  (att): MultiheadAttention(
    (out_proj): NonDynamicallyQuantizableLinear(in_features=32, out_features=32, bias=True)
  )
  (rnn): LSTM(32, 16, num_layers=2, batch_first=True)
  (blocks): ModuleList(
    (0-1): 2 x Block(
      (norm): LayerNorm((16,), eps=1e-05, elementwise_affine=True)
    )
  )
  (loss): CrossEntropyLoss()
  (accuracy): MulticlassAccuracy()
)"""


def summary(name: str) -> str:
    return (DATA / f"{name}.summary.txt").read_text(encoding="utf-8")


def read(text: str) -> Model:
    model = read_summary(text)
    assert model is not None
    return model


def layers(text: str) -> Layers:
    return [(layer.type, dict(layer.settings)) for layer in read(text).layers]


@pytest.mark.parametrize("name", ["keras3-conv", "keras2-conv", "keras26-conv"])
def test_a_table_of_keras_tells_layers_widths_output_and_trainable_parameters(name: str) -> None:
    text = summary(name)
    assert layers(text) == CONVOLUTIONS
    model = read(text)
    assert (model.framework, model.output_shape, model.outputs) == ("keras", (None, 10), 1)
    # Not those that the optimiser keeps (3,384 in all), nor the moving averages (1,170).
    assert model.trainable_parameters == 1106


@pytest.mark.parametrize("name", ["keras3-graph", "keras26-graph"])
def test_a_graph_of_keras_with_two_outputs_says_the_shape_of_neither(name: str) -> None:
    assert layers(summary(name)) == [*GRAPH, ("Dense", {"units": 1})]
    model = read(summary(name))
    assert (model.outputs, model.output_shape, model.trainable_parameters) == (2, None, 452)


def test_a_graph_of_keras_with_two_inputs_has_one_output() -> None:
    assert layers(summary("keras2-graph")) == GRAPH
    model = read(summary("keras2-graph"))
    assert (model.outputs, model.output_shape, model.trainable_parameters) == (1, (None, 3), 419)


def test_names_that_were_cut_are_completed_where_only_one_layer_begins_so() -> None:
    assert layers(summary("keras3-attention")) == [
        ("MultiHeadAttention", {}),
        # Of one, two or three dimensions: the table does not tell.
        ("GlobalAveragePo…", {}),
        ("RepeatVector", {}),
        ("LSTM", {"units": 5}),
        ("Multiply", {}),
    ]
    assert read(summary("keras3-attention")).output_shape == (None, 5)


def test_a_name_that_is_lost_leaves_a_layer_of_no_known_kind() -> None:
    lost = summary("keras26-conv").replace("dense_10 (Dense)            ", "a_very_long_layer_name_that_")
    assert layers(lost)[-1] == ("…", {})


@pytest.mark.parametrize(("name", "filters"), [("keras3-nested", 1), ("keras2-nested", 4)])
def test_nested_models_of_keras_are_given_flat_where_the_table_opens_them(name: str, filters: int) -> None:
    assert layers(summary(name)) == [
        ("Conv2D", {"filters": filters}),
        ("Flatten", {}),
        ("Dense", {"units": 5}),
        ("Dense", {"units": 2}),
    ]
    closed = "\n".join(line for line in summary(name).splitlines() if "└" not in line and line[:2] != "| ")
    assert layers(closed) == [("Sequential", {}), ("Dense", {"units": 2})]


def test_filters_are_the_first_size_where_the_last_cannot_be() -> None:
    first = summary("keras3-conv").replace(
        "(None, 26, 26, 32)     │           320", "(None, 32, 26, 26)     │           320"
    )
    assert layers(first)[0] == ("Conv2D", {"filters": 32})


def test_a_box_of_plain_signs_is_read_too() -> None:
    plain = str.maketrans("┏━┳┓┃┡╇┩│├─┼┤└┴┘", "+-++||+|||-+|+++")
    assert layers(summary("keras3-conv").translate(plain)) == CONVOLUTIONS


def test_frozen_layers_are_told_where_the_table_says_which_they_are() -> None:
    frozen = summary("keras2-graph").replace(
        "99        ['layer_normalization[0][0]   Y", "99        ['layer_normalization[0][0]   N"
    )
    assert layers(frozen) == [*GRAPH[:-1], ("Dense", {"units": 3, "trainable": False})]


def test_a_network_that_is_not_built_has_no_known_parameters() -> None:
    unbuilt = """\
Model: "sequential"
┏━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)     ┃ Output Shape ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ dense_8 (Dense)  │ ?            │   0 (unbuilt) │
├──────────────────┼──────────────┼───────────────┤
│ dense_9 (Dense)  │ ?            │   0 (unbuilt) │
└──────────────────┴──────────────┴───────────────┘
 Total params: 0 (0.00 B)
 Trainable params: 0 (0.00 B)
"""
    assert read(unbuilt) == Model("keras", read(unbuilt).layers)
    assert layers(unbuilt) == [("Dense", {}), ("Dense", {})]


def test_a_table_of_lightning_tells_layers_and_loss() -> None:
    assert layers(LIGHTNING) == [
        ("Linear", {"in_features": 20, "out_features": 64}),
        ("ReLU", {}),
        ("Linear", {"in_features": 64, "out_features": 10}),
        ("Tanh", {}),
        ("Linear", {"in_features": 10, "out_features": 3}),
    ]
    model = read(LIGHTNING)
    assert (model.framework, model.loss, model.trainable_parameters) == ("torch", "CrossEntropyLoss", 2100)


def test_a_table_of_lightning_of_depth_one_leaves_modules_closed() -> None:
    outer = [line for line in LIGHTNING.splitlines() if "net." not in line]
    # Older ones have three columns.
    old = "\n".join("|".join(line.split("|")[:4]) for line in outer)
    assert layers(old) == [("Sequential", {}), ("Linear", {})]
    assert read(old).trainable_parameters == 2100


def test_a_table_of_torchinfo_tells_layers_widths_and_what_is_frozen() -> None:
    text = summary("torchinfo")
    assert layers(text) == [
        ("Conv2d", {"in_channels": 1, "out_channels": 6, "trainable": False}),
        ("BatchNorm2d", {}),
        ("MaxPool2d", {}),
        ("Linear", {"in_features": 864, "out_features": 32}),
        ("ReLU", {}),
        ("Dropout", {}),
        ("ReLU", {}),
        ("MultiheadAttention", {}),
        ("Linear", {"in_features": 32, "out_features": 10}),
    ]
    assert (read(text).framework, read(text).trainable_parameters) == ("torch", 37_622)


def test_a_table_of_torchinfo_without_its_tree_and_without_shapes() -> None:
    text = """\
==========================================
Layer (type)                      Param #
==========================================
LeNet                             --
+ Conv2d                          (156)
+ Sequential                      --
|    + Linear                     27,680
|    + ReLU                       --
==========================================
Total params: 27,836
Trainable params: 27,680
"""
    assert layers(text) == [("Conv2d", {"trainable": False}), ("Linear", {}), ("ReLU", {})]


def test_a_module_as_torch_prints_it_tells_layers_settings_and_loss() -> None:
    norm = ("LayerNorm", {"normalized_shape": [16], "eps": 1e-05, "elementwise_affine": True})
    batch = {"num_features": 6, "eps": 1e-05, "momentum": 0.1, "affine": True, "track_running_stats": True}
    assert layers(PRINTED) == [
        ("Conv2d", {"in_channels": 1, "out_channels": 6, "kernel_size": [5, 5], "stride": [1, 1]}),
        ("BatchNorm2d", batch),
        ("Linear", {"in_features": 864, "out_features": 32, "bias": True}),
        ("ReLU", {}),
        ("Dropout", {"p": 0.5, "inplace": False}),
        ("MultiheadAttention", {}),
        ("LSTM", {"input_size": 32, "hidden_size": 16, "num_layers": 2, "batch_first": True}),
        norm,
        norm,
    ]
    assert (read(PRINTED).loss, read(PRINTED).trainable_parameters) == ("CrossEntropyLoss", None)


def test_text_around_a_printed_module_is_left_out() -> None:
    text = f"My (first) network:\n\n{PRINTED}\nTotal params: 1,234\n"
    assert layers(text) == layers(PRINTED)
    assert read(text).trainable_parameters == 1234


def test_a_module_alone_is_a_network() -> None:
    linear = "Linear(in_features=4, out_features=1, bias=True)"
    assert layers(linear) == [("Linear", {"in_features": 4, "out_features": 1, "bias": True})]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a layout nobody knows",
        "print(network)",
        "Net(\n  see the other file\n)",
        PRINTED[:-2],
        "Layer (type)  Output Shape  Param #",
        "  | Name | Type | Params",
        "Total params: ,,, none",
        "Total params:",
        "Total params: 0",
        "Total params: 1" + "0" * 19,
        "Total params: 40 (160.00 B)\n Optimizer params: 26 (104.00 B)",
        "Total params: 40\nNon-trainable params: 26",
    ],
)
def test_a_text_that_says_nothing_is_no_description(text: str) -> None:
    assert read_summary(text) is None


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("Total params: 11.69M", 11_690_000),
        ("Total params: 1,234", 1234),
        ("1.2 M     Trainable params\n0         Non-trainable params\n1.3 M     Total params", 1_200_000),
        ("Total params: 50,890 (198.79 KB)\nTrainable params: 50,800 (198.79 KB)", 50_800),
        ("Trainable params: 2.2 K    ", 2_200),
        ("Total params: 12\nTrainable params: 0", 0),
        ("Trainable params: 7 B", 7_000_000_000),
    ],
)
def test_of_another_layout_the_number_of_parameters_is_read(text: str, parameters: int) -> None:
    assert read_summary(text) == Model(trainable_parameters=parameters)


def test_a_table_of_another_tool_with_the_header_of_keras_is_not_taken_for_it() -> None:
    text = """\
----------------------------------------------------------------
        Layer (type)               Output Shape         Param #
================================================================
            Linear-1                    [-1, 8]              40
================================================================
Total params: 40
Trainable params: 40
Non-trainable params: 0
"""
    assert read_summary(text) == Model(trainable_parameters=40)


def test_of_a_summary_that_is_too_long_the_count_at_its_end_is_read() -> None:
    table = summary("keras3-conv")
    rows = table.splitlines(keepends=True)
    long = "".join([*rows[:4], *rows[4:6] * (LETTERS // 100), *rows[-7:]])
    model = read(long)
    assert (model.layers, model.trainable_parameters, model.output_shape) == ((), 1106, None)
    assert model.notes == ("model summary: longer than 200,000 characters, so its layers were not read",)


def test_of_more_layers_than_are_read_none_are_given() -> None:
    some = f"A(\n  (0-98): 99 x B(\n    (0-{MAX_LAYERS // 99 - 1}): {MAX_LAYERS // 99} x Linear(in_features=1)\n  )\n)"
    assert len(layers(some)) == MAX_LAYERS // 99 * 99
    many = "A(\n" + "  (0-99998): 99999 x B(\n" * 50 + "    (0): Linear(in_features=1)\n" + ")\n" * 50 + ")"
    assert read_summary(many) is None


HEADS = [
    "",
    "Layer (type)  Output Shape  Param # \n====\n",
    "┃ Layer (type) ┃ Output Shape ┃ Param # ┃ Connected to ┃\n",
    "Layer (type:depth-idx)  Output Shape  Param #\n====\n",
    "  | Name | Type | Params\n",
    "A(\n  (0): B(\n",
]
PIECES = [
    *(" ", "1", "1,", "|", "│", "(", "[", ")", "a", "\n", "=", "-", "\x00", "½", "\x85", "=,", "Linear(("),
    "│ a… (B…) │ (1,2) │ 1 │ c… │\n├\n",
    "a (B (None, 3)  1\n",
    "a (  (1) 1\n",
    "├─A: 1-1  [1, 2]   1\n",
    "0 | a.b | B | 1\n",
    "(0): Linear(a=1)\n",
    "  (0-99998): 99999 x Linear(a=1)\n",
    "  (0-9): 9 x A(\n",
    "1 Trainable params ",
    "Trainable params: ",
]


# Two seconds for each piece, as many as there are.
@pytest.mark.timeout(2 * len(PIECES))
@pytest.mark.parametrize("head", HEADS, ids=range(len(HEADS)))
def test_no_text_takes_long(head: str) -> None:
    for piece in PIECES:
        read_summary((head + piece * (LETTERS // len(piece) + 1))[:LETTERS])


@given(
    st.lists(
        st.sampled_from([*HEADS, *PIECES, *GRAPH[0][0:1], "…", "(", "│\n", "┃", "==\n", "]"]) | st.text(), max_size=30
    )
)
def test_no_text_is_an_error(pieces: list[str]) -> None:
    read_summary("".join(pieces))


@given(
    st.sampled_from([LIGHTNING, PRINTED, summary("keras3-graph"), summary("keras2-nested"), summary("torchinfo")]),
    st.data(),
)
def test_no_summary_that_was_changed_is_an_error(text: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text)))
    read_summary(text[:place] + data.draw(st.text(max_size=5)) + text[place + data.draw(st.integers(0, 200)) :])


@pytest.mark.timeout(20)
def test_a_name_of_two_hundred_thousand_letters_takes_no_time():
    row = "│ " + "a" * 180_000 + " │ (None, 8) │ 8 │ " + "b" * 900 + " │\n"
    text = "┃ Layer (type) ┃ Output Shape ┃ Param # ┃ Connected to ┃\n" + row
    read_summary(text)
