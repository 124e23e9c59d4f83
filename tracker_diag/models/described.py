"""The network of a run, from all that describes it."""

from __future__ import annotations

from tracker_diag.core.model import Model
from tracker_diag.core.run import Run
from tracker_diag.models.configured import read_configured
from tracker_diag.models.merged import merged
from tracker_diag.models.summaries import read_summary


def described(run: Run) -> Model | None:
    """Describe the network of a run.

    Parameters
    ----------
    run : Run
        As an adapter or ``Run.from_dict`` reads it.

    Returns
    -------
    Model or None
        What its logged model, its summary and its parameters say, in this order; None where they say nothing.
    """
    summed = read_summary(run.model_summary) if run.model_summary else None
    return merged([run.model, summed, read_configured(run.params)])
