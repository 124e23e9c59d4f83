"""The seminar's three experiments: train on noise, train on a few examples, climb a ladder of learning rates."""

from tracker_diag.controls.noise_check import RandomInput, random_input
from tracker_diag.controls.rate_check import LearningRateRange, learning_rate_range
from tracker_diag.controls.rungs import Rung
from tracker_diag.controls.subset_check import TinySubset, tiny_subset

__all__ = [
    "LearningRateRange",
    "RandomInput",
    "Rung",
    "TinySubset",
    "learning_rate_range",
    "random_input",
    "tiny_subset",
]
