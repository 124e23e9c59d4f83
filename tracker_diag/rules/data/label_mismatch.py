"""DS203 label-mismatch."""

from __future__ import annotations

from tracker_diag.core.case import Ratio, Sign
from tracker_diag.core.observed import Learned, Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule

#: Share of the run needed for half of the improvement above which training is slow: memorising takes longer than
#: learning what holds for other examples as well.
SLOW = 0.06
#: Share of the uninformed loss that training has explained where it knows its examples completely.
COMPLETE = 0.95
#: Uninformed levels above knowing nothing from which on validation is confidently wrong.
CONFIDENTLY_WRONG = 2
#: Times the first training loss from which on the first validation loss is off; and times the uninformed level above
#: which the first training loss says nothing of validation.
OFF_AT_FIRST, FAR_OFF = 1.5, 3
#: Training examples below which they may be too few for anything to hold elsewhere.
FEW = 200


class Signs:
    """What speaks for inputs and labels that do not belong together, and against it."""

    BLIND = Ratio(8.0, "validation never gained on knowing nothing, while training did")
    SLOWLY = Ratio(2.5, "training learns slowly, as by heart")
    FAST = Ratio(0.4, "training learned fast, or completely")
    CONFIDENTLY_WRONG = Ratio(0.5, "validation is more wrong than chance would have it")
    OFF_AT_FIRST = Ratio(0.5, "validation is off from the first epoch on")
    CAME_DOWN = Ratio(5.0, "the loss came down to the uninformed level and stayed there")
    FEW = Ratio(0.3, "{count} training examples may simply be too few", "params")


@rule("DS203", "label-mismatch", signs=Signs)
def label_mismatch(
    shape: Shape, symptoms: Symptoms, learned: Learned, n_train: int | None, *, prior: float = 0.035
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
    if shape.val_blind:
        signs = _blind(shape, learned)
    elif shape.stands and not shape.begins_there and not shape.above:
        signs = [Signs.CAME_DOWN()]
    else:
        return None
    if n_train is not None and n_train < FEW:
        signs.append(Signs.FEW(count=n_train))
    return label_mismatch.suspicion(
        prior=prior,
        signs=signs,
        message="nothing that training learns holds for validation: labels and inputs may not belong together",
        advice="look at ten examples with their labels as the network gets them; shuffle inputs and labels by one "
        "permutation",
        settles="run once with shuffled labels: if nothing changes, the labels are wrong now",
    )


def _blind(shape: Shape, learned: Learned) -> list[Sign]:
    """What a validation that never gained says."""
    slow = shape.quick > SLOW and learned.train < COMPLETE
    signs = [Signs.BLIND(), Signs.SLOWLY() if slow else Signs.FAST()]
    if shape.val_wrong > CONFIDENTLY_WRONG:
        signs.append(Signs.CONFIDENTLY_WRONG())
    if shape.val_first > OFF_AT_FIRST and shape.first_excess < FAR_OFF:
        signs.append(Signs.OFF_AT_FIRST())
    return signs
