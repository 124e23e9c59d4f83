"""The model description in one line."""

from __future__ import annotations

from tracker_diag.core.model import Model
from tracker_diag.roles.layout import Layout, Unit, layout

#: Layers that are named one by one.
MOST_NAMED = 6


def in_words(network: Model) -> str:
    """Describe a network in one line: layers, output, loss, weights.

    Parameters
    ----------
    network : Model
        As described.

    Returns
    -------
    str
        ``model read from the run: keras; Dense 64 relu, Dense 10 softmax; dropout 0.2; loss mse; optimiser Adam; 4,810
        trainable weights``. Empty where neither layers nor a loss nor weights are known.
    """
    laid = layout(network)
    said = [
        _layers(laid) if laid is not None else "",
        _besides(laid) if laid is not None else "",
        f"loss {network.loss}" if network.loss else "",
        f"optimiser {network.optimizer}" if network.optimizer else "",
        f"{network.trainable_parameters:,} trainable weights" if network.trainable_parameters else "",
    ]
    if laid is None and not network.loss and not network.trainable_parameters:
        return ""
    return "model read from the run: " + "; ".join(x for x in (network.framework or "", *said) if x)


def _layers(laid: Layout) -> str:
    units = [_unit(unit) for unit in laid.units]
    if len(units) <= MOST_NAMED:
        return ", ".join(units)
    return f"{', '.join(units[:2])}, {len(units) - 3} more layers with weights, {units[-1]}"


def _besides(laid: Layout) -> str:
    """What stands between the layers with weights."""
    rates = sorted({rate for rate in laid.dropout if rate > 0})
    dropout = " ".join(["dropout", *(f"{rate:g}" for rate in rates)]) if laid.dropout else ""
    normalisation = f"{laid.normalisation} normalisation" if laid.normalisation else ""
    shortcuts = "residual connections" if laid.shortcuts else ""
    frozen = f"{laid.frozen} frozen layer{'s' if laid.frozen > 1 else ''}" if laid.frozen else ""
    return ", ".join(x for x in (dropout, normalisation, shortcuts, frozen) if x)


def _unit(unit: Unit) -> str:
    activation = "no activation" if unit.activation == "linear" else unit.activation
    return " ".join(x for x in (unit.layer.type, str(unit.width or ""), activation or "") if x)
