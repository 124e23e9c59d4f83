"""How often validation is right, beside guessing."""

from __future__ import annotations

from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.registry import rule_input

#: Share of right answers in training from which on it learned, and times that of guessing where the classes are known.
LEARNED, TIMES_GUESSING = 0.5, 1.5


def learned(right: float, n_classes: int | None) -> bool:
    """Whether a share of right answers in training shows that it learned."""
    return right > max(LEARNED, TIMES_GUESSING / n_classes if n_classes else 0)


@rule_input(
    missing="no training and validation accuracy found",
    log="log training and validation accuracy each epoch",
    evidence="C",
    unit="times chance level",
)
def times_guessing(train_score: Curve | None, val_score: Curve | None, n_classes: int | None) -> float | None:
    """How many times as often as guessing validation is right at its end, where training learned.

    0 where it is never right, however many classes there are; else only where their number is known.
    """
    ours, theirs = train_score, val_score
    if ours is None or theirs is None or not (ours.accuracy and theirs.accuracy):
        return None
    if not (ours.long_enough and theirs.long_enough):
        return None
    right = theirs.share(theirs.tail)
    if not learned(ours.share(ours.tail), n_classes):
        return None
    return 0.0 if right == 0 else right * n_classes if n_classes else None
