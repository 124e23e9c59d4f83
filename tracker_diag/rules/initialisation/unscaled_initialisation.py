"""IN501 unscaled-initialisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.finding import Change, Prescription
from tracker_diag.core.observed import Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule

_SCALED = ("he", "kaiming", "xavier", "glorot", "lecun", "orthogonal", "fixup", "trunc")
_SATURATING = ("sigmoid", "tanh", "softsign", "hard_sigmoid")
_CONSTANT = ("zero", "constant", "ones", "one")


@rule("IN501", "unscaled-initialisation", evidence="PG", unless=("boosting",))
def unscaled_initialisation(
    shape: Shape,
    symptoms: Symptoms,
    names: Mapping[str, str],
    params: Mapping[str, Any],
    initialiser: str | None = None,
    init_scale: float | None = None,
    layers: float | None = None,
    *,
    prior: float = 0.05,
    deep: int = 6,
) -> Outcome:
    """Zeros, constants or plain Gaussians where He, LeCun or Xavier initialisation is expected.

    What it measures
    ----------------
    The configured initialiser; a loss that begins and stays at the uninformed level, as it does where no signal
    passes (zeros, or Gaussians too small for the depth); and a first loss hundreds of times above it, which a scale
    too large brings about, multiplied from layer to layer.

    Why it matters
    --------------
    "For deep networks this will not help, because your weights will be multiplied with each other many times that
    will lead to very small numbers which will almost kill gradients." Zeros make all units of a layer the same for
    ever.

    What to do
    ----------
    He initialisation for ReLU, Xavier for tanh and sigmoid, LeCun for SELU: the frameworks' defaults.
    Zero-initialised residual branches, LoRA's B and N(0, 0.02) in transformers are right as they are.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    deep : layers from which on a plain Gaussian fails.

    References
    ----------
    Seminar: "Initialisation". Glorot and Bengio (2010), AISTATS; He et al. (2015), ICCV.
    """
    word = str(initialiser or "").lower()
    depth = layers if isinstance(layers, int | float) else None
    excused = bool(params.get("residual") or params.get("pretrained"))
    signs: list[Sign] = []
    scaled = any(w in word for w in _SCALED)
    if scaled:
        signs.append(Sign(f"the initialiser is {initialiser}", 0.15, "params"))
    elif any(word.startswith(w) for w in _CONSTANT) and not excused:
        signs.append(Sign(f"all weights begin at the same value ({initialiser})", 60.0, "params"))
    elif word and ("normal" in word or "uniform" in word or "gauss" in word) and not excused:
        off = init_scale is not None and (
            init_scale >= 0.5 or init_scale <= 0.005 or (depth is not None and depth >= deep and init_scale < 0.1)
        )
        signs.append(
            Sign(
                f"the initialiser is a plain {initialiser}{f' of scale {init_scale:g}' if init_scale else ''}",
                15.0 if off else 3.0,
                "params",
            )
        )
    if word in ("", "default"):
        signs.append(Sign("no initialiser is named, and the frameworks' defaults are sound", 0.7, "params"))
    if shape.begins_there:
        signs.append(Sign("the loss begins and stays at the uninformed level: nothing reaches the output", 5.0))
        if depth is not None and depth >= deep:
            signs.append(Sign(f"{depth:g} layers multiply whatever is wrong with their scale", 2.0, "params"))
    elif shape.first_excess > 300 and shape.lost_at is None:
        signs.append(Sign(f"the first loss is {shape.first_excess:.3g} times what knowing nothing costs", 10.0))
    elif shape.first_excess > 3:
        signs.append(
            Sign(
                "the first loss is far off" if shape.first_excess < 1e300 else "the loss was lost in the first epoch",
                4.0,
            )
        )
    elif symptoms.has("diverged"):
        signs.append(Sign("the loss was lost", 1.3))
    else:
        signs.append(Sign("the run began where a sound initialisation begins, and learned", 0.1))
    # The frameworks' own initialisers are scaled ones: another of that kind changes little.
    sound = scaled or word == "default"
    name = names.get("initialiser", "initialiser")
    target = "xavier" if str(params.get("activation") or "").lower() in _SATURATING else "he"
    text = (
        "check that the initialiser reaches every layer, the last one's bias included"
        if sound
        else f"set {name} from {initialiser or 'what it is'} to {target}: he for ReLU, xavier for tanh and sigmoid"
    )
    return suspicion(
        "IN501",
        "unscaled-initialisation",
        prior=prior,
        signs=signs,
        message=f"the weights' initial scale looks wrong{f' ({initialiser})' if initialiser else ''}",
        advice=text,
        prescription=Prescription(text, () if sound else (Change(name, initialiser, target),)),
        settles="log the standard deviation of each layer's activations at the first step",
    )
