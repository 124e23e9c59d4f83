"""EX901 random-input-control."""

from __future__ import annotations

from tracker_diag.evidence.noise_control import NoiseControl
from tracker_diag.rules.api import Outcome, Severity, rule


@rule("EX901", "random-input-control", seen_as=("Accuracy is stuck at chance",))
def random_input_control(noise_control: NoiseControl) -> Outcome:
    """A control that was trained on random input does as well.

    What it measures
    ----------------
    The last validation loss (a score, where no loss was logged) of the run of the same experiment whose tag
    `diag.control` says `random-input`, and of this one. The control does as well where this run is ahead by less than a
    tenth of what it improved on its own first value. Nothing is said where another comparable run clearly does better
    than the control: then the input is of use.

    Why it matters
    --------------
    "Pass random numbers/images/labels instead of actual data and check." Where the error is the same, something between
    the data and the output turns them into garbage.

    What to do
    ----------
    Go through the input step by step: columns, paths, preprocessing, the layer that reads it.

    Thresholds
    ----------
    None: the input `noise_control` says when a control does as well.

    References
    ----------
    Seminar: "Dataset issues", "Try random input".
    """
    if not noise_control.as_good:
        return None
    return random_input_control.finding(
        Severity.WARNING,
        0.9,
        f"run {noise_control.name}, trained on random input, ends at {noise_control.control:.4g}, this run at "
        f"{noise_control.own:.4g}: nothing of the input is used",
        "go through the input step by step: columns, paths, preprocessing, the layer that reads it",
        {"control": noise_control.control, "own": noise_control.own, "lead": noise_control.lead},
    )
