"""PP307 preprocessing-mismatch."""

from __future__ import annotations

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.observed import Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule
from tracker_diag.stats.course import Course


@rule("PP307", "preprocessing-mismatch", evidence="DC")
def preprocessing_mismatch(
    shape: Shape,
    symptoms: Symptoms,
    train: Course,
    val: Course,
    val_score: Course | None = None,
    train_score: Course | None = None,
    *,
    prior: float = 0.03,
) -> Outcome:
    """Training and validation, or input and ground truth, are preprocessed differently.

    What it measures
    ----------------
    Validation that is off from the very first epoch — a validation loss well above the first epoch's mean training
    loss, where it should lie below — or that never sees any of what training learns smoothly and at an ordinary pace.

    Why it matters
    --------------
    "Same pre-processing steps for input and truth?" A scaler fitted twice, an augmentation left on, a colour order
    swapped: the network is right, the numbers it is judged by are not.

    What to do
    ----------
    Run the validation pipeline over training examples: the loss must be that of training.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.

    References
    ----------
    Seminar: "Dataset issues" (make sure input and output match). Breck et al. (2019), Data validation for machine
    learning, MLSys: training-serving skew.
    """
    if symptoms.has("diverged", "frozen") or shape.stands:
        return None
    signs: list[Sign] = []
    if shape.val_first > 1.5 and 0.9 < shape.first_excess < 3:
        signs.append(
            Sign(
                f"the first validation loss is {shape.val_first:.2g} times the first "
                "training loss, where it should lie below",
                20.0,
            )
        )
    if shape.val_blind:
        signs.append(Sign("validation sees nothing of what training learns", 4.0))
        if shape.memorised and shape.quick > 0.03:
            signs.append(Sign("training learns smoothly, at an ordinary pace", 2.0))
        if shape.val_wrong > 2:
            signs.append(Sign("validation is confidently wrong", 3.0))
    elif shape.apart > 0.3:
        accurate = (
            val_score is not None and train_score is not None and train_score.long_enough and val_score.long_enough
        )
        if accurate and val_score.tail < 0.85 * train_score.tail and val_score.flipped:  # type: ignore[union-attr]
            signs.append(Sign("the loss is far apart, the scores are close", 5.0))
        else:
            signs.append(Sign("validation stays far behind", 1.5))
    elif signs:
        signs.append(Sign("validation ends close to training", 0.3))
    text = (
        "send training examples through the validation pipeline and compare: "
        "scaling, colour order, tokeniser, augmentation"
    )
    return suspicion(
        "PP307",
        "preprocessing-mismatch",
        prior=prior,
        signs=signs,
        message="validation does not see what training learns",
        advice=text,
        settles="evaluate once on training examples through the validation pipeline",
    )
