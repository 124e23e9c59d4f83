"""How the engine decides: the verdict, and the ranking of causes."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator

from scripts.documentation.markdown import GENERATED, link, table
from tracker_diag.engine import causes as ranking
from tracker_diag.engine import verdict as competing
from tracker_diag.rules import hypothesis
from tracker_diag.rules.registry import all_rules
from tracker_diag.rules.rule import ABSTENTION, Rule
from tracker_diag.rules.verdicts import GOOD_FIT, precedence


def verdict() -> str:
    """The page on the verdict."""
    info, cause = (" ".join(part.split()) for part in _paragraphs(competing.verdict)[1:3])
    reasons = "\n".join(f"- {reason}" for reason in _reasons())
    return (
        f"{GENERATED}# The verdict\n\n"
        "Each run gets one verdict. Several rules on learning curves may find something in the same run, so the table "
        "below decides which finding becomes the verdict: the one with the lowest place. A finding has an earlier "
        "place as a warning or an error than as an info.\n\n"
        + table(
            ("verdict", "place as a warning or an error", "place as an info", "why it stands here"),
            (
                (link(name), *map(str, order), why)
                for (name, why), order in zip(precedence().items(), places(), strict=True)
            ),
        )
        + f"\n{info}\n\n"
        "## Where the curves are not enough\n\n"
        f"{cause}\n\n"
        "## When there is none\n\n"
        f"The verdict is {link(ABSTENTION)} if no rule found one. The summary then says what is missing (… stands for "
        "values of the run):\n\n"
        f"{reasons}\n"
        "- the condition of a good fit that is not shown, and how much of the planned training was done, if that is "
        "known\n\n"
        "A rule that lacks an input does not guess. It is skipped, and the report says what to log.\n\n"
        "## Folded findings\n\n"
        "A warning or an error as the verdict often explains other findings on the curves that are no more severe. "
        "These are folded: they stay in the report, below the others.\n"
    )


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
        "Causes say why a run shows its verdict, and this page says how they are ranked. "
        f"{' '.join(_paragraphs(ranking)[1].split())} [Accuracy](/how-it-works/accuracy.md) says how often the first "
        "cause is right, by its score.\n\n"
        f"- Odds: {_prose(hypothesis.Hypothesis.odds).lower()}\n"
        "- A signature is an observation that few other causes show. The rule's page marks it.\n"
        f"- {_attributes(hypothesis.Observation)['ratio']}\n"
        "- Each rule's page lists the observations that it weighs. They are assumed to be independent given the cause, "
        "and given its absence. A rule counts an observation once.\n\n"
        "The constants of the ranking:\n\n" + table(("constant", "value", "meaning"), _constants()) + "\n"
        'The "next evidence" of a report is what would confirm or exclude one of its first two causes.\n\n'
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


def _attributes(kind: type) -> dict[str, str]:
    """What a class's docstring says of each attribute."""
    lines = inspect.cleandoc(kind.__doc__ or "").split("Attributes\n----------\n")[-1].splitlines()
    said: dict[str, str] = {}
    name = ""
    for line in lines:
        if line and not line.startswith(" "):
            name = line.split(" :")[0]
        elif name:
            said[name] = (said.get(name, "") + " " + line.strip()).strip()
    return said


def _paragraphs(thing: object) -> list[str]:
    return inspect.cleandoc(inspect.getdoc(thing) or "").replace("``", "`").split("\n\n")


def _prose(thing: object) -> str:
    return " ".join(inspect.cleandoc(inspect.getdoc(thing) or "").split()).replace("``", "`")


def _reasons() -> list[str]:
    """The sentences that ``why_abstained`` may answer with."""
    tree = ast.parse(inspect.getsource(competing.why_abstained))
    said = []
    returns = [node for node in ast.walk(tree) if isinstance(node, ast.Return)]
    for node in sorted(returns, key=lambda node: node.lineno):
        if isinstance(node.value, ast.Constant | ast.JoinedStr):
            parts = node.value.values if isinstance(node.value, ast.JoinedStr) else [node.value]
            said.append("".join(str(p.value) if isinstance(p, ast.Constant) else "…" for p in parts))
    # One that is made of values alone says nothing here.
    return [reason for reason in said if re.search(r"\w{3}", reason)]
