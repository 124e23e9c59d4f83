"""EX908 chance-among-best."""

from __future__ import annotations

from tracker_diag.core.numbers import figure
from tracker_diag.evidence.chance import Chance
from tracker_diag.rules.api import Outcome, Severity, rule

#: Chances nearer than this to nothing, or to certainty, are not told apart.
RARE = 0.01


@rule("EX908", "chance-among-best", seen_as=("Is this run worth waiting for?",))
def chance_among_best(going: bool, chance: Chance, *, fewest: int = 8, seen: float = 0.1) -> Outcome:
    """The chance that an unfinished run ends among the best quarter of comparable runs.

    What it measures
    ----------------
    The rule forecasts the last validation loss of the run (a score, if no loss was logged). It compares the forecast
    with the value that bounds the best quarter of the comparable runs that have ended. Two forecasts are combined. The
    first comes from the run's parameters, by a surface fitted to the other runs. Each of those runs is left out in
    turn, and the forecasts are widened and shifted until they hold for them. The second extends the run's curve to the
    planned length by saturating shapes. Errors have Student's distribution with three degrees of freedom, so that
    neither forecast is trusted blindly if the two contradict each other.

    No null hypothesis is tested, because this is a forecast. A forecast is calibrated if three in ten of the runs with
    a chance of 30% end in the best quarter. To measure that, each run of labelled experiments was cut in turn, with the
    others as its siblings (`scripts/chance.py`). The Brier score (lower is better; 0.19 for always saying 25%) was
    taken after a quarter, a half and three quarters of the run. It is 0.034, 0.017 and 0.014 on the four experiments on
    which the constants were chosen. It is 0.071, 0.049 and 0.052 on four that were in view during development. It is
    0.053, 0.048 and 0.040 on six that were trained and evaluated after everything was fixed.

    Those six experiments gave 486 answers. The 312 below 1% never came true, and the 59 above 99% always did. In
    between, the forecast is too confident. Of the 341 answers below 10%, a share of 0.01 came true, and of the 92 above
    90% a share of 0.92; the forecasts were 0.00 and 0.99. Of the 11 answers from 10% to 20%, four came true, and of the
    15 from 80% to 90%, eleven.

    After a tenth of 30 or 40 epochs the rule says nothing. Extending a curve takes five values; three values improved
    the forecast on some experiments and worsened it on others.

    The forecast assumes that the curve goes on as before, so a learning rate that is still to be annealed brings more
    than forecast. It assumes that the run reaches its planned length, and that the runs of an experiment are
    independent. It also assumes that ended runs are like running ones. If a pruner ended poor runs early, they are not
    counted, and the best quarter is that of the others.

    NaN: a sibling that diverged counts as the worst. If the run's own last value is not finite, this rule says nothing
    (LC108 does), and other values that are not finite are left out. Repeated looks: the answer changes only at 8, 12,
    16, 24, 32, … values, and each look is a forecast of its own. If you stop runs at the first low chance, you stop
    more of the good ones than that chance says, because you act on the lowest of many looks.

    The chance changes nothing else in the report: no verdict, no cause and no advice depends on it.

    Why it matters
    --------------
    While a sweep is running, you want to know which of its runs may still win. It is tempting to compare an unfinished
    curve with the final values of finished runs, and then every run that starts slowly looks bad.

    What to do
    ----------
    Do not act on this alone. Look first at the runs with a high chance. Let the others finish, or use a pruner that was
    made to stop them.

    Thresholds
    ----------
    fewest : number of ended comparable runs that are needed to name a best quarter.
    seen : share of the planned length that must be done before a chance is given.

    References
    ----------
    Swersky, Snoek and Adams (2014), arXiv:1406.3896, Freeze-thaw Bayesian optimization. Domhan, Springenberg and Hutter
    (2015), IJCAI: Speeding up automatic hyperparameter optimization by extrapolation of learning curves. Brier (1950),
    Monthly Weather Review 78:1.
    """
    del going  # It is asked for so that nothing is called missing for a run that has ended.
    compared, progress = chance.comparison, chance.progress
    if compared.runs < fewest or progress.share < seen:
        return None
    if chance.value < RARE:
        said = f"less than {RARE:.0%}"
    elif chance.value > 1 - RARE:
        said = f"over {1 - RARE:.0%}"
    else:
        said = f"{chance.value:.0%}"
    bound, ends = (figure(compared.measure.shown(x)) for x in (chance.foretold.among_best, chance.ends))
    what, better = compared.measure.said, "above" if compared.measure.metric.better == "max" else "below"
    return chance_among_best.finding(
        Severity.INFO,
        0.8,
        f"{said} chance of ending in the best quarter of {compared.runs} comparable runs: after {progress.reached:g} "
        f"of {progress.planned:g} {progress.unit}s, {what} is heading for {ends}, and the best quarter ended at "
        f"{bound} or {better} ({compared.of_when})",
        "",
        {
            "chance": chance.value,
            "runs": compared.runs,
            "bound": chance.foretold.among_best,
            "leads_to": chance.ends,
            "seen": progress.share,
        },
    )
