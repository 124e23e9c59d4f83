"""What the likelihood ratios and the priors of the rules are worth: measured on labelled runs, and on tasks left out.

The runs are those of tests/data with a labelled cause, experiments beside their siblings. Ratios are counted, shrunk to
the judged ones, and put in their place where a task was left out; what gains nothing there stays judged. Nothing is
changed in the rules.

    scripts/weigh                                print the tables
    scripts/weigh --also FILE …                  count further files of labelled runs, each as one task
    scripts/weigh --docs docs/how-it-works/likelihoods.md  write the table of all ratios into the page
    scripts/weigh --accuracy docs/how-it-works/accuracy.md  write how often the cause named first is right
    scripts/weigh --left-out FILE                and what its score is worth on runs that nobody tuned on
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.accuracy import share
from scripts.between import write_between
from scripts.documentation.markdown import link, placed, table
from scripts.documentation.rule import observations
from scripts.first_causes import causes_of
from scripts.heard import DRAWN, Heard, hear_all, hear_set
from scripts.left_out import Change, Figures, Trial, figures
from scripts.ratios import FEWEST, Cause, Estimate, Key, Weights, fit, tabled, tally, weights
from scripts.together import fit_together, spoken

#: Ways to measure, by what they are called in the tables.
COUNTED, TOGETHER, PRIORS = "ratios counted", "ratios fitted together", "priors counted"
NO_GAIN = "judged: the measured one gains nothing on tasks left out"


@dataclass(frozen=True)
class Measured:
    """Everything that was measured, but for the tables.

    Attributes
    ----------
    runs : sequence of Heard
    causes : mapping of str to Cause
        Rules with tables, by code.
    fitted : mapping of Key to Estimate
        From all tasks.
    together : mapping of Key to float
        What fitting together would multiply the judged ratios by.
    trials : mapping of str to Trial
        By way to measure.
    by_task, by_set : mapping of str to mapping of str to Change
        By way to measure and code: what changes with the run's task left out, and with its set left out.
    """

    runs: Sequence[Heard]
    causes: Mapping[str, Cause]
    fitted: Mapping[Key, Estimate]
    together: Weights
    trials: Mapping[str, Trial]
    by_task: Mapping[str, Mapping[str, Change]]
    by_set: Mapping[str, Mapping[str, Change]]

    def gains(self, way: str, code: str) -> bool:
        """Whether what this way measures for a cause is worth using."""
        return self.by_task[way][code].gains and self.by_set[way][code].rises


def measure(runs: Sequence[Heard]) -> Measured:
    """Count, fit, and try on tasks left out."""
    causes = tabled()
    counted = [run for run in runs if run.held_in != DRAWN]
    counts, said = tally(counted, causes), spoken(counted, causes)
    ways = {
        COUNTED: lambda without: weights(fit(counts, causes, without)),
        TOGETHER: lambda without: fit_together(said, without),
        PRIORS: lambda without: weights(fit(counts, causes, without), priors=True),
    }
    trials = {way: Trial(runs, how, tuple(causes)) for way, how in ways.items()}
    return Measured(
        runs,
        causes,
        fit(counts, causes),
        fit_together(said),
        trials,
        {way: trial.changes() for way, trial in trials.items()},
        {way: trial.changes(sets=True) for way, trial in trials.items()},
    )


def why(key: Key, estimate: Estimate | None, found: Measured) -> str:
    """What is used of a row, or of a prior, and why."""
    ways = (COUNTED, TOGETHER) if key.row else (PRIORS,)
    if estimate is None:
        held = found.fitted.get(Key(key.code))
        return "judged: never seen in labelled runs" if held else "judged: no labelled run holds the cause"
    if estimate.count.times_seen < FEWEST:
        return "judged: seen in fewer than ten runs"
    if estimate.count.held < FEWEST:
        return "judged: fewer than ten runs hold the cause"
    if any(found.gains(way, key.code) for way in ways):
        return "measured"
    if estimate.low <= estimate.judged <= estimate.high:
        return "judged: lies in the interval"
    if any(found.by_task[way][key.code].gains for way in ways):
        return "judged: the measured one gains on tasks of one set alone"
    return NO_GAIN


# -- tables --------------------------------------------------------------------------------------------------------


def page(found: Measured) -> str:
    """Everything that docs/how-it-works/likelihoods.md says of it."""
    labelled = [run for run in found.runs if run.causes]
    sets = Counter(run.held_in for run in labelled)
    counted = [run for run in labelled if run.held_in != DRAWN]
    reasons = Counter(why(key, found.fitted.get(key), found) for key in keys(found.causes))
    told = "; ".join(f"{reason} {n}" for reason, n in reasons.most_common())
    parts = (
        f"Made by `scripts/weigh`: {len(counted)} runs with a labelled cause, of "
        f"{len({run.task for run in counted})} tasks "
        f"({', '.join(f'{name} {n}' for name, n in sets.items() if name != DRAWN)}). {DRAWN.capitalize()} are "
        f"{sets[DRAWN]} runs drawn from crossed; they are ranked, but not counted.",
        f"Of {len(found.causes)} causes with {reasons.total()} rows: {told}.",
        f"Causes for which the measured values are worth using, by tasks and by sets left out: {_worth(found)}.",
        "## What the measured values would bring",
        "Each cell gives the share of runs with a true cause first / among the first three, and then the number of "
        "sound runs with a warning.",
        *(_gains(way, trial) for way, trial in found.trials.items()),
        "By cause: + counts the runs in which a true cause comes first that did not before, − the reverse. In brackets "
        "are the numbers of tasks that do better and worse. Causes for which nothing changes are left out.",
        _changes(found),
        "## Ratios",
        ratios(found),
        "## Priors",
        priors(found),
    )
    return "\n\n".join(part.strip() for part in parts)


def _worth(found: Measured) -> str:
    """For each way to measure, the causes that gain."""
    gaining = {
        way: [cause.rule.name for code, cause in found.causes.items() if found.gains(way, code)] for way in found.trials
    }
    return "; ".join(f"{way}, {', '.join(names) or 'no cause'}" for way, names in gaining.items())


def keys(causes: Mapping[str, Cause]) -> list[Key]:
    """Every row of every table."""
    return [Key(code, name) for code, cause in causes.items() for name in cause.rows]


def _gains(way: str, trial: Trial) -> str:
    looks = {
        "judged": trial.judged(),
        "measured, in sample": trial.in_sample(),
        "task left out": trial.task_left_out(),
        "set left out": trial.set_left_out(),
        "causes that gain, task left out": trial.chosen_left_out(),
    }
    sets = list(dict.fromkeys(run.held_in for run in trial.runs))
    rows = {name: [name] for name in sets} | {f"all but {DRAWN}": [name for name in sets if name != DRAWN]}
    seen = {row: [figures(trial.runs, answers, chosen) for answers in looks.values()] for row, chosen in rows.items()}
    return f"**{way.capitalize()}**:\n\n" + table(
        ("set", *looks), ((row, *map(_figures, cells)) for row, cells in seen.items())
    )


def _figures(f: Figures) -> str:
    return f"{share(f.first)} / {share(f.three)}; {f.warned}"


def _changes(found: Measured) -> str:
    lines = []
    for code, cause in found.causes.items():
        both = [(found.by_task[way][code], found.by_set[way][code]) for way in found.trials]
        if any(change.gained or change.lost or change.alarms for pair in both for change in pair):
            lines.append((link(cause.rule.name), *(_change(change) for pair in both for change in pair)))
    head = [f"{way}, {left} left out" for way in found.trials for left in ("task", "set")]
    return table(("cause", *head), lines)


def _change(change: Change) -> str:
    if not (change.gained or change.lost or change.alarms):
        return "–"
    better, worse = (sum(way * n > 0 for n in change.tasks.values()) for way in (1, -1))
    alarms = f"; sound runs warned {change.alarms:+d}" if change.alarms else ""
    return f"+{change.gained} −{change.lost} ({better}, {worse}){alarms}"


def ratios(found: Measured) -> str:
    """One line a row of every rule's table."""
    lines = []
    for code, cause in found.causes.items():
        for name, (text, judged, source) in zip(cause.rows, observations(cause.table), strict=True):
            key = Key(code, name)
            together = found.together.get(key)
            estimate = found.fitted.get(key)
            cells = _measured(estimate, grows=cause.rows[name].most is not None)
            if estimate is None and (prior := found.fitted.get(Key(code))):
                cells = (f"0 of {prior.count.held:g}", f"0 of {prior.count.without:g}", *cells[2:])
            lines.append(
                (
                    link(cause.rule.name),
                    f"`{name}`: {text} ({source})",
                    judged,
                    *cells,
                    "–" if together is None else f"× {together:.2g}",
                    why(key, estimate, found),
                )
            )
    head = ("cause", "observation", "judged", "seen with the cause", "without it", "in", "measured", "shrunk")
    return table((*head, "fitted together", "used, and why"), lines)


def priors(found: Measured) -> str:
    """One line a cause."""
    lines = []
    for code, cause in found.causes.items():
        key = Key(code)
        estimate = found.fitted.get(key)
        held, _, where, measured, shrunk = _measured(estimate, grows=False)
        said = why(key, estimate, found)
        lines.append((link(cause.rule.name), f"{cause.prior:g}", held, where, measured, shrunk, said))
    head = ("cause", "judged odds", "runs that hold it", "in", "measured", "shrunk", "used, and why")
    return table(head, lines)


def _measured(e: Estimate | None, *, grows: bool) -> tuple[str, str, str, str, str]:
    if e is None:
        return ("–",) * 5
    c = e.count
    sets = ", ".join(f"{name} {n}" for name, n in sorted(c.sets.items()))
    shrunk = two(e.shrunk) + (f" (of those seen, judged {two(e.judged)})" if grows else "")
    measured = f"{two(e.measured)} ({two(e.low)} to {two(e.high)})"
    return f"{c.seen:g} of {c.held:g}", f"{c.seen_without:g} of {c.without:g}", sets, measured, shrunk


def two(value: float) -> str:
    """A number with two digits that count.

    >>> two(1234.5), two(24.4), two(0.0123), two(3.0)
    ('1200', '24', '0.012', '3')
    """
    if value < 100:
        return f"{value:.2g}"
    places = math.floor(math.log10(value)) - 1
    return f"{round(value, -places):.0f}"


def main() -> None:
    """Read the options, hear the runs, print, and write the pages if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--also", type=Path, nargs="+", default=[], help="further files, which the project may not hold"
    )
    parser.add_argument("--left-out", type=Path, help="a file of runs that nobody tuned on: the scores of their causes")
    parser.add_argument("--docs", type=Path, help="write the table of all ratios into this page")
    parser.add_argument("--accuracy", type=Path, help="write what is first, and how often rightly, into this page")
    options = parser.parse_args()
    runs = hear_all(options.also)
    unseen = hear_set(options.left_out, "left out") if options.left_out else []
    causes = causes_of(runs, unseen)
    print(causes)
    if options.accuracy:
        write_between(options.accuracy, "causes", causes)
    if options.accuracy and not options.docs:
        return
    text = page(measure(runs))
    print(text)
    if options.docs:
        write_between(options.docs, "weigh", placed(f"{options.docs.parent.name}/{options.docs.name}", text))


if __name__ == "__main__":
    main()
