"""HY001 no-validation-curve."""

from __future__ import annotations

from tracker_diag.rules.api import Curve, Outcome, Severity, rule


@rule("HY001", "no-validation-curve", seen_as=("The tool says too little about my run",))
def no_validation_curve(
    any_train: Curve, traits: frozenset[str], val_loss: Curve | None, val_score: Curve | None
) -> Outcome:
    """There is a training curve and no validation curve beside it.

    What it measures
    ----------------
    Whether any metric was taken for a validation loss or score with more than one value.

    Why it matters
    --------------
    "Validation learning curve: gives an idea of how well the model is generalising." Without it overfitting,
    unrepresentative data and most of what is wrong with a dataset cannot be seen.

    What to do
    ----------
    Evaluate on held-out examples at every epoch and log the loss, for instance as `val_loss`.

    Thresholds
    ----------
    None.

    References
    ----------
    Seminar: "Learning Curves".
    """
    if val_loss is not None or val_score is not None or "reinforcement" in traits:
        return None
    return no_validation_curve.finding(
        Severity.INFO,
        1.0,
        f"only a training curve was found ({any_train.name})",
        f"log the loss on held-out examples at every {'round' if 'boosting' in traits else 'epoch'}, for instance as "
        "val_loss",
        {"train": any_train.name},
    )
