"""DS212 validation-too-small."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.numbers import figure
from tracker_diag.rules.api import Change, LikelihoodRatio, Outcome, Prescription, Symptoms, rule

#: Variance of one answer at an accuracy of 0.9, and of one squared error over its mean squared where errors are normal:
#: what the standard errors in the message are made of.
OF_ANSWER, OF_SQUARED_ERROR = 0.09, 2
#: Validation examples, and share of the training examples, that are proposed: an accuracy of 0.9 is then known to 0.02.
PROPOSED, PROPOSED_SHARE = 300, 0.2


class Likelihoods:
    """What speaks for a validation set that is too small."""

    USELESS = LikelihoodRatio(400.0, "with {examples}, {error}", "data")
    SMALL = LikelihoodRatio(3.0, "with {examples}, {error}", "data")
    SHOWN = LikelihoodRatio(3.0, "the validation curve looks like that of a small sample")


@rule(
    "DS212",
    "validation-too-small",
    seen_as=("Validation is noisy", "Two runs differ a little, and I cannot tell whether it matters"),
    likelihoods=Likelihoods,
)
def validation_too_small(
    symptoms: Symptoms,
    n_val_seen: int,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    n_val: int | None,
    n_train: int | None,
    *,
    prior: float = 0.04,
    useless: int = 30,
    small: int = 100,
) -> Outcome:
    """The validation set is so small that noise hides real differences.

    What it measures
    ----------------
    The rule takes the number of validation examples n from the configuration or a dataset profile. If neither has it,
    the rule works it out from a validation accuracy, whose values are multiples of 1/n.

    The standard error of an accuracy p is √(p(1−p)/n). That of a mean squared error, relative to its value, is √(2/n)
    if the errors are normal.

    Why it matters
    --------------
    "The validation dataset does not provide sufficient information to evaluate the ability of the model to generalise."

    What to do
    ----------
    Hold out more examples, or cross-validate.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    useless : with fewer examples than this, the standard error of an accuracy of 0.9 is above 0.05.
    small : with fewer examples than this, the standard error of an accuracy of 0.9 is above 0.03, and the finding is a
        weaker sign.

    References
    ----------
    Seminar: "Unrepresentative Validation Dataset". Guyon (1997), A scaling law for the validation-set training-set size
    ratio.
    """
    if n_val_seen >= small:
        return None
    error = (
        f"a mean squared error is uncertain by ±{(OF_SQUARED_ERROR / n_val_seen) ** 0.5:.0%} (standard error)"
        if params.get("task") == "regression"
        else f"even an accuracy of 0.9 would be uncertain by ±{(OF_ANSWER / n_val_seen) ** 0.5:.2f} (standard error)"
    )
    examples = f"only {n_val_seen} validation example{'' if n_val_seen == 1 else 's'}"
    row = Likelihoods.USELESS if n_val_seen < useless else Likelihoods.SMALL
    observations = [row(examples=examples, error=error)]
    if symptoms.has("unrepresentative-validation", "validation-easier"):
        observations.append(Likelihoods.SHOWN())
    target = max(PROPOSED, round(PROPOSED_SHARE * n_train)) if n_train else PROPOSED
    enough = n_train is None or target <= n_train // 2
    text = f"hold out about {figure(target)} examples for validation, or cross-validate" if enough else "cross-validate"
    changes = (Change(names.get("n_val", "n_val"), n_val_seen, target),) if enough else ()
    return validation_too_small.hypothesis(
        prior=prior,
        observations=observations,
        message=f"{examples}{'' if n_val else ' (worked out from the accuracy values)'}: {error}",
        advice=text,
        prescription=Prescription(text, changes),
        settles="evaluate on a second validation set of this size, and compare",
    )
