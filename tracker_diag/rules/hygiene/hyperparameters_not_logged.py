"""HY003 hyperparameters-not-logged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.finding import Finding, Severity
from tracker_diag.core.rule import Outcome, rule

_WANTED = ("learning_rate", "optimizer", "batch_size", "n_classes", "n_train")


@rule("HY003", "hyperparameters-not-logged", evidence="P")
def hyperparameters_not_logged(
    curves_exist: bool,
    params: Mapping[str, Any],
    n_train: int | None = None,
    n_classes: int | None = None,
    traits: frozenset[str] = frozenset(),
    *,
    tolerated: int = 2,
) -> Outcome:
    """Parameters that would have enabled rules are not logged.

    What it measures
    ----------------
    Which of learning rate, optimiser, batch size, number of classes and number of training examples no parameter,
    dataset or profile holds.

    Why it matters
    --------------
    A curve says what went wrong, the configuration why: without it the causes cannot be told apart.

    What to do
    ----------
    Log them as parameters; autologging does.

    Thresholds
    ----------
    tolerated : so many may be missing without a word.

    References
    ----------
    Seminar: "Summary" (adjust learning rate, batch size, initialisation).
    """
    known = {"n_train": n_train, "n_classes": n_classes}
    missing = [w for w in _WANTED if params.get(w, known.get(w)) is None]
    if params.get("task") == "regression" and "n_classes" in missing:
        missing.remove("n_classes")
    if len(missing) <= tolerated or "boosting" in traits:
        return None
    return Finding(
        "HY003",
        "hyperparameters-not-logged",
        Severity.INFO,
        1.0,
        f"not logged: {', '.join(missing)}",
        "log them as parameters, or switch autologging on",
        {"missing": missing},
    )
