"""What inputs out of scale do to the first loss: the rows that PP301 and PP302 share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.evidence.features import FALLS_AT_ONCE, FAR_OFF
from tracker_diag.roles.learning_rates import is_usual
from tracker_diag.rules.api import FIRST_LOSS, Features, LikelihoodRatio, Observation, Symptoms

#: Share of the run before which a loss is lost at once: what is lost later was not begun wrong.
AT_ONCE = 0.1
#: Times the baseline above which it is off by thousands. Weights multiply from layer to layer, inputs count
#: once: a factor of thousands is rather theirs.
THOUSANDS = 1e3


class FirstLoss:
    """What the first loss says for inputs out of scale, and against them."""

    LOST_AT_A_USUAL_RATE = LikelihoodRatio(15.0, "the loss blew up immediately at a normal learning rate", own=True)
    LOST_AT_ONCE = LikelihoodRatio(2.0, "the loss blew up immediately")
    LOST = LikelihoodRatio(2.0, "the loss blew up")
    THOUSANDS_ABOVE = LikelihoodRatio(3.6, FIRST_LOSS, own=True)
    FAR_ABOVE = LikelihoodRatio(12.0, FIRST_LOSS, own=True)
    FALLS_AT_ONCE = LikelihoodRatio(4.0, FIRST_LOSS)
    KNOWS_NOTHING = LikelihoodRatio(0.1, "the first loss is at chance level")
    IN_PLACE = LikelihoodRatio(0.15, "the first loss is in the usual range")


def first_loss(
    features: Features, symptoms: Symptoms, params: Mapping[str, Any], learning_rate: float | None
) -> Observation:
    """A loss that blew up immediately at a normal learning rate, or one that starts far above chance level."""
    if features.lost_at is not None and features.lost_at < AT_ONCE:
        return FirstLoss.LOST_AT_A_USUAL_RATE() if is_usual(learning_rate, params) else FirstLoss.LOST_AT_ONCE()
    if symptoms.has("diverged"):
        return FirstLoss.LOST()
    if features.first.known and features.first.times > FAR_OFF:
        row = FirstLoss.THOUSANDS_ABOVE if features.first.times > THOUSANDS else FirstLoss.FAR_ABOVE
        return row(**features.first.seen)
    if not features.first.known and features.first.times > FALLS_AT_ONCE:
        return FirstLoss.FALLS_AT_ONCE(**features.first.seen)
    return FirstLoss.KNOWS_NOTHING() if features.starts_at_baseline else FirstLoss.IN_PLACE()
