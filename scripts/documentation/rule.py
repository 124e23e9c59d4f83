"""The page of a rule: its docstring, two runs that show it, its thresholds, and the observations it weighs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scripts.documentation.drawing import picture
from scripts.documentation.markdown import GENERATED, link, links, plain, source, table
from scripts.documentation.seminar import cited, places
from scripts.documentation.shown import Shown, examples
from tracker_diag.core.finding import Finding
from tracker_diag.core.numbers import figure
from tracker_diag.evidence.registry import EVIDENCE
from tracker_diag.rules.hypothesis import rows
from tracker_diag.rules.registry import all_rules
from tracker_diag.rules.rule import SEMINAR, TALK, Rule

RELATED = 6
_REASONS = {"for": "Because", "against": "Against"}


def page(rule: Rule) -> str:
    """Markdown of one rule."""
    text = rule.sections
    evidence = ", ".join(EVIDENCE[letter] for letter in rule.evidence)
    parts = [
        f"# {rule.code} {rule.name}",
        text[""],
        f"Evidence: {evidence}. Source: [{_path(rule)}]({source(_path(rule))}).",
        *_example(rule),
        *(f"## {heading}\n\n{text[heading]}" for heading in ("What it measures", "Why it matters", "What to do")),
    ]
    if rule.thresholds:
        said = thresholds(rule)
        listed = [(f"`{name}`", f"`{default}`", said.get(name, "")) for name, default in rule.thresholds.items()]
        parts.append("## Thresholds\n\n" + table(("name", "default", "meaning"), listed))
    if rule.likelihoods is not None:
        parts.append(
            "## Likelihoods it weighs\n\n"
            "The likelihood ratio says how many times likelier an observation is if this is the cause than if it is "
            "not: above 1 it points to the cause, below 1 against it "
            "([how causes are scored](/how-it-works/causes.md)). Words in italics stand for values of the run.\n\n"
            + table(("observation", "likelihood ratio", "taken from"), observations(rule.likelihoods))
        )
    parts.append(f"## Leave it out\n\n{_leave_out(rule)}")
    if near := related(rule):
        parts.append(f"## Related rules\n\n{links(near)}")
    parts.append(f"## References\n\n{_references(rule)}")
    return GENERATED + "\n\n".join(part.strip() for part in parts) + "\n"


def pictures(rule: Rule) -> dict[str, str]:
    """The pictures of its page: path below docs/ to SVG."""
    both = examples(rule)
    if both is None or both[0].beyond_curves:
        return {}
    speaks, silent = both
    drawn = {
        _picture(rule.name): picture(speaks.report, speaks.finding(rule)),
        _picture(silent.name): picture(silent.report),
    }
    return {name: svg for name, svg in drawn.items() if svg}


def thresholds(rule: Rule) -> dict[str, str]:
    """What the docstring says of each threshold."""
    parts = re.split(r"^(\w+) :", rule.sections.get("Thresholds", ""), flags=re.MULTILINE)
    return {name: " ".join(said.split()) for name, said in zip(parts[1::2], parts[2::2], strict=True)}


def observations(rows_of: type) -> Iterator[tuple[str, str, str]]:
    """Text, ratio and source of every row of a table of likelihood ratios.

    What is seen of the run shows as its name in italics; a row that sets the cause apart says so.
    """
    for row in rows(rows_of).values():
        ratio = (
            f"{row.value:g}"
            if row.most is None
            else f"{row.value:g} to {row.most:g}, depending on the size of the effect"
        )
        yield named(row.text), ratio, f"{row.source} (few other causes show it)" if row.own else row.source


def named(text: str) -> str:
    """Show what a text leaves to be filled in as its name: ``{rate:g}`` as *rate*."""
    return re.sub(r"\{(\w+)[^}]*\}", lambda gap: f"*{gap[1].replace('_', ' ')}*", text)


def related(rule: Rule) -> list[str]:
    """Names of the rules that people find under the same symptoms, those that share most of them first."""
    shared = {
        other.name: len(set(other.seen_as) & set(rule.seen_as)) for other in all_rules().values() if other is not rule
    }
    return sorted((name for name, n in shared.items() if n), key=lambda name: -shared[name])[:RELATED]


def _example(rule: Rule) -> Iterator[str]:
    both = examples(rule)
    if both is None:
        return
    speaks, silent = both
    finding = speaks.finding(rule)
    if finding is None:
        return
    yield "## Example"
    if pictures(rule):
        yield '<div class="pair" markdown>'
        yield _figure(rule.name, "With this finding", speaks)
        yield _figure(silent.name, "Without it", silent)
        yield "</div>"
        yield "The finding for the first run:"
    else:
        yield f"The finding for an example run ({speaks.about}):"
    yield _said(finding, reasons=bool(pictures(rule)))
    if not pictures(rule) and (seen := list(_evidence(finding))):
        yield "The evidence behind it:"
        yield table(("evidence", "value"), seen)


def _figure(name: str, what: str, run: Shown) -> str:
    return f"![{what}](/{_picture(name)})\n*{what}: {run.about}.*"


def _said(finding: Finding, *, reasons: bool) -> str:
    lines = [f"**{finding.name}** ({finding.severity}): {plain(finding.message)}"]
    for key, word in _REASONS.items() if reasons else ():
        if told := finding.evidence.get(key):
            lines.append(f"{word}: {plain('; '.join(map(str, told)))}")
    if finding.advice:
        lines.append(f"What to do: {plain(finding.advice)}")
    return "\n>\n".join(f"> {line}" for line in lines)


def _evidence(finding: Finding) -> Iterator[tuple[str, str]]:
    """What a finding rests on: the reasons of a cause, or else value by value."""
    for key, word in _REASONS.items():
        yield from ((word, plain(str(reason))) for reason in finding.evidence.get(key, ()))
    if "for" in finding.evidence:
        return
    for key, value in finding.evidence.items():
        if isinstance(value, bool):
            yield f"`{key}`", "yes" if value else "no"
        elif isinstance(value, int | float):
            yield f"`{key}`", figure(value)
        elif isinstance(value, str):
            yield f"`{key}`", plain(value)


def _leave_out(rule: Rule) -> str:
    return (
        f"To leave this rule out for all runs, write `ignore: [{rule.name}]` in `tracker-diag.yaml`. To leave it out "
        f"for one run, set the tag `diag.ignore = {rule.name}` on that run. See "
        "[how to change or leave out rules](/how-to/tune.md)."
    )


def _references(rule: Rule) -> str:
    """The docstring's references; those of the seminar lead to its slides."""
    text = rule.sections["References"]
    at = places()
    for title in sorted(cited(rule) & set(at), key=len, reverse=True):
        words = r"\s+".join(map(re.escape, title.split()))
        text = re.sub(rf'(?<!\[)"({words})"', lambda quoted, to=at[title]: f'["{quoted[1]}"](/seminar.md#{to})', text)
    return re.sub(r"Seminar:\s+", f"{SEMINAR.replace(TALK, f'[{TALK}](/seminar.md)')} ", text)


def _picture(name: str) -> str:
    return f"rules/curves/{name}.svg"


def _path(rule: Rule) -> str:
    return rule.check.__module__.replace(".", "/") + ".py"


def alias(name: str, rule: str) -> str:
    """The page of a cause that is told by a rule of another name."""
    return (
        f"{GENERATED}# {name}\n\n"
        f"The rule {link(rule)} reports this cause. Its page says what it measures and what to do.\n"
    )
