"""AR701 too-deep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.finding import Change, Prescription, Skip
from tracker_diag.core.observed import Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule


@rule("AR701", "too-deep", evidence="PC", unless=("boosting",))
def too_deep(
    shape: Shape,
    symptoms: Symptoms,
    layers: float,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    *,
    prior: float = 0.03,
    usual: int = 8,
    proposed: int = 4,
) -> Outcome:
    """Fails to learn with far more than three to eight layers.

    What it measures
    ----------------
    The number of layers of a plain network, and whether it fails to learn. Residual or normalised networks are deep
    by design.

    Why it matters
    --------------
    "If your little network is failing to learn anything then your 100 layer network is going to fail just as badly if
    not worse. Start with 3 to 8 layers."

    What to do
    ----------
    Start with three to eight layers; add more once they learn.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    usual : layers up to which nothing is said.
    proposed : layers that are proposed.

    References
    ----------
    Seminar: "You Used a Network that was too Deep". He et al. (2016), CVPR: plain networks degrade with depth.
    """
    if layers <= usual:
        return None
    if params.get("residual") or params.get("normalisation", "none") != "none" or params.get("pretrained"):
        return Skip("AR701", "residual, normalised and pretrained networks are deep by design")
    signs = [Sign(f"{layers:g} layers without shortcuts or normalisation", 10.0, "params")]
    if shape.begins_there:
        signs.append(Sign("nothing reaches the output", 4.0))
    elif symptoms.has("underfitting", "frozen"):
        signs.append(Sign("nothing is learned", 4.0))
    elif symptoms.has("undertrained", "slow-convergence", "unstable"):
        signs.append(Sign("the run learns badly", 1.5))
    else:
        signs.append(Sign("the run learns", 0.05))
    name = names.get("layers", "layers")
    text = f"lower {name} from {layers:g} to {proposed}, or add residual connections and normalisation"
    return suspicion(
        "AR701",
        "too-deep",
        prior=prior,
        signs=signs,
        message=f"{layers:g} plain layers",
        advice=text,
        prescription=Prescription(text, (Change(name, layers, proposed),)),
        settles="run once with three layers",
    )
