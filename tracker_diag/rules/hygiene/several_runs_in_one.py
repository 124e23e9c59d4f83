"""HY006 several-runs-in-one."""

from __future__ import annotations

from tracker_diag.core.numbers import figure
from tracker_diag.rules.api import Outcome, Seam, Severity, Timeline, rule


@rule("HY006", "several-runs-in-one", seen_as=("The tool says too little about my run",))
def several_runs_in_one(timeline: Timeline) -> Outcome:
    """Several training runs were logged as one; only the last one is judged.

    What it measures
    ----------------
    The rule looks at places where steps (or a logged epoch) start again. It assumes that another training began there
    if the training losses are at least twice as near to the first values of the training before as to its last ones. If
    no training loss was logged, all losses and scores are used. Parts of fewer than four records do not count. The rule
    may miss a new training that starts at the loss at which the one before ended.

    Why it matters
    --------------
    Drawn as one curve, several trainings look like one training that diverges. The logged parameters describe at most
    one of them.

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
        f"{timeline.trainings} training runs were logged as one: after step {last.before:g}, {name} jumps from "
        f"{figure(last.last, 4)} to {figure(last.next, 4)}, about its first value ({figure(last.first, 4)}); "
        f"only the last one is judged ({timeline.judged} of {timeline.logged} values)",
        "log each training run as a run of its own",
        {"metric": name, "trainings": timeline.trainings, "judged": timeline.judged, "logged": timeline.logged},
    )
