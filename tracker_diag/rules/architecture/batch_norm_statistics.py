"""AR708 batch-norm-statistics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tracker_diag.core.numbers import figure
from tracker_diag.roles.layer_kinds import is_block
from tracker_diag.rules.api import (
    Curve,
    Explained,
    LikelihoodRatio,
    Model,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    Watched,
    middle,
    rule,
)
from tracker_diag.rules.hypothesis import foremost

#: Share of the loss at chance level, or of its first value, that the training loss keeps at most if it learned.
LEARNED = 0.3
#: Shares of chance level between which a validation loss stays if the network decides nothing. If chance level is
#: unknown: its highest over its lowest value, and the share of training's first value that it has at least.
UNDECIDED_FROM, UNDECIDED_TO = 0.85, 1.1
STEADY, AS_AT_FIRST = 1.25, 0.7
#: Accuracy by which validation then stays behind training at its end.
SCORE_BEHIND = 0.3
#: Times chance level, or the first training loss, that a validation loss of another network is at least; and share of
#: its first value from which on it has not come down.
FAR_ABOVE, STILL_THERE = 10.0, 0.5
#: Logarithm of the largest factor that is reported.
MOST_LOG = 700.0
#: Median factor from one evaluation to the next, from which on validation jumps.
JUMPS = 1.5
#: Times the median of its later half that a validation loss rises to and comes back from, and factor within which
#: training is calm meanwhile.
SPIKE, CALM = 10.0, 3.0
#: Fewest values that can spike and come back.
FEWEST = 8
#: Batch size up to which the statistics are those of a handful of examples.
SMALL_BATCH = 8
#: Batch size from which on larger batches hardly help, and leave fewer steps for the running statistics.
LARGE_ENOUGH = 16
#: Share that the statistics keep at each step, by the frameworks' defaults.
KEEPS = {"keras": 0.99, "torch": 0.9}
#: Steps, in units of one over the share that they replace at each, after which the statistics have forgotten their
#: start.
SETTLED = 5.0
#: Share that they should keep if the steps are few.
PROPOSED = 0.9
#: Distance of a batch's statistics from any others by chance, times the root of its examples.
BY_CHANCE = 1.7
#: Steps after which running statistics have come near, at the frameworks' slowest default.
SETTLING = 100


class Likelihoods:
    """What speaks for statistics that do not fit the batches, and against it."""

    FAR_FROM_BATCHES = LikelihoodRatio(
        1000.0,
        "running statistics of {layer} lie {gap:figure} standard deviations from the batch statistics in the second "
        "half "
        "of the run",
        "data",
    )
    NEAR_BATCHES = LikelihoodRatio(
        0.1,
        "no running statistics lie more than {gap:figure} standard deviations from the batch statistics in the second "
        "half "
        "of the run",
        "data",
    )
    BATCH_NORM = LikelihoodRatio(6.0, "the network uses batch normalisation", "params")
    UNDECIDED = LikelihoodRatio(
        10.0,
        "validation loss stayed between {low:figure} and {high:figure} while training loss fell from {first:figure} to "
        "{last:figure}, as if the network guessed at random in evaluation mode",
    )
    FAR_ABOVE = LikelihoodRatio(
        8.0, "validation loss is at least {over:times} {level} at every evaluation, while training learns"
    )
    JUMPS = LikelihoodRatio(
        2.5, "validation loss typically changes by a factor of {factor:figure} from one evaluation to the next"
    )
    SPIKES = LikelihoodRatio(
        8.0, "validation loss rises to {over:times} its usual level and comes back, without such a spike in training"
    )
    FEW_STEPS = LikelihoodRatio(
        4.0,
        "the run made only {steps:figure} steps, while the running statistics keep {keep:share} of their value at each "
        "step",
        "params",
    )
    SMALL_BATCH = LikelihoodRatio(2.0, "the batch statistics come from a batch size of only {batch:figure}", "params")


@rule(
    "AR708",
    "batch-norm-statistics",
    seen_as=("Validation is far worse than training", "My loss jumps, or swings up and down"),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def batch_norm_statistics(
    symptoms: Symptoms,
    explained: Explained | None,
    train: Curve | None,
    val: Curve | None,
    watched: Watched | None,
    train_score: Curve | None,
    val_score: Curve | None,
    params: Mapping[str, Any],
    network: Model | None,
    batch_size: float | None,
    n_updates: int | None,
    *,
    prior: float = 0.03,
    far: float = 0.7,
) -> Outcome:
    """Batch normalisation is evaluated with running statistics that differ from those of the data.

    What it measures
    ----------------
    If a callback logged steps: how far the running statistics lie from those of the batch. Otherwise whether validation
    loss behaves as if another network were evaluated, in one of three ways:

    - It stays near chance level, where it started, while training learns its examples. (If the network had only
      memorised them, validation loss would climb, since the network would be confidently wrong.)
    - It is ten times chance level or more, from the first epoch to the last.
    - It rises tenfold at least once and comes back, while training loss stays within three times its usual level. (This
      counts only if the network is known to use batch normalisation.)

    Two more signs count: batches of a handful of examples, and too few steps for the momentum of the statistics. The
    rule says nothing if the layers are described and none uses batch normalisation, or if validation recovers.

    Why it matters
    --------------
    In training, each batch is normalised by its own mean and variance; in evaluation, by running averages. These need
    time to reach the true values: Keras keeps 99% of their value at each step, so they need a few hundred steps.
    Batches may also be too small or too different for a useful average. The network that is evaluated is then not the
    one that was trained.

    What to do
    ----------
    Evaluate once on training examples in evaluation mode: if the loss is as high as in validation, this is the cause.
    Then let the running statistics follow faster: lower the momentum to 0.9 in Keras. PyTorch counts the other way
    round: raise the momentum above its default of 0.1, which is 0.9 in Keras. With batches below 16, use larger ones,
    or group or layer normalisation instead.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    far : running statistics this far from those of a batch are reported. For means, the distance is in standard
        deviations of the batch; for standard deviations, it is the natural logarithm of their ratio. It is averaged
        over the units of a layer.

    References
    ----------
    Seminar: "Network contains Bad Gradients" (batch normalisation). Ioffe and Szegedy (2015), ICML; Wu and He (2018),
    Group normalization, ECCV; Wu and Johnson (2021), Rethinking "Batch" in BatchNorm, arXiv:2105.07576.
    """
    # Small batches lie so far from the running statistics by chance.
    # So few examples lie as far from the running statistics by chance.
    gap = _gap(watched, max(far, BY_CHANCE / math.sqrt(batch_size)) if batch_size else far)
    if gap is not None and gap.ratio > 1:
        return _found([gap], network, batch_size, prior)
    if explained is None or train is None or val is None:
        return batch_norm_statistics.skip("no training or no validation loss", "log the loss of both each epoch")
    if symptoms.has("frozen") or val.flipped or train.flipped or not _learned(train, explained):
        return None
    known = _normalises(network, params)
    if known is False:
        return batch_norm_statistics.skip("no layer uses batch normalisation")
    signs = _undecided(train, val, train_score, val_score, explained) or _far_above(train, val, explained)
    if not signs and known and symptoms.findings:
        signs = _spikes(train, val)
    if not signs:
        return None
    keep = _keeps(network)
    if known:
        signs.append(Likelihoods.BATCH_NORM())
        if keep is not None and n_updates is not None and n_updates * (1 - keep) < SETTLED:
            signs.append(Likelihoods.FEW_STEPS(steps=n_updates, keep=keep))
        if batch_size is not None and 0 < batch_size <= SMALL_BATCH:
            signs.append(Likelihoods.SMALL_BATCH(batch=batch_size))
    return _found([*signs, *([gap] if gap is not None else [])], network, batch_size, prior)


def _gap(watched: Watched | None, far: float) -> Observation | None:
    """How far running statistics lie from the batches' in the second half of the run, after they have come near."""
    late = {
        layer: value
        for layer, series in (watched.layers.get("batch_norm_gap", {}) if watched is not None else {}).items()
        if series.steps[-1] >= SETTLING
        and (value := middle(series.values[series.steps >= series.steps[-1] / 2])) is not None
    }
    if not late:
        return None
    layer = max(late, key=late.__getitem__)
    if late[layer] >= far:
        return Likelihoods.FAR_FROM_BATCHES(layer=layer, gap=late[layer])
    return Likelihoods.NEAR_BATCHES(gap=late[layer])


def _found(signs: list[Observation], network: Model | None, batch_size: float | None, prior: float) -> Outcome:
    """The finding, and what to do."""
    keep = _keeps(network)
    faster = "" if keep is not None and keep <= PROPOSED else f"{_less_momentum(keep, network)}; "
    small = batch_size is not None and batch_size < LARGE_ENOUGH
    larger = "use larger batches, or " if small else ""
    text = f"{faster}{larger}use group or layer normalisation instead of batch normalisation"
    return batch_norm_statistics.hypothesis(
        prior=prior,
        observations=signs,
        message=foremost(signs).message,
        advice=text,
        prescription=Prescription(text),
        settles="evaluate once on training examples in evaluation mode: if the loss is as high as in validation, the "
        "statistics are the cause",
    )


def _less_momentum(keep: float | None, network: Model | None) -> str:
    """PyTorch's momentum counts the share that is replaced, Keras's the one that is kept."""
    if keep is None:
        return (
            "let the running statistics follow faster (Keras: momentum 0.9 instead of 0.99; PyTorch: at least the "
            "default, 0.1)"
        )
    if network is not None and network.framework == "torch":
        return f"raise the momentum of the statistics from {figure(1 - keep)} to {figure(1 - PROPOSED)}"
    return f"lower the momentum of the statistics from {figure(keep)} to {figure(PROPOSED)}"


def _learned(train: Curve, explained: Explained) -> bool:
    """Whether training came down well below chance level; losing a penalty or a bad start is no learning."""
    return explained.train > 1 - LEARNED if explained.known else 0 < train.tail < LEARNED * train.start


def _normalises(network: Model | None, params: Mapping[str, Any]) -> bool | None:
    """Whether the network uses batch normalisation; None if nothing says."""
    kinds = [layer.type.lower() for layer in network.layers] if network is not None else []
    if any("batchnorm" in kind for kind in kinds) or params.get("normalisation") == "batch":
        return True
    # A block does not say what it is made of.
    whole = bool(kinds) and not any(is_block(kind) for kind in kinds)
    return False if whole or params.get("normalisation") is not None else None


def _keeps(network: Model | None) -> float | None:
    """What the statistics keep of themselves at each step; the most if several layers differ."""
    if network is None or network.framework not in KEEPS:
        return None
    told = []
    for layer in network.layers:
        if "batchnorm" in layer.type.lower():
            momentum: Any = layer.settings.get("momentum")
            if not isinstance(momentum, int | float) or not 0 < momentum < 1:
                told.append(KEEPS[network.framework])
            else:
                told.append(1 - momentum if network.framework == "torch" else float(momentum))
    return max(told, default=None)


def _undecided(
    train: Curve, val: Curve, train_score: Curve | None, val_score: Curve | None, explained: Explained
) -> list[Observation]:
    """A validation loss that stays at chance level, neither falling nor climbing."""
    low, high = float(val.finite[1].min()), float(val.finite[1].max())
    if not (train.metric.of_classes and val.metric.of_classes) or low <= 0:
        return []
    if explained.known:
        stays = low >= UNDECIDED_FROM * explained.baseline and high <= UNDECIDED_TO * explained.baseline
    else:
        # A fine-tuned network begins low, and its validation may stay there: the scores decide.
        stays = high <= STEADY * low and val.start >= AS_AT_FIRST * train.start and _behind(train_score, val_score)
    return [Likelihoods.UNDECIDED(first=train.start, last=train.tail, low=low, high=high)] if stays else []


def _behind(train_score: Curve | None, val_score: Curve | None) -> bool:
    """Whether validation's accuracy ends far behind training's."""
    ours, theirs = train_score, val_score
    if ours is None or theirs is None or not (ours.accuracy and theirs.accuracy):
        return False
    if not (ours.long_enough and theirs.long_enough):
        return False
    return ours.share(ours.tail) - theirs.share(theirs.tail) > SCORE_BEHIND


def _far_above(train: Curve, val: Curve, explained: Explained) -> list[Observation]:
    """A validation loss that is many times chance level at every evaluation."""
    level, values = (explained.baseline if explained.known else train.start), val.finite[1]
    if float(values.min()) < FAR_ABOVE * level or val.tail < STILL_THERE * val.start:
        return []
    said = "chance level" if explained.known else "the first training loss"
    found = [Likelihoods.FAR_ABOVE(over=float(values.min()) / level, level=said)]
    steps = np.abs(np.diff(np.log(values)))
    factor = math.exp(min(float(np.median(steps)), MOST_LOG)) if steps.size else 1.0
    return [*found, Likelihoods.JUMPS(factor=factor)] if factor > JUMPS else found


def _spikes(train: Curve, val: Curve) -> list[Observation]:
    """A validation loss that rises many times and comes back in the later half, while training is calm."""
    values, beside = val.finite[1], train.finite[1]
    late, calm = values[values.size // 2 :], beside[beside.size // 2 :]
    if late.size < FEWEST or calm.size < FEWEST or late.min() <= 0 or calm.min() <= 0:
        return []
    # Python's numbers, and values that were logged: means and products of the largest overflow.
    usual, at_rest = float(np.sort(late)[late.size // 2]), float(np.sort(calm)[calm.size // 2])
    over = float(late[:-1].max()) / usual
    came_back = float(late[-1]) / usual < SPIKE
    moved = float(calm.max()) / at_rest > CALM
    return [Likelihoods.SPIKES(over=over)] if over >= SPIKE and came_back and not moved else []
