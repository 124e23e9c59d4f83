"""AR707 missing-nonlinearity."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.finding import Change, Prescription
from tracker_diag.core.observed import Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule

_LINEAR = re.compile(r"\b(?:Linear|Dense)\b")
_ACTIVE = re.compile(
    r"ReLU|GELU|SiLU|Swish|Tanh|Sigmoid|ELU|Activation|Softplus|Mish|Norm|Pool|Conv|LSTM|GRU|Attention|Transformer",
    re.IGNORECASE,
)


@rule("AR707", "missing-nonlinearity", evidence="P", unless=("boosting",))
def missing_nonlinearity(
    shape: Shape,
    symptoms: Symptoms,
    names: Mapping[str, str],
    activation: str | None = None,
    layers: float | None = None,
    model_summary: str | None = None,
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
    signs: list[Sign] = []
    word = str(activation or "").lower()
    if word in ("linear", "identity", "none"):
        signs.append(Sign(f"the activation is {activation}", 30.0, "params"))
    elif word:
        return None
    elif model_summary and "keras" not in model_summary.lower() and "Dense" not in model_summary:
        text = model_summary[:200_000]
        if len(_LINEAR.findall(text)) >= 3 and not _ACTIVE.search(text):
            signs.append(Sign("the model summary lists linear layers and nothing else", 3.0, "params"))
    if not signs or (layers is not None and layers < 2):
        return None
    if symptoms.has("underfitting", "unrepresentative-train") or (not shape.memorised and shape.apart < 0.1):
        signs.append(Sign("training and validation rest together at a high level", 3.0))
    else:
        signs.append(Sign("the run learns its training set", 0.1))
    advice = "put a ReLU (or another non-linear activation) between linear layers"
    return suspicion(
        "AR707",
        "missing-nonlinearity",
        prior=prior,
        signs=signs,
        message="linear layers in a row",
        advice=advice,
        prescription=Prescription(advice, (Change(names.get("activation", "activation"), activation, "relu"),)),
        settles="log the model summary",
    )
