"""Estimators of scikit-learn."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import mlflow
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import SGDClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def prepare() -> None:
    """Switch autologging on."""
    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    mlflow.sklearn.autolog()


def _network(network: Any, **known: Any) -> dict[str, Any]:
    """What is true of a perceptron, from its weights; the layer that gives the output is not among the parameters."""
    hidden = [weights.shape[1] for weights in network.coefs_[:-1]]
    return {
        "framework": "sklearn",
        "layers": [{"type": "Dense", "units": units, "activation": network.activation} for units in hidden],
        "optimizer": network.solver,
        "notes": 0,
        **known,
    }


def classifier() -> dict[str, Any]:
    """A perceptron of two hidden layers."""
    x, y = make_classification(80, 8, random_state=0)
    return _network(MLPClassifier((12, 6), activation="tanh", max_iter=5, random_state=0).fit(x, y))


def one_layer() -> dict[str, Any]:
    """A perceptron that stops early."""
    x, y = make_classification(80, 8, n_classes=3, n_informative=4, random_state=0)
    network = MLPClassifier(9, early_stopping=True, solver="sgd", max_iter=5, random_state=0)
    return _network(network.fit(x, y))


def regressor() -> dict[str, Any]:
    """A perceptron at the end of a pipeline."""
    x, y = make_regression(80, 8, random_state=0)
    pipeline = make_pipeline(
        StandardScaler(), MLPRegressor(hidden_layer_sizes=(7,), activation="logistic", max_iter=5, random_state=0)
    )
    network = pipeline.fit(x, y)[-1]
    # Its loss is a parameter from scikit-learn 1.7 on.
    return _network(network, loss=network.loss if "loss" in network.get_params() else None)


def linear() -> dict[str, Any]:
    """A linear one, which has no layers."""
    x, y = make_classification(80, 8, random_state=0)
    model = SGDClassifier(loss="log_loss", random_state=0).fit(x, y)
    return {"framework": "sklearn", "layers": [], "loss": model.loss, "notes": 0}


RUNS: Mapping[str, Callable[[], dict[str, Any]]] = {
    train.__name__.replace("_", " "): train for train in (classifier, one_layer, regressor, linear)
}
