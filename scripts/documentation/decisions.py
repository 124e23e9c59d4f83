"""How the engine decides: the verdict, and the ranking of causes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from scripts.documentation.markdown import GENERATED, link, table
from tracker_diag.engine import causes as ranking
from tracker_diag.rules import hypothesis
from tracker_diag.rules.registry import all_rules
from tracker_diag.rules.rule import ABSTENTION, UNSETTLED, Rule
from tracker_diag.rules.verdicts import GOOD_FIT, precedence

MEANINGS = Path(__file__).with_name("verdicts.yaml")
#: What ``tracker_diag.engine.verdict.why_abstained`` may answer, in the order in which it asks.
_MISSING = (
    f"losses do not settle in {', '.join(UNSETTLED[:-1])} or {UNSETTLED[-1]} training, so they show no good fit",
    "no loss or score with at least 2 values was found; the summary names the metrics that were logged",
    "the run is still going, and fewer than 8 values are logged so far",
    "the curve has fewer than 4 finite values",
    "the curves have not improved on their first values",
    "one condition of a good fit is not shown; the summary names it, and how much of the planned training was done",
    "no rule reached a verdict",
)


def verdict() -> str:
    """The page on the verdict."""
    reasons = "\n".join(f"- {reason}" for reason in _MISSING)
    return (
        f"{GENERATED}# The verdict\n\n"
        "Each run gets one verdict:\n\n"
        + table(
            ("verdict", "what it means", "what to do first"),
            ((link(name), said["means"], said["first"]) for name, said in meanings().items()),
        )
        + "\n## Which finding becomes the verdict\n\n"
        "Several rules on learning curves may find something in the same run. The finding with the lowest place in "
        "this table becomes the verdict. A warning or an error has an earlier place than an info.\n\n"
        + table(
            ("verdict", "place as a warning or an error", "place as an info", "why it stands here"),
            (
                (link(name), *map(str, order), why)
                for (name, why), order in zip(precedence().items(), places(), strict=True)
            ),
        )
        + "\nA finding of severity `info` does not replace a good fit. Examples are a run that is accurate but "
        "overconfident, and a run that is still going. It becomes the verdict only if the run shows no good fit.\n\n"
        "## Where the curves are not enough\n\n"
        "Sometimes the curves alone look like a good fit, or decide nothing, and the first cause is a warning. Then "
        "the run gets the verdict that this cause names. Such a cause rests partly on the curves: on a plateau that "
        "was reached early, or on a gap of medium size. The configuration settles which problem they show. A cause "
        "that does not rest on the curves leaves the verdict as it is.\n\n"
        "## When there is none\n\n"
        f"If no rule found a verdict, it is {link(ABSTENTION)}. The summary then says what is missing:\n\n"
        f"{reasons}\n\n"
        "A rule that lacks an input does not guess. It is skipped, and the report says what to log.\n\n"
        "## Folded findings\n\n"
        "If the verdict is a warning or an error, it often explains other findings on the curves that are no more "
        "severe. These are folded: they stay in the report, below the others.\n"
    )


def meanings() -> dict[str, dict[str, str]]:
    """For each verdict what it means (``means``) and what to do first (``first``)."""
    said: dict[str, dict[str, str]] = yaml.safe_load(MEANINGS.read_text(encoding="utf-8"))
    return said


def places() -> list[tuple[int | str, int | str]]:
    """For each verdict in its order: when it is asked for as a warning or an error, and when as an info."""
    troubles = [name for name in precedence() if name != GOOD_FIT]
    before = len(troubles) + 1
    return [
        ("–", f"{before}, as ok") if name == GOOD_FIT else (troubles.index(name) + 1, before + 1 + troubles.index(name))
        for name in precedence()
    ]


def causes() -> str:
    """The page on causes."""
    rows = sorted(((r.thresholds["prior"], r) for r in _with_prior()), key=lambda x: (-x[0], x[1].code))
    return (
        f"{GENERATED}# Causes\n\n"
        "A cause says why a run shows its verdict. This page says how causes are ranked.\n\n"
        "Each cause is a hypothesis with prior odds. Its rule adds a likelihood ratio for each observation in the run. "
        "A ratio above 1 speaks for the cause, one below 1 against it. The odds of a cause are its prior odds times "
        "all its likelihood ratios.\n\n"
        'The score of a cause is its odds, divided by n plus the odds of all reported causes. n stands for "none of '
        'these". The score would be a probability if the run had exactly one main cause, and if priors and ratios were '
        "measured on runs like it. Neither holds, so the score orders the causes and is not a probability. "
        "[Accuracy](/how-it-works/accuracy.md) says how often the first cause is right, by its score.\n\n"
        "- Each rule's page lists the observations that it weighs. They are assumed to be independent of each other, "
        "given the cause and given its absence. A rule counts an observation once.\n"
        "- A sign of its own is an observation that hardly any other cause leaves. The rule's page marks it.\n"
        "- Causes in the data leave traces in a learning curve that other causes leave too. If nothing sets such a "
        "cause apart, its ratios from curves multiply to `SHARED_MOST` at most.\n\n"
        "The constants of the ranking:\n\n" + table(("constant", "value", "meaning"), _constants()) + "\n"
        'Under "Next:", a report says what would confirm or exclude one of its first two causes.\n\n'
        "## Priors\n\n"
        "The prior odds hold before anything is seen of the run. Each is a threshold (`prior`) of its rule, and can be "
        "set.\n\n" + table(("cause", "prior odds"), ((link(rule.name), f"{prior:g}") for prior, rule in rows))
    )


def _constants() -> Iterator[tuple[str, str, str]]:
    """The constants of the ranking and of what it weighs, with the comments before them."""
    source = inspect.getsource(ranking) + inspect.getsource(hypothesis)
    for comment, name, value in re.findall(r"((?:^#: .*\n)+)^(\w+) = (.+)$", source, re.MULTILINE):
        yield f"`{name}`", value, " ".join(comment.replace("#:", " ").split())


def _with_prior() -> list[Rule]:
    return [rule for rule in all_rules().values() if "prior" in rule.thresholds]
