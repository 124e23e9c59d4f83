"""EX906 worse-than-siblings."""

from __future__ import annotations

from tracker_diag.rules.api import BesideSiblings, Outcome, Severity, rule
from tracker_diag.rules.gains import change, differs, shows


@rule("EX906", "worse-than-siblings", seen_as=("Another run of the experiment does far better",))
def worse_than_siblings(
    beside_siblings: BesideSiblings,
    *,
    far: float = 0.15,
    worth: float = 0.1,
) -> Outcome:
    """The run ends far worse than comparable runs, by more than the noise between seeds.

    What it measures
    ----------------
    The rule compares the last validation loss (a score, if no loss was logged) with that of every comparable run of the
    experiment that has ended. Comparable runs have a metric of the same kind and unit, the same data where known, and
    three quarters of the parameters in common. Distances are given as shares of the improvement of the best run. The
    noise is taken from runs that differ only in their seed. If there are none, a surface is fitted to all runs, and the
    scatter around it is used.

    If another run differs in one parameter only, the message names its value and its result. Otherwise it names the
    value that the surface expects to be best.

    The rule says nothing about runs that are still going, were stopped early or are controls. It also says nothing if
    no run is better than random guessing, or if a validation score beside the loss is as good as that of the best run.

    Null hypothesis: the run comes from the same distribution as the best of the others, taking into account that the
    best was selected. The interval is one-sided at 95%. Values that are not finite count as the worst. The runs of an
    experiment are assumed to be independent of each other. The comparison is renewed when more runs have ended, which
    means repeated looks. The size of the effect has to be large as well, not only the interval.

    Why it matters
    --------------
    Two runs that differ in one parameter are an experiment that somebody has already paid for. A single curve cannot
    show that another learning rate, or twice the units, would have halved the loss.

    What to do
    ----------
    Use the value of the run that did better.

    Thresholds
    ----------
    far : smallest distance from the best run that is reported, as a share of the improvement of that run. At least a
        third of this distance must remain after the noise is taken off.
    worth : smallest gain from another value of one parameter that is mentioned, as a share of the same improvement.

    References
    ----------
    Seminar: "How to find best learning rate?". Hutter, Hoos and Leyton-Brown (2014), ICML: An efficient approach for
    assessing hyperparameter importance. Bouthillier et al. (2021), MLSys: Accounting for variance in machine learning
    benchmarks.
    """
    beside = beside_siblings
    if not beside.far(far):
        return None
    best = next((g for g in beside.gains if g.value >= worth), None)
    message = beside.in_words
    if best is not None:
        alone = best.alternative.runs == 1 and best.alternative.matched == beside.best
        # Of one run its end is said once.
        message += f" {differs(best.alternative)}" if alone else f"; {shows(best, beside.comparison.measure)}"
    return worse_than_siblings.finding(
        Severity.WARNING,
        0.95 if best is not None and best.alternative.matched is not None else 0.85,
        f"{message} ({beside.as_of})",
        change(best.alternative) if best is not None else "compare this run's parameters with those of the best run",
        {
            "behind": beside.behind,
            "behind_at_least": beside.at_least,
            "unit": beside.unit,
            "noise": beside.comparison.noise,
            "runs": beside.comparison.runs,
            "best": beside.best.id,
            "gains": {g.alternative.parameter: g.value for g in beside.gains if g.value >= worth},
        },
    )
