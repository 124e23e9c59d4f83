"""HY007 metric-stands-or-vanishes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tracker_diag.core.numbers import figure
from tracker_diag.rules.api import Curve, Outcome, Severity, Standing, Timeline, rule

#: Metrics that the message names.
SHOWN = 3


@rule("HY007", "metric-stands-or-vanishes", seen_as=("The tool says too little about my run",))
def metric_stands_or_vanishes(
    timeline: Timeline, standing: Mapping[str, Standing], train_loss: Curve | None, traits: frozenset[str]
) -> Outcome:
    """A logged metric never changes, or is 0 at regular intervals.

    What it measures
    ----------------
    The rule reports three things:

    - A loss or score that is exactly 0 at regular intervals: in every second record, or everywhere except in every
      third, fourth, … record.
    - A loss that is exactly 0 in all records (five or more).
    - A loss or score that has one value in all records (five or more), if another loss changes. A perfect score is not
      reported.

    The finding is a warning only if the training loss is 0 and no other training loss was logged.

    Why it matters
    --------------
    Keras logs zeros for an epoch in which its generator gave no batch. If that happens in every second epoch, half of
    the epochs train nothing. A loss that is always 0 often comes from integer division, from rounding, or from labels
    that are all of one class. A score that never changes often comes from a model that always predicts one class, from
    labels in another format than the predictions, or from a metric that was computed only once.

    What to do
    ----------
    Let the generator repeat, or set the steps per epoch to the number of batches that it holds. For a loss of 0, check
    labels, integer division and rounding. For a constant score, check whether the predictions ever change, and whether
    labels and predictions have the same format.

    Thresholds
    ----------
    None.

    References
    ----------
    Seminar: "Learning Curves", "Data".
    """
    said = [*_zeros(timeline), *_standing(standing)]
    if not said:
        return None
    nought = any(x.value == 0 and x.kind == "train loss" for x in standing.values())
    lost = nought and train_loss is None and "reinforcement" not in traits
    return metric_stands_or_vanishes.finding(
        Severity.WARNING if lost else Severity.INFO,
        1.0,
        "; ".join(said),
        _advice(timeline, standing),
        {"zeros": dict(timeline.zeros), "standing": {name: x.value for name, x in standing.items()}},
    )


def _advice(timeline: Timeline, standing: Mapping[str, Standing]) -> str:
    said = (
        ["let the data generator repeat, or set the steps per epoch to its number of batches"] if timeline.zeros else []
    )
    if any(x.kind != "score" and x.value == 0 for x in standing.values()):
        said.append("for a loss of 0, check the labels, integer division, and rounding before it is logged")
    elif any(x.kind != "score" for x in standing.values()):
        said.append("check that the loss is computed anew at every evaluation, with the current weights")
    if any(x.kind == "score" for x in standing.values()):
        said.append(
            "check whether the predictions ever change, and whether labels and predictions have the same format"
        )
    return "; ".join(said)


def _zeros(timeline: Timeline) -> Iterator[str]:
    if timeline.zeros:
        name = min(timeline.zeros)
        kept = len(timeline.metrics[name])
        yield (
            f"{timeline.zeros[name]} of {timeline.zeros[name] + kept} values of {_listed(sorted(timeline.zeros))} are "
            "exactly 0, at regular intervals: nothing was trained or measured in these records, so they were left out"
        )


def _standing(standing: Mapping[str, Standing]) -> Iterator[str]:
    if standing:
        yield "same value in every record: " + _listed(
            [f"{name} ({figure(x.value, 4)})" for name, x in sorted(standing.items())]
        )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
