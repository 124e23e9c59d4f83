"""AR708 batch-norm-statistics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

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

#: Share of the uninformed loss, or of its first value, that the training loss keeps at most where it learned.
LEARNED = 0.3
#: Shares of the uninformed level between which a validation loss stays where the network decides nothing; where that
#: level is unknown, its highest over its lowest value, and the share of training's first value that it has at least.
UNDECIDED_FROM, UNDECIDED_TO = 0.85, 1.1
STEADY, AS_AT_FIRST = 1.25, 0.7
#: Share of right answers that validation then stays behind training's at its end.
SCORE_BEHIND = 0.3
#: Times the uninformed level, or the first training loss, that a validation loss is at least which is not of this
#: network; and share of its first value from which on it has not come down.
FAR_ABOVE, STILL_THERE = 10.0, 0.5
#: Logarithm of the largest factor that is told.
MOST_LOG = 700.0
#: Factor from one evaluation to the next, in the middle of all, from which on validation jumps.
JUMPS = 1.5
#: Times the middle of its later half that a validation loss rises to and comes back from, and factor within which
#: training is calm meanwhile.
SPIKE, CALM = 10.0, 3.0
#: Fewest values that can spike and come back.
FEWEST = 8
#: Batches whose statistics are those of a handful of examples.
SMALL_BATCH = 8
#: What the statistics keep at each step, by the frameworks' defaults.
KEEPS = {"keras": 0.99, "torch": 0.9}
#: Steps, in units of one over what they take up at each, after which the statistics have forgotten where they began.
SETTLED = 5.0
#: What they should keep where the steps are few.
PROPOSED = 0.9


#: Times one over the root of a batch's examples that its statistics lie away from any, by chance.
BY_CHANCE = 1.7
#: Steps after which running statistics have come near, at the frameworks' slowest default.
SETTLING = 100


class Likelihoods:
    """What speaks for statistics that do not fit the batches, and against it."""

    FAR_FROM_BATCHES = LikelihoodRatio(
        1000.0,
        "in the second half of the run, the running statistics of {layer} lie {gap:.2g} deviations, or "
        "factors of e, from a batch's",
        "data",
    )
    NEAR_BATCHES = LikelihoodRatio(
        0.1,
        "in the second half of the run, no running statistics lie more than {gap:.2g} deviations, or "
        "factors of e, from a batch's",
        "data",
    )
    BATCH_NORM = LikelihoodRatio(6.0, "the network normalises over the batch", "params")
    UNDECIDED = LikelihoodRatio(
        10.0,
        "training fell from {first:.3g} to {last:.3g} while validation stayed between {low:.3g} and {high:.3g}, as of "
        "a network that decides nothing when it is evaluated",
    )
    FAR_ABOVE = LikelihoodRatio(
        8.0, "at every evaluation validation is {over:.2g} times {level} or more, and training learns"
    )
    JUMPS = LikelihoodRatio(2.5, "from one evaluation to the next validation changes by a factor of {factor:.2g}")
    SPIKES = LikelihoodRatio(
        8.0, "validation rises to {over:.2g} times its usual level and comes back, and training has no such spike"
    )
    FEW_STEPS = LikelihoodRatio(
        4.0, "{steps} steps are few for statistics that keep {keep:g} of themselves at each", "params"
    )
    SMALL_BATCH = LikelihoodRatio(2.0, "the statistics are those of {batch:g} examples at a time", "params")


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
    """Batch normalisation is evaluated with statistics that do not fit.

    What it measures
    ----------------
    Where a callback looked at steps, how far the running statistics lie from those of the batch. Else whether
    validation behaves as if the network were another one there. It decides nothing: its cross-entropy stays
    where it began, near that of knowing nothing, while training learns its examples (one that learned them by heart is
    confidently wrong, and its loss climbs). Or it costs ten times what knowing nothing does, from the first epoch to
    the last. Or, in a network known to normalise over the batch, it rises tenfold at least once and comes back, and
    training stays within three times its usual level.

    Batches of a handful of examples, and steps that are few for the momentum of the statistics, speak for it besides.
    Where the layers are described and none normalises over the batch, nothing is said; nor where validation recovers.

    Why it matters
    --------------
    In training each batch is normalised by its own mean and variance, in evaluation by running averages. Where these
    have not come near (Keras keeps .99 of them at each step, so a few hundred steps are needed), or batches are too
    small or too different to have an average, the network that is evaluated is not the one that was trained.

    What to do
    ----------
    Evaluate once on training examples: if they are as bad, it is this. Lower the momentum to .9 in Keras's sense (.1 in
    PyTorch's), make the batches larger, or normalise over groups or layers instead.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    far : deviations of a batch that the running means lie away, or factors of e between the deviations, in the mean
        over the units of a layer.

    References
    ----------
    Seminar: "Network contains Bad Gradients" (batch normalisation). Ioffe and Szegedy (2015), ICML; Wu and He (2018),
    Group normalization, ECCV; Wu and Johnson (2021), Rethinking "Batch" in BatchNorm, arXiv:2105.07576.
    """
    # So few examples lie as far from the running statistics by chance.
    gap = _gap(watched, max(far, BY_CHANCE / math.sqrt(batch_size)) if batch_size else far)
    if gap is not None and gap.ratio > 1:
        return _found([gap], network, prior)
    if explained is None or train is None or val is None:
        return batch_norm_statistics.skip("no training or no validation loss", "log the loss of both each epoch")
    if symptoms.has("frozen") or val.flipped or train.flipped or not _learned(train, explained):
        return None
    known = _normalises(network, params)
    if known is False:
        return batch_norm_statistics.skip("no layer normalises over the batch")
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
    return _found([*signs, *([gap] if gap is not None else [])], network, prior)


def _gap(watched: Watched | None, far: float) -> Observation | None:
    """How far running statistics lie from the batches' in the second half of the run, when they have come near."""
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


def _found(signs: list[Observation], network: Model | None, prior: float) -> Outcome:
    """The finding, and what to do."""
    keep = _keeps(network)
    lower = f"lower the momentum of the statistics from {keep:g} to {PROPOSED:g}, " if keep and keep > PROPOSED else ""
    text = f"{lower}make the batches larger, or normalise over groups or layers instead of the batch"
    return batch_norm_statistics.hypothesis(
        prior=prior,
        observations=signs,
        message="validation looks as if it were judged with other statistics of the batches than training",
        advice=text,
        prescription=Prescription(text),
        settles="evaluate once on training examples: if they are as bad as validation, it is the statistics",
    )


def _learned(train: Curve, explained: Explained) -> bool:
    """Whether training came down well below knowing nothing; a penalty or a bad start that goes is no learning."""
    return explained.train > 1 - LEARNED if explained.known else 0 < train.tail < LEARNED * train.start


def _normalises(network: Model | None, params: Mapping[str, Any]) -> bool | None:
    """Whether the network normalises over the batch; None where nothing says."""
    kinds = [layer.type.lower() for layer in network.layers] if network is not None else []
    if any("batchnorm" in kind for kind in kinds) or params.get("normalisation") == "batch":
        return True
    # A block does not say what it is made of.
    whole = bool(kinds) and not any(is_block(kind) for kind in kinds)
    return False if whole or params.get("normalisation") is not None else None


def _keeps(network: Model | None) -> float | None:
    """What the statistics keep of themselves at each step; the most where several layers differ."""
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
    """A validation loss that stays at that of knowing nothing, neither falling nor climbing."""
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
    """A validation loss that is many times what knowing nothing costs, at every evaluation."""
    level, values = (explained.baseline if explained.known else train.start), val.finite[1]
    if float(values.min()) < FAR_ABOVE * level or val.tail < STILL_THERE * val.start:
        return []
    said = "the uninformed loss" if explained.known else "the first training loss"
    found = [Likelihoods.FAR_ABOVE(over=float(values.min()) / level, level=said)]
    steps = np.abs(np.diff(np.log(values)))
    factor = math.exp(min(float(np.median(steps)), MOST_LOG)) if steps.size else 1.0
    return [*found, Likelihoods.JUMPS(factor=factor)] if factor > JUMPS else found


def _spikes(train: Curve, val: Curve) -> list[Observation]:
    """A validation loss that rises manifold and comes back, in the later half, while training is calm."""
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
