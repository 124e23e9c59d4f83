"""DS202 repeated-batch."""

from __future__ import annotations

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.observed import Learned, Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule


@rule("DS202", "repeated-batch", evidence="BC", unless=("boosting",))
def repeated_batch(
    shape: Shape,
    symptoms: Symptoms,
    learned: Learned,
    n_train: int | None = None,
    n_classes: int | None = None,
    *,
    prior: float = 0.03,
    many: int = 300,
) -> Outcome:
    """The same batch over and over.

    What it measures
    ----------------
    A training loss that falls to nothing within the first few per cent of the run while validation gains little: as
    many examples as there are said to be cannot be memorised that fast.

    Why it matters
    --------------
    "Using the same image or batch over and over?" A generator that is not advanced, a loader that is rebuilt for each
    step: training looks perfect.

    What to do
    ----------
    Log a hash of each batch, or print the first labels of three batches in a row.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    many : training examples that take more than a few epochs to memorise.

    References
    ----------
    Seminar: "Dataset issues" (check the data loader).
    """
    if symptoms.has("diverged", "frozen") or shape.stands or not learned.train > 0.5:
        return None
    signs: list[Sign] = []
    if shape.quick <= 0.06 and shape.memorised:
        signs.append(Sign(f"half of what training gained came within {shape.quick:.0%} of the run", 4.0))
    elif shape.memorised:
        signs.append(Sign("training explains nearly everything", 1.5))
    else:
        return None
    if shape.quick > 0.1:
        signs.append(Sign("but not at once", 0.3))
    if shape.apart > 0.3:
        signs.append(Sign(f"validation stays {shape.apart:.0%} of the uninformed loss behind", 4.0))
        if shape.parted > 0.25:
            signs.append(Sign("and never fell with it", 3.0))
        else:
            signs.append(Sign("but fell with it at first", 0.1))
    else:
        signs.append(Sign("validation keeps up", 0.05))
    if shape.val_first > 1.2 and shape.first_excess < 0.9:
        signs.append(Sign("in the first epoch already training is far below validation", 4.0))
    if n_train is not None:
        signs.append(
            Sign(f"{n_train} training examples are not memorised that fast", 3.0, "params")
            if n_train >= many
            else Sign(f"{n_train} training examples are soon memorised", 0.2, "params")
        )
    if learned.val_best - learned.val_start > 0.25:
        signs.append(Sign("validation learned much after its first epoch", 0.3))
    if learned.val_best > 0.8:
        signs.append(Sign("validation was learned well at its best", 0.1))
    text = "print the first labels of three batches in a row; advance or rebuild the loader once an epoch"
    return suspicion(
        "DS202",
        "repeated-batch",
        prior=prior,
        signs=signs,
        message="training learns as if it saw few examples again and again",
        advice=text,
        settles="log a hash of each batch",
    )
