"""EX908 chance-among-best."""

from __future__ import annotations

from tracker_diag.evidence.chance import Chance
from tracker_diag.rules.api import Outcome, Severity, rule

#: Chances nearer than this to nothing, or to certainty, are not told apart.
RARE = 0.01


@rule("EX908", "chance-among-best", seen_as=("Is this run worth waiting for?",))
def chance_among_best(going: bool, chance: Chance, *, fewest: int = 8, seen: float = 0.1) -> Outcome:
    """The chance that a run which is still going ends among the best quarter of comparable runs.

    What it measures
    ----------------
    The last validation loss (a score, where no loss was logged) that the run is heading for, against the value that
    bounds the best quarter of the comparable runs that have ended. Two forecasts are joined. Its parameters give one,
    by a surface through those runs; each of these is left out in turn, and the forecasts are widened and shifted until
    they hold for them. Its curve gives the other, carried on to the planned length by saturating shapes. Errors have
    Student's distribution with three degrees of freedom, so that where the two contradict each other neither is
    believed blindly.

    No null is tested: it is a forecast, and a forecast is calibrated where of the runs with a chance of 30% three in
    ten end there. Each run of labelled experiments was cut in turn, the others its siblings (`scripts/chance.py`). The
    Brier score (lower is better; 0.19 for always saying a quarter) after a quarter, a half and three quarters of
    the run is 0.034, 0.017 and 0.014 on four experiments that constants were chosen on; 0.071, 0.049 and 0.052 on four
    that were in view meanwhile; 0.053, 0.048 and 0.040 on six that were trained and asked when all stood. Of those six
    experiments' 486 answers, the 312 below 1% never came true and the 59 above 99% always did. In between it is less
    sure of itself than it says: of the 341 below 10% 0.01 came true and of the 92 above 90% 0.92, where 0.00 and 0.99
    were foretold; of the 11 from 10 to 20% four did, of the 15 from 80 to 90% eleven.

    After a tenth of 30 or 40 epochs nothing is said: to carry a curve on takes five values, and what three of them show
    made the forecast better on some experiments and worse on others.

    It takes for granted that the curve goes on as it did, so that a rate which is yet to be annealed brings more than
    is foretold, and that the run comes to its planned length; that runs of an experiment are independent; and that the
    runs which have ended are like those which have not: where a pruner has ended the poor ones early, they are not
    counted, and the best quarter is that of the others.

    NaN: a sibling that was lost counts as the worst; of a run whose own last value is not finite nothing is said here
    (LC108 does), and other values that are not finite are left out. Repeated looks: the answer changes only at the
    rungs of 8, 12, 16, 24, 32, … values, and each look is a forecast of its own, which spends no error. Who stops runs
    at the first low chance stops more of the good ones than that chance says, for of many looks the lowest is taken.

    It is shown, and never acted on: it gives no verdict, no cause and no advice.

    Why it matters
    --------------
    Somebody who waits for a sweep wants to know which of its runs may still win. The eye compares a curve that is going
    with ends it has not come to, and takes every late starter for a loser.

    What to do
    ----------
    Nothing on its account alone. Look first at the runs with a high chance; leave the others to end, or to a pruner
    that was made for it.

    Thresholds
    ----------
    fewest : comparable runs that have ended, from which on a best quarter of them can be told.
    seen : share of the planned length from which on the curve says anything of its end.

    References
    ----------
    Swersky, Snoek and Adams (2014), arXiv:1406.3896, Freeze-thaw Bayesian optimization. Domhan, Springenberg and Hutter
    (2015), IJCAI: Speeding up automatic hyperparameter optimization by extrapolation of learning curves. Brier (1950),
    Monthly Weather Review 78:1.
    """
    del going  # It is asked for so that of a run that has ended nothing is said to be missing.
    compared, progress = chance.comparison, chance.progress
    if compared.runs < fewest or progress.share < seen:
        return None
    if chance.value < RARE:
        said = f"below {RARE:.0%}"
    elif chance.value > 1 - RARE:
        said = f"above {1 - RARE:.0%}"
    else:
        said = f"{chance.value:.0%}"
    bound, ends = (f"{compared.measure.shown(x):.4g}" for x in (chance.foretold.among_best, chance.ends))
    return chance_among_best.finding(
        Severity.INFO,
        0.8,
        f"after {progress.reached:g} of {progress.planned:g} {progress.unit}s the chance to end among the best quarter "
        f"of {compared.runs} comparable runs is {said}: that quarter ends at {bound} or better, and this curve leads "
        f"to {ends} ({compared.of_when})",
        "",
        {
            "chance": chance.value,
            "runs": compared.runs,
            "bound": chance.foretold.among_best,
            "leads_to": chance.ends,
            "seen": progress.share,
        },
    )
