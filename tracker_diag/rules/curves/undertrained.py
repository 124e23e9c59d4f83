"""LC103 undertrained."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tracker_diag.rules.api import UNSETTLED, Curve, Outcome, Severity, Verdict, rule
from tracker_diag.stats.extrapolation import Extrapolation

#: Share of the improvement achieved by which validation may lie above training and not have left it.
TOGETHER = 0.05
#: Validation has turned, and is not still improving, where it has risen by so many standard errors
RISEN_ERRORS = 2.0
#: and by such a share of the improvement achieved: less matters to nobody.
RISEN = 0.02
#: Part of the run that the finding points at, as one over it (a fifth), and how many values that are at least.
LAST, FEWEST = 5, 2


@rule(
    "LC103",
    "undertrained",
    seen_as=("My loss still falls when training ends",),
    unless=UNSETTLED,
    verdict=Verdict(90, "more of the same pays"),
)
def undertrained(
    course: Curve,
    improvement: float,
    effect_unit: float,
    further: Extrapolation,
    active: bool,
    params: Mapping[str, Any],
    train: Curve | None,
    val: Curve | None,
    further_train: Extrapolation | None,
    *,
    minimum_gain: float = 0.1,
    sure_gain: float = 0.05,
) -> Outcome:
    """Still improving at the end: halted prematurely.

    What it measures
    ----------------
    What twice the training would bring, extrapolated by saturating curves over the cumulative learning rate where it
    is logged (a rate annealed to zero flattens any curve), in units of the improvement achieved, with a 90 %
    interval; with a pretrained model whose baseline is unknown, in units of the loss that is left, if that is
    more. The validation curve decides where there is one: training loss falls for ever. Only where validation has
    not left training and is too noisy to tell, and training surely goes on, training decides.

    Why it matters
    --------------
    "A training loss that continues to decrease at the end of the plot indicates that the model is capable of further
    learning, and that the training process was halted prematurely."

    What to do
    ----------
    Train on for as long as the finding says, with the same schedule stretched.

    Thresholds
    ----------
    minimum_gain : expected further improvement, in units of that achieved.
    sure_gain : the lower end of the interval must lie above this.

    References
    ----------
    Seminar: "Underfitting" (continues to decrease). Domhan et al. (2015), IJCAI; Viering and Loog (2023), IEEE TPAMI
    45:7799.
    """
    if params.get("pretrained"):
        # Fine-tuning begins where most is learned already: what it adds is no unit.
        improvement = effect_unit
    together = train is not None and val is not None and val.tail - train.tail < TOGETHER * improvement
    if (
        together
        and further_train is not None
        and further.low < sure_gain * improvement
        and further.high >= minimum_gain * improvement <= further_train.low
    ):
        # Validation is too noisy to tell, has not left training, and training surely goes on.
        further = further_train
    gain, low, high = further.gain / improvement, further.low / improvement, further.high / improvement
    if gain < minimum_gain or low < sure_gain:
        return None
    curve = val or course
    turn = curve.turning
    if turn.rise > RISEN_ERRORS * turn.error and turn.rise > RISEN * improvement:
        return None
    # Training by steps over a stream, as large-scale pretraining does, never settles.
    endless = params.get("max_steps") is not None and params.get("epochs") is None
    times = further.enough
    more = "more than a hundred times" if math.isinf(times) else f"about {times:g} times"
    return undertrained.finding(
        Severity.INFO if active or endless else Severity.WARNING,
        0.9 if low > minimum_gain else 0.7,
        f"still improving: training twice as long is expected to bring another {gain:.0%} "
        f"of the improvement achieved ({low:.0%} to {high:.0%})",
        f"train on: {more} the present length reaches nine tenths of what can be expected",
        {"gain": gain, "gain_low": low, "gain_high": high, "times": times, "family": further.family},
        (float(curve.x[-max(FEWEST, curve.x.size // LAST)]), float(curve.x[-1])),
    )
