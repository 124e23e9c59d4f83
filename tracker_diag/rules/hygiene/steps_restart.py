"""HY005 steps-restart."""

from __future__ import annotations

from collections.abc import Iterator

from tracker_diag.rules.api import Outcome, Restart, Seam, Severity, Timeline, rule


@rule("HY005", "steps-restart", seen_as=("The tool says too little about my run",))
def steps_restart(timeline: Timeline) -> Outcome:
    """Steps begin again, each epoch or after a resume; the message says how the parts were joined.

    What it measures
    ----------------
    Whether steps go back in the order in which the records were logged. At each such place training losses (without
    any, all losses and scores) are set against three levels: where they stood before it, where they stood at the steps
    that come again, and where the training began. If a part begins at least twice as near to where the curve stood as
    to where the training began, it continues it; in reverse, another training began (HY006). If neither is shown, one
    part is judged: the longest, or the last of equals. Steps that go back by up to two records, or a twentieth, need
    no such reason. Three and more values under one step are reported here as well.

    Why it matters
    --------------
    A curve sorted by such steps mixes the first epoch with the last: sound runs seem to diverge.

    What to do
    ----------
    Log a global step: batches over all epochs, or epochs over all resumes.

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
    # Who resumes at the true step has nothing to mend.
    resumed = not timeline.crowded and all(x.seam is Seam.BACK for x in timeline.restarts)
    return steps_restart.finding(
        Severity.OK if resumed else Severity.INFO,
        1.0,
        "; ".join(said),
        "" if resumed else "log a global step, which counts on over epochs and resumes",
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
    times = "" if len(places) == 1 else f" {len(places)} times"
    last = places[-1]
    levels = f"{last.last:.4g} before, {last.next:.4g} after, {last.first:.4g} at the start"
    name = timeline.told_by
    if seam is Seam.BACK:
        return (
            f"the steps of {name} go back{times}, as to {last.after:g} after {last.before:g}: the run was resumed, and "
            f"what was logged last counts, {timeline.judged} of {timeline.logged} values"
        )
    again = f"the steps of {name} begin again{times}, as at {last.after:g} after {last.before:g}"
    if seam is Seam.ON:
        return f"{again}: joined, as the curve goes on where it stood ({levels})"
    return (
        f"{again}, and the curve shows neither that the training went on nor that another began ({levels}): "
        f"the longest part is judged, the last of equals, {timeline.judged} of {timeline.logged} values"
    )


def _crowded(timeline: Timeline) -> Iterator[str]:
    if timeline.crowded:
        name = max(timeline.crowded, key=lambda name: (timeline.crowded[name].values, name))
        crowd, more = timeline.crowded[name], len(timeline.crowded) - 1
        others = "" if not more else f" and {more} other metric{'s' if more > 1 else ''}"
        how = (
            "taken in the order of logging"
            if crowd.in_order
            else "their timestamps are the same, so their median is taken"
        )
        yield f"{name}{others}: {crowd.values:.3g} values under each step: {how}"
