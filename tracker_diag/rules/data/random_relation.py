"""DS208 random-relation."""

from __future__ import annotations

from tracker_diag.core.case import Ratio, Sign
from tracker_diag.core.observed import Learned, Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule

#: Times the uninformed level above which a first loss is that of a bad start.
FAR_ABOVE = 3
#: Share of the uninformed loss that training has explained where it does not know its examples by heart.
NOT_BY_HEART = 0.6
#: Uninformed levels above knowing nothing from which on validation is confidently wrong.
CONFIDENTLY_WRONG = 2


class Signs:
    """What speaks for an input that says nothing about the output, and against it."""

    CAME_DOWN = Ratio(9.0, "the loss came down to the uninformed level and stayed there")
    FROM_FAR_ABOVE = Ratio(0.2, "the first loss was far above the uninformed level")
    BLIND = Ratio(6.0, "validation never gained on knowing nothing")
    SLOWLY = Ratio(1.5, "training learns slowly, as by heart")
    BY_HEART = Ratio(0.6, "training learned by heart")
    CONFIDENTLY_WRONG = Ratio(0.4, "validation is more wrong than chance would have it")


@rule("DS208", "random-relation", signs=Signs)
def random_relation(shape: Shape, symptoms: Symptoms, learned: Learned, *, prior: float = 0.03) -> Outcome:
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
        signs.append(Signs.CAME_DOWN())
        if shape.first_excess > FAR_ABOVE:
            signs.append(Signs.FROM_FAR_ABOVE())
    elif shape.val_blind:
        signs.append(Signs.BLIND())
        signs.append(Signs.SLOWLY() if learned.train < NOT_BY_HEART else Signs.BY_HEART())
        if shape.val_wrong > CONFIDENTLY_WRONG:
            signs.append(Signs.CONFIDENTLY_WRONG())
    else:
        return None
    return random_relation.suspicion(
        prior=prior,
        signs=signs,
        message="the input seems to say nothing about the output",
        advice="run once on random input: if the curves are the same, nothing of the input is used; then check "
        "columns, paths and generators",
        settles="run once on random input and tag it diag.control = random-input",
    )
