"""What the callbacks log: one scheme of keys, ``diag/<signal>`` and ``diag/<signal>/<layer>``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

PREFIX = "diag/"
#: Where a tracker numbers the rows of all metrics together: the training step of a row.
STEP = f"{PREFIX}step"
#: Layers of one network of which anything is logged: the first and the last, and others evenly between.
MOST_LAYERS = 24

When = Literal["once", "every k steps", "from batches", "in evaluation"]


@dataclass(frozen=True, slots=True)
class Signal:
    """One kind of figure.

    Attributes
    ----------
    name : str
        Of its keys, without the prefix.
    meaning : str
        What it says, as a noun phrase with its unit.
    when : str
        When it is logged.
    by_layer : bool
        Whether there is one for each layer with weights.
    """

    name: str
    meaning: str
    when: When
    by_layer: bool = False


_ALL = (
    Signal("initial_loss", "loss of the first batch, before any update", "once"),
    Signal("baseline_loss", "the first loss of a model that ignores its input", "once"),
    Signal(
        "weight_scale",
        "deviation of the initial weights over what keeps a signal's size: He (rectifiers), LeCun (SELU), Xavier "
        "(others); 1 is right, 0 means that all weights are the same",
        "once",
        by_layer=True,
    ),
    Signal("grad_norm", "L2 norm of the gradient before clipping, over all layers", "every k steps"),
    Signal("grad_norm", "L2 norm of the gradient of a layer before clipping", "every k steps", by_layer=True),
    Signal(
        "update_ratio",
        "norm of an update, divided by the norm of the weights it changes",
        "every k steps",
        by_layer=True,
    ),
    Signal("dead", "share of a layer's inputs that are 0 for the whole batch", "every k steps", by_layer=True),
    Signal(
        "saturated",
        "share of a layer's inputs at the flat ends of a tanh or sigmoid, within 0.02 of them",
        "every k steps",
        by_layer=True,
    ),
    Signal(
        "batch_norm_gap",
        "the larger of: how far running means lie from the batch's, in its deviations; how far their deviations lie "
        "apart, in factors of e",
        "every k steps",
        by_layer=True,
    ),
    Signal("clipped", "share of the measured steps whose gradient was clipped", "every k steps"),
    Signal("clip_ratio", "norm of the gradient after clipping, divided by the norm before", "every k steps"),
    Signal(
        "gradients_kept",
        "share of the measured steps whose gradient contains that of the previous step",
        "every k steps",
    ),
    Signal("loss_scale", "the factor by which mixed precision multiplies the loss", "every k steps"),
    Signal("skipped_steps", "share of the steps that mixed precision skipped", "every k steps"),
    Signal("input_mean", "mean of the network's inputs", "from batches"),
    Signal("input_std", "standard deviation of the network's inputs", "from batches"),
    Signal("input_min", "smallest input value", "from batches"),
    Signal("input_max", "largest input value", "from batches"),
    Signal("input_zeros", "share of zeros in the inputs", "from batches"),
    Signal("input_non_finite", "share of NaN and infinite values in the inputs", "from batches"),
    Signal("input_same", "share of the examples of a batch that equal its first one", "from batches"),
    Signal(
        "input_scale_ratio",
        "largest root mean square of an input column, divided by the smallest, zeros left out",
        "from batches",
    ),
    Signal("label_top_share", "share of the most frequent label of a batch", "from batches"),
    Signal("label_top_share_expected", "the same for shuffled labels", "from batches"),
    Signal("label_entropy", "entropy of the labels of a batch, in nats", "from batches"),
    Signal("label_entropy_expected", "the same for shuffled labels", "from batches"),
    Signal("label_order", "agreement of neighbouring labels beyond chance; 0 for shuffled data", "from batches"),
    Signal("classes_seen", "number of different labels so far", "from batches"),
    Signal("label_min", "smallest label", "from batches"),
    Signal("label_max", "largest label", "from batches"),
    Signal("label_non_finite", "share of NaN and infinite targets", "from batches"),
    Signal("target_mean", "mean of numeric targets", "from batches"),
    Signal("target_std", "standard deviation of numeric targets", "from batches"),
    Signal("batches_repeated", "share of the batches seen before in the same epoch", "from batches"),
    Signal("batches_added", "number of batches behind these values", "from batches"),
    Signal("eval_input_mean", "mean of the network's inputs in evaluation", "in evaluation"),
    Signal("eval_input_std", "standard deviation of the network's inputs", "in evaluation"),
    Signal(
        "eval_in_training_mode", "share of the evaluations with dropout or batch statistics active", "in evaluation"
    ),
)

SIGNALS: Mapping[str, Signal] = MappingProxyType({f"{s.name}/<layer>" if s.by_layer else s.name: s for s in _ALL})
"""Every signal by its key without the prefix, ``<layer>`` standing for a layer's place and name."""

#: What trackers take of a name; anything else becomes an underscore.
_STRANGE = re.compile(r"[^A-Za-z0-9_.\-]")
_LONGEST_NAME = 80


def layer_label(place: int, name: str) -> str:
    """Name a layer in keys: its place in the network first, so that sorted names are in the network's order.

    Parameters
    ----------
    place : int
        From 0.
    name : str
        As the framework calls it.
    """
    return f"{place:03d}.{_STRANGE.sub('_', name)[:_LONGEST_NAME]}"


def key(signal: str, layer: str | None = None) -> str:
    """Key of a figure.

    Raises
    ------
    KeyError
        If there is no such signal.
    """
    return PREFIX + SIGNALS[signal if layer is None else f"{signal}/<layer>"].name + (f"/{layer}" if layer else "")
