"""What modules of torch are, wherever they are listed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

#: Layers that list the modules they are made of.
WHOLE = ("MultiheadAttention",)

#: How the metrics of torchmetrics are called, which Lightning lists among the modules.
_METRIC = re.compile(
    r"(?:Accuracy|Precision|Recall|Score|AUROC|ROC|Curve|Specificity|Matrix|JaccardIndex|CorrCoef|Kappa|Metric|"
    r"MetricCollection|HammingDistance|Error|Perplexity)$"
)
_SIZES = re.compile(r"\[\d{1,12}(?:, ?\d{1,12}){0,9}\]")
_CONVOLUTION = re.compile(r"(?:Lazy)?Conv(?:Transpose)?([123])d")


def network(modules: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Tell layers, losses and metrics apart.

    Parameters
    ----------
    modules : sequence of mapping
        Each with its ``type`` and its settings.

    Returns
    -------
    dict or None
        As ``read_model`` takes it; None where no module is a layer.
    """
    losses = {module["type"] for module in modules if is_loss(module["type"])}
    layers = [module for module in modules if module["type"] not in losses and not _METRIC.search(module["type"])]
    loss = next(iter(losses)) if len(losses) == 1 else None
    return {"framework": "torch", "layers": layers, "loss": loss} if layers else None


def is_loss(kind: str) -> bool:
    """Tell whether a module of this type is a loss."""
    return kind.endswith("Loss")


def innermost(modules: Sequence[tuple[int, Mapping[str, Any]]]) -> list[Mapping[str, Any]]:
    """Leave out the modules whose own ones follow.

    Parameters
    ----------
    modules : sequence of (int, mapping)
        How deep each is nested, and what it is.

    Returns
    -------
    list of mapping
        Layers that are always made of the same modules are given as one.
    """
    found: list[Mapping[str, Any]] = []
    around: int | None = None
    for (depth, module), (following, _) in pairwise([*modules, (-1, {})]):
        if around is not None and depth > around:
            continue
        around = depth if module["type"] in WHOLE or is_loss(module["type"]) else None
        if around is not None or following <= depth:
            found.append(module)
    return found


def widths(kind: str, taken: str, given: str) -> dict[str, int]:
    """Read the settings of a layer that the shapes of its tensors tell.

    Parameters
    ----------
    kind : str
        Its type.
    taken, given : str
        The shapes of its input and its output, as ``[32, 10]``; of other texts, nothing is read.

    Returns
    -------
    dict
        By their own names; empty where the shapes tell none.
    """
    if kind == "Linear":
        names, place = ("in_features", "out_features"), -1
    elif found := _CONVOLUTION.fullmatch(kind):
        names, place = ("in_channels", "out_channels"), -1 - int(found[1])
    elif kind == "Embedding":
        names, place = ("", "embedding_dim"), -1
    else:
        return {}
    sizes = {name: _sizes(said) for name, said in zip(names, (taken, given), strict=True) if name}
    return {name: known[place] for name, known in sizes.items() if len(known) >= -place}


def _sizes(said: str) -> list[int]:
    return [int(size) for size in said[1:-1].split(",")] if _SIZES.fullmatch(said) else []
