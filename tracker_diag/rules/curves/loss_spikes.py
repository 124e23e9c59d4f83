"""LC112 loss-spikes."""

from __future__ import annotations

from tracker_diag.rules.api import NEVER, UNSETTLED, Curve, Outcome, Severity, rule

#: Values before and after a jump that its height is measured from: as many as jumps are looked for in.
NEIGHBOURS = 3
#: Jumps whose steps are kept as evidence.
KEPT = 20


@rule(
    "LC112",
    "loss-spikes",
    seen_as=("My loss jumps, or swings up and down",),
    unless=(*UNSETTLED, "boosting"),
    verdict=NEVER,
)
def loss_spikes(train: Curve, improvement: float, *, minimum_height: float = 0.1) -> Outcome:
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

    def height(i: int) -> float:
        before, after = y[i - NEIGHBOURS : i], y[i + 1 : i + 1 + NEIGHBOURS]
        return float(y[i] - min(before.max(), after.max()))

    peaks = [i for i in train.spikes if height(i) > minimum_height * improvement]
    if not peaks:
        return None
    highest = max(peaks, key=lambda i: float(y[i]))
    return loss_spikes.finding(
        Severity.INFO,
        0.8,
        f"{len(peaks)} jump{'s' if len(peaks) > 1 else ''} of the training loss, the highest at step "
        f"{x[highest]:g} to {train.shown(float(y[highest])):.4g}, each recovered from",
        "look at the batches of these steps; clip the gradient norm at about its usual value",
        {"spikes": [float(x[i]) for i in peaks[:KEPT]], "count": len(peaks)},
        (float(x[peaks[0]]), float(x[peaks[-1]])),
    )
