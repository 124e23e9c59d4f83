"""Inputs that are numbers of things: classes, examples, weights, updates. Each says where it was found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tracker_diag.core.dataset import Dataset
from tracker_diag.core.model import Model
from tracker_diag.evidence.losses import Asked
from tracker_diag.evidence.registry import first_of, rule_input
from tracker_diag.roles.layout import Layout
from tracker_diag.roles.resolve import Roles

#: A number of classes, examples or epochs above this is another thing under their name; updates are capped at that of
#: examples.
MOST_CLASSES, MOST_EXAMPLES, MOST_EPOCHS = 1e7, 1e15, 1e12
#: Sizes of the shape of an output that is one row for each example.
ROWS_OF_OUTPUTS = 2
#: Largest number of examples that is read off the values of an accuracy, and how many different values that takes:
#: larger ones need more digits than are logged.
READ_OFF_UP_TO, READ_OFF_VALUES = 100, 4
#: Error that is allowed in a logged accuracy (share of 1): four times the rounding of five decimals.
ROUNDING = 2e-5


@rule_input(missing="number of classes not found", log="n_classes", evidence="PMD")
def n_classes(
    params: Mapping[str, Any],
    dataset: Dataset | None,
    roles: Roles,
    loss_asks: Asked | None,
    layers_described: Layout | None,
    network: Model | None,
) -> int | None:
    """Number of classes: as configured or profiled, else as many as a loss of classes has outputs to choose among."""
    value = params.get("n_classes") or (dataset.target.n_classes if dataset else None)
    if value is None:
        # A network that was logged without its loss may be a part of the one that was trained.
        told = network if network is not None and network.loss else None
        return _chosen_among(loss_asks, dataset, layers_described if told is not None else None, told)
    if not isinstance(value, int | float) or not 1 <= value <= MOST_CLASSES or not float(value).is_integer():
        return None
    if value > 1:
        return int(value)
    # One output is a regression, or two classes with a sigmoid; the loss or an accuracy tells.
    word = str(params.get("loss_function") or "").lower()
    score = roles.facts.get("val_score") or roles.facts.get("train_score")
    binary = any(w in word for w in ("binary", "bce", "logistic")) or (score is not None and score.counts_right_answers)
    return 2 if binary else None


def _chosen_among(
    asked: Asked | None, dataset: Dataset | None, laid: Layout | None, network: Model | None
) -> int | None:
    """Outputs of a network whose loss asks for one class of several; two classes where it asks for a yes or no."""
    if asked is None:
        return None
    outputs = dataset.outputs if dataset is not None else None
    units = laid.output.width if laid is not None and laid.output is not None and laid.output.dense else None
    shape = network.output_shape if network is not None else None
    if units is None and shape is not None and len(shape) == ROWS_OF_OUTPUTS:
        units = shape[-1]
    if asked.kind == "classes":
        # Where targets are numbers of classes, several of an example are steps of a sequence.
        sides = {n for n in (units, outputs if asked.one_hot else None) if n}
        return sides.pop() if len(sides) == 1 and max(sides) > 1 else None
    single = asked.kind == "yes or no" and units == 1 and outputs in (None, 1)
    return 2 if single else None


@rule_input(missing="number of weights not found", log="n_parameters", unit="weights")
def n_weights_configured(params: Mapping[str, Any]) -> float | None:
    """Trainable weights as configured."""
    given = params.get("n_parameters")
    return float(given) if isinstance(given, int | float) and given > 0 else None


@rule_input(missing="the model description holds no number of weights", unit="weights")
def n_weights_described(network: Model) -> float | None:
    """Trainable weights as a model summary, or the graph of ``wandb.watch``, counts them."""
    return float(network.trainable_parameters) if network.trainable_parameters else None


@rule_input(missing="number of hidden units not found", log="hidden_units", evidence="P", unit="weights")
def n_weights_estimated(params: Mapping[str, Any], n_classes: int | None, n_inputs: float | None) -> float | None:
    """About width squared times depth, plus the inputs where they are known."""
    width, layers = (params.get(k) for k in ("hidden_units", "layers"))
    if not isinstance(width, int | float) or width < 1:
        return None
    depth = layers if isinstance(layers, int | float) and layers >= 1 else 1
    first = n_inputs if n_inputs and n_inputs > 0 else width
    return float(width * (first + (depth - 1) * width + (n_classes or 1)))


first_of(
    "n_weights",
    {
        "n_weights_configured": "from the logged parameters",
        "n_weights_described": "from the model description",
        "n_weights_estimated": "estimated from width and depth",
    },
    missing="number of weights not found",
    log="n_parameters",
    unit="weights",
)


@rule_input(missing="number of training examples not found", unit="examples")
def n_train_configured(params: Mapping[str, Any]) -> int | None:
    """Training examples as configured."""
    return _examples(params.get("n_train"))


@rule_input(missing="number of training examples not found", unit="examples")
def n_train_counted(dataset: Dataset) -> int | None:
    """Training examples as profiled or declared as an input."""
    return _examples(dataset.train.rows)


@rule_input(missing="number of validation examples not found", unit="examples")
def n_val_configured(params: Mapping[str, Any]) -> int | None:
    """Validation examples as configured."""
    return _examples(params.get("n_val"))


@rule_input(missing="number of validation examples not found", unit="examples")
def n_val_counted(dataset: Dataset) -> int | None:
    """Validation examples as profiled or declared as an input."""
    return _examples(dataset.validation.rows)


def _examples(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and 0 < value < MOST_EXAMPLES else None


_CONFIGURED, _COUNTED = "from the logged parameters", "counted in the dataset"

first_of(
    "n_train",
    {"n_train_configured": _CONFIGURED, "n_train_counted": _COUNTED},
    missing="number of training examples not found",
    log="n_train",
    unit="examples",
)
first_of(
    "n_val",
    {"n_val_configured": _CONFIGURED, "n_val_counted": _COUNTED},
    missing="number of validation examples not found",
    log="n_val",
    unit="examples",
)


@rule_input(missing="number of input features not found", unit="features")
def n_features_counted(dataset: Dataset) -> int | None:
    """Features of an example, as the declared training data is shaped."""
    return dataset.n_features


first_of(
    "n_inputs",
    {"n_features": _CONFIGURED, "n_features_counted": _COUNTED},
    missing="number of input features not found",
    log="n_features",
    unit="features",
)


@rule_input(missing="number of updates not known", evidence="PD", unit="updates")
def n_updates(params: Mapping[str, Any], n_train: int) -> int | None:
    """Updates of the weights that the configuration makes in all."""
    epochs, batch = (params.get(k) for k in ("epochs", "batch_size"))
    if not isinstance(epochs, int | float) or not isinstance(batch, int | float) or batch <= 0:
        return None
    return int(min(epochs * math.ceil(n_train / batch), MOST_EXAMPLES)) if 0 < epochs <= MOST_EPOCHS else None


@rule_input(missing="number of validation examples not found", evidence="C", unit="examples")
def n_val_of_accuracy(roles: Roles) -> int | None:
    """Validation examples as an accuracy gives them away, its values being multiples of one over their number.

    Only numbers up to 100 are read off, from at least four different values logged to five digits.
    """
    metric = roles.facts.get("val_score")
    if metric is None or not metric.counts_right_answers:
        return None
    score = roles.metrics["val_score"]
    values = np.unique(score.values[np.isfinite(score.values)]) / metric.whole
    if values.size < READ_OFF_VALUES or values.min() < 0:
        return None
    sizes = np.arange(2.0, READ_OFF_UP_TO + 1)
    products = sizes[:, None] * values
    fits = (np.abs(products - np.round(products)) < ROUNDING * sizes[:, None]).all(axis=1)
    return int(sizes[np.argmax(fits)]) if fits.any() else None


first_of(
    "n_val_seen",
    {"n_val": "as logged", "n_val_of_accuracy": "from the steps between accuracy values"},
    missing="number of validation examples not found",
    log="n_val",
    unit="examples",
)
