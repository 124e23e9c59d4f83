"""EX901 random-input-control."""

from __future__ import annotations

from tracker_diag.core.numbers import figure
from tracker_diag.evidence.noise_control import NoiseControl
from tracker_diag.rules.api import Outcome, Severity, rule


@rule("EX901", "random-input-control", seen_as=("Accuracy is stuck at chance",))
def random_input_control(noise_control: NoiseControl) -> Outcome:
    """A control run that was trained on random input does just as well as this run.

    What it measures
    ----------------
    The rule compares the last validation loss (a score, if no loss was logged) of this run with that of a control run.
    The control is the run of the same experiment whose tag `diag.control` says `random-input`. The control does as well
    if this run ends ahead of it by less than a tenth of this run's own improvement. The rule says nothing if another
    comparable run clearly does better than the control, because then the input is useful.

    Why it matters
    --------------
    "Pass random numbers/images/labels instead of actual data and check." If the error is the same, something between
    the data and the output destroys the information.

    What to do
    ----------
    Check the input step by step: columns, paths, preprocessing, the layer that reads it.

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
        f"this run ends at {figure(noise_control.own)}, and run '{noise_control.name}', which was trained on random "
        f"input, at {figure(noise_control.control)}: the network seems not to use its input",
        "check the input step by step: columns, paths, preprocessing, the layer that reads it",
        {"control": noise_control.control, "own": noise_control.own, "lead": noise_control.lead},
    )
