"""The page of a rule or a verdict, by whatever it is called."""

from __future__ import annotations

from difflib import get_close_matches

from tracker_diag.rules.registry import all_rules, find_rule
from tracker_diag.rules.rule import ABSTENTION
from tracker_diag.rules.spelling import normal
from tracker_diag.rules.verdicts import GOOD_FIT, precedence


class UnknownPageError(ValueError):
    """There is neither a rule nor a verdict of this name; one line that gives one spelt nearly so, if any."""


def page(word: str) -> str:
    """Find the page of a rule, or of a verdict.

    Parameters
    ----------
    word : str
        A code, the name of a rule, of a cause that one tells, or of a verdict, in any spelling.

    Returns
    -------
    str
        Markdown.

    Raises
    ------
    UnknownPageError
        If there is none.
    """
    found = find_rule(word)
    if found is not None:
        return found.page
    if normal(word) == normal(ABSTENTION):
        return _abstention()
    known = {normal(name): name for r in all_rules().values() for name in (r.name, r.code)}
    known[normal(ABSTENTION)] = ABSTENTION
    form = normal(word)
    near = [name for name in known if form and name.startswith(form)] or get_close_matches(form, known, n=1)
    advice = f"the nearest is {known[near[0]]}" if near else "`tracker-diag rules` lists all"
    raise UnknownPageError(f"no rule or verdict {word[:100]!r}; {advice}")


def _abstention() -> str:
    others = [name for name in precedence() if name != GOOD_FIT]
    return f"""# {ABSTENTION}

The verdict of a run whose curves neither show a trouble nor a good fit.

## What it measures

It is no finding, and no rule gives it. It stands where none of {", ".join(others)} was found, and not every condition
of {GOOD_FIT} is shown: curves that are missing, too short or not finite, or a difference that is smaller than what the
run's noise allows to tell.

## Why it matters

A good fit is a claim that has to be shown. A run that was not judged is not a run in which nothing is wrong: its other
findings, on its data and its configuration, still count.

## What to do

Read the run's summary: it says what is missing. The report lists what to log so that further rules can speak, what
enables most of them first. Most often that is a loss on validation data, logged once an epoch, or more epochs."""
