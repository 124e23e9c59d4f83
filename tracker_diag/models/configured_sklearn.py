"""What scikit-learn trains, from the parameters of its estimators."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from tracker_diag.models.logged_values import counts, first, text

#: Parameters that are read, and layers of a network.
_MOST, _MOST_LAYERS = 10_000, 100
#: Parameters that together only a multi-layer perceptron has, and such of which one is enough for an estimator.
_PERCEPTRON = ("hidden_layer_sizes", "solver", "learning_rate_init", "n_iter_no_change")
_ESTIMATOR = ("fit_intercept", "ccp_alpha", "max_leaf_nodes")
_ACTIVATIONS = ("relu", "tanh", "logistic", "identity")


def read_sklearn(params: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read the parameters of an estimator, or of the one estimator of a pipeline that has a loss.

    Parameters
    ----------
    params : mapping
        As they were logged.

    Returns
    -------
    dict or None
        As ``read_model`` takes it; None where they are of something else. The output layer of a perceptron is not
        known, and not among its layers.
    """
    estimators: dict[str, dict[str, Any]] = {}
    for name, value in islice(params.items(), _MOST):
        step, _, own = str(name).rpartition("__")
        estimators.setdefault(step, {})[own] = value
    perceptrons = [known for known in estimators.values() if all(name in known for name in _PERCEPTRON)]
    if len(perceptrons) == 1:
        return _perceptron(perceptrons[0])
    known = [known for known in estimators.values() if any(name in known for name in _ESTIMATOR)]
    losses = [loss for loss in (_loss(estimator) for estimator in known) if loss]
    return {"framework": "sklearn", "loss": losses[0] if len(losses) == 1 else None} if known else None


def _perceptron(params: Mapping[str, Any]) -> dict[str, Any]:
    sizes = counts(params["hidden_layer_sizes"]) or []
    activation = params.get("activation")
    said = {"activation": activation} if activation in _ACTIVATIONS else {}
    return {
        "framework": "sklearn",
        "layers": [{"type": "Dense", "units": units, **said} for units in sizes[:_MOST_LAYERS]],
        "loss": _loss(params),
        "optimizer": text(first(params, ["solver"])),
    }


def _loss(params: Mapping[str, Any]) -> str | None:
    return text(first(params, ["loss"]))
