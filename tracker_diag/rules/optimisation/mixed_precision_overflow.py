"""OP411 mixed-precision-overflow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from tracker_diag.core.numbers import figure
from tracker_diag.evidence.lost import Lost
from tracker_diag.rules.api import (
    Change,
    Curve,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Standing,
    Watched,
    rule,
)
from tracker_diag.rules.optimisation._usual_rate import UsualRate, usual_rate

#: Logged steps within which the loss scaler finds its scale.
FINDS_ITS_SCALE = 3
#: Values of exactly 0 at the end that cannot be the rounding of a single small one.
SEVERAL = 3
#: Share of its first value from which on a loss that drops to 0 was stopped dead, and not on its way down.
STOPPED_DEAD = 0.1
#: Times its first value above which a loss blew up before it became NaN.
BLEW_UP = 2.0
#: Score below which not every answer is right.
PERFECT = 0.995
#: Flags that ask for half precision and name no type: the frameworks then take float16.
OF_NO_TYPE = ("amp", "mixed precision", "autocast")
#: For each spelling of half precision, the type with the exponent range of single precision.
WIDER: Mapping[str, str] = {
    "16": "bf16-mixed",
    "16-mixed": "bf16-mixed",
    "16-true": "bf16-true",
    "fp16": "bf16",
    "float16": "bfloat16",
    "torch.float16": "torch.bfloat16",
    "mixed_float16": "mixed_bfloat16",
}


class Likelihoods(UsualRate):
    """What speaks for a loss that half precision destroyed, and against it."""

    STEPS_LEFT_OUT = LikelihoodRatio(
        100.0,
        "{part:share} of the steps were skipped because a gradient was NaN or infinite; the loss scale ends at "
        "{scale:figure}",
        "data",
    )
    ZERO_AND_LOST = LikelihoodRatio(
        100.0, "{name} is exactly 0 throughout while {other} is NaN or infinite (precision: {precision})"
    )
    ZERO_AND_WRONG = LikelihoodRatio(
        100.0,
        "{said} is exactly 0 in its last {values} records, although the score is only {score:figure} (precision: "
        "{precision})",
    )
    STOPPED_DEAD = LikelihoodRatio(
        100.0,
        "{said} dropped from {before:figure} to exactly 0 in one record and stayed there (precision: {precision})",
    )
    LOST = LikelihoodRatio(
        10.0,
        "{said} is NaN or infinite from {step} (precision: {precision})",
    )


@rule(
    "OP411",
    "mixed-precision-overflow",
    seen_as=("My loss is NaN or infinite",),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def mixed_precision_overflow(
    train_loss: Curve | None,
    val_loss: Curve | None,
    train_score: Curve | None,
    lost: Lost | None,
    standing: Mapping[str, Standing],
    precision: Any | None,
    watched: Watched | None,
    params: Mapping[str, Any],
    logged_params: Mapping[str, Any],
    names: Mapping[str, str],
    learning_rate: float | None,
    *,
    prior: float = 0.03,
    left_out: float = 0.2,
) -> Outcome:
    """The loss became NaN, infinite or 0 because of half precision, not of the learning rate.

    What it measures
    ----------------
    If a callback watched the loss scaler: the share of steps that the scaler skipped because a gradient was NaN or
    infinite.

    Otherwise the rule needs two things. The first is half precision: float16, "16-mixed", "mixed_float16",
    ``fp16 = True``, or automatic mixed precision without a type. bfloat16 has the exponent range of single precision
    and does not count. The second is a loss that broke without warning, in one of these ways:

    - The loss is NaN or infinite and had not doubled before.
    - The training loss is exactly 0 throughout while another loss is NaN or infinite. (Hugging Face logs 0 in place of
      NaN.)
    - The last three training losses or more are exactly 0 although the training score is not perfect, or although the
      value before them was a tenth of the first value or more.

    If a loss comes down to 0 gradually, the network has memorised its examples. Single infinite values of the gradient
    norm come from the loss scaler and are ignored.

    Why it matters
    --------------
    The largest number of half precision is 65504, the smallest about 6e-8. The square of a large activation, or the
    logarithm of a small probability, is infinite in half precision. One such value makes all weights NaN,
    unless a loss scaler skips the step.

    What to do
    ----------
    Use bfloat16 if the hardware supports it. Otherwise use dynamic loss scaling, compute softmax, norms and the loss in
    single precision, or train in single precision. If the learning rate is above the usual ones, lower that first.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    left_out : if the loss scaler skips this share of the steps or more, it finds no scale that works.

    References
    ----------
    Seminar: "Network contains Bad Gradients". Micikevicius et al. (2018), Mixed precision training, ICLR. Hugging
    Face: TrainingArguments, ``logging_nan_inf_filter``.
    """
    skipped = _skipped(watched, left_out)
    if precision is None and skipped is None:
        return mixed_precision_overflow.skip(
            "no precision is logged", "log the numeric precision of the training, e.g. as precision = 16-mixed"
        )
    if skipped is None and not _is_half(precision, logged_params):
        return None
    word = str(precision) if precision is not None else "half precision"
    nought = [name for name, x in sorted(standing.items()) if x.value == 0 and x.kind == "train loss"]
    seen = skipped or _zero(word, train_loss, train_score) or _lost(word, lost, train_loss, val_loss)
    if nought and lost is not None:
        seen = Likelihoods.ZERO_AND_LOST(precision=word, name=nought[0], other=lost.said)
    if seen is None:
        return None
    observations = [seen, *usual_rate(learning_rate, params)]
    name = names.get("precision", "precision")
    before = logged_params.get(name)
    wider = WIDER.get(str(before))
    changes = (Change(name, before, wider),) if wider is not None else ()
    text = f"change {name} from {before} to {wider}" if wider is not None else "use bfloat16 instead of float16"
    text += ", or check that dynamic loss scaling is on, and compute the loss in single precision"
    return mixed_precision_overflow.hypothesis(
        prior=prior,
        observations=observations,
        message=seen.message,
        advice=text,
        prescription=Prescription(text, changes),
        settles="repeat the first steps in single precision: if the loss stays usable, half precision is the cause",
    )


def _skipped(watched: Watched | None, left_out: float) -> Observation | None:
    """What the loss scaler says; the first steps, in which it finds its scale, do not count."""
    shares = watched.values("skipped_steps")[FINDS_ITS_SCALE:] if watched is not None else np.empty(0)
    scales = watched.values("loss_scale") if watched is not None else np.empty(0)
    if not shares.size or not scales.size or float(np.nanmean(shares)) < left_out:
        return None
    return Likelihoods.STEPS_LEFT_OUT(part=float(np.nanmean(shares)), scale=float(scales[-1]))


def _is_half(precision: Any, logged_params: Mapping[str, Any]) -> bool:
    """Whether a spelling means float16; of one without a type, whether nothing else says bfloat16."""
    word = str(precision).lower()
    if re.search(r"bf|brain", word) or isinstance(precision, bool):
        return False
    if word in OF_NO_TYPE:
        return not any(re.search(r"bf(?:loat)?16", str(value).lower()) for value in logged_params.values())
    return re.search(r"16|half", word) is not None


def _zero(precision: str, loss: Curve | None, score: Curve | None) -> Observation | None:
    """A training loss that ends at exactly 0 and has not learned its way there."""
    if loss is None or loss.flipped or not loss.raw.size or loss.raw[-1] != 0:
        return None
    other = np.flatnonzero(loss.raw != 0)
    zeros = loss.raw.size - (int(other[-1]) + 1 if other.size else 0)
    if zeros < SEVERAL:
        return None
    if score is not None and score.accuracy and score.long_enough and score.share(score.tail) < PERFECT:
        shown = score.shown(score.tail)
        return Likelihoods.ZERO_AND_WRONG(precision=precision, said=loss.said, values=zeros, score=shown)
    first, before = float(loss.raw[0]), float(loss.raw[other[-1]]) if other.size else 0.0
    if before > 0 and before >= STOPPED_DEAD * first:
        return Likelihoods.STOPPED_DEAD(precision=precision, said=loss.said, before=before)
    return None


def _lost(precision: str, lost: Lost | None, train: Curve | None, val: Curve | None) -> Observation | None:
    """A loss that became NaN or infinite without blowing up first."""
    if lost is None:
        return None
    for curve in (train, val):
        values = curve.finite[1] if curve is not None and not curve.flipped else np.empty(0)
        if values.size and float(values[-1]) > BLEW_UP * abs(float(values[0])):
            return None
    before = any(c is not None and bool((c.finite[0] < lost.first_step).any()) for c in (train, val))
    since = f"step {figure(lost.first_step)} on, although it had not grown before" if before else "the first record on"
    return Likelihoods.LOST(precision=precision, said=lost.said, step=since)
