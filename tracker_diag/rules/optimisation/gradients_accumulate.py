"""OP408 gradients-accumulate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tracker_diag.core.numbers import figure
from tracker_diag.core.numbers import share as percent
from tracker_diag.rules.api import (
    Curve,
    Explained,
    Features,
    FloatArray,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Watched,
    rule,
)
from tracker_diag.rules.hypothesis import foremost
from tracker_diag.rules.optimisation._usual_rate import UsualRate, usual_rate

#: Fewest norms with which an end can be compared with a beginning; a thirtieth is the beginning, a quarter the end.
FEWEST_NORMS, BEGINNING, END = 5, 30, 4
#: Fewest values of the training loss that show a fall and a climb.
FEWEST_LOSSES = 6
#: Steady growth: fewest values, smallest total factor, share of steps that go up, and how much more it may grow in the
#: second half than in the first, in logarithms (an overshoot feeds on itself and grows ever faster).
EVENLY, MULTIPLIED, UPWARDS, FASTER = 5, 1000.0, 0.8, 2.0
#: Distance from chance level, as a share of it, within which a loss has come to rest there.
AT_NOTHING = 0.15


@dataclass(frozen=True, slots=True)
class Norm:
    """How the gradient norm developed.

    Attributes
    ----------
    end, at_best : float
        The norm in the last quarter, and where the training loss was lowest, over the norm at the beginning.
    lowest : float
        The smallest value of the norm over its highest value until then.
    second_half : float
        Its lowest value in the second half over its highest value.
    """

    end: float
    at_best: float
    lowest: float
    second_half: float


class Likelihoods(UsualRate):
    """What speaks for gradients that are never zeroed, and against it."""

    KEPT = LikelihoodRatio(5000.0, "gradients had not been reset to 0 before {part} of the logged steps", "data")
    NOT_KEPT = LikelihoodRatio(0.01, "gradients were reset to 0 before each logged step", "data")
    NORM_STAYS_HIGH = LikelihoodRatio(
        100.0,
        "the gradient norm ended at {fold:times} its initial value {without_falling}, while the training loss "
        "{rose_or_climbed}",
        "data",
    )
    NORM_AS_BEFORE = LikelihoodRatio(0.05, "the gradient norm ends at {fold:times} its initial value", "data")
    CLIMBS = LikelihoodRatio(
        4.0,
        "the training loss fell from {start:figure} to {best:figure}, then climbed to {end:figure}, above its first "
        "value",
    )
    MULTIPLIES = LikelihoodRatio(
        4.0,
        "the training loss grew from {first:figure} to {end:figure} over {values} records, by about the same factor "
        "each time",
    )
    CLIPPED = LikelihoodRatio(
        0.1, "gradients are clipped at {clip:figure}, which limits how far they can add up", "params"
    )


@rule(
    "OP408",
    "gradients-accumulate",
    seen_as=("My loss explodes", "My loss jumps, or swings up and down"),
    unless=("adversarial", "reinforcement", "contrastive", "annealed", "boosting"),
    likelihoods=Likelihoods,
)
def gradients_accumulate(
    train_loss: Curve | None,
    features: Features | None,
    improvement: float | None,
    watched: Watched | None,
    explained: Explained | None,
    params: Mapping[str, Any],
    gradient_norm: FloatArray | None,
    gradient_clip: float | None,
    learning_rate: float | None,
    *,
    prior: float = 0.03,
    grown: float = 5.0,
    stays: float = 0.3,
    setback: float = 0.15,
    learned: float = 0.3,
    above: float = 1.2,
    most: float = 0.5,
) -> Outcome:
    """Gradients are not zeroed between steps.

    What it measures
    ----------------
    Without `zero_grad`, each step goes along the sum of all gradients so far. That sum grows as long as the gradients
    agree, and it does not shrink with the loss. The rule looks in three places:

    - The gradient itself, if a callback logged steps: it is not 0 before the first backward pass after a step.
    - The logged gradient norm. It ends at five times its initial value or more and never fell below 30% of its highest
      value until then, and the training loss lost what it had achieved. The norm was already as high when the training
      loss was lowest, or it stayed high throughout the second half. (At a learning rate that is too high, the norm
      grows with the loss, or jumps and comes back. In a sound run it falls; or it grows as the loss leaves a flat
      start, and the loss then falls without a setback.)
    - The training loss. It learned, then climbed above its first value, and did not come to rest at chance level, where
      too high a learning rate leaves a network; or it multiplies by about the same factor from record to record. A
      validation loss that climbs alone is a different problem.

    If gradients are clipped, they cannot add up far, and hardly anything can be seen.

    Measured on networks of two hidden layers for digits, tumours and a regression surface, over 30 epochs. Of 144 runs
    without zero_grad (SGD, momentum, Adam and AdamW at learning rates from 1e-4 to 0.1, batch sizes 32 and 128), 62
    show the sign of the norm and 32 one of the signs of the loss. None of 36 runs with zero_grad at the same learning
    rates shows either, and none of 66 at learning rates that are too high. Of 143 runs with zero_grad of other networks
    (linear, tanh, sigmoid, batch-normalised, six layers, recurrent) at learning rates from 1e-4 to 10, one shows a sign
    of the loss (a recurrent one at too high a learning rate), and none that of the norm. At low learning rates most
    runs without zero_grad reach a good loss, later or with swings; their curves do not give them away.

    Why it matters
    --------------
    Nothing slows the steps down. Plain SGD then acts like SGD with momentum 1: it swings across every minimum, further
    each time.

    What to do
    ----------
    Call ``optimizer.zero_grad()`` before each backward pass. If you accumulate gradients on purpose, call
    it after each step instead.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    grown : a gradient norm that ends at this many times its initial value or more has grown. Of 102 runs with
        zero_grad, none whose norm stayed high reached 3 times.
    stays : the norm stays high if it never falls below this share of its highest value so far.
    setback : the training loss lost what it had achieved if it rose again by this share of the total improvement (from
        the first value, or the baseline if it is known, to the best value).
    learned : the training loss must have fallen by this share of its first value before it climbed.
    above : the training loss must end at this many times its first value or more.
    most : the rule reports if gradients were not reset before this share of the logged steps (after the first) or more.

    References
    ----------
    Seminar: "Network contains Bad Gradients", "How to find best learning rate?". PyTorch's documentation:
    ``torch.optim.Optimizer.zero_grad``.
    """
    # The first step has none before it.
    kept = watched.values("gradients_kept")[1:] if watched is not None else np.empty(0)
    if kept.size and kept.mean() >= most:
        return _found([Likelihoods.KEPT(part="any" if kept.all() else percent(float(kept.mean())))], prior)
    if train_loss is None or features is None:
        return gradients_accumulate.skip("no training loss is logged", "log the training loss each epoch")
    climbs = _climbs(train_loss, explained, learned, above) or _multiplies(train_loss)
    values = train_loss.finite[1]
    norm = _norm(gradient_norm, int(np.argmin(values)) / train_loss.raw.size if values.size else 0.0)
    said = (
        None
        if norm is None
        else _of_norm(norm, features.setback, improvement or 0.0, climbs is not None, grown, stays, setback)
    )
    observations = [s for s in (said, climbs) if s is not None]
    if not any(s.ratio > 1 for s in observations):
        return None
    observations += usual_rate(learning_rate, params)
    if gradient_clip:
        observations.append(Likelihoods.CLIPPED(clip=gradient_clip))
    if kept.size and not kept.any():
        observations.append(Likelihoods.NOT_KEPT())
    return _found(observations, prior)


def _found(observations: list[Observation], prior: float) -> Outcome:
    text = "reset the gradients to 0 before each backward pass (PyTorch: optimizer.zero_grad())"
    return gradients_accumulate.hypothesis(
        prior=prior,
        observations=observations,
        message=foremost(observations).message,
        advice=text,
        prescription=Prescription(text),
        settles="log the gradient norm at every step: if gradients add up, it grows from the second step on",
    )


def _norm(norms: FloatArray | None, best: float) -> Norm | None:
    """How the norm developed; ``best`` is the share of the run after which the training loss was lowest."""
    if norms is None or norms.size < FEWEST_NORMS:
        return None
    first = float(np.median(norms[: max(1, norms.size // BEGINNING)]))
    if not first > 0:
        return None
    highest = np.maximum.accumulate(norms)
    i = min(norms.size - 1, round(best * norms.size))
    end = norms[-max(1, norms.size // END) :]
    return Norm(
        end=float(np.median(end)) / first,
        at_best=float(np.median(norms[max(0, i - 1) : i + 2])) / first,
        lowest=float((norms[highest > 0] / highest[highest > 0]).min()),
        second_half=float(norms[norms.size // 2 :].min() / norms.max()),
    )


def _of_norm(
    norm: Norm, lost: float, improvement: float, climbs: bool, grown: float, stays: float, setback: float
) -> Observation | None:
    """What the gradient norm says; nothing if it jumps, or grows while the loss gets worse."""
    if norm.end < grown:
        return Likelihoods.NORM_AS_BEFORE(fold=norm.end)
    grew_first = norm.at_best >= grown or norm.second_half >= stays
    if norm.lowest < stays or not grew_first or not (climbs or lost > setback):
        return None
    what = "climbed above its first value" if climbs else f"rose again by {figure(lost * improvement)}"
    without = "without ever falling"
    if norm.lowest < 1:
        without += f" below {percent(norm.lowest)} of its peak so far"
    return Likelihoods.NORM_STAYS_HIGH(fold=norm.end, without_falling=without, rose_or_climbed=what)


def _climbs(loss: Curve, explained: Explained | None, learned: float, above: float) -> Observation | None:
    """A training loss that learned, then climbed above its first value, without coming to rest at chance level."""
    _, y = loss.finite
    if loss.flipped or y.size < FEWEST_LOSSES or not float(y.min()) > 0:
        return None
    start, at = float(y[0]), int(np.argmin(y))
    last = y[-max(1, y.size // END) :]
    end = float(np.median(last))
    if not (float(y[at]) <= (1 - learned) * start and at < y.size - last.size):
        return None
    if end < above * start or float(last.min()) < start:
        return None
    if explained is not None and explained.known and abs(end / explained.baseline - 1) < AT_NOTHING:
        return None
    return Likelihoods.CLIMBS(start=start, best=float(y[at]), end=end)


def _multiplies(loss: Curve) -> Observation | None:
    """A training loss that grows by about the same factor from record to record, over three orders of magnitude."""
    _, y = loss.finite
    if loss.flipped or not y.size or not float(y.min()) > 0:
        return None
    logs = np.log(y[int(np.argmin(y)) :])
    if logs.size < EVENLY or logs[-1] - logs[0] < np.log(MULTIPLIED) or np.mean(np.diff(logs) > 0) < UPWARDS:
        return None
    middle = logs[logs.size // 2]
    # Half of the steps, one more where their number is odd.
    if logs[-1] - middle > FASTER * (middle - logs[0]):
        return None
    return Likelihoods.MULTIPLIES(first=float(np.exp(logs[0])), end=float(y[-1]), values=logs.size)
