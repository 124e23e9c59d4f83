"""RG805 evaluation-in-training-mode."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tracker_diag.roles.layout import Layout
from tracker_diag.rules.api import (
    Curve,
    FloatArray,
    LikelihoodRatio,
    Model,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    Watched,
    rule,
)
from tracker_diag.rules.framework import KERAS, SKLEARN, TORCH, framework

#: How to switch dropout off, by the framework.
OFF = {
    KERAS: "check that nothing calls the model with `training=True` in validation; `model.evaluate` switches dropout "
    "off",
    TORCH: "call `model.eval()` before the evaluation, and `model.train()` after it",
    "": "switch dropout off before the evaluation (PyTorch: `model.eval()`; Keras: no `training=True`), and on again "
    "after "
    "it",
}
#: Share of its first value to which the training loss must have fallen for the curves to say anything.
LEARNED = 0.6
#: Shares of training's fall between which a network has not memorised yet, and gains most from all its units.
MIDDLE = (0.2, 0.8)
#: Fewest evaluations in all, and in the middle of the fall.
FEWEST, FEWEST_IN_MIDDLE = 8, 2
#: Validation loss over training loss, in the middle and at the end, from which on validation gained nothing from its
#: units.
BESIDE, BESIDE_AT_END = 0.9, 0.95
#: Validation loss over training loss, half-way, up to which validation lies close to it.
STILL_BESIDE = 3.0
#: Jitter of validation in times that of training, which has the noise of dropout.
AS_NOISY = 0.9


class Likelihoods:
    """What speaks for an evaluation with dropout on, and against it."""

    SEEN = LikelihoodRatio(
        3000.0, "dropout or batch statistics were on in {part:share} of the logged evaluations", "data"
    )
    TRACKS = LikelihoodRatio(
        4.0,
        "if dropout {dropout:figure} were on in training only, validation loss should be below training loss for most "
        "of the run; it is {middle:figure} times as high half-way down and {end:figure} times at the end",
    )
    AS_NOISY = LikelihoodRatio(
        3.0,
        "validation loss fluctuates {jitter:figure} times as much as training loss; without dropout it should be much "
        "smoother",
    )


@rule(
    "RG805",
    "evaluation-in-training-mode",
    seen_as=("Validation is noisy", "Validation is far worse than training"),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def evaluation_in_training_mode(
    symptoms: Symptoms,
    train: Curve | None,
    val: Curve | None,
    watched: Watched | None,
    dropout: float | None,
    layers_described: Layout | None,
    network: Model | None,
    flat_params: Mapping[str, Any],
    *,
    prior: float = 0.03,
    strong_enough: float = 0.4,
    most: float = 0.5,
) -> Outcome:
    """Dropout stays on while the network is evaluated.

    What it measures
    ----------------
    If a callback logged evaluations, the rule checks in which mode the network was.

    Otherwise, in a network with dropout, it looks for two signs together. First, validation loss lies close to training
    loss or above it while training loss falls, and still does at the end. (It should be lower at first, since dropout
    raises training loss only.) Second, validation loss fluctuates from one evaluation to the next as much as training
    loss. Without dropout, the same examples and nearly the same weights give nearly the same loss. Each sign alone has
    other causes (a gap, a high learning rate), so this is only a hint.

    Why it matters
    --------------
    The metrics that choose the best checkpoint are too pessimistic, and noise decides which checkpoint looks best.
    Anyone who uses the model in the same mode gets a different answer each time.

    What to do
    ----------
    Call `model.eval()` before the evaluation and `model.train()` after it. In Keras, do not call the model with
    `training=True`. Evaluate twice: the two losses must be equal up to rounding.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    most : the rule reports if this share of the logged evaluations or more were in training mode.
    strong_enough : with this dropout or more, dropout shows in the training loss.

    References
    ----------
    Seminar: "Regularisation" (dropout). Srivastava et al. (2014), JMLR 15:1929, §1: at test time all units are used.
    Gal and Ghahramani (2016), ICML, on what it means to leave it on.
    """
    made_with = framework(network, flat_params)
    seen = watched.values("eval_in_training_mode") if watched is not None else np.empty(0)
    if seen.size:
        part = float(seen.mean())
        on = Likelihoods.SEEN(part=part)
        return _found([on], on.message, made_with, prior) if part >= most else None
    if train is None or val is None:
        return evaluation_in_training_mode.skip("no training or no validation loss", "log the loss of both each epoch")
    known = [rate for rate in layers_described.dropout if not math.isnan(rate)] if layers_described is not None else []
    rate = max([dropout or 0.0, *known])
    if not (known or dropout is not None) and made_with == SKLEARN:
        return evaluation_in_training_mode.skip("scikit-learn's networks have no dropout")
    if not (known or dropout is not None):
        return evaluation_in_training_mode.skip("no dropout is logged", "log the dropout rate")
    if not strong_enough <= rate < 1 or train.flipped or val.flipped or symptoms.has("diverged", "frozen"):
        return None
    steps, inside, beside = np.intersect1d(train.finite[0], val.finite[0], return_indices=True)
    ours, theirs = train.finite[1][inside], val.finite[1][beside]
    if steps.size < FEWEST or ours.min() <= 0 or theirs.min() <= 0 or not train.tail < LEARNED * train.start:
        return None
    low, high = (ours[0] - share * (ours[0] - ours.min()) for share in reversed(MIDDLE))
    middle = (ours > low) & (ours < high)
    if middle.sum() < FEWEST_IN_MIDDLE:
        return None
    # By logarithms: the ratio of what is logged may be larger than any number.
    apart = float(np.median(np.log(theirs[middle]) - np.log(ours[middle])))
    if not math.log(BESIDE) <= apart <= math.log(STILL_BESIDE):
        return None
    half_way, end = math.exp(apart), val.tail / train.tail
    swing = _jitter(ours)
    jitter = _jitter(theirs) / swing if swing > 0 else 0.0
    if end < BESIDE_AT_END or jitter < AS_NOISY:
        return None
    noisy = Likelihoods.AS_NOISY(jitter=jitter)
    tracks = Likelihoods.TRACKS(dropout=rate, middle=half_way, end=end)
    return _found([tracks, noisy], f"dropout may be on during evaluation: {noisy.message}", made_with, prior)


def _found(observations: list[Observation], message: str, made_with: str, prior: float) -> Outcome:
    """The finding, and what to do."""
    text = OFF.get(made_with, OFF[""])
    return evaluation_in_training_mode.hypothesis(
        prior=prior,
        observations=observations,
        message=message,
        advice=text,
        prescription=Prescription(text),
        settles="evaluate twice without training in between: the two losses must be equal up to rounding",
    )


def _jitter(values: FloatArray) -> float:
    """Standard deviation of the noise in the logarithm, from second differences, which leave out the course."""
    return float(np.diff(np.log(values), 2).std() / math.sqrt(6))
