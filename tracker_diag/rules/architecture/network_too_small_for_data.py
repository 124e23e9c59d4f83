"""AR705 network-too-small-for-data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.finding import Prescription
from tracker_diag.core.observed import Learned, Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule
from tracker_diag.rules.architecture._widths import resized


@rule("AR705", "network-too-small-for-data", evidence="PDC", unless=("boosting",))
def network_too_small_for_data(
    shape: Shape,
    symptoms: Symptoms,
    n_train: int,
    n_weights: float,
    names: Mapping[str, str],
    params: Mapping[str, Any],
    learned: Learned | None = None,
    *,
    prior: float = 0.02,
    per_weight: float = 10.0,
) -> Outcome:
    """A small network on a big dataset: it cannot hold what there is to learn.

    What it measures
    ----------------
    Training examples a weight, and whether training and validation come to rest together at a high level, or jump.

    Why it matters
    --------------
    "Big dataset and small network: you will see jumping of loss, network capacity can't store so much information."

    What to do
    ----------
    More units, then more layers, until training and validation first part.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    per_weight : training examples a weight.

    References
    ----------
    Seminar: "Dataset problems" (network capacity vs dataset size).
    """
    ratio = n_train / n_weights
    if ratio < per_weight:
        return None
    signs = [Sign(f"{ratio:.0f} training examples a weight", 8.0, "params")]
    if shape.memorised or shape.apart > 0.1 or symptoms.has("diverged", "overfitting"):
        signs.append(Sign("capacity is not what the run lacks", 0.05))
    elif symptoms.has("underfitting", "unstable", "loss-spikes") or (learned is not None and learned.train < 0.7):
        signs.append(Sign("training comes to rest at a high level, or jumps", 3.0))
    else:
        signs.append(Sign("the run learns", 0.3))
    name = names.get("hidden_units", "hidden_units")
    changes = resized(names, params, lambda w: 4 * w)
    text = f"raise {name} from {changes[0].before} to {changes[0].after}" if changes else "use a larger network"
    return suspicion(
        "AR705",
        "network-too-small-for-data",
        prior=prior,
        signs=signs,
        message=f"{n_weights:.3g} weights for {n_train} training examples",
        advice=text,
        prescription=Prescription(text, changes),
        settles="run once with four times the units",
    )
