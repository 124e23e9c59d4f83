"""HY006 several-runs-in-one."""

from __future__ import annotations

from tracker_diag.rules.api import Outcome, Seam, Severity, Timeline, rule


@rule("HY006", "several-runs-in-one", seen_as=("The tool says too little about my run",))
def several_runs_in_one(timeline: Timeline) -> Outcome:
    """Several trainings were logged as one run; the last is judged.

    What it measures
    ----------------
    Where steps (or a logged epoch) begin again, whether training losses (without any, all losses and scores) are at
    least twice as near to the first values of the training as to its last. Parts of fewer than four records do not
    count. Trainings whose losses begin where others ended, as with very different rates, are not always told apart.

    Why it matters
    --------------
    Curves of several trainings, drawn as one, look like a training that diverges. The logged parameters fit at
    most one of them.

    What to do
    ----------
    Start a new run, or a nested one, for each training.

    Thresholds
    ----------
    None.

    References
    ----------
    Seminar: "Learning Curves".
    """
    if timeline.trainings == 1:
        return None
    last = [x for x in timeline.restarts if x.seam is Seam.NEW][-1]
    name = timeline.told_by
    return several_runs_in_one.finding(
        Severity.INFO,
        1.0,
        f"{timeline.trainings} trainings stand in this run: {name} is back where it began "
        f"({last.first:.4g} at the start, {last.last:.4g} before, {last.next:.4g} after step {last.before:g}); "
        f"the last is judged, {timeline.judged} of {timeline.logged} values",
        "log each training as a run of its own",
        {"metric": name, "trainings": timeline.trainings, "judged": timeline.judged, "logged": timeline.logged},
    )
