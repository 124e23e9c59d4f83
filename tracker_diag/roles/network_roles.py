"""What the description of a network says of the roles that no parameter plays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from tracker_diag.core.model import Model
from tracker_diag.roles.layout import Layout, Unit, canonical, layout
from tracker_diag.roles.params import flatten
from tracker_diag.roles.words import vocabulary

#: A scale above this is none.
_MOST_SCALE = 1e6
#: Initialisers that set all weights of a layer alike.
_CONSTANT = ("zeros", "ones", "constant")
_PROBABILITIES = ("softmax", "sigmoid", "log_softmax", "hard_sigmoid")


def read_network(network: Model) -> dict[str, Any]:
    """Read values of roles off a network.

    Parameters
    ----------
    network : Model
        As described.

    Returns
    -------
    dict of str to value
        By role, in the vocabulary's spelling; a role of which the description says nothing is left out.
    """
    found: dict[str, Any] = {}
    if network.loss:
        found["loss_function"] = canonical("loss_function", network.loss)
        smoothing = network.loss_settings.get("label_smoothing")
        found["label_smoothing"] = smoothing if isinstance(smoothing, int | float) and smoothing > 0 else None
    if network.optimizer:
        found["optimizer"] = canonical("optimizer", network.optimizer)
    laid = layout(network)
    if laid is not None:
        found |= _of_layers(laid)
    found["task"] = _task(found.get("loss_function"), found.get("output_activation"))
    return {role: value for role, value in found.items() if value is not None}


def _task(loss: str | None, output: str | None) -> str | None:
    """What the loss is for; an error of outputs that are probabilities may be one of classes."""
    found = next((task for task, losses in vocabulary()["tasks"].items() if loss in losses.split()), None)
    return None if found == "regression" and output in _PROBABILITIES else found


def _of_layers(laid: Layout) -> dict[str, Any]:
    dense = [unit.width for unit in laid.hidden if unit.dense and unit.width]
    # Blocks of a transformer are said to be as wide as what passes them.
    widths = dense or [unit.width for unit in laid.hidden if unit.width and not unit.convolves]
    return {
        "layers": len(laid.units),
        "hidden_units": widths[0] if widths else None,
        "layer_widths": tuple(widths) if len(widths) > 1 else None,
        "activation": _hidden_activation(laid),
        "output_activation": laid.output.activation if laid.output is not None else None,
        "initialiser": _initialiser(laid.hidden),
        "init_scale": _init_scale(laid.hidden),
        "dropout": max((rate for rate in laid.dropout if rate > 0), default=None),
        "weight_decay": laid.decay if laid.decay is not None and laid.decay > 0 else None,
        "normalisation": laid.normalisation,
        "residual": True if laid.shortcuts else None,
        "augmentation": True if laid.noise else None,
        "pretrained": True if laid.frozen else None,
    }  # fmt: skip


def _hidden_activation(laid: Layout) -> str | None:
    """The most frequent one of the layers that a gradient passes; None unless all of them say theirs."""
    said = [unit.activation for unit in laid.hidden if not unit.recurrent]
    if not said or None in said:
        return None
    # A linear layer between others is a bottleneck or a projection: it says nothing of the rest.
    curved = [name for name in said if name != "linear"]
    # A maximum, gates or a layer of somebody's own may stand between, which are not linear either.
    return _common(curved) if curved else "linear" if laid.linear_between else None


def _common(names: Sequence[str | None]) -> str | None:
    counted = Counter(name for name in names if name is not None)
    return min(counted, key=lambda name: (-counted[name], name)) if counted else None


def _initialiser(hidden: Sequence[Unit]) -> str | None:
    """The most frequent one; one that sets all weights of a layer alike before it: its units stay the same."""
    named = [canonical("initialiser", unit.layer.settings.get("kernel_initializer")) for unit in hidden]
    return next((name for name in named if name in _CONSTANT), None) or _common(named)


def _init_scale(hidden: Sequence[Unit]) -> float | None:
    """The scale of a plain initialiser, the one of the first layer that says one."""
    for unit in hidden:
        configured = unit.layer.settings.get("kernel_initializer_config")
        if canonical("initialiser", unit.layer.settings.get("kernel_initializer")) not in ("normal", "uniform"):
            continue
        flat = flatten(configured).values if isinstance(configured, dict) else {}
        for name in ("stddev", "maxval"):
            scale = flat.get(name)
            if isinstance(scale, int | float) and not isinstance(scale, bool) and 0 <= scale < _MOST_SCALE:
                return float(scale)
    return None
