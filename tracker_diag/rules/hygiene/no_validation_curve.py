"""HY001 no-validation-curve."""

from __future__ import annotations

from tracker_diag.rules.api import Curve, Outcome, Severity, rule


@rule("HY001", "no-validation-curve", seen_as=("The tool says too little about my run",))
def no_validation_curve(
    any_train: Curve, traits: frozenset[str], val_loss: Curve | None, val_score: Curve | None
) -> Outcome:
    """There is a training curve, but no validation curve.

    What it measures
    ----------------
    The rule checks whether any metric with more than one value was recognised as a validation loss or score.

    Why it matters
    --------------
    "Validation learning curve: gives an idea of how well the model is generalising." Without it, overfitting,
    unrepresentative data and most faults of a dataset stay hidden.

    What to do
    ----------
    Evaluate on validation data at every epoch and log the loss, for example as `val_loss`.

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
        f"no validation curve was found, only a training curve ({any_train.name})",
        f"log the loss on validation data at every {'round' if 'boosting' in traits else 'epoch'}, for example as "
        "val_loss",
        {"train": any_train.name},
    )
