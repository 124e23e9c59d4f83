"""DS212 validation-too-small."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.finding import Change, Prescription
from tracker_diag.core.observed import Symptoms
from tracker_diag.core.rule import Outcome, rule


@rule("DS212", "validation-too-small", evidence="DPC")
def validation_too_small(
    symptoms: Symptoms,
    n_val_seen: int,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    n_val: int | None = None,
    n_train: int | None = None,
    *,
    prior: float = 0.04,
    useless: int = 30,
    small: int = 100,
) -> Outcome:
    """The standard error of the validation metric is as large as what is read off it.

    What it measures
    ----------------
    The number of validation examples, configured, profiled, or read off the steps of an accuracy (whose values are
    multiples of one over their number): the standard error of an accuracy p is √(p(1−p)/n), that of a mean squared
    error, as a share of it, √(2/n) where the errors are normal.

    Why it matters
    --------------
    "The validation dataset does not provide sufficient information to evaluate the ability of the model to
    generalise."

    What to do
    ----------
    Hold out more, or cross-validate.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    useless : below this the standard error of an accuracy of 0.9 is above 0.05.
    small : below this it is above 0.03.

    References
    ----------
    Seminar: "Unrepresentative Validation Dataset". Guyon (1997), A scaling law for the validation-set training-set
    size ratio.
    """
    if n_val_seen >= small:
        return None
    ratio = 400.0 if n_val_seen < useless else 3.0
    error = (
        f"a mean squared error has a standard error of about {(2 / n_val_seen) ** 0.5:.0%}"
        if params.get("task") == "regression"
        else f"an accuracy of 0.9 has a standard error of {(0.09 / n_val_seen) ** 0.5:.2f}"
    )
    signs = [Sign(f"{n_val_seen} validation examples: {error}", ratio, "data")]
    if symptoms.has("unrepresentative-validation", "validation-easier"):
        signs.append(Sign("the validation curve shows it", 3.0))
    target = max(300, round(0.2 * n_train)) if n_train else 300
    enough = n_train is None or target <= n_train // 2
    text = f"hold out about {target} validation examples, or cross-validate" if enough else "cross-validate"
    changes = (Change(names.get("n_val", "n_val"), n_val_seen, target),) if enough else ()
    return suspicion(
        "DS212",
        "validation-too-small",
        prior=prior,
        signs=signs,
        message=f"validation rests on {n_val_seen} examples{'' if n_val else ', as the steps of its accuracy show'}",
        advice=text,
        prescription=Prescription(text, changes),
        settles="log the number of validation examples as n_val",
    )
