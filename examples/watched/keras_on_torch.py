"""A network of Keras, watched by a callback; MLflow logs its curves and its parameters by itself.

MLFLOW_TRACKING_URI=sqlite:///mlflow.db python keras_on_torch.py
"""

import os

# Before Keras is imported, which reads it once: of gradients it shows something on PyTorch alone.
os.environ["KERAS_BACKEND"] = "torch"

import keras
import mlflow
import numpy as np
from keras import layers

from tracker_diag.probes.keras import Watch


def pictures(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Grey pictures of 12 × 12: a bar that lies, a bar that stands, or a cross of both."""
    random = np.random.default_rng(seed)
    kinds = random.integers(0, 3, n)
    found = 0.3 * random.normal(size=(n, 12, 12, 1)).astype("float32")
    for picture, kind in zip(found, kinds, strict=True):
        row, column = random.integers(2, 10, 2)
        if kind != 1:
            picture[row, 2:10] += 1.0
        if kind != 0:
            picture[2:10, column] += 1.0
    return found, kinds


def main() -> None:
    """Train a convolutional network."""
    keras.utils.set_random_seed(0)
    mlflow.keras.autolog(log_models=False, log_datasets=False)
    x, y = pictures(1500, seed=1)
    model = keras.Sequential(
        [
            keras.Input((12, 12, 1)),
            layers.Conv2D(16, 3, activation="relu", kernel_initializer="he_normal"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu", kernel_initializer="he_normal"),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.2),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])

    with mlflow.start_run(run_name="keras") as run:
        model.fit(x, y, batch_size=50, epochs=6, validation_data=pictures(300, seed=2), verbose=0, callbacks=[Watch()])
    print(run.info.run_id)


if __name__ == "__main__":
    main()
