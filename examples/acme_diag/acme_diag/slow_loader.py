"""AC101 slow-loader, and the input that it asks for."""

from __future__ import annotations

import math

import numpy as np

from tracker_diag.rules.api import Outcome, Run, Severity, rule, rule_input


@rule_input(
    missing="no times of waiting for data",
    log="log data_time and step_time, in seconds, once a batch or once an epoch",
    evidence="B",
    unit="share of a step's time",
)
def waiting_share(run: Run) -> float | None:
    """Median share of a step that is spent waiting for data; steps without two finite times are left out."""
    waiting, whole = run.metrics.get("data_time"), run.metrics.get("step_time")
    if waiting is None or whole is None:
        return None
    _, ours, theirs = np.intersect1d(waiting.steps, whole.steps, return_indices=True)
    with np.errstate(all="ignore"):
        shares = waiting.values[ours] / whole.values[theirs]
    shares = shares[np.isfinite(shares)]
    return float(np.median(shares)) if shares.size else math.nan


@rule("AC101", "slow-loader", seen_as=("The GPU is idle most of the time",))
def slow_loader(waiting_share: float, *, most: float = 0.3) -> Outcome:
    """The network waits for its data.

    What it measures
    ----------------
    The median share of a training step that passes before its batch is there (`data_time` over `step_time`).

    Why it matters
    --------------
    What is paid for stands idle. The run takes longer than it has to, and is ended before it has learned what it could.

    What to do
    ----------
    Load with more processes, decode less, or keep the decoded examples on a local disk.

    Thresholds
    ----------
    most : share of a step that may be spent waiting; above 0.3, training without any waiting would be at
        least 1.4 times as fast.

    References
    ----------
    Mohan, Phanishayee, Raniwala and Chidambaram (2021), Analyzing and mitigating data stalls in DNN training, PVLDB
    14:771.
    """
    if not waiting_share > most:
        return None
    return slow_loader.finding(
        Severity.WARNING,
        0.9,
        f"{waiting_share:.0%} of a step is spent waiting for data",
        "load with more processes, or keep decoded examples on a local disk",
        {"waiting_share": waiting_share},
    )
