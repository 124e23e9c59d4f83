"""LC112 loss-spikes."""

from __future__ import annotations

from tracker_diag.rules.api import NEVER, UNSETTLED, Curve, Outcome, Severity, rule
from tracker_diag.rules.curves._words import at, level, named

#: Values before and after a jump that its height is measured from: as many as jumps are looked for in.
NEIGHBOURS = 3
#: Jumps whose steps are kept as evidence, and named in the advice.
KEPT, SHOWN = 20, 5


@rule(
    "LC112",
    "loss-spikes",
    seen_as=("My loss jumps, or swings up and down",),
    unless=(*UNSETTLED, "boosting"),
    verdict=NEVER,
)
def loss_spikes(train: Curve, improvement: float, *, minimum_height: float = 0.1) -> Outcome:
    """The training loss jumps at single points and recovers.

    What it measures
    ----------------
    A spike lies more than eight robust standard deviations above the values before it and above the values after it.
    Its height above them must also be at least a given share of the total improvement. (Total improvement: from the
    first value, or from the loss of random guessing if that is known, to the best value.)

    Why it matters
    --------------
    "You will see jumping of loss": the reasons are single bad batches, a learning rate that is almost unstable, or
    numbers that almost overflow. The run recovered, so the finding is an `info`, but it may not recover from the next
    spike.

    What to do
    ----------
    Inspect the batches at the steps that the finding names. Clip the gradient norm near its typical value. Lower the
    learning rate a little.

    Thresholds
    ----------
    minimum_height : smallest height of a spike, as a share of the total improvement.

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
    went = "dropped" if train.flipped else "jumped"
    to = f"to {level(train, float(y[highest]))} at step {at(float(x[highest]))}"
    return loss_spikes.finding(
        Severity.INFO,
        0.8,
        f"{named(train)} {went} {to} and recovered"
        if len(peaks) == 1
        else f"{named(train)} {went} {len(peaks):,} times and recovered each time, at worst {to}",
        f"inspect the {'batch at step' if len(peaks) == 1 else 'batches at steps'} "
        f"{_listed([at(float(x[i])) for i in peaks])}; clip gradients at about their typical norm",
        {"spikes": [float(x[i]) for i in peaks[:KEPT]], "count": len(peaks)},
        (float(x[peaks[0]]), float(x[peaks[-1]])),
    )


def _listed(steps: list[str]) -> str:
    if len(steps) > SHOWN:
        return f"{', '.join(steps[:SHOWN])} and {len(steps) - SHOWN:,} more"
    return " and ".join(x for x in (", ".join(steps[:-1]), steps[-1]) if x)
