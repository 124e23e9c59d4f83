"""EX906 worse-than-siblings."""

from __future__ import annotations

from tracker_diag.rules.api import BesideSiblings, Outcome, Severity, rule
from tracker_diag.rules.gains import change, shows


@rule("EX906", "worse-than-siblings", seen_as=("Another run of the experiment does far better",))
def worse_than_siblings(
    beside_siblings: BesideSiblings,
    *,
    far: float = 0.15,
    worth: float = 0.1,
) -> Outcome:
    """Ends far worse than comparable runs, beyond the noise between seeds.

    What it measures
    ----------------
    The last validation loss (a score, where no loss was logged) beside that of every other run of the experiment that
    has ended and can be compared: same metric by role and unit, same data where known, three quarters of the parameters
    in common. The yardstick is the improvement that the best of them achieved; the noise is that between runs which
    differ in their seed alone, or where there are none the scatter around a surface through all runs. Where a run
    differs in one parameter alone, its value and what it brought are named; where none does, the value that the surface
    puts highest.

    It says nothing of runs that are still going, were broken off or are controls, where no run is better than guessing,
    and where a validation score beside the loss is as good as the best run's.

    Null: the run comes from the same distribution as the best of the others, of which the best was chosen; one-sided
    95 % interval. Values that are not finite count as the worst. The runs of an experiment are taken to be independent
    of each other; a comparison is renewed when runs have ended, so that it is looked at repeatedly: the size of the
    effect, and not the interval alone, has to be large.

    Why it matters
    --------------
    Two runs that differ in one parameter are an experiment that somebody has paid
    for already. A single curve cannot show that another rate, or twice the units, would have halved the loss.

    What to do
    ----------
    Take the value of the run that did better.

    Thresholds
    ----------
    far : distance from the best run, in units of the improvement which that one achieved, of which a third has to lie
        beyond noise.
    worth : gain of another value of one parameter, in the same units, that is worth a word.

    References
    ----------
    Seminar: "How to find best learning rate?". Hutter, Hoos and Leyton-Brown (2014), ICML: An efficient
    approach for assessing hyperparameter importance. Bouthillier et al. (2021), MLSys: Accounting for variance in
    machine learning benchmarks.
    """
    beside = beside_siblings
    if not beside.far(far):
        return None
    best = next((g for g in beside.gains if g.value >= worth), None)
    message = f"{beside.in_words}" + (f"; {shows(best, beside.comparison.measure)}" if best else "")
    return worse_than_siblings.finding(
        Severity.WARNING,
        0.95 if best is not None and best.alternative.matched is not None else 0.85,
        f"{message} ({beside.as_of})",
        change(best.alternative) if best is not None else "compare its parameters with those of the best run",
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
