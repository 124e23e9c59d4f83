"""HY003 hyperparameters-not-logged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.rules.api import Curve, Outcome, Severity, rule

#: Roles of parameters that most rules ask for.
WANTED = ("learning_rate", "optimizer", "batch_size", "n_classes", "n_train")


@rule("HY003", "hyperparameters-not-logged", seen_as=("The tool says too little about my run",))
def hyperparameters_not_logged(
    any_curve: Curve,
    params: Mapping[str, Any],
    traits: frozenset[str],
    n_train: int | None,
    n_classes: int | None,
    *,
    tolerated: int = 2,
) -> Outcome:
    """Parameters that many rules need are not logged.

    What it measures
    ----------------
    The rule checks learning rate, optimiser, batch size, number of classes and number of training examples. It reports
    those that are found in no parameter, dataset or profile.

    Why it matters
    --------------
    A curve shows what went wrong, and the configuration shows why. Without it, causes cannot be told apart.

    What to do
    ----------
    Log them as parameters, or turn on autologging.

    Thresholds
    ----------
    tolerated : up to this number of missing parameters, nothing is reported.

    References
    ----------
    Seminar: "Summary" (adjust learning rate, batch size, initialisation).
    """
    known = {"n_train": n_train, "n_classes": n_classes}
    missing = [w for w in WANTED if params.get(w, known.get(w)) is None]
    if params.get("task") == "regression" and "n_classes" in missing:
        missing.remove("n_classes")
    if len(missing) <= tolerated or "boosting" in traits:
        return None
    return hyperparameters_not_logged.finding(
        Severity.INFO,
        1.0,
        f"{len(missing)} important parameters are not logged: {', '.join(missing)}",
        "log them as parameters, or turn on autologging",
        {"missing": missing},
    )
