"""Descriptions of networks, as ``Run.from_dict`` takes them."""

from __future__ import annotations

from typing import Any


def dense(units: int, activation: str = "relu", **settings: Any) -> dict[str, Any]:
    return {"type": "Dense", "units": units, "activation": activation, **settings}


def network(*widths: int, activation: str = "relu", classes: int = 10, **settings: Any) -> dict[str, Any]:
    """A classifier whose hidden layers are alike."""
    hidden = [dense(width, activation, **settings) for width in widths]
    return {
        "framework": "keras",
        "layers": [*hidden, dense(classes, "softmax")],
        "loss": "sparse_categorical_crossentropy",
    }
