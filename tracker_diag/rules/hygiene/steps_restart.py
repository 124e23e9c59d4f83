"""HY005 steps-restart."""

from __future__ import annotations

from collections.abc import Iterator

from tracker_diag.core.numbers import figure
from tracker_diag.rules.api import Outcome, Restart, Seam, Severity, Timeline, rule


@rule("HY005", "steps-restart", seen_as=("The tool says too little about my run",))
def steps_restart(timeline: Timeline) -> Outcome:
    """Steps start again, at each epoch or after a resume; the message says how the parts were joined.

    What it measures
    ----------------
    The rule checks whether a record has a lower step than the record logged before it. At each such restart, it
    compares the first training losses after it with the last ones before it (or those at the steps that are repeated),
    and with those at the start of training. If no training loss was logged, all losses and scores are used.

    A part counts as a continuation if its first values are at most half as far from the end of the part before as from
    the start of training. If it is the other way round, another training run began (HY006). If neither holds, only one
    part is judged: the longest, or the last of equally long ones. If the step goes back by no more than two records, or
    by no more than 5%, the part always counts as a continuation. The rule also reports three or more values at one
    step.

    Why it matters
    --------------
    A curve sorted by such steps mixes the first epoch with the last, so healthy runs seem to diverge.

    What to do
    ----------
    Log a global step: batches counted over all epochs, or epochs that keep counting after a resume.

    Thresholds
    ----------
    None.

    References
    ----------
    Seminar: "Learning Curves".
    """
    said = [*_restarts(timeline), *_crowded(timeline)]
    if not said:
        return None
    # A run resumed at its true step needs no change.
    resumed = not timeline.crowded and all(x.seam is Seam.BACK for x in timeline.restarts)
    return steps_restart.finding(
        Severity.OK if resumed else Severity.INFO,
        1.0,
        "; ".join(said),
        "" if resumed else "log a global step that keeps counting across epochs and after a resume",
        {
            "metric": timeline.told_by,
            "restarts": len(timeline.restarts),
            "judged": timeline.judged,
            "logged": timeline.logged,
            "values_a_step": {name: crowd.values for name, crowd in timeline.crowded.items()},
        },
    )


def _restarts(timeline: Timeline) -> Iterator[str]:
    for seam in (Seam.ON, Seam.BACK, Seam.OPEN):
        places = [x for x in timeline.restarts if x.seam is seam]
        if places:
            yield _sentence(timeline, seam, places)


def _sentence(timeline: Timeline, seam: Seam, places: list[Restart]) -> str:
    last = places[-1]
    place = f"from {last.before:g} to {last.after:g}"
    jump = place if len(places) == 1 else f"{len(places)} times, the last time {place}"
    before, after, first = (figure(x, 4) for x in (last.last, last.next, last.first))
    levels = f"{before} before the restart, {after} after it, {first} at the start of the run"
    name = timeline.told_by
    if seam is Seam.BACK:
        return (
            f"steps of {name} go back {jump}: the run was resumed; where a step has two values, the later is used "
            f"({timeline.judged} of {timeline.logged} values remain)"
        )
    if seam is Seam.ON:
        return (
            f"steps of {name} restart {jump}; the parts were joined, because {name} continued near its last value "
            f"instead of starting again ({levels})"
        )
    return (
        f"steps of {name} restart {jump}: it is unclear whether the training continued or another one began "
        f"({levels}); only the longest part is judged, or the last of equally long ones "
        f"({timeline.judged} of {timeline.logged} values)"
    )


def _crowded(timeline: Timeline) -> Iterator[str]:
    if timeline.crowded:
        name = max(timeline.crowded, key=lambda name: (timeline.crowded[name].values, name))
        crowd, more = timeline.crowded[name], len(timeline.crowded) - 1
        others = "" if not more else f" and {more} other metric{'s' if more > 1 else ''}"
        how = "taken in the order of logging" if crowd.in_order else "with equal timestamps, so their median is taken"
        yield f"{name}{others}: {figure(crowd.values)} values per step, {how}"
