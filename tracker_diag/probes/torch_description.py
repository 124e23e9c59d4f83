"""What a network of PyTorch is before it is trained: its layers, and the scale of its weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from tracker_diag.core.signals import key
from tracker_diag.models.torch_printed import read_printed
from tracker_diag.probes.torch_step import WatchedLayer

#: Deviation of weights below which they are constants, over the deviation that is expected.
CONSTANT = 1e-6
#: Weights of a layer that a deviation is taken of.
MOST_WEIGHTS = 65_536
#: Modules whose weights are a table that is looked up in, and sums nothing.
_TABLES = ("Embedding", "EmbeddingBag")


def describe(model: torch.nn.Module, optimizer: Any = None, loss: Any = None) -> dict[str, Any]:
    """Describe a network as ``Run.model`` holds it.

    Parameters
    ----------
    model : torch.nn.Module
        What is trained.
    optimizer, loss : object, optional
        Whose class is named.

    Returns
    -------
    dict
        As ``tracker_diag.core.model.read_model`` takes it.
    """
    found: dict[str, Any] = read_printed(f"{type(model).__name__}(\n{_inner(model)}") or {}
    found["framework"] = "torch"
    found["trainable_parameters"] = sum(p.numel() for p in model.parameters() if p.requires_grad)
    if optimizer is not None:
        found["optimizer"] = type(optimizer).__name__
    if isinstance(loss, torch.nn.Module):
        found["loss"] = type(loss).__name__
    return found


def _inner(model: torch.nn.Module) -> str:
    printed = str(model)
    return printed.partition("\n")[2] if "\n" in printed else f"  (0): {printed}\n)"


def weight_scales(
    layers: Sequence[WatchedLayer], activation: str | None, *, units_last: bool = False
) -> dict[str, float]:
    """Compare the weights of each layer with what keeps the size of a signal.

    Parameters
    ----------
    layers : sequence of WatchedLayer
        Before the first update.
    activation : str or None
        What the hidden layers apply, in small letters.
    units_last : bool
        Whether a kernel's last axis is that of the units, as Keras has it; PyTorch has them first.

    Returns
    -------
    dict
        By key: the deviation of the weights over √(2/inputs) for rectifiers (He et al. 2015), √(1/inputs) for SELU
        (LeCun et al. 1998), √(2/(inputs + units)) for others (Glorot and Bengio 2010).
    """
    found = {}
    for layer in layers:
        if type(layer.module).__name__ in _TABLES:
            continue
        weight = layer.weight.detach()
        units = weight.shape[-1 if units_last else 0]
        inputs = weight.numel() / units
        if "selu" in (activation or ""):
            expected = math.sqrt(1 / inputs)
        elif "lu" in (activation or "relu"):
            expected = math.sqrt(2 / inputs)
        else:
            expected = math.sqrt(2 / (inputs + units))
        flat = weight.reshape(-1)
        values = flat[:: max(1, flat.numel() // MOST_WEIGHTS)].float()
        scale = float(values.std(correction=0)) / expected
        if math.isfinite(scale):
            found[key("weight_scale", layer.label)] = 0.0 if scale < CONSTANT else scale
    return found


def activation_of(model: torch.nn.Module) -> str | None:
    """The most frequent activation among the modules of a network, in small letters; None where there is none."""
    names = [type(m).__name__.lower() for m in model.modules() if type(m).__module__ == "torch.nn.modules.activation"]
    hidden = [name for name in names if name not in ("softmax", "logsoftmax", "multiheadattention")]
    return max(sorted(set(hidden)), key=hidden.count) if hidden else None
