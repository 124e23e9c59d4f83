"""Usual learning rates by optimiser: where to look for trouble, never a warning by themselves."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any

#: From what is a sound choice without further thought, to the highest that is; per optimiser, for batches of up to a
#: few hundred. Sources: the optimisers' papers and their defaults in PyTorch and Keras; Bengio (2012), Practical
#: recommendations, for plain SGD; Chen et al. (2023), Lion (3 to 10 times below AdamW). Fine-tuning goes ten times
#: lower.
USUAL: Mapping[str, tuple[float, float]] = {
    "sgd": (3e-3, 0.3),
    "momentum": (1e-3, 0.2),
    "adam": (1e-4, 5e-3),
    "adamw": (1e-4, 5e-3),
    "nadam": (1e-4, 5e-3),
    "adamax": (1e-4, 1e-2),
    "radam": (1e-4, 5e-3),
    "rmsprop": (1e-4, 5e-3),
    "adagrad": (1e-3, 0.1),
    "adadelta": (0.1, 3.0),
    "lion": (1e-5, 1e-3),
    "lamb": (1e-4, 2e-2),
    "lars": (0.1, 10.0),
    "adafactor": (1e-4, 1e-2),
}

#: Optimisers whose steps are about as long as the rate, whatever the size of the gradients.
OF_ONE_LENGTH = ("adam", "adamw", "nadam", "radam", "adamax", "amsgrad", "rmsprop", "lion", "adabelief")

#: Names of models that are fine-tuned far more often than trained from scratch, whatever the run says of its weights.
OFTEN_PRETRAINED = ("bert", "gpt", "llama", "mistral", "qwen", "t5", "whisper", "wav2vec", "clip", "deit", "electra")


def usual_rates(optimizer: object, params: Mapping[str, Any]) -> tuple[float, float]:
    """Lowest and highest usual learning rate.

    An optimiser nobody named gets the widest range of all. A pretrained model lowers both ends tenfold, one of a name
    that is mostly fine-tuned the lower end; batches beyond 256 raise the upper end in proportion (Goyal et al. 2017,
    linear scaling).
    """
    name = str(optimizer or "").lower()
    momentum = params.get("momentum")
    if name == "sgd" and isinstance(momentum, int | float) and momentum > 0:
        name = "momentum"
    low, high = USUAL.get(name, (1e-4, 0.3))
    if params.get("pretrained"):
        low, high = low / 10, high / 10
    elif any(word in str(params.get("model") or "").lower() for word in OFTEN_PRETRAINED):
        low /= 10
    batch = params.get("batch_size")
    if isinstance(batch, int | float) and batch > 256:
        high *= min(batch, 8192) / 256
    return low, high


def is_usual(rate: float | None, params: Mapping[str, Any]) -> bool:
    """Whether a rate is known and not above the usual ones."""
    return rate is not None and rate <= usual_rates(params.get("optimizer"), params)[1]


def between(low: float, high: float) -> float:
    """The middle of a range of rates: rates differ by factors, so it is the geometric mean."""
    return math.sqrt(low * high)


def rounded(rate: float) -> float:
    """A rate as a person would write it: 1, 2 or 5 times a power of ten; as it is below the range of normal floats."""
    if rate < sys.float_info.min:
        return rate
    power = 10.0 ** math.floor(math.log10(rate))
    return float(f"{min((1, 2, 5, 10), key=lambda m: abs(math.log(rate / (m * power)))) * power:.6g}")
