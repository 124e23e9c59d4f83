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
    Signal("initial_loss", "the loss of the first batch, before any update", "once"),
    Signal("baseline_loss", "what that loss is for answers that know nothing of the input", "once"),
    Signal(
        "weight_scale",
        "deviation of the initial weights over what keeps a signal's size: He (rectifiers), LeCun (SELU), Xavier "
        "(others); 1 is right, 0 means that all weights are the same",
        "once",
        by_layer=True,
    ),
    Signal("grad_norm", "L2 norm of the gradient, before any clipping; without a layer that of all", "every k steps"),
    Signal("grad_norm", "L2 norm of a layer's gradient, before any clipping", "every k steps", by_layer=True),
    Signal("update_ratio", "norm of a step over the norm of the weights it changes", "every k steps", by_layer=True),
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
    Signal("clipped", "share of the steps looked at whose gradient was clipped", "every k steps"),
    Signal("clip_ratio", "norm of the gradient after clipping over that before", "every k steps"),
    Signal(
        "gradients_kept", "share of the steps looked at whose gradient held that of the step before", "every k steps"
    ),
    Signal("loss_scale", "the factor by which mixed precision multiplies the loss", "every k steps"),
    Signal("skipped_steps", "share of the steps that mixed precision left out", "every k steps"),
    Signal("input_mean", "mean of what reaches the network", "from batches"),
    Signal("input_std", "its standard deviation", "from batches"),
    Signal("input_min", "its smallest value", "from batches"),
    Signal("input_max", "its largest value", "from batches"),
    Signal("input_zeros", "share of zeros in it", "from batches"),
    Signal("input_non_finite", "share of NaN and infinite values in it", "from batches"),
    Signal("input_same", "share of the examples of a batch that equal its first", "from batches"),
    Signal(
        "input_scale_ratio",
        "largest over smallest root mean square of its columns, of values other than 0",
        "from batches",
    ),
    Signal("label_top_share", "share of the most frequent label of a batch", "from batches"),
    Signal("label_top_share_expected", "the same, were the labels shuffled", "from batches"),
    Signal("label_entropy", "entropy of the labels of a batch, in nats", "from batches"),
    Signal("label_entropy_expected", "the same, were the labels shuffled", "from batches"),
    Signal(
        "label_order", "agreement of the labels of neighbouring examples beyond chance; 0 is shuffled", "from batches"
    ),
    Signal("classes_seen", "different labels so far", "from batches"),
    Signal("label_min", "smallest label", "from batches"),
    Signal("label_max", "largest label", "from batches"),
    Signal("label_non_finite", "share of NaN and infinite targets", "from batches"),
    Signal("target_mean", "mean of numeric targets", "from batches"),
    Signal("target_std", "their standard deviation", "from batches"),
    Signal("batches_repeated", "share of the batches seen before in the same epoch", "from batches"),
    Signal("batches_added", "batches that these figures rest on", "from batches"),
    Signal("eval_input_mean", "mean of what reaches the network in evaluation", "in evaluation"),
    Signal("eval_input_std", "its standard deviation", "in evaluation"),
    Signal("eval_in_training_mode", "share of the evaluations with dropout or batch statistics on", "in evaluation"),
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
