"""Accuracies that are stuck."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tracker_diag.core.numbers import figure
from tracker_diag.evidence.guess import BOTH, Beside, costs_as_much_as_guessing, entropy_of_share
from tracker_diag.evidence.nats import in_unit
from tracker_diag.rules.api import Curve, Severity
from tracker_diag.rules.curves._underfitting.sighting import Sighting
from tracker_diag.rules.curves._words import end, named, noun

#: Share of itself by which a score may move and still stand, where little is known to have been learned anyway;
#: elsewhere it must not move at all.
STILL = 0.01
#: Part of the run, as one over it (a fifth), in which the score may still find its place.
FIRST = 5
#: Times the entropy of the share that is right between which a loss goes with an accuracy that does not move, so that
#: one side is enough: noise of a rate that is too high lies above it; what is learned of the input, below.
AT_ENTROPY = (0.99, 1.1)
#: Values from which on an accuracy that does not move says anything by itself; share of the entropy below which the
#: loss of the other side has learned something.
VALUES, LEARNED = 8, 0.9


def standing_accuracy(scores: Sequence[Beside], losses: Sequence[Curve], baseline_is_known: bool) -> Sighting | None:
    """Both scores are stuck: at the share of the largest class, where classes are uneven.

    Where the level is not known, the losses beside must be as large as such guesses cost. One score is enough that does
    not move at all, at a share whose entropy is what the loss beside it has come to, or a little less than that.
    """
    if any(_at_entropy(loss, score, losses) for loss, score in scores):
        loss, score = next(pair for pair in scores if _at_entropy(*pair, losses))
        right = score.share(score.tail)
        return Sighting(
            Severity.ERROR,
            0.9,
            f"accuracy stuck at {end(score)} and {named(loss)} at {end(loss)}, as when "
            f"always predicting a class with {figure(100 * right)}% of the examples (loss "
            f"{figure(in_unit(entropy_of_share(right), loss), 4)})",
        )
    stand = len(scores) == BOTH and all(_stands(score, STILL if baseline_is_known else 0.0) for _, score in scores)
    if not stand or not (baseline_is_known or all(costs_as_much_as_guessing(*pair) for pair in scores)):
        return None
    stuck = " and ".join(f"{end(score)} in {score.side}" for _, score in scores)
    return Sighting(Severity.ERROR, 0.8, f"{noun(scores[0][1])} stuck at {stuck}, as with a constant prediction")


def _stands(score: Curve, share: float) -> bool:
    """Whether a score has not moved by more than a share of itself since the first fifth of the run."""
    if not score.flipped or not score.long_enough:
        return False
    later = score.y[score.y.size // FIRST :]
    return float(np.ptp(later)) <= share * abs(score.tail)


def _at_entropy(loss: Curve, score: Curve, losses: Sequence[Curve]) -> bool:
    if score.y.size < VALUES or not _stands(score, 0.0) or not costs_as_much_as_guessing(loss, score):
        return False
    low, high = AT_ENTROPY
    nothing = entropy_of_share(score.share(score.tail))
    # A loss of either side that is far lower shows that something was learned: a few dozen examples repeat a share.
    unlearned = all(other.tail >= LEARNED * in_unit(nothing, other) for other in losses)
    return unlearned and low <= loss.tail / in_unit(nothing, loss) <= high
