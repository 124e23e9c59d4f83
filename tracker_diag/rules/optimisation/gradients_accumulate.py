"""OP408 gradients-accumulate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

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
from tracker_diag.rules.optimisation._usual_rate import UsualRate, usual_rate

#: Norms that it takes to compare an end with a beginning, and the part that is either: a thirtieth, and a quarter.
FEWEST_NORMS, BEGINNING, END = 5, 30, 4
#: Values of the training loss that show a fall and a climb.
FEWEST_LOSSES = 6
#: Values over which a loss multiplies evenly, the least it comes to, the share of steps that go up, and how much more
#: it may grow in the second half than in the first, in logarithms: an overshoot feeds on itself and grows ever faster.
EVENLY, MULTIPLIED, UPWARDS, FASTER = 5, 1000.0, 0.8, 2.0
#: Distance from the uninformed level, as a share of it, within which a loss has come to rest there.
AT_NOTHING = 0.15


@dataclass(frozen=True, slots=True)
class Norm:
    """What became of the gradient norm.

    Attributes
    ----------
    end, at_best : float
        Times its beginning: in the last quarter, and where the training loss was lowest.
    lowest : float
        The least share of its highest value before that it came back to.
    second_half : float
        Its lowest value in the second half, as a share of its highest.
    """

    end: float
    at_best: float
    lowest: float
    second_half: float


class Likelihoods(UsualRate):
    """What speaks for gradients that are never zeroed, and against it."""

    KEPT = LikelihoodRatio(
        5000.0, "at {share:.0%} of the steps looked at, the gradient still held that of the step before", "data"
    )
    NOT_KEPT = LikelihoodRatio(0.01, "the gradient was zeroed before each step looked at", "data")
    NORM_STAYS_HIGH = LikelihoodRatio(
        100.0,
        "the gradient norm grew {fold:.3g}-fold and never came back below {lowest:.0%} of its highest before, while "
        "the training loss {what}",
        "data",
    )
    NORM_AS_BEFORE = LikelihoodRatio(0.05, "the gradient norm ends at {fold:.3g} times that of the beginning", "data")
    CLIMBS = LikelihoodRatio(
        4.0, "the training loss fell from {start:.4g} to {best:.4g}, then climbed to {end:.4g}, above where it began"
    )
    MULTIPLIES = LikelihoodRatio(
        4.0, "the training loss multiplied from {first:.3g} to {end:.3g} over {values} values, evenly and without end"
    )
    CLIPPED = LikelihoodRatio(0.1, "gradients are clipped at {clip:g}, which bounds what accumulates", "params")


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
    Without `zero_grad` each step goes along the sum of all gradients so far. That sum grows as long as they agree, and
    does not shrink with the loss. Three places show it:

    - The gradient itself, where a callback looked at steps: before the first backward pass behind a step it is not 0.

    - The gradient norm, where it is logged. It ends at five times its beginning or more and never fell below three
      tenths of its highest value before, and the training loss lost what it had achieved. The norm was as high already
      where that loss was lowest, or stayed high throughout the second half. (At a rate that is too high the norm grows
      with the loss, or jumps and comes back. In a sound run it falls; or it grows as the loss leaves a flat start, and
      the loss then falls without a setback.)
    - The training loss. It learned, then climbed above where it began, and did not come to rest at the level of knowing
      nothing, where too high a rate leaves a network; or it multiplies by about the same factor from record to record.
      Validation that climbs alone is another matter.

    Where the gradient is clipped, what accumulates is bounded, and next to nothing is to be seen.

    Measured on networks of two hidden layers for digits, tumours and a regression surface, over 30 epochs: of 144 runs
    without zero_grad (SGD, momentum, Adam and AdamW at rates from 1e-4 to 0.1, batches of 32 and 128) 62 have this
    sign of the norm and 32 one of these signs of the loss; of 36 with it at the same rates and of 66 at rates that
    are too high none has either. Of 143 runs with it of other networks (linear, tanh, sigmoid, batch-normalised, six
    layers, recurrent) at rates from 1e-4 to 10 one has a sign of the loss, a recurrent one at too high a rate, and none
    that of the norm. At low rates most runs without it reach a good loss, later or with swings: nothing tells them by
    their curves.

    Why it matters
    --------------
    The step has no friction: plain SGD becomes momentum of 1, and swings across every minimum, ever farther.

    What to do
    ----------
    Call ``optimizer.zero_grad()`` before each backward pass; where gradients are accumulated on purpose, after each
    step.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    grown : times its beginning that the gradient norm lies at: of 102 runs with zero_grad none that stayed came to 3.
    stays : share of its highest value before that it never falls below.
    setback : rise of the training loss above what it had been, in units of the improvement achieved.
    learned : share of its first value by which the training loss must have fallen before it climbed.
    above : times its first value that it ends at.
    most : share of the steps looked at, the first left out, whose gradient held that of the step before.

    References
    ----------
    Seminar: "Network contains Bad Gradients", "How to find best learning rate?". PyTorch's documentation:
    ``torch.optim.Optimizer.zero_grad``.
    """
    # The first step has none before it.
    kept = watched.values("gradients_kept")[1:] if watched is not None else np.empty(0)
    if kept.size and kept.mean() >= most:
        return _found([Likelihoods.KEPT(share=float(kept.mean()))], prior)
    if train_loss is None or features is None:
        return gradients_accumulate.skip("no train loss", "log the training loss each epoch")
    climbs = _climbs(train_loss, explained, learned, above) or _multiplies(train_loss)
    values = train_loss.finite[1]
    norm = _norm(gradient_norm, int(np.argmin(values)) / train_loss.raw.size if values.size else 0.0)
    said = None if norm is None else _of_norm(norm, features.setback, climbs is not None, grown, stays, setback)
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
    text = "call optimizer.zero_grad() before each backward pass"
    return gradients_accumulate.hypothesis(
        prior=prior,
        observations=observations,
        message="gradients seem to add up from step to step",
        advice=text,
        prescription=Prescription(text),
        settles="log the gradient norm at every step: it grows from the second step on if gradients add up",
    )


def _norm(norms: FloatArray | None, best: float) -> Norm | None:
    """What became of the norm, the training loss having been best after that share of the run."""
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


def _of_norm(norm: Norm, lost: float, climbs: bool, grown: float, stays: float, setback: float) -> Observation | None:
    """What the gradient norm says; nothing where it jumps, or grows with a loss that is being lost."""
    if norm.end < grown:
        return Likelihoods.NORM_AS_BEFORE(fold=norm.end)
    grew_first = norm.at_best >= grown or norm.second_half >= stays
    if norm.lowest < stays or not grew_first or not (climbs or lost > setback):
        return None
    what = "climbed above where it began" if climbs else f"lost {lost:.3g} times what it had achieved"
    return Likelihoods.NORM_STAYS_HIGH(fold=norm.end, lowest=norm.lowest, what=what)


def _climbs(loss: Curve, explained: Explained | None, learned: float, above: float) -> Observation | None:
    """A training loss that learned, then climbed above where it began, to no level at which it rests."""
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
