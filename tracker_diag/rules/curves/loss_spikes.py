"""LC112 loss-spikes."""

from __future__ import annotations

from tracker_diag.core.finding import Finding, Severity
from tracker_diag.core.rule import UNSETTLED, Outcome, rule
from tracker_diag.stats.course import Course

CODE, NAME = "LC112", "loss-spikes"


@rule(CODE, NAME, evidence="C", unless=UNSETTLED)
def loss_spikes(train: Course, scale: float, *, minimum_height: float = 0.1) -> Outcome:
    """Isolated jumps of the training loss from which it recovers.

    What it measures
    ----------------
    Points that stand more than eight robust standard deviations above both what went before and what came after, and
    above the course by a share of the improvement achieved.

    Why it matters
    --------------
    "You will see jumping of loss": single bad batches, a rate near the edge of stability, numbers near overflow. The
    run recovers; the spikes are a warning shot, so the finding is an `info`.

    What to do
    ----------
    Clip the gradient norm at about its usual value; look at the batch of the step; lower the rate a little.

    Thresholds
    ----------
    minimum_height : in units of the improvement achieved.

    References
    ----------
    Seminar: "Dataset problems" (jumping of loss). Chowdhery et al. (2022), PaLM, §5.1: spikes in large runs and what
    was done.
    """
    x, y = train.finite
    peaks = [i for i in train.spikes if y[i] - min(y[i - 3 : i].max(), y[i + 1 : i + 4].max()) > minimum_height * scale]
    if not peaks:
        return None
    highest = max(peaks, key=lambda i: float(y[i]))
    return Finding(
        CODE,
        NAME,
        Severity.INFO,
        0.8,
        f"{len(peaks)} jump{'s' if len(peaks) > 1 else ''} of the training loss, the highest at step "
        f"{x[highest]:g} to {train.shown(float(y[highest])):.4g}, each recovered from",
        "look at the batches of these steps; clip the gradient norm at about its usual value",
        {"spikes": [float(x[i]) for i in peaks[:20]], "count": len(peaks)},
        (float(x[peaks[0]]), float(x[peaks[-1]])),
    )
