"""DS208 random-relation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.observed import Learned, Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule


@rule("DS208", "random-relation", evidence="XC")
def random_relation(
    shape: Shape, symptoms: Symptoms, learned: Learned, params: Mapping[str, Any], *, prior: float = 0.03
) -> Outcome:
    """The input is hardly related to the output.

    What it measures
    ----------------
    A loss that comes down from a first guess to the uninformed level and stays there, or a validation loss that never
    falls below it. A run on random input (an experiment's control) tells the rest.

    Why it matters
    --------------
    "Maybe the input is not sufficiently related to the output." Also the mark of noise where data should be: a
    generator that makes random numbers, a wrong column.

    What to do
    ----------
    "Pass random numbers instead of actual data and check": if the curves are the same, nothing of the input is used.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.

    References
    ----------
    Seminar: "Dataset issues" (try random input; is the relationship between input and output too random?).
    """
    if symptoms.has("diverged", "frozen"):
        return None
    signs: list[Sign] = []
    if shape.stands and not shape.begins_there and not shape.above:
        signs.append(Sign("the loss came down to the uninformed level and stayed there", 9.0))
        if shape.first_excess > 3:
            signs.append(Sign("but it began far above it", 0.2))
    elif shape.val_blind:
        signs.append(Sign("validation never gained on knowing nothing", 6.0))
        signs.append(
            Sign("training learns slowly, as by heart", 1.5)
            if learned.train < 0.6
            else Sign("training learned by heart", 0.6)
        )
        if shape.val_wrong > 2:
            signs.append(Sign("validation is more wrong than chance would have it", 0.4))
    else:
        return None
    text = (
        "run once on random input: if the curves are the same, nothing of the input is used; "
        "then check columns, paths and generators"
    )
    return suspicion(
        "DS208",
        "random-relation",
        prior=prior,
        signs=signs,
        message="the input seems to say nothing about the output",
        advice=text,
        settles="run once on random input and tag it diag.control = random-input",
    )
