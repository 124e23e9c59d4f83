"""AR707 missing-nonlinearity."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tracker_diag.evidence.counts import SUMMARY_LETTERS
from tracker_diag.rules.api import Change, Features, LikelihoodRatio, Observation, Outcome, Prescription, Symptoms, rule
from tracker_diag.rules.architecture._capacity import KEEPS_UP

_LINEAR = re.compile(r"\b(?:Linear|Dense)\b")
_ACTIVE = re.compile(
    r"ReLU|GELU|SiLU|Swish|Tanh|Sigmoid|ELU|Activation|Softplus|Mish|Norm|Pool|Conv|LSTM|GRU|Attention|Transformer",
    re.IGNORECASE,
)

#: Linear layers in a summary that lists nothing else which make a row: one or two are a small model of any kind.
LINEAR_LAYERS = 3
#: Layers of the smallest network that has something between them.
LAYERS = 2


class Likelihoods:
    """What speaks for linear layers in a row, and against them."""

    LINEAR = LikelihoodRatio(30.0, "the activation is {activation}", "params")
    ONLY_LINEAR_LAYERS = LikelihoodRatio(3.0, "the model summary lists linear layers and nothing else", "params")
    HIGH_LEVEL = LikelihoodRatio(3.0, "training and validation rest together at a high level")
    LEARNS = LikelihoodRatio(0.1, "the run learns its training set")


@rule(
    "AR707",
    "missing-nonlinearity",
    seen_as=("My loss is flat from the start",),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def missing_nonlinearity(
    features: Features,
    symptoms: Symptoms,
    names: Mapping[str, str],
    activation: str | None,
    layers: float | None,
    model_summary: str | None,
    *,
    prior: float = 0.02,
) -> Outcome:
    """Linear layers in a row.

    What it measures
    ----------------
    An activation configured as none or linear; or a PyTorch model summary that lists three or more linear layers and
    nothing else. Functional activations and adapters do not show in summaries, and Keras's shows no activations at
    all, so the summary alone weighs little.

    Why it matters
    --------------
    Linear layers in a row are one linear layer: depth adds nothing that the network could express.

    What to do
    ----------
    Put a ReLU between them.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.

    References
    ----------
    Seminar: "Network contains Bad Gradients" (activation functions). Schoop, Huang and Hartmann (2021), UMLAUT, CHI:
    missing activation.
    """
    configured = _configured(activation, model_summary)
    if configured is None or (layers is not None and layers < LAYERS):
        return None
    together = not features.memorised and features.apart < KEEPS_UP
    high = symptoms.has("underfitting", "unrepresentative-train") or together
    advice = "put a ReLU (or another non-linear activation) between linear layers"
    return missing_nonlinearity.hypothesis(
        prior=prior,
        observations=[configured, Likelihoods.HIGH_LEVEL() if high else Likelihoods.LEARNS()],
        message="linear layers in a row",
        advice=advice,
        prescription=Prescription(advice, (Change(names.get("activation", "activation"), activation, "relu"),)),
        settles="log the model summary",
    )


def _configured(activation: str | None, model_summary: str | None) -> Observation | None:
    """What the activation says; only where none is named, what the summary does."""
    word = str(activation or "").lower()
    if word:
        return Likelihoods.LINEAR(activation=activation) if word in ("linear", "identity", "none") else None
    if not model_summary or "keras" in model_summary.lower() or "Dense" in model_summary:
        return None
    text = model_summary[:SUMMARY_LETTERS]
    only_linear = len(_LINEAR.findall(text)) >= LINEAR_LAYERS and not _ACTIVE.search(text)
    return Likelihoods.ONLY_LINEAR_LAYERS() if only_linear else None
