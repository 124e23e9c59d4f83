"""AR701 too-deep."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tracker_diag.core.numbers import figure
from tracker_diag.roles.layout import Layout
from tracker_diag.rules.api import (
    Change,
    Features,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    in_words,
    lower,
    rule,
)

#: Names of parameters that attention blocks have and plain networks do not.
_ATTENTION = re.compile(
    r"(?<![a-z])(d_?model|n_?heads?|num_?heads?)(?![a-z])|attention|attn|transformer", re.IGNORECASE
)
#: Families of networks with residual or normalised blocks, by the name of the model.
_FAMILIES = re.compile(
    r"former|bert|gpt|llama|mistral|qwen|gemma|falcon|mamba|electra|whisper|wav2vec|hubert|"
    r"(?<![a-z])(t5|bart|vit|deit|swin|beit|clip|dino|u-?net|yolo)|"
    r"resnet|resnext|resnest|densenet|efficientnet|convnext|mobilenet|inception|xception|regnet|nasnet",
    re.IGNORECASE,
)
#: Characters of a name that are looked at.
LONGEST = 200
#: Parts of layer types that name such blocks.
_BLOCKS = ("attention", "transformer", "residual", "bottleneck", "basicblock", "encoderlayer", "decoderlayer")


class Likelihoods:
    """What speaks for a network that is too deep, and against it."""

    MANY_LAYERS = LikelihoodRatio(
        10.0, "the network has {layers:figure} layers without skip connections or normalisation", "params"
    )
    NOTHING_ARRIVES = LikelihoodRatio(4.0, "the loss stays at chance level")
    NOTHING_LEARNED = LikelihoodRatio(4.0, "nothing is learned")
    LEARNS_BADLY = LikelihoodRatio(1.5, "the run learns {slowly_or_unsteadily}")
    LEARNS = LikelihoodRatio(0.05, "the run learns")


@rule(
    "AR701",
    "too-deep",
    seen_as=("My loss is flat from the start",),
    unless=("boosting",),
    likelihoods=Likelihoods,
    cured_by=lower("layers"),
)
def too_deep(
    features: Features,
    symptoms: Symptoms,
    layers: float,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    flat_params: Mapping[str, Any],
    layers_described: Layout | None,
    *,
    prior: float = 0.03,
    usual: int = 8,
    proposed: int = 4,
) -> Outcome:
    """The network has more than eight layers without shortcuts or normalisation, and fails to learn.

    What it measures
    ----------------
    The number of layers of a plain network, and whether it fails to learn. Networks with skip connections or
    normalisation can be trained at greater depth. The rule says nothing if parameters or layers mention skip
    connections or normalisation, if there are signs of attention (heads, `d_model`), or if the model's name belongs to
    such a family.

    Why it matters
    --------------
    "If your little network is failing to learn anything then your 100 layer network is going to fail just as badly if
    not worse. Start with 3 to 8 layers."

    What to do
    ----------
    Start with three to eight layers. Add more once the network learns.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    usual : the rule says nothing about networks of this many layers or fewer.
    proposed : the rule proposes this number of layers.

    References
    ----------
    Seminar: "You Used a Network that was too Deep". He et al. (2016), CVPR: plain networks degrade with depth.
    """
    if layers <= usual:
        return None
    plain = not (params.get("residual") or params.get("normalisation", "none") != "none" or params.get("pretrained"))
    if not plain or _of_blocks(params, flat_params, layers_described):
        return too_deep.skip(
            "networks with skip connections, normalisation or pretrained weights can be trained at greater depth"
        )
    changes = (Change(names.get("layers", "layers"), layers, proposed),)
    text = f"{in_words(changes)}, or add skip connections and normalisation"
    return too_deep.hypothesis(
        prior=prior,
        observations=[Likelihoods.MANY_LAYERS(layers=layers), _seen(features, symptoms)],
        message=f"{figure(layers)} layers without skip connections or normalisation",
        advice=text,
        prescription=Prescription(text, changes),
        settles=f"run once with {figure(proposed)} layers",
    )


def _of_blocks(params: Mapping[str, Any], logged: Mapping[str, Any], laid: Layout | None) -> bool:
    """Whether the network is known to consist of residual or normalised blocks."""
    if laid is not None and (
        laid.shortcuts or laid.normalisation is not None or any(kind in u.kind for u in laid.units for kind in _BLOCKS)
    ):
        return True
    # A name that is long is a text, and is not searched through.
    logged_names = (name[:LONGEST] for name, value in logged.items() if value is not None)
    return any(map(_ATTENTION.search, logged_names)) or bool(_FAMILIES.search(str(params.get("model") or "")[:LONGEST]))


def _seen(features: Features, symptoms: Symptoms) -> Observation:
    """What the curves say about the learning."""
    if features.starts_at_baseline:
        return Likelihoods.NOTHING_ARRIVES()
    if symptoms.has("underfitting", "frozen"):
        return Likelihoods.NOTHING_LEARNED()
    if symptoms.has("undertrained", "slow-convergence", "unstable"):
        return Likelihoods.LEARNS_BADLY(slowly_or_unsteadily="unsteadily" if symptoms.has("unstable") else "slowly")
    return Likelihoods.LEARNS()
