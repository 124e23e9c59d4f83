"""DS203 label-mismatch."""

from __future__ import annotations

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.observed import Learned, Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule


@rule("DS203", "label-mismatch", evidence="BCX")
def label_mismatch(
    shape: Shape, symptoms: Symptoms, learned: Learned, n_train: int | None = None, *, prior: float = 0.035
) -> Outcome:
    """Inputs and labels are not paired, or are shuffled apart.

    What it measures
    ----------------
    A validation loss that never falls below that of knowing nothing while training slowly goes below it: what is
    learned is by heart, and there is no relation to be found.

    Why it matters
    --------------
    "Do input samples have the correct labels? Are input and ground truth data shuffled the same way?"

    What to do
    ----------
    Look at ten examples with their labels as the network gets them; shuffle inputs and labels by one permutation.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.

    References
    ----------
    Seminar: "Dataset issues" (make sure input and output match). Zhang et al. (2017), ICLR: networks fit random
    labels, only more slowly.
    """
    if symptoms.has("diverged", "frozen"):
        return None
    signs: list[Sign] = []
    if shape.val_blind:
        signs.append(Sign("validation never gained on knowing nothing, while training did", 8.0))
        slow = shape.quick > 0.06 and learned.train < 0.95
        signs.append(
            Sign("training learns slowly, as by heart", 2.5)
            if slow
            else Sign("training learned fast and completely", 0.4)
        )
        if shape.val_wrong > 2:
            signs.append(Sign("validation is more wrong than chance would have it", 0.5))
        if shape.val_first > 1.5 and shape.first_excess < 3:
            signs.append(Sign("validation is off from the first epoch on", 0.5))
    elif shape.stands and not shape.begins_there and not shape.above:
        signs.append(Sign("the loss came down to the uninformed level and stayed there", 5.0))
    else:
        return None
    if n_train is not None and n_train < 200:
        signs.append(Sign(f"{n_train} training examples may simply be too few", 0.3, "params"))
    text = (
        "look at ten examples with their labels as the network gets them; shuffle inputs and labels by one permutation"
    )
    return suspicion(
        "DS203",
        "label-mismatch",
        prior=prior,
        signs=signs,
        message="nothing that training learns holds for validation: labels and inputs may not belong together",
        advice=text,
        settles="run once with shuffled labels: if nothing changes, the labels are wrong now",
    )
