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
    advice = f"did you mean {known[near[0]]}?" if near else "`tracker-diag rules` lists all rules"
    raise UnknownPageError(f"no rule or verdict {word[:100]!r}; {advice}")


def _abstention() -> str:
    others = [name for name in precedence() if name != GOOD_FIT]
    return f"""# {ABSTENTION}

The verdict of a run whose curves show neither a problem nor a good fit.

## What it measures

No rule gives this verdict. A run gets it if both of these hold:

- None of {", ".join(others)} was found.
- At least one condition of {GOOD_FIT} is not shown: curves are missing, too short or not finite, or a difference is
  too small to tell from the run's noise.

## Why it matters

A good fit is a claim that must be shown. A run without a verdict may still have a problem. Its other findings, on its
data and its configuration, still count.

## What to do

Read the run's summary: it says what is missing. The report also lists what to log so that more rules can run, starting
with what enables most of them. Most often you need a validation loss, logged once per epoch, or more epochs."""
