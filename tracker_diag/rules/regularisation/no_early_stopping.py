"""RG803 no-early-stopping."""

from __future__ import annotations

from collections.abc import Mapping

from tracker_diag.core.case import Sign, in_words, stop_at_best, suspicion
from tracker_diag.core.finding import Prescription
from tracker_diag.core.observed import Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule
from tracker_diag.stats.course import Course


@rule("RG803", "no-early-stopping", evidence="CP")
def no_early_stopping(
    shape: Shape,
    symptoms: Symptoms,
    val: Course,
    names: Mapping[str, str],
    epochs: float | None = None,
    early_stopping: object = None,
    *,
    prior: float = 0.03,
    minimum_share: float = 0.3,
) -> Outcome:
    """Trained on past the best checkpoint.

    What it measures
    ----------------
    The share of the run that came after the best validation step, where validation has risen significantly since: the
    lowest point of a plateau is noise, and is not counted.

    Why it matters
    --------------
    What comes after the turn costs time and makes the model worse; without a kept checkpoint it is the model one has.

    What to do
    ----------
    Stop when validation has not improved for a tenth of the run, and restore the best checkpoint.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    minimum_share : share of the run after the best step.

    References
    ----------
    Seminar: "Overfitting". Prechelt (1998), Early stopping — but when?, LNCS 1524:55.
    """
    if not symptoms.has("overfitting"):
        return None
    # What surely came after it decides, what came after the likeliest step is told.
    if float((val.x > val.turning.high_step).mean()) < minimum_share:
        return None
    share = float((val.x > val.turning.step).mean())
    signs = [Sign(f"{share:.0%} of the run came after the best checkpoint", 2.0 + 2 * share)]
    if early_stopping:
        signs.append(Sign("early stopping is configured", 0.3, "params"))
    elif epochs:
        signs.append(Sign("the run went on for all its epochs", 1.5, "params"))
    at = val.turning.step
    changes = stop_at_best(symptoms, names, epochs)
    text = f"stop at step {at:g} and keep that checkpoint" + (f": {in_words(changes)}" if changes else "")
    return suspicion(
        "RG803",
        "no-early-stopping",
        prior=prior,
        signs=signs,
        message=f"{share:.0%} of the run came after the best checkpoint at step {at:g}",
        advice=text,
        prescription=Prescription(text, changes),
        settles="",
        span=(at, float(val.x[-1])),
    )
