"""Files of logged models as frameworks and MLflow write them, cut to what is read of them."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from tracker_diag.core.model import Layer, Model

KERAS, MLMODEL, SUMMARY = "data/model.keras", "MLmodel", "model_summary.txt"
KERAS_PARAMS = {"initial_epoch": "0", "validation_batch_size": "None"}
"""Two of the parameters that Keras's autologging leaves, and nobody else's."""


def keras_config(units: int = 3) -> dict[str, Any]:
    """One dense layer, compiled."""
    dense = {"class_name": "Dense", "config": {"units": units, "activation": "softmax"}}
    given = {"class_name": "InputLayer", "config": {"batch_shape": [None, 8]}}
    return {
        "class_name": "Sequential",
        "config": {"name": "sequential", "layers": [given, dense]},
        "compile_config": {
            "optimizer": {"class_name": "Adam", "config": {}},
            "loss": "sparse_categorical_crossentropy",
        },
    }


def keras_model(units: int = 3) -> Model:
    """What that is read as."""
    return Model(
        framework="keras",
        layers=(Layer("Dense", {"units": units, "activation": "softmax"}),),
        loss="sparse_categorical_crossentropy",
        optimizer="Adam",
        output_shape=(None, units),
    )


def keras_file(config: bytes | None = None, units: int = 3, weights: int = 1000) -> bytes:
    """Keras's file, in the order in which Keras writes it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("metadata.json", '{"keras_version": "3.15.1"}')
        archive.writestr("config.json", json.dumps(keras_config(units)) if config is None else config)
        archive.writestr("model.weights.h5", b"w" * weights)
    return file.getvalue()


def mlmodel_file(
    flavor: str = "keras", outputs: str = '[{"type": "tensor", "tensor-spec": {"shape": [-1, 3]}}]'
) -> bytes:
    """MLflow's own file."""
    return f"flavors:\n  {flavor}:\n    data: data\nsignature:\n  outputs: '{outputs}'\n".encode()


def deflated(content: bytes) -> bytes:
    """An archive whose description is inflated to that."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", content)
    return file.getvalue()


def keras_summary(total: int = 27) -> bytes:
    """What Keras's autologging leaves."""
    return (
        f'Model: "sequential"\n┃ Layer (type) ┃ Output Shape ┃ Param # ┃\n Total params: {total:,} (1.00 KB)\n'.encode()
    )


LIGHTNING_SUMMARY = b"  | Name | Type   | Params | Mode\n0 | net  | Linear | 10     | train\n"
