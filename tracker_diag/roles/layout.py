"""What the layers of a network are to each other: which is the output, what stands between them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tracker_diag.core.model import Layer, Model
from tracker_diag.roles.param_values import coerce, fits
from tracker_diag.roles.words import vocabulary

#: Settings that say how many units a layer has, by the names of the frameworks.
_WIDTHS = ("units", "filters", "out_features", "out_channels", "hidden_size", "output_dim")
#: Beginnings of the types of layers that multiply their input by learned weights; each is one layer of depth.
_WEIGHTS = ("dense", "linear", "conv", "lazylinear", "lazyconv", "separableconv", "depthwiseconv", "bilinear",
            "lstm", "gru", "rnn", "simplernn", "einsumdense")  # fmt: skip
#: Ends of the types of a block that is a layer of its own, as transformers count them.
_BLOCKS = ("layer", "block", "attention")
_RECURRENT = ("lstm", "gru", "rnn", "simplernn")
_CONVOLUTIONS = ("conv", "lazyconv", "separableconv", "depthwiseconv")
#: Types of layers that add or put together what comes by two ways.
_SHORTCUTS = ("add", "concatenate", "average")
#: Types that are not counted as layers, whatever their names end in.
_OUTSIDE = ("input", "embedding")
_NORMALISATIONS = {"batchnorm": "batch", "layernorm": "layer", "groupnorm": "group", "instancenorm": "instance",
                   "rmsnorm": "rms"}  # fmt: skip
#: Layers that are activations and carry their name in a setting.
_NAMED_BY_SETTING = ("activation",)
#: Frameworks whose descriptions name no output layer.
_HIDDEN_ALONE = ("sklearn",)
#: Activations that stand at the end, if anywhere.
_LAST = ("softmax", "log_softmax", "sigmoid", "log_sigmoid")


@dataclass(frozen=True, slots=True)
class Unit:
    """A layer with weights, and what is applied to what it gives.

    Attributes
    ----------
    layer : Layer
        As described.
    width : int or None
        Units, or filters.
    activation : str or None
        In the vocabulary's spelling, ``linear`` for none; None where the description does not say: the summaries of
        Keras show no activation, and PyTorch's modules none that is a function.
    """

    layer: Layer
    width: int | None
    activation: str | None

    @property
    def kind(self) -> str:
        """Its type in small letters."""
        return self.layer.type.lower()

    @property
    def dense(self) -> bool:
        """Whether every unit sees every input."""
        return self.kind.startswith(("dense", "linear", "lazylinear"))

    @property
    def convolves(self) -> bool:
        """Whether it is a convolution."""
        return self.kind.startswith(_CONVOLUTIONS)

    @property
    def recurrent(self) -> bool:
        """Whether it goes along a sequence; such layers have activations of their own."""
        return self.kind.startswith(_RECURRENT)


@dataclass(frozen=True, slots=True)
class Layout:
    """A network as its layers show it.

    Attributes
    ----------
    hidden : tuple of Unit
        Layers with weights before the output, in order.
    output : Unit or None
        The last layer with weights. None where the description ends in something else, in a recurrent layer or a
        block, where it has several outputs, and for scikit-learn, which tells the hidden layers alone.
    normalisation : str or None
        The first kind of it in the vocabulary's spelling; None where there is none.
    shortcuts : bool
        Whether ways are added or put together.
    dropout : tuple of float
        Rates of the layers that drop units; NaN where a rate is not said.
    noise : bool
        Whether layers add noise, or augment.
    decay : float or None
        The largest strength of a regulariser of weights; 0 where there is none, NaN where it is not said, None where
        the description is of a kind that never tells (summaries, printed modules).
    frozen : int
        Layers with weights that are not trained.
    trained : int
        Layers that are: those with weights, embeddings and normalisations among them.
    """

    hidden: tuple[Unit, ...]
    output: Unit | None
    normalisation: str | None = None
    shortcuts: bool = False
    dropout: tuple[float, ...] = ()
    noise: bool = False
    decay: float | None = 0.0
    frozen: int = 0
    trained: int = 0

    @property
    def units(self) -> tuple[Unit, ...]:
        """All layers with weights."""
        return self.hidden if self.output is None else (*self.hidden, self.output)


def layout(network: Model) -> Layout | None:
    """Tell what the layers of a network are to each other.

    Parameters
    ----------
    network : Model
        As described, its layers in the order of the source. Of PyTorch's modules, which are listed as they were made,
        the last activation is trusted only if it is a softmax or a sigmoid.

    Returns
    -------
    Layout or None
        None where no layer with weights is described.
    """
    units: list[Unit] = []
    behind_output = False
    for layer in network.layers:
        kind = layer.type.lower()
        applied = _applied(layer)
        if _has_weights(kind):
            units.append(Unit(layer, _width(layer), _own_activation(layer)))
            behind_output = False
        elif applied is not None and units:
            # A second one replaces what is known of the first: the last is what the next layer is given.
            units[-1] = replace(units[-1], activation=applied)
        elif not _passes(kind):
            behind_output = True
    if not units:
        return None
    one = (
        network.outputs == 1
        and network.framework not in _HIDDEN_ALONE
        and not behind_output
        and not _is_block(units[-1].kind)
        and not units[-1].recurrent
    )
    if network.framework == "torch" and units[-1].activation not in _LAST:
        # Modules are listed as they were made: one that was made last may be applied before the others.
        units[-1] = replace(units[-1], activation=None)
    return Layout(
        hidden=tuple(units[:-1] if one else units),
        output=units[-1] if one else None,
        normalisation=next(
            (name for layer in network.layers for start, name in _NORMALISATIONS.items() if _is(layer, start)), None
        ),
        shortcuts=any(layer.type.lower() in _SHORTCUTS for layer in network.layers),
        dropout=tuple(_dropout(network.layers)),
        noise=any(_is(layer, "gaussian") or _is(layer, "random") for layer in network.layers),
        decay=_decay(network.layers),
        frozen=sum(_is_frozen(unit.layer) for unit in units),
        trained=sum(not _is_frozen(layer) and _learns(layer) for layer in network.layers),
    )


def canonical(role: str, value: Any) -> str | None:
    """Give a value in the vocabulary's spelling; None where the vocabulary does not know it."""
    known = coerce(role, value) if isinstance(value, str) else None
    return known if isinstance(known, str) and fits(known) else None


def _is_frozen(layer: Layer) -> bool:
    return layer.settings.get("trainable") is False


def _learns(layer: Layer) -> bool:
    kind = layer.type.lower()
    return _has_weights(kind) or kind.startswith(("embedding", "prelu", *_NORMALISATIONS))


def _is(layer: Layer, start: str) -> bool:
    return layer.type.lower().startswith(start)


def _has_weights(kind: str) -> bool:
    return (kind.startswith(_WEIGHTS) and not kind.endswith("dropout")) or _is_block(kind)


def _is_block(kind: str) -> bool:
    return kind.endswith(_BLOCKS) and not kind.startswith((*_OUTSIDE, *_NORMALISATIONS))


def _passes(kind: str) -> bool:
    """Whether what comes in goes out with the same meaning: an output behind it is still the output."""
    return kind.startswith(
        ("dropout", "flatten", "reshape", "permute", "squeeze", "activityregularization", "identity", *_NORMALISATIONS)
    )


def _width(layer: Layer) -> int | None:
    found = (layer.settings.get(name) for name in _WIDTHS)
    return next((w for w in found if isinstance(w, int) and not isinstance(w, bool) and w > 0), None)


def _own_activation(layer: Layer) -> str | None:
    """The activation that the layer itself names."""
    if "activation" not in layer.settings:
        return None
    named = layer.settings["activation"]
    return "linear" if named is None else canonical("activation", named) or str(named).lower()


def _applied(layer: Layer) -> str | None:
    """The activation that a layer is, if it is one."""
    if layer.type.lower() in _NAMED_BY_SETTING:
        return _own_activation(layer)
    known = canonical("activation", layer.type)
    # Unknown words are given back as they are: a layer is an activation only by a name that the vocabulary knows.
    return known if known is not None and known in vocabulary()["values"]["activation"] else None


def _dropout(layers: Sequence[Layer]) -> Iterable[float]:
    for layer in layers:
        if "dropout" in layer.type.lower():
            rate = next((layer.settings[k] for k in ("rate", "p") if k in layer.settings), math.nan)
            if isinstance(rate, int | float) and not rate <= 0:
                yield float(rate)


def _decay(layers: Sequence[Layer]) -> float | None:
    """The largest strength of a regulariser; NaN where there is one, and none says how strong it is."""
    if not any("kernel_initializer" in layer.settings or "kernel_regularizer" in layer.settings for layer in layers):
        return None
    strengths, unsaid = [0.0], False
    for layer in layers:
        if not layer.settings.get("kernel_regularizer"):
            continue
        configured = layer.settings.get("kernel_regularizer_config")
        said = configured.values() if isinstance(configured, Mapping) else ()
        numbers = [float(x) for x in said if isinstance(x, int | float) and not isinstance(x, bool)]
        strengths += numbers
        unsaid = unsaid or not numbers
    return math.nan if unsaid and max(strengths) == 0 else max(strengths)
