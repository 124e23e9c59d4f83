"""What the layers of a network are to each other: which is the output, what stands between them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from tracker_diag.core.model import Layer, Model
from tracker_diag.roles import layer_kinds as kinds
from tracker_diag.roles.param_values import coerce, fits
from tracker_diag.roles.words import vocabulary

#: Settings that say how many units a layer has, by the names of the frameworks.
_WIDTHS = ("units", "filters", "out_features", "out_channels", "hidden_size", "output_dim")
#: A width above this is none, and a strength of a penalty.
_WIDEST, _STRONGEST = 10**9, 1e9
#: Axes of a softmax along which it compares the units of a layer.
_LAST_AXES = (-1, None, [-1])
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
        return self.kind.startswith(kinds.DENSE)

    @property
    def convolves(self) -> bool:
        """Whether it is a convolution."""
        return self.kind.startswith(kinds.CONVOLUTIONS)

    @property
    def recurrent(self) -> bool:
        """Whether it goes along a sequence; such layers have activations of their own."""
        return self.kind.startswith(kinds.RECURRENT)


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
    ordered : bool
        Whether the order of the description is that in which the layers are applied: not where they are PyTorch's
        modules, as they were made.
    plain : bool
        Whether each layer stands on the one before, and all are of known types.
    linear_between : bool
        Whether nothing but activations could make such a row other than linear.
    penalty : float
        About what the penalties of weights add to the loss at the start, where their strength is said.
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
    ordered: bool = True
    plain: bool = True
    linear_between: bool = True
    penalty: float = 0.0

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
        if kinds.has_weights(kind):
            units.append(Unit(layer, _width(layer), _own_activation(layer)))
            behind_output = False
        elif applied is not None and units and layer.settings.get("axis") not in _LAST_AXES:
            behind_output = True
        elif applied is not None and units:
            # A second one replaces what is known of the first: the last is what the next layer is given.
            units[-1] = replace(units[-1], activation=applied)
        elif kind.startswith(kinds.OTHER_SHAPE) and units:
            units[-1] = replace(units[-1], width=None)
        elif not kind.startswith(kinds.PASSES):
            behind_output = True
    if not units:
        return None
    one = (
        network.outputs == 1
        and network.framework not in _HIDDEN_ALONE
        and not behind_output
        and not kinds.is_block(units[-1].kind)
        and not units[-1].recurrent
    )
    ordered = network.framework != "torch"
    if not ordered:
        # Modules are listed as they were made: one that was made last may be applied before the others.
        last = units[-1]
        units[-1] = replace(last, width=None, activation=last.activation if last.activation in _LAST else None)
    types = [layer.type.lower() for layer in network.layers if _applied(layer) is None]
    row = (*kinds.IN_A_ROW, *kinds.ALSO_IN_A_ROW)
    plain = all(x.startswith(row) for x in types) if ordered else _follow_each_other(units)
    return Layout(
        hidden=tuple(units[:-1] if one else units),
        output=units[-1] if one else None,
        normalisation=next(
            (name for layer in network.layers for start, name in kinds.NORMALISATIONS.items() if _is(layer, start)),
            None,
        ),
        shortcuts=any(layer.type.lower() in kinds.SHORTCUTS for layer in network.layers),
        dropout=tuple(_dropout(network.layers)),
        noise=any(_is(layer, "gaussian") or _is(layer, "random") for layer in network.layers),
        decay=_decay(network.layers),
        frozen=sum(_is_frozen(unit.layer) for unit in units),
        ordered=ordered,
        plain=plain,
        linear_between=plain and ordered and all(x.startswith(kinds.IN_A_ROW) for x in types),
        penalty=_penalty(units),
        trained=sum(not _is_frozen(layer) and kinds.learns(layer.type.lower()) for layer in network.layers),
    )


def canonical(role: str, value: Any) -> str | None:
    """Give a value in the vocabulary's spelling; None where the vocabulary does not know it."""
    known = coerce(role, value) if isinstance(value, str) else None
    return known if isinstance(known, str) and fits(known) else None


def _is_frozen(layer: Layer) -> bool:
    return layer.settings.get("trainable") is False


def _is(layer: Layer, start: str) -> bool:
    return layer.type.lower().startswith(start)


def _width(layer: Layer) -> int | None:
    found = (layer.settings.get(name) for name in _WIDTHS)
    return next((w for w in found if isinstance(w, int) and not isinstance(w, bool) and 0 < w <= _WIDEST), None)


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


def _follow_each_other(units: Sequence[Unit]) -> bool:
    """Whether each module takes as many numbers as the one before gives: scores and gates beside a row do not."""
    widths = [(unit.layer.settings.get("in_features"), _width(unit.layer)) for unit in units if unit.dense]
    return all(given is None or taken == given for (_, given), (taken, _) in pairwise(widths))


def _penalty(units: Sequence[Unit]) -> float:
    """Strength times what the squares of the weights of a scaled initialisation sum to: about two for each unit."""
    found = 0.0
    for unit in units:
        configured = unit.layer.settings.get("kernel_regularizer_config")
        strength = configured.get("l2") if isinstance(configured, Mapping) else None
        if isinstance(strength, int | float) and 0 <= strength < _STRONGEST and unit.width:
            found += 2.0 * float(strength) * unit.width
    return found


def _dropout(layers: Sequence[Layer]) -> Iterable[float]:
    for layer in layers:
        if "dropout" in layer.type.lower():
            rate = next((layer.settings[k] for k in ("rate", "p") if k in layer.settings), math.nan)
            if isinstance(rate, int | float) and not (rate <= 0 or rate > 1):
                yield float(rate)
        elif layer.type.lower().startswith(kinds.RECURRENT):
            rates = (layer.settings.get(k) for k in ("dropout", "recurrent_dropout"))
            yield from (float(rate) for rate in rates if isinstance(rate, int | float) and 0 < rate < 1)


def _decay(layers: Sequence[Layer]) -> float | None:
    """The largest strength of a regulariser; NaN where there is one, and none says how strong it is."""
    if not any(key.endswith(("_initializer", "_regularizer")) for layer in layers for key in layer.settings):
        return None
    others = ("activity_regularizer", "bias_regularizer", "recurrent_regularizer")
    strengths, unsaid = [0.0], any(layer.settings.get(other) for layer in layers for other in others)
    for layer in layers:
        if not layer.settings.get("kernel_regularizer"):
            continue
        configured = layer.settings.get("kernel_regularizer_config")
        said = configured.values() if isinstance(configured, Mapping) else ()
        numbers = [float(x) for x in said if isinstance(x, int | float) and 0 <= x < _STRONGEST]
        strengths += numbers
        unsaid = unsaid or not numbers
    return math.nan if unsaid and max(strengths) == 0 else max(strengths)
