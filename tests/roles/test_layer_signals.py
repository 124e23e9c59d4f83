"""Names of figures of layers, as the tools' own clients wrote them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.core.run import Series
from tracker_diag.core.signals import key, layer_label
from tracker_diag.roles.layer_signals import LayerSignals, layer_signals

#: Of one network, in the order in which none of the trackers gives it.
PARAMETERS = ("net.10.weight", "net.0.bias", "net.2.weight", "net.0.weight", "net.2.bias", "net.10.bias")
LAYERS = ["net.0", "net.2", "net.10"]


def series(name: str, *values: float, first: int = 0) -> Series:
    return Series.from_points(name, np.arange(first, first + len(values), dtype=float), values)


def logged(names: Iterable[str], *values: float) -> dict[str, Series]:
    return {name: series(name, *(values or (3.0, 4.0))) for name in names}


def signals(*names: str) -> LayerSignals:
    return layer_signals(logged(names))


def values(layers: Mapping[str, Series]) -> dict[str, list[float]]:
    return {layer: one.values.tolist() for layer, one in layers.items()}


@pytest.mark.parametrize(
    ("pattern", "dot"),
    [
        ("gradients/{}/norm", "."),  # wandb.watch, as the adapter reads its histograms
        ("grad_2.0_norm/{}", "."),  # Lightning
        ("grad_2.0_norm/{}_step", "."),  # with on_epoch=True
        ("grad_2.0_norm_{}", "."),  # before 1.6
        ("grads_norm/{}", "/"),  # Ignite
        ("gen/grads_norm/{}", "/"),  # with a tag
        ("grads/{}/norm", "/"),  # its histograms, synchronised from TensorBoard
        ("l2_norm/grad/{}", "."),  # Composer
        ("grad_norm/{}", "."),
        ("train/grad_norms/{}", "."),
        ("gradient_norms.{}", "."),  # a nested value, in W&B
        ("grad-norm/{}", "/"),
        ("Gradients/{}_norm", "."),
        ("layer/{}/grad_norm", "."),
    ],
)
def test_gradients_of_parameters_become_those_of_layers(pattern: str, dot: str) -> None:
    found = signals(*(pattern.format(name.replace(".", dot)) for name in PARAMETERS))
    layers = [layer.replace(".", dot) for layer in LAYERS]
    if pattern.startswith("layer/"):
        layers = [f"layer/{layer}" for layer in layers]
    joined = [3 * math.sqrt(2), 4 * math.sqrt(2)]
    assert list(found.gradient_norms) == layers
    assert values(found.gradient_norms) == {layer: pytest.approx(joined) for layer in layers}
    assert found.gradient_norm is not None
    assert found.gradient_norm.values == pytest.approx([3 * math.sqrt(6), 4 * math.sqrt(6)])
    assert found.ordered
    assert not found.weight_norms


@pytest.mark.parametrize(
    "pattern",
    [
        "parameters/{}/norm",
        "weights_norm/{}",
        "weights/{}/norm",
        "l2_norm/param/{}",
        "param_norm/{}",
        "{}/histogram/norm",
    ],
)
def test_norms_of_weights(pattern: str) -> None:
    found = signals(*map(pattern.format, PARAMETERS))
    assert list(found.weight_norms) == LAYERS
    assert found.weight_norms["net.0"].values == pytest.approx([3 * math.sqrt(2), 4 * math.sqrt(2)])
    assert not found.gradient_norms
    assert found.gradient_norm is None


@pytest.mark.parametrize(
    ("parameters", "layer"),
    [
        (("fc1.weight", "fc1.bias"), "fc1"),
        (("fc1/kernel:0", "fc1/bias:0"), "fc1"),
        (("fc1/kernel_0", "fc1/bias_0"), "fc1"),
        (("fc1/kernel.gradient", "fc1/bias.gradient"), "fc1"),  # W&B's Keras callback
        (("fc1|kernel.gradient", "fc1|bias.gradient"), "fc1"),
        (("fc1.weights", "fc1.bias"), "fc1"),
        (("fc1_weight", "fc1_bias"), "fc1"),
        (("linear/w", "linear/b"), "linear"),  # Haiku
        (("bn/gamma", "bn/beta"), "bn"),
        (("norm/scale", "norm/bias"), "norm"),  # Flax
        (("lstm.weight_hh_l0", "lstm.bias_ih_l0"), "lstm"),
        (("rnn.weight_ih_l1_reverse", "rnn.weight_ih_l1"), "rnn"),
        (("fc1.weight_g", "fc1.weight_v"), "fc1"),
        (("fc1.parametrizations.weight.original0", "fc1.parametrizations.weight.original1"), "fc1"),
        (("Weight", "Bias"), "model"),
        (("graph_1fc1.weight", "graph_1fc1.bias"), "graph_1fc1"),  # a second network that wandb watches
    ],
)
def test_parameters_of_one_layer_are_joined(parameters: tuple[str, str], layer: str) -> None:
    found = signals(*(f"grad_norm/{name}" for name in parameters))
    assert values(found.gradient_norms) == {layer: pytest.approx([3 * math.sqrt(2), 4 * math.sqrt(2)])}


def test_a_network_of_one_layer_is_watched() -> None:
    found = signals(*(f"{group}/{name}/norm" for group in ("gradients", "parameters") for name in ("weight", "bias")))
    assert list(found.gradient_norms) == list(found.weight_norms) == ["model"]


def test_layers_need_no_parameters() -> None:
    found = signals("grad_norm/layer_10", "grad_norm/layer_2")
    assert list(found.gradient_norms) == ["layer_2", "layer_10"]
    # Layers that somebody logs need not be all there are.
    assert found.gradient_norm is None


@pytest.mark.parametrize(
    "name",
    [
        "grad_norm", "train/grad_norm", "grad-norm", "grad_2.0_norm_total", "grad_2.0_norm_total_step",
        "gradients/norm", "l2_norm/grad/global", "grads_norm", "grad_norm/total", "gradients/total_norm",
        "global_grad_norm", "Train/Samples/grad_norm",
    ],
)  # fmt: skip
def test_the_norm_of_the_whole_gradient(name: str) -> None:
    found = signals(name, "grad_norm/fc1.weight", "grad_norm/fc1.bias")
    assert found.gradient_norm is not None
    assert found.gradient_norm.name == name
    assert list(found.gradient_norms) == ["fc1"]


@pytest.mark.parametrize(
    "name",
    [
        "grad_norm_scale", "grad_norm_weight", "weights/class_1/norm", "weights/class_weight/norm",
        "grad_norm_clip", "grad_norm/clip", "grads_norm/clipped", "max_grad_norm", "gradient_penalty",
        "gradients/mean", "gradients_per_second", "weights/class_1", "loss/grad_weight", "dead_letters",
        "dead_letters/norm", "dead/queue", "grad_inf_norm_total", "grad_inf_norm/fc1.weight",
        "grad_norm_loss_weight", "gradients/batch_norm", "gradients/layer_norm", "weights/layer_norm",
        "gradients/fc1.weight/mean_abs", "gradients/fc1.weight/zeros", "parameters/fc1.weight/zeros",
        "l2_norm/moment/fc1.weight", "l2_norm/second_moment_sqrt/fc1.weight",
        "l2_norm_ratio/moment_grad/fc1.weight", "cosine/update_grad/fc1.weight",
        "activations/l2_norm/fc1_output.0", "weights_mean/fc1/weight", "grad_norm/mean", "grad_norm/max",
        "grad_norms/fc1/max", "weight_norm/bn.running_mean", "param_norm/bn/moving_variance:0",
        "weight_norm/total", "params-norm", "num-zeros", "loss-scale", "saturation/hue", "val/loss",
        "histogram/norm", "update_ratio", "learning_rate", "grad_norm/clip/.", "",
    ],
)  # fmt: skip
def test_false_friends(name: str) -> None:
    found = signals(name)
    layers = (found.gradient_norms, found.weight_norms, found.update_ratios, found.dead, found.saturated)
    assert not any(layers)
    assert found.gradient_norm is None
    assert not found.ordered


def test_own_keys_come_first() -> None:
    labels = [layer_label(place, name) for place, name in enumerate(["stem", "body", "head", "body_2"])]
    foreign = logged(["grad_norm", "grad_norm/fc1.weight", "update_ratio/fc1.weight", "weight_norm/fc1.weight"], 0.5)
    own = [key(kind, label) for kind in ("grad_norm", "update_ratio", "dead", "saturated") for label in labels[::-1]]
    found = layer_signals({**foreign, **logged([key("grad_norm"), *own, key("weight_scale", labels[0])], 0.25)})
    named = {"stem": [0.25], "body": [0.25], "head": [0.25], "body_2": [0.25]}
    for layers in (found.gradient_norms, found.update_ratios, found.dead, found.saturated):
        assert values(layers) == named
        assert list(layers) == list(named)
    assert found.gradient_norm is not None
    assert found.gradient_norm.name == key("grad_norm")
    assert values(found.weight_norms) == {"fc1": [0.5]}
    assert found.ordered


def test_the_whole_norm_of_own_layers_is_not_their_sum() -> None:
    assert signals(key("grad_norm", "000.fc1"), key("grad_norm", "001.fc2")).gradient_norm is None


def test_own_layers_of_one_name_keep_their_places() -> None:
    found = signals(key("grad_norm", "010.fc"), key("grad_norm", "009.fc"), key("dead", "009.fc"))
    assert list(found.gradient_norms) == ["009.fc", "010.fc"]
    assert list(found.dead) == ["009.fc"]


def test_own_layers_without_a_place_are_in_no_certain_order() -> None:
    assert not signals(key("grad_norm", "fc"), key("grad_norm", "000.stem")).ordered


def test_what_is_logged_twice_is_not_added_up() -> None:
    measured = logged([f"grads_norm/0/{name}" for name in ("weight", "bias")], 3.0)
    histograms = logged([f"{tag}grads/0/{name}/norm" for tag in ("", "gen/") for name in ("weight", "bias")], 9.0)
    found = layer_signals({**histograms, **measured})
    assert values(found.gradient_norms) == {"0": pytest.approx([3 * math.sqrt(2)])}
    # More of the network comes before a better measurement.
    more = layer_signals({**histograms, **measured, **logged(["grads/2/weight/norm"], 9.0)})
    assert list(more.gradient_norms) == ["0", "2"]
    assert more.gradient_norms["2"].values.tolist() == [9.0]


def test_steps_come_before_epochs() -> None:
    names = [f"grad_2.0_norm/fc1.{name}_{level}" for name in ("weight", "bias") for level in ("epoch", "step")]
    found = layer_signals({name: series(name, *([1.0] if name.endswith("epoch") else [3.0, 4.0])) for name in names})
    assert values(found.gradient_norms) == {"fc1": pytest.approx([3 * math.sqrt(2), 4 * math.sqrt(2)])}
    assert list(signals(*(name for name in names if name.endswith("epoch"))).gradient_norms) == ["fc1"]


def test_norms_are_joined_at_the_steps_that_they_share() -> None:
    found = layer_signals(
        {
            "grad_norm/fc1.weight": series("w", 3.0, 6.0, math.nan),
            "grad_norm/fc1.bias": series("b", 8.0, math.inf, 1.0, first=1),
            "grad_norm/fc2.weight": series("v", 1.0, first=9),
        }
    )
    assert found.gradient_norms["fc1"].steps.tolist() == [1.0, 2.0]
    assert found.gradient_norms["fc1"].values.tolist() == [10.0, math.inf]
    assert found.gradient_norm is None


def test_parameters_that_share_no_step_give_the_longer_one() -> None:
    found = layer_signals(
        {"grad_norm/fc1.bias": series("b", 1.0), "grad_norm/fc1.weight": series("w", 2.0, 3.0, first=5)}
    )
    assert values(found.gradient_norms) == {"fc1": [2.0, 3.0]}
    assert found.gradient_norms["fc1"].name == "w"


def test_a_norm_that_has_room_does_not_overflow() -> None:
    found = layer_signals({f"grad_norm/fc1.{name}": series(name, 3e200) for name in ("weight", "bias")})
    assert found.gradient_norms["fc1"].values == pytest.approx([3e200 * math.sqrt(2)])


def test_logarithms_are_no_norms() -> None:
    found = layer_signals({"grad_norm/a.weight": series("a", 2.0), "grad_norm/b.weight": series("b", -2.0)})
    assert not found.gradient_norms
    assert found.gradient_norm is None
    assert layer_signals({"grad_norm": series("grad_norm", -3.0)}).gradient_norm is None
    assert not layer_signals({"update_ratio/a.weight": series("a", -3.0)}).update_ratios


def test_a_series_without_points_says_nothing() -> None:
    found = layer_signals(
        {name: series(name) for name in ("grad_norm", "grad_norm/fc1.weight", "diag/grad_norm/000.a")}
    )
    assert not found.gradient_norms
    assert found.gradient_norm is None


def test_ratios_are_of_the_weights() -> None:
    found = layer_signals(
        {
            "l2_norm_ratio/update_param/fc1.bias": series("b", 9.0),
            "l2_norm_ratio/update_param/fc1.weight": series("w", 0.001),
            "l2_norm_ratio/update_param/bn.bias": series("c", 0.1),
        }
    )
    assert values(found.update_ratios) == {"bn": [0.1], "fc1": [0.001]}


def test_ratios_are_computed_from_updates_and_weights() -> None:
    updates = {f"l2_norm/update/fc1.{name}": series(name, 3.0, 4.0, first=1) for name in ("weight", "bias")}
    weights = {f"l2_norm/param/fc1.{name}": series(name, 9.0, 30.0, 0.0) for name in ("weight", "bias")}
    found = layer_signals({**updates, **weights, "l2_norm/update/fc2.weight": series("v", 1.0)})
    assert found.update_ratios["fc1"].steps.tolist() == [1.0, 2.0]
    assert values(found.update_ratios) == {"fc1": [pytest.approx(0.1), math.inf]}


@pytest.mark.parametrize("kind", ["dead", "saturated"])
def test_shares_of_units(kind: str) -> None:
    def read(*several: float) -> dict[str, list[float]]:
        named = logged([f"{kind}_neurons/fc1", f"{kind}_neurons/total_ratio", f"{kind}_neurons/fc1_count"], *several)
        return values(getattr(layer_signals(named), kind))

    assert read(0.25, 1.0) == {"fc1": [0.25, 1.0]}
    assert read(0.0, 0.0) == {"fc1": [0.0, 0.0]}
    # Counts of units, or per cent.
    assert not read(0.0, 12.0)
    assert not read(0.0, 1.0)


@pytest.mark.parametrize(
    ("layers", "ordered"),
    [
        (["embeddings", "layers.2", "layers.10", "lm_head"], True),
        (["conv1", "conv2", "fc"], True),
        (["dense", "dense_1", "dense_10"], True),
        (["0", "2", "10"], True),
        (["bn1", "conv1", "layer1.0.conv1", "layer2.0.conv1", "fc"], False),
        (["wte", "fc", "head"], False),
        (["decoder.0", "encoder.0"], False),
    ],
)
def test_the_order_of_layers(layers: list[str], ordered: bool) -> None:
    found = signals(*(f"gradients/{layer}.weight/norm" for layer in reversed(layers)))
    assert list(found.gradient_norms) == layers
    assert found.ordered is ordered


HEADS = [
    "grad_norm",
    "gradients",
    "weight_norm",
    "dead_neurons",
    "update_ratio",
    "l2_norm/grad",
    "diag/grad_norm",
    "diag",
]
TAILS = [
    "norm",
    "weight",
    "bias:0",
    "grad_norm",
    "histogram/norm",
    "_step",
    "total",
    "1" * 5000,
    "²",
    "٣",
    "\n",
    "//",
    ".",
]
NAMES = st.builds(
    "".join,
    st.lists(st.one_of(st.sampled_from([*HEADS, *TAILS, "/", ".", "_"]), st.text(max_size=8)), max_size=8),
)
VALUES = st.lists(st.floats(), max_size=3)


@given(st.dictionaries(NAMES, VALUES, max_size=12), st.randoms())
def test_any_names_are_read_whatever_their_order(metrics: dict[str, list[float]], random: object) -> None:
    run = {name: series(name, *several) for name, several in metrics.items()}
    found = layer_signals(run)
    turned = list(run.items())
    random.shuffle(turned)  # type: ignore[attr-defined]
    again = layer_signals(dict(turned))
    for kind in ("gradient_norms", "weight_norms", "update_ratios", "dead", "saturated"):
        layers = getattr(found, kind)
        assert list(layers) == list(getattr(again, kind))
        assert all(len(one) for one in layers.values())
        for layer, one in layers.items():
            np.testing.assert_array_equal(one.values, getattr(again, kind)[layer].values)
            assert not (one.values < 0).any() or any(name.startswith("diag/") for name in run)
    assert (found.gradient_norm and found.gradient_norm.name) == (again.gradient_norm and again.gradient_norm.name)


@given(
    st.dictionaries(
        st.from_regex(r"\A[a-z]{1,6}(\.\d{1,3}){0,2}\.(weight|bias)\Z"), st.floats(0, 1e150), min_size=1, max_size=20
    )
)
def test_nothing_of_the_gradient_is_lost(norms: dict[str, float]) -> None:
    found = layer_signals({f"grad_norm/{name}": series(name, norm) for name, norm in norms.items()})
    assert found.gradient_norm is not None
    whole = math.hypot(*norms.values())
    assert found.gradient_norm.values == pytest.approx([whole])
    assert math.hypot(*(one.values[0] for one in found.gradient_norms.values())) == pytest.approx(whole)
    assert set(found.gradient_norms) == {name.rpartition(".")[0] for name in norms}
