"""The callback for Keras on JAX: updates and curves are looked at, PyTorch is not asked for, nothing changes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.copies import ROOT

SCRIPT = """
import json, sys, warnings
import keras, numpy as np
from keras import layers
from tracker_diag.probes.keras import Watch

def train(watch):
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    x, y = random.normal(size=(96, 8)).astype("float32"), random.integers(0, 3, 96)
    model = keras.Sequential([keras.Input((8,)), layers.Dense(6, "relu"), layers.Dense(3, "softmax")])
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    before = model.get_weights()
    model.fit(x, y, batch_size=96, epochs=4, verbose=0, callbacks=[watch] if watch else [])
    return before, model.get_weights()

rows = []
watch = Watch(log=lambda figures, step: rows.append([step, figures]))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    before, watched = train(watch)
_, alone = train(None)
print(json.dumps({
    "equal": all((a == b).all() for a, b in zip(watched, alone)),
    "torch": "torch" in sys.modules,
    "steps": [step for step, _ in rows],
    "keys": sorted({key.partition("/")[2].partition("/")[0] for _, figures in rows for key in figures}),
    "warned": [str(w.message) for w in caught if "tracker_diag" in str(w.message)],
    "layers": len(watch._watching.live.model["layers"]),
    "epochs": len(watch._watching.live.points["loss"]),
}))
"""


@pytest.mark.parametrize("backend", ["jax", "tensorflow"])
def test_without_pytorch_updates_and_curves_are_looked_at(backend: str) -> None:
    if missing := [library for library in ("keras", backend) if find_spec(library) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    environment = os.environ | {"KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said == {
        "equal": True,
        "torch": False,
        "steps": [1],
        "keys": ["update_ratio"],
        "warned": [
            f"tracker_diag: Keras on {backend} shows updates and curves; "
            "gradients, activations and batches need PyTorch"
        ],
        "layers": 2,
        "epochs": 4,
    }
