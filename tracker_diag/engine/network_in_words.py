"""What was read of the network, in one line."""

from __future__ import annotations

from tracker_diag.core.model import Model
from tracker_diag.roles.layout import Layout, Unit, layout

#: Layers that are named one by one.
MOST_NAMED = 6


def in_words(network: Model) -> str:
    """Say what is known of a network: layers, output, loss, weights.

    Parameters
    ----------
    network : Model
        As described.

    Returns
    -------
    str
        ``the network, as logged: keras; Dense 64 relu, Dense 10 softmax; loss mse; 4,810 trainable weights``. Empty
        where neither layers nor a loss nor weights are known.
    """
    laid = layout(network)
    said = [
        _layers(laid) if laid is not None else "",
        f"loss {network.loss}" if network.loss else "",
        f"{network.trainable_parameters:,} trainable weights" if network.trainable_parameters else "",
    ]
    if not any(said):
        return ""
    return "the network, as logged: " + "; ".join(x for x in (network.framework or "", *said) if x)


def _layers(laid: Layout) -> str:
    units = [_unit(unit) for unit in laid.units]
    if len(units) <= MOST_NAMED:
        return ", ".join(units)
    return f"{', '.join(units[:2])}, {len(units) - 3} more layers with weights, {units[-1]}"


def _unit(unit: Unit) -> str:
    activation = "no activation" if unit.activation == "linear" else unit.activation
    return " ".join(x for x in (unit.layer.type, str(unit.width or ""), activation or "") if x)
