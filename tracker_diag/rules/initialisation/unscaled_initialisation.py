"""IN501 unscaled-initialisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.evidence.features import FALLS_AT_ONCE, FAR_OFF
from tracker_diag.roles.activations import SATURATING
from tracker_diag.roles.learning_rates import is_usual
from tracker_diag.rules.api import (
    FIRST_LOSS,
    Change,
    Features,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    Watched,
    rule,
)
from tracker_diag.rules.hypothesis import foremost

#: Words of initialisers that scale with the layer,
SCALED = ("he", "kaiming", "xavier", "glorot", "lecun", "orthogonal", "fixup", "trunc")
#: that draw from one distribution whatever the layer,
PLAIN = ("normal", "uniform", "gauss")
#: and that set all weights alike.
CONSTANT = ("zero", "constant", "ones", "one")
#: Scales of a plain initialiser that are too large or too small for layers of any usual width,
LARGE_SCALE, SMALL_SCALE = 0.5, 0.005
#: and the one below which it is too small for deep networks.
SMALL_FOR_DEEP = 0.1
#: Factors by which hidden layers may change a signal without the last layer failing to make up for it.
SMALL_GAIN, LARGE_GAIN = 1e-3, 30.0
#: Times the baseline above which a first loss can only come from factors that multiply from layer to layer.
HUNDREDS = 300.0
#: Times the baseline from which on the first value is not finite any more.
LOST = 1e300


class Likelihoods:
    """What speaks for a wrong initial scale, and against it."""

    DRAWN_CONSTANT = LikelihoodRatio(
        20000.0, "all weights of {layer} start at the same value ({count} of {of} layers)", "data"
    )
    LEARNED_FROM_CONSTANTS = LikelihoodRatio(0.001, "the run still reached a good fit")
    DRAWN_LARGE = LikelihoodRatio(
        8000.0, "the initial weights of {layer} are {scale:times} as large as with {wanted} initialisation", "data"
    )
    DRAWN_SMALL = LikelihoodRatio(
        8000.0, "the initial weights of {layer} are {scale:times} as large as with {wanted} initialisation", "data"
    )
    DRAWN_SOUND = LikelihoodRatio(
        0.02, "the initial weights are {low:figure} to {high:times} as large as with {wanted} initialisation", "data"
    )
    SCALED = LikelihoodRatio(0.15, "the initialiser ({initialiser}) is a sound one", "params")
    CONSTANT = LikelihoodRatio(60.0, "all weights start at the same value (initialiser {initialiser})", "params")
    PLAIN_AND_OFF = LikelihoodRatio(
        15.0, "the initialiser is {initialiser} with scale {scale:figure} for layers of any size", "params"
    )
    ZERO_SCALE = LikelihoodRatio(15.0, "the initialiser is {initialiser} with scale 0", "params")
    PLAIN_OF_SCALE = LikelihoodRatio(
        3.0, "the initialiser is {initialiser} with scale {scale:figure} for layers of any size", "params"
    )
    PLAIN = LikelihoodRatio(3.0, "the initialiser is {initialiser}, not scaled to the layer size", "params")
    GAIN_OFF = LikelihoodRatio(
        15.0,
        "with initialiser {initialiser}, the hidden layers multiply a signal by {gain:figure} (sound: about 1)",
        "params",
    )
    GAIN_SOUND = LikelihoodRatio(
        0.3,
        "with initialiser {initialiser}, the hidden layers multiply a signal by {gain:figure}, which does no harm",
        "params",
    )
    UNNAMED = LikelihoodRatio(0.3, "no initialiser is logged, and the defaults of frameworks are sound", "params")
    STAYS = LikelihoodRatio(5.0, "the loss starts and stays at chance level, as if the input did not reach the output")
    STAYS_AND_VARIES = LikelihoodRatio(
        1.0, "the loss starts and stays at chance level, but predictions change from one evaluation to the next"
    )
    DEEP = LikelihoodRatio(2.0, "the effect of a wrong initial scale multiplies over {layers:figure} layers", "params")
    HUNDREDS_ABOVE = LikelihoodRatio(10.0, FIRST_LOSS)
    FAR_OFF = LikelihoodRatio(4.0, FIRST_LOSS)
    LOST_IN_FIRST_EPOCH = LikelihoodRatio(4.0, "the loss diverged in the first epoch")
    LOST_AT_A_USUAL_RATE = LikelihoodRatio(
        12.0, "the loss diverged in the first epoch at a normal learning rate ({rate:figure})"
    )
    LOST = LikelihoodRatio(1.3, "the loss diverged")
    LEARNED = LikelihoodRatio(0.1, "the first loss is normal for a sound initialisation")


@rule(
    "IN501",
    "unscaled-initialisation",
    seen_as=("My loss explodes", "My first loss is far too high"),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def unscaled_initialisation(
    features: Features | None,
    symptoms: Symptoms,
    watched: Watched | None,
    names: Mapping[str, str],
    params: Mapping[str, Any],
    initialiser: str | None,
    init_scale: float | None,
    layers: float | None,
    initial_gain: float | None,
    answers_vary: bool | None,
    learning_rate: float | None,
    *,
    prior: float = 0.05,
    deep: int = 6,
    small: float = 0.1,
    large: float = 4.0,
) -> Outcome:
    """Zeros, constants or plain Gaussians where He, LeCun or Xavier initialisation is expected.

    What it measures
    ----------------
    The weights of the hidden layers before the first step, if a callback logged their scale. Otherwise three things:

    - The initialisers of the hidden layers, from the description of the network or the configuration. If the widths and
      the number of inputs are known too, the rule computes the factor by which a plain Gaussian or uniform initialiser
      lets a signal grow or shrink from the first layer to the last.
    - A loss that starts and stays at chance level. Perhaps no signal reaches the output, because the weights are
      zeros, or Gaussians that are too small for the depth.
    - A first loss hundreds of times above chance level. A scale that is too large causes it, since it
      multiplies from layer to layer.

    Why it matters
    --------------
    "For deep networks this will not help, because your weights will be multiplied with each other many times that
    will lead to very small numbers which will almost kill gradients." Zeros make all units of a layer the same for
    ever.

    What to do
    ----------
    Use He initialisation for ReLU, Xavier for tanh and sigmoid, LeCun for SELU.
    Zero-initialised residual branches, LoRA's B and N(0, 0.02) in transformers are right as they are.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    deep : with this many layers or more, a plain Gaussian fails.
    small : a layer's initial weights are too small if their scale, divided by that of He (or Xavier) initialisation, is
        below this. (PyTorch's own linear layers start at 0.41.)
    large : a layer's initial weights are too large if the same ratio is above this.

    References
    ----------
    Seminar: "Initialisation". Glorot and Bengio (2010), AISTATS; He et al. (2015), ICCV.
    """
    word = str(initialiser or "").lower()
    normalised = params.get("normalisation") not in (None, "none")
    wanted = "Xavier" if str(params.get("activation") or "").lower() in SATURATING else "He"
    excused = bool(params.get("residual") or params.get("pretrained"))
    drawn = _drawn(watched, small, large, wanted, excused=normalised or excused)
    depth = layers if isinstance(layers, int | float) and layers >= deep else None
    usual = learning_rate if is_usual(learning_rate, params) else None
    configured = _configured(word, initialiser, init_scale, initial_gain, depth is not None, excused)
    beyond = any(s.key in (Likelihoods.PLAIN_AND_OFF.key, Likelihoods.GAIN_OFF.key) for s in configured)
    if drawn is not None and drawn.ratio > 1:
        learned = drawn.key == Likelihoods.DRAWN_CONSTANT.key and symptoms.verdict == "good-fit"
        observations = [drawn, *([Likelihoods.LEARNED_FROM_CONSTANTS()] if learned else [])]
    elif features is None:
        return unscaled_initialisation.skip("no curves, and the initial weights are not logged")
    else:
        seen = _seen(features, symptoms, depth, usual, vary=bool(answers_vary), beyond=beyond)
        # What was drawn is surer than what was asked for.
        observations = [*(configured if drawn is None else [drawn]), *seen]
    # The frameworks' own initialisers are scaled ones: another of that kind changes little.
    sound = _scaled(word) or word == "default"
    name, target = names.get("initialiser", "initialiser"), wanted.lower()
    return unscaled_initialisation.hypothesis(
        prior=prior,
        observations=observations,
        message=foremost(observations).message,
        advice=(text := _advice(name, initialiser, wanted, sound=sound)),
        prescription=Prescription(text, () if sound else (Change(name, initialiser, target),)),
        settles="log the standard deviation of each layer's activations at the first step: it must be similar in all "
        "layers",
    )


def _advice(name: str, initialiser: str | None, wanted: str, *, sound: bool) -> str:
    if sound:
        return "check that the weights of every layer use the initialiser, and that all biases start at 0"
    suits = "(He suits ReLU; Xavier suits tanh and sigmoid)"
    if not initialiser:
        return f"use {wanted} initialisation {suits}; the current one is not logged"
    return f"change {name} from {initialiser} to {wanted.lower()} {suits}"


def _drawn(watched: Watched | None, small: float, large: float, wanted: str, *, excused: bool) -> Observation | None:
    """What the weights before the first step say. Those of the output may be 0, or small, on purpose."""
    scales = watched.lasts("weight_scale") if watched is not None else {}
    # The second matrix of a low-rank adapter begins at zero on purpose.
    hidden = {layer: scale for layer, scale in list(scales.items())[:-1] if "lora" not in layer.lower()}
    if not hidden:
        return None
    constant = [layer for layer, scale in hidden.items() if scale == 0]
    if len(constant) <= len(hidden) / 2:
        # The last layers of residual branches, and second matrices of adapters, begin at zero and learn.
        constant = [layer for layer in constant if not watched.learns(layer)] if watched is not None else []
    if constant and not excused:
        return Likelihoods.DRAWN_CONSTANT(layer=constant[0], count=len(constant), of=len(scales))
    # A layer that begins at zero and learns is neither small nor large.
    drawn = {layer: scale for layer, scale in hidden.items() if scale > 0}
    if constant or not drawn:
        return None
    lowest, highest = min(drawn, key=drawn.__getitem__), max(drawn, key=drawn.__getitem__)
    if not excused and drawn[highest] > large:
        return Likelihoods.DRAWN_LARGE(layer=highest, scale=drawn[highest], wanted=wanted)
    if not excused and drawn[lowest] < small:
        return Likelihoods.DRAWN_SMALL(layer=lowest, scale=drawn[lowest], wanted=wanted)
    return Likelihoods.DRAWN_SOUND(low=drawn[lowest], high=drawn[highest], wanted=wanted)


def _scaled(word: str) -> bool:
    return any(w in word for w in SCALED)


def _configured(
    word: str, initialiser: str | None, init_scale: float | None, gain: float | None, is_deep: bool, excused: bool
) -> list[Observation]:
    """What the configured initialiser says."""
    if word in ("", "default"):
        return [Likelihoods.UNNAMED()]
    if _scaled(word):
        return [Likelihoods.SCALED(initialiser=initialiser)]
    if excused:
        return []
    if any(word.startswith(w) for w in CONSTANT):
        return [Likelihoods.CONSTANT(initialiser=initialiser)]
    if gain is not None:
        row = Likelihoods.GAIN_SOUND if SMALL_GAIN <= gain <= LARGE_GAIN else Likelihoods.GAIN_OFF
        return [row(initialiser=initialiser, gain=gain)]
    return [_plain(initialiser, init_scale, is_deep)] if any(w in word for w in PLAIN) else []


def _plain(initialiser: str | None, init_scale: float | None, is_deep: bool) -> Observation:
    """What the scale of a plain initialiser says."""
    if init_scale is None:
        return Likelihoods.PLAIN(initialiser=initialiser)
    if not init_scale:
        return Likelihoods.ZERO_SCALE(initialiser=initialiser)
    off = init_scale >= LARGE_SCALE or init_scale <= SMALL_SCALE or (is_deep and init_scale < SMALL_FOR_DEEP)
    row = Likelihoods.PLAIN_AND_OFF if off else Likelihoods.PLAIN_OF_SCALE
    return row(initialiser=initialiser, scale=init_scale)


def _seen(
    features: Features, symptoms: Symptoms, depth: float | None, usual: float | None, *, vary: bool, beyond: bool
) -> list[Observation]:
    """What the curves say of where the run began.

    ``depth``: the layers, where they are many; ``usual``: the rate, where it is a usual one; ``beyond``: whether the
    configured scale is beyond any usual one.
    """
    if features.starts_at_baseline:
        stays = Likelihoods.STAYS_AND_VARIES() if vary else Likelihoods.STAYS()
        return [stays, *([Likelihoods.DEEP(layers=depth)] if depth is not None else [])]
    if features.first.times > HUNDREDS and features.lost_at is None:
        return [Likelihoods.HUNDREDS_ABOVE(**features.first.seen)]
    if features.first.times > (FAR_OFF if features.first.known or beyond else FALLS_AT_ONCE):
        if features.first.times < LOST:
            return [Likelihoods.FAR_OFF(**features.first.seen)]
        return [Likelihoods.LOST_IN_FIRST_EPOCH() if usual is None else Likelihoods.LOST_AT_A_USUAL_RATE(rate=usual)]
    return [Likelihoods.LOST() if symptoms.has("diverged") else Likelihoods.LEARNED()]
