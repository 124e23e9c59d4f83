"""HY005 steps-restart."""

from __future__ import annotations

from collections.abc import Iterator

from tracker_diag.rules.api import Outcome, Restart, Seam, Severity, Timeline, rule


@rule("HY005", "steps-restart", seen_as=("The tool says too little about my run",))
def steps_restart(timeline: Timeline) -> Outcome:
    """Steps begin again, each epoch or after a resume; said is how the stretches were joined.

    What it measures
    ----------------
    Whether steps go back in the order in which the records were logged. At each such place losses and scores are set
    against where they stood before it, where they stood at the steps that come again, and where the training began.
    What is at least twice as near as the start, beyond the noise, is taken for its continuation.

    Why it matters
    --------------
    A curve sorted by such steps mixes the first epoch with the last: sound runs seem to diverge.

    What to do
    ----------
    Log a step that counts on: batches over all epochs, or epochs over all resumes.

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
    return steps_restart.finding(
        Severity.INFO,
        1.0,
        "; ".join(said),
        "log a step that counts on over epochs and resumes",
        {
            "metric": timeline.told_by,
            "restarts": len(timeline.restarts),
            "judged": timeline.judged,
            "logged": timeline.logged,
            "values_a_step": dict(timeline.crowded),
        },
    )


def _restarts(timeline: Timeline) -> Iterator[str]:
    for seam in (Seam.ON, Seam.BACK, Seam.OPEN):
        places = [x for x in timeline.restarts if x.seam is seam]
        if places:
            yield _sentence(timeline, seam, places)


def _sentence(timeline: Timeline, seam: Seam, places: list[Restart]) -> str:
    times = "" if len(places) == 1 else f" {len(places)} times"
    last = places[-1]
    levels = f"{last.last:.4g} before, {last.next:.4g} after, {last.first:.4g} at the start"
    name = timeline.told_by
    if seam is Seam.BACK:
        return f"the steps of {name} go back{times}, as to {last.after:g} after {last.before:g}: the later values count"
    again = f"the steps of {name} begin again{times}, as at {last.after:g} after {last.before:g}"
    if seam is Seam.ON:
        return f"{again}: joined, as the curve goes on where it stood ({levels})"
    return (
        f"{again}, and the curve shows neither that the training went on nor that another began ({levels}): "
        f"the longest stretch is judged, {timeline.judged} of {timeline.logged} values"
    )


def _crowded(timeline: Timeline) -> Iterator[str]:
    if timeline.crowded:
        name = max(timeline.crowded, key=lambda name: (timeline.crowded[name], name))
        others = f" (and {len(timeline.crowded) - 1} more metrics)" if len(timeline.crowded) > 1 else ""
        yield f"{name}{others} has {timeline.crowded[name]:.3g} values under each step: taken in the order of logging"
