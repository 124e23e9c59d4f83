"""AR704 network-too-big-for-data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.case import Sign, in_words, stop_at_best, suspicion
from tracker_diag.core.finding import Prescription, Skip
from tracker_diag.core.observed import Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule


@rule("AR704", "network-too-big-for-data", evidence="PDC", unless=("boosting",))
def network_too_big_for_data(
    shape: Shape,
    symptoms: Symptoms,
    n_train: int,
    n_weights: float,
    names: Mapping[str, str],
    params: Mapping[str, Any],
    epochs: float | None = None,
    *,
    prior: float = 0.04,
    per_example: float = 10.0,
) -> Outcome:
    """A big network on a small dataset: it memorises.

    What it measures
    ----------------
    Weights a training example (from the model summary, a parameter, or width and depth), and whether training
    explains what validation does not. Overparameterised networks that generalise are sound: the number alone is an
    `info`.

    Why it matters
    --------------
    "Small dataset and big network: will stop learning." With many more weights than examples the network can store
    the examples in place of the rule.

    What to do
    ----------
    Stop where validation was best; more data; regularisation. A smaller network only then: "number of hidden units
    often has quite a small impact", and a narrower network may do worse as well as better.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    per_example : weights a training example.

    References
    ----------
    Seminar: "Dataset problems" (network capacity vs dataset size), "Number of Hidden Units". Zhang et al. (2017), ICLR;
    Nakkiran et al. (2021), ICLR: optimal regularisation can mitigate double descent, width alone does not.
    """
    if params.get("pretrained"):
        return Skip("AR704", "a pretrained model's weights are not learned from these examples")
    ratio = n_weights / n_train
    if ratio < per_example:
        return None
    per_example = max(per_example, 1e-15)  # nothing is divided by a threshold of zero
    signs = [Sign(f"{ratio:.0f} weights a training example", min(12.0, 2 * (ratio / per_example) ** 0.5), "params")]
    if n_train < 300:
        signs.append(Sign(f"of which there are only {n_train}", 3.0, "params"))
    if symptoms.has("overfitting", "unrepresentative-train"):
        signs.append(Sign("training explains what validation does not", 4.0))
    elif shape.apart > 0.1 and not shape.stands:
        signs.append(Sign(f"validation stays {shape.apart:.0%} of the uninformed loss behind", 2.0))
    else:
        signs.append(Sign("validation keeps up, or nothing was learned", 0.1))
    changes = stop_at_best(symptoms, names, epochs)
    # Where validation never turned, nothing in the run says how much smaller a network, or how much noise, would do.
    more = "get more training examples or augment them; then try weight decay, dropout, a quarter of the units"
    text = f"{in_words(changes)}; {more}" if changes else more
    return suspicion(
        "AR704",
        "network-too-big-for-data",
        prior=prior,
        signs=signs,
        message=f"{n_weights:.3g} weights for {n_train} training examples",
        advice=text,
        prescription=Prescription(text, changes),
        settles="run once with a quarter of the units",
    )
