"""DS201 constant-input."""

from __future__ import annotations

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.dataset import WHAT_TO_LOG, Dataset
from tracker_diag.core.observed import Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule


@rule("DS201", "constant-input", evidence="DBC")
def constant_input(
    shape: Shape, symptoms: Symptoms, dataset: Dataset | None = None, *, prior: float = 0.035
) -> Outcome:
    """Inputs are all zeros, or every example is the same.

    What it measures
    ----------------
    The share of constant and of all-zero examples in a dataset profile; else a loss that begins and stays at the
    prior's entropy, as it does when the network can learn nothing but how often each answer occurs.

    Why it matters
    --------------
    "Images with all zeros? Using the same image over and over?" A wrong path or a broken decoder feeds constants, and
    nothing complains.

    What to do
    ----------
    Look at a batch as the network gets it: its minimum, maximum, and a picture.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.

    References
    ----------
    Seminar: "Dataset issues" (check your input data).
    """
    signs: list[Sign] = []
    share = (
        max((x for x in (dataset.train.constant_share, dataset.train.zero_share) if x is not None), default=None)
        if dataset
        else None
    )
    if share is not None:
        signs.append(Sign(f"{share:.0%} of the examples are constant", 200.0 if share > 0.5 else 0.05, "data"))
    if shape.begins_there:
        signs.append(Sign("the loss begins and stays where a model that sees no input is", 6.0))
    elif shape.stands:
        signs.append(Sign("the loss ends where a model that sees no input is", 1.5))
    elif not signs or signs[0].ratio < 1:
        return None
    text = "look at a batch as the network gets it: minimum, maximum, one picture or row"
    return suspicion(
        "DS201",
        "constant-input",
        prior=prior,
        signs=signs,
        message="the network seems to see no input",
        advice=text,
        settles=WHAT_TO_LOG,
    )
