"""What the layers of the network show."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tracker_diag.core.model import Model
from tracker_diag.evidence.registry import rule_input
from tracker_diag.roles.layout import Layout, Unit, canonical, layout

#: Share of a signal's variance that a rectifier lets through: He et al. (2015).
RECTIFIED = 0.5
#: What Keras takes where a plain initialiser is told no scale: a deviation, and a limit on both sides.
KERAS_SCALE = 0.05
#: A scale above this is none.
MOST_SCALE = 1e6


@rule_input(missing="no layers found in a model description", log="log the model", evidence="M")
def layers_described(network: Model) -> Layout | None:
    """The network as its layers show it: what is hidden, what is the output."""
    return layout(network)


@rule_input(missing="no initialiser with a known scale found", log="log the model", evidence="M", unit="times")
def initial_gain(layers_described: Layout, n_inputs: float | None) -> float | None:
    """How much larger a signal is behind the hidden layers than before them, as they are initialised.

    The product over the layers of the deviation of their weights times the root of their number of inputs (of half of
    it where the layer itself ends in a rectifier); a scaled initialisation keeps it near 1 whatever the widths. Only
    where all hidden layers see all of their input and are drawn from one plain distribution each, and the widths are
    known.
    """
    gain, incoming = 1.0, n_inputs
    for unit in layers_described.hidden:
        deviation = _deviation(unit)
        if deviation is None or incoming is None or not unit.dense or not unit.width:
            return None
        share = RECTIFIED if unit.activation is not None and "relu" in unit.activation else 1.0
        gain *= deviation * math.sqrt(share * incoming)
        incoming = unit.width
    return gain if layers_described.hidden and math.isfinite(gain) else None


def _deviation(unit: Unit) -> float | None:
    """Standard deviation of the weights of a plain initialiser."""
    configured: Any = unit.layer.settings.get("kernel_initializer_config")
    scales = configured if isinstance(configured, Mapping) else {}
    kind = canonical("initialiser", unit.layer.settings.get("kernel_initializer"))
    if kind == "normal":
        found = scales.get("stddev", KERAS_SCALE)
        return float(found) if _is_scale(found) else None
    if kind == "uniform":
        high = scales.get("maxval", KERAS_SCALE)
        # Centred on 0, as all are that anybody means: others shift each unit, whatever comes in.
        return float(high) / math.sqrt(3) if _is_scale(high) and scales.get("minval", -high) == -high else None
    return None


def _is_scale(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < MOST_SCALE
