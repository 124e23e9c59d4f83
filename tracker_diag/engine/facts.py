"""Inputs of rules that are facts: what the configuration, the model summary and the dataset say."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from tracker_diag.core.dataset import Dataset, read_dataset
from tracker_diag.engine.curves import Curves

# Every repetition is bounded, so that no text of whatever layout takes longer than in proportion to its length.
_COUNT = r"(\d[\d,]{0,24}(?:\.\d{1,6})?)[ \t]{0,4}([KMB]?)"
_TOTALS = (
    re.compile(r"(?:Total|Trainable) params[^0-9\n]{0,40}" + _COUNT + r"\b"),
    re.compile(r"(?<![\d,.])" + _COUNT + r"[ \t]{1,8}(?:Total|Trainable) params"),
)


def _weights_in(summary: str) -> float | None:
    found = next((f for f in (p.search(summary) for p in _TOTALS) if f), None)
    return found and float(found[1].replace(",", "")) * {"": 1, "K": 1e3, "M": 1e6, "B": 1e9}[found[2]]


class Facts(Curves):
    """A run, its curves, and what is said of it."""

    @cached_property
    def n_classes(self) -> int | None:
        """Number of classes, as configured or profiled."""
        profiled = self.dataset.target.n_classes if self.dataset else None
        value = self.roles.params.get("n_classes") or profiled
        if not isinstance(value, int | float) or not 1 <= value <= 1e7 or not float(value).is_integer():
            return None
        if value >= 2:
            return int(value)
        # One output is a regression, or two classes with a sigmoid; the loss or an accuracy tells.
        word = str(self.roles.params.get("loss_function") or "").lower()
        score = self.roles.metrics.get("val_score") or self.roles.metrics.get("train_score")
        binary = (
            "binary" in word
            or "bce" in word
            or "logistic" in word
            or (score is not None and "acc" in score.name.lower())
        )
        return 2 if binary else None

    @cached_property
    def params(self) -> Mapping[str, Any]:
        """All parameters by role."""
        return self.roles.params

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The run's own name for each role."""
        return self.roles.names

    @cached_property
    def traits(self) -> frozenset[str]:
        """Kinds of training that the names give away: adversarial, reinforcement, contrastive, boosting, annealed."""
        return self.roles.traits

    @cached_property
    def dataset(self) -> Dataset | None:
        """What the dataset profile and the declared inputs say; None without either."""
        return read_dataset(self.run.profile, self.run.datasets)

    @cached_property
    def model_summary(self) -> str | None:
        """The text of the model summary."""
        return self.run.model_summary

    @cached_property
    def n_weights(self) -> float | None:
        """Trainable weights, as configured or from the model summary.

        Else about width squared times depth, plus the inputs where they are known.
        """
        given = self.roles.params.get("n_parameters")
        if isinstance(given, int | float) and given > 0:
            return float(given)
        counted = _weights_in((self.run.model_summary or "")[:200_000])
        if counted:
            return counted
        width, layers, inputs = (self.roles.params.get(k) for k in ("hidden_units", "layers", "n_features"))
        if not isinstance(width, int | float) or width < 1:
            return None
        depth = layers if isinstance(layers, int | float) and layers >= 1 else 1
        first = inputs if isinstance(inputs, int | float) and inputs > 0 else width
        return float(width * (first + (depth - 1) * width + (self.n_classes or 1)))

    @cached_property
    def n_train(self) -> int | None:
        """Training examples, as configured, profiled or declared as an input."""
        return self._count("n_train", "train")

    @cached_property
    def n_updates(self) -> int | None:
        """Updates of the weights that the configuration makes in all."""
        epochs, batch = (self.roles.params.get(k) for k in ("epochs", "batch_size"))
        if not self.n_train or not isinstance(epochs, int | float) or not isinstance(batch, int | float) or batch <= 0:
            return None
        return int(min(epochs * math.ceil(self.n_train / batch), 1e15)) if 0 < epochs <= 1e12 else None

    @cached_property
    def n_val(self) -> int | None:
        """Validation examples, as configured, profiled or declared as an input."""
        return self._count("n_val", "validation")

    @cached_property
    def n_val_seen(self) -> int | None:
        """Validation examples, as said or as an accuracy gives them away.

        Its values are multiples of one over their number.

        Only numbers up to 100 are read off, from at least four different values logged to five digits: larger ones
        need more digits than are logged.
        """
        if self.n_val is not None:
            return self.n_val
        score = self.roles.metrics.get("val_score")
        if score is None or "acc" not in score.name.lower():
            return None
        values = np.unique(score.values[np.isfinite(score.values)])
        values = values / 100 if values.size and values.max() > 1.5 else values
        if values.size < 4 or values.min() < 0:
            return None
        sizes = np.arange(2.0, 101.0)
        products = sizes[:, None] * values
        fits = (np.abs(products - np.round(products)) < 2e-5 * sizes[:, None]).all(axis=1)
        return int(sizes[np.argmax(fits)]) if fits.any() else None

    def _count(self, role: str, side: str) -> int | None:
        value = self.roles.params.get(role)
        if not isinstance(value, int | float) and self.dataset is not None:
            value = (self.dataset.train if side == "train" else self.dataset.validation).rows
        return int(value) if isinstance(value, int | float) and 0 < value < 1e15 else None

    @cached_property
    def curves_exist(self) -> bool | None:
        """True where there is a training or validation curve of at least two points; None otherwise."""
        return True if self.any_train or self.any_val else None
