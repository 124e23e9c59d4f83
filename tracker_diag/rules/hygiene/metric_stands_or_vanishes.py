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
    """A logged metric never changes, or is 0 in every other record.

    What it measures
    ----------------
    The rule reports losses and scores that are exactly 0 in every other record, or in all but every third, fourth and
    so on. It reports losses that are exactly 0 in all of five or more records. It also reports a loss or score with the
    same value in all of five or more records while some loss changes. A perfect score is not reported. The finding is a
    warning only if the training loss is 0 and no other training loss was logged.

    Why it matters
    --------------
    Keras logs zeros for an epoch in which its generator gave no batch. Half of the epochs then trained nothing. A loss
    that is always 0 was lost to integer division or to numeric overflow. A score that never changes was computed only
    once, on a model that does not change, or against labels that it cannot match.

    What to do
    ----------
    Let the generator repeat, or set the steps per epoch to the number of batches that it holds. Check what the metric
    is computed from.

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
        "let the data generator repeat" if timeline.zeros else "check what the metric is computed from",
        {"zeros": dict(timeline.zeros), "standing": {name: x.value for name, x in standing.items()}},
    )


def _zeros(timeline: Timeline) -> Iterator[str]:
    if timeline.zeros:
        name = min(timeline.zeros)
        kept = len(timeline.metrics[name])
        yield (
            f"{timeline.zeros[name]} of {timeline.zeros[name] + kept} values of {_listed(sorted(timeline.zeros))} are "
            "exactly 0, at regular intervals: nothing was trained or measured there, so they were left out"
        )


def _standing(standing: Mapping[str, Standing]) -> Iterator[str]:
    if standing:
        yield "stuck at one value: " + _listed(
            [f"{name} ({figure(x.value, 4)})" for name, x in sorted(standing.items())]
        )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
