"""What is true of a trained network of Keras, from the attributes of its objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import layers

_PLAIN = (
    *("units", "filters", "kernel_size", "strides", "padding", "rate", "momentum", "epsilon", "negative_slope"),
    *("max_value", "use_bias", "return_sequences", "dropout", "recurrent_dropout", "pool_size", "num_heads", "key_dim"),
    *("input_dim", "output_dim", "groups", "stddev", "data_format", "target_shape"),
)
_FUNCTIONS = ("activation", "recurrent_activation")
_OBJECTS = (
    *("kernel_initializer", "bias_initializer", "recurrent_initializer", "embeddings_initializer"),
    *("depthwise_initializer", "pointwise_initializer", "gamma_initializer", "beta_initializer"),
    *("kernel_regularizer", "bias_regularizer", "activity_regularizer", "kernel_constraint"),
)
_OF_OBJECTS = {
    "RandomNormal": ("mean", "stddev"),
    "RandomUniform": ("minval", "maxval"),
    "TruncatedNormal": ("mean", "stddev"),
    "VarianceScaling": ("scale", "mode", "distribution"),
    "Constant": ("value",),
    "Orthogonal": ("gain",),
    "L1": ("l1",),
    "L2": ("l2",),
    "L1L2": ("l1", "l2"),
    "MaxNorm": ("max_value",),
    "LeakyReLU": ("negative_slope",),
}
_OF_LOSSES = ("from_logits", "label_smoothing", "delta")


def facts(model: keras.Model) -> dict[str, Any]:
    """What is true of a compiled network, from the attributes of its objects."""
    # A class of one's own does not know its outputs.
    loss, outputs = model.loss, len(getattr(model, "outputs", None) or [None])
    several = outputs > 1
    settings = {name: getattr(loss, name) for name in _OF_LOSSES if hasattr(loss, name)}
    return {
        "framework": "keras",
        "layers": [_layer(*layer) for layer in _flat(model.layers)],
        "loss": None if several else loss if isinstance(loss, str) else _named(loss),
        "loss_settings": {} if several or isinstance(loss, str) else settings,
        "optimizer": type(model.optimizer).__name__,
        "output_shape": None if several else getattr(model, "output_shape", None),
        "outputs": outputs,
        "trainable_parameters": sum(int(np.prod(weight.shape)) for weight in model.trainable_weights),
        "notes": 0,
    }


def _flat(parts: Any, frozen: bool = False, wrapper: str | None = None) -> Iterator[tuple[Any, bool, str | None]]:
    for layer in parts:
        still = frozen or not layer.trainable
        if isinstance(layer, layers.Bidirectional):
            yield from _flat([layer.forward_layer], still, "Bidirectional")
        elif isinstance(layer, layers.TimeDistributed):
            yield from _flat([layer.layer], still, "TimeDistributed")
        elif isinstance(layer, keras.Model):
            yield from _flat(layer.layers, still, wrapper)
        elif not isinstance(layer, layers.InputLayer):
            yield layer, still, wrapper


def _layer(layer: Any, frozen: bool, wrapper: str | None) -> dict[str, Any]:
    known: dict[str, Any] = {
        "type": type(layer).__name__,
        "wrapper": wrapper,
        "trainable": False if frozen else None,
    }
    for name in _PLAIN:
        value = getattr(layer, name, None)
        if isinstance(value, bool | int | float | str | tuple | list):
            known[name] = value
    for name in (*_FUNCTIONS, *_OBJECTS):
        # Attention keeps its own to itself.
        value = getattr(layer, name, getattr(layer, f"_{name}", None))
        known[name] = None if value is None else _named(value)
        own = _OF_OBJECTS.get(type(value).__name__)
        if own:
            known[f"{name}_config"] = {setting: _number(getattr(value, setting)) for setting in own}
    return known


def _named(value: Any) -> str:
    return getattr(value, "__name__", None) or type(value).__name__


def _number(value: Any) -> Any:
    return value if isinstance(value, str) else float(value)
