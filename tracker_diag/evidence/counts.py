"""Inputs that are numbers of things: classes, examples, weights, updates. Each says where it was found."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from tracker_diag.core.dataset import Dataset
from tracker_diag.core.model import Model
from tracker_diag.core.run import Run
from tracker_diag.evidence.registry import first_of, rule_input
from tracker_diag.roles.resolve import Roles

#: A number of classes, examples or epochs above this is another thing under their name; updates are capped at that of
#: examples.
MOST_CLASSES, MOST_EXAMPLES, MOST_EPOCHS = 1e7, 1e15, 1e12
#: Letters of a model summary that are read.
SUMMARY_LETTERS = 200_000
#: Largest number of examples that is read off the values of an accuracy, and how many different values that takes:
#: larger ones need more digits than are logged.
READ_OFF_UP_TO, READ_OFF_VALUES = 100, 4
#: Error that is allowed in a logged accuracy (share of 1): four times the rounding of five decimals.
ROUNDING = 2e-5

# Every repetition is bounded, so that no text of whatever layout takes longer than in proportion to its length.
_COUNT = r"(\d[\d,]{0,24}(?:\.\d{1,6})?)[ \t]{0,4}([KMB]?)"
_TOTALS = (
    re.compile(r"(?:Total|Trainable) params[^0-9\n]{0,40}" + _COUNT + r"\b"),
    re.compile(r"(?<![\d,.])" + _COUNT + r"[ \t]{1,8}(?:Total|Trainable) params"),
)


@rule_input(missing="no number of classes", log="n_classes", evidence="PD")
def n_classes(params: Mapping[str, Any], dataset: Dataset | None, roles: Roles) -> int | None:
    """Number of classes, as configured or profiled."""
    value = params.get("n_classes") or (dataset.target.n_classes if dataset else None)
    if not isinstance(value, int | float) or not 1 <= value <= MOST_CLASSES or not float(value).is_integer():
        return None
    if value > 1:
        return int(value)
    # One output is a regression, or two classes with a sigmoid; the loss or an accuracy tells.
    word = str(params.get("loss_function") or "").lower()
    score = roles.facts.get("val_score") or roles.facts.get("train_score")
    binary = any(w in word for w in ("binary", "bce", "logistic")) or (score is not None and score.counts_right_answers)
    return 2 if binary else None


@rule_input(missing="no model summary", log="log the model's summary as model_summary.txt", evidence="M")
def model_summary(run: Run) -> str | None:
    """The text of the model summary."""
    return run.model_summary


@rule_input(missing="no description of the model", log="log the model", evidence="M")
def network(run: Run) -> Model | None:
    """The description of the network."""
    return run.model


@rule_input(missing="no number of weights", log="n_parameters", unit="weights")
def n_weights_configured(params: Mapping[str, Any]) -> float | None:
    """Trainable weights as configured."""
    given = params.get("n_parameters")
    return float(given) if isinstance(given, int | float) and given > 0 else None


@rule_input(missing="no count in the model summary", unit="weights")
def n_weights_summed(model_summary: str) -> float | None:
    """Trainable weights as the model summary counts them."""
    return _weights_in(model_summary[:SUMMARY_LETTERS]) or None


@rule_input(missing="no hidden units", log="hidden_units", evidence="P", unit="weights")
def n_weights_estimated(params: Mapping[str, Any], n_classes: int | None) -> float | None:
    """About width squared times depth, plus the inputs where they are known."""
    width, layers, inputs = (params.get(k) for k in ("hidden_units", "layers", "n_features"))
    if not isinstance(width, int | float) or width < 1:
        return None
    depth = layers if isinstance(layers, int | float) and layers >= 1 else 1
    first = inputs if isinstance(inputs, int | float) and inputs > 0 else width
    return float(width * (first + (depth - 1) * width + (n_classes or 1)))


first_of(
    "n_weights",
    {
        "n_weights_configured": "as configured",
        "n_weights_summed": "by the model summary",
        "n_weights_estimated": "estimated from width and depth",
    },
    missing="no number of weights",
    log="n_parameters",
    unit="weights",
)


def _weights_in(summary: str) -> float | None:
    found = next((f for f in (p.search(summary) for p in _TOTALS) if f), None)
    return found and float(found[1].replace(",", "")) * {"": 1, "K": 1e3, "M": 1e6, "B": 1e9}[found[2]]


@rule_input(missing="no number of training examples", unit="examples")
def n_train_configured(params: Mapping[str, Any]) -> int | None:
    """Training examples as configured."""
    return _examples(params.get("n_train"))


@rule_input(missing="no number of training examples", unit="examples")
def n_train_counted(dataset: Dataset) -> int | None:
    """Training examples as profiled or declared as an input."""
    return _examples(dataset.train.rows)


@rule_input(missing="no number of validation examples", unit="examples")
def n_val_configured(params: Mapping[str, Any]) -> int | None:
    """Validation examples as configured."""
    return _examples(params.get("n_val"))


@rule_input(missing="no number of validation examples", unit="examples")
def n_val_counted(dataset: Dataset) -> int | None:
    """Validation examples as profiled or declared as an input."""
    return _examples(dataset.validation.rows)


def _examples(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and 0 < value < MOST_EXAMPLES else None


_CONFIGURED, _COUNTED = "as configured", "counted in the dataset"

first_of(
    "n_train",
    {"n_train_configured": _CONFIGURED, "n_train_counted": _COUNTED},
    missing="no number of training examples",
    log="n_train",
    unit="examples",
)
first_of(
    "n_val",
    {"n_val_configured": _CONFIGURED, "n_val_counted": _COUNTED},
    missing="no number of validation examples",
    log="n_val",
    unit="examples",
)


@rule_input(missing="no number of updates", evidence="PD", unit="updates")
def n_updates(params: Mapping[str, Any], n_train: int) -> int | None:
    """Updates of the weights that the configuration makes in all."""
    epochs, batch = (params.get(k) for k in ("epochs", "batch_size"))
    if not isinstance(epochs, int | float) or not isinstance(batch, int | float) or batch <= 0:
        return None
    return int(min(epochs * math.ceil(n_train / batch), MOST_EXAMPLES)) if 0 < epochs <= MOST_EPOCHS else None


@rule_input(missing="no number of validation examples", evidence="C", unit="examples")
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
    {"n_val": "as said", "n_val_of_accuracy": "as the steps of the accuracy show"},
    missing="no number of validation examples",
    log="n_val",
    unit="examples",
)
