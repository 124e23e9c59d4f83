"""The rules by symptom, by slide, and by what must be logged."""

from __future__ import annotations

import ast
import inspect

from scripts.documentation.markdown import GENERATED, anchor, link, links, table
from scripts.documentation.seminar import cited, deck
from tracker_diag.evidence.registry import EVIDENCE
from tracker_diag.roles.role_names import all_roles, what_to_log
from tracker_diag.rules.registry import all_rules
from tracker_diag.rules.rule import Rule


def index() -> str:
    """The page."""
    rules = all_rules().values()
    return (
        f"{GENERATED}# Rules\n\n"
        f"There are {len(rules)} rules. Find one by [symptom](#by-symptom), by [slide of the seminar]"
        "(#by-slide-of-the-seminar), by [what must be logged](#by-what-must-be-logged), or in the [list of all]"
        "(#all-rules).\n\n"
        + "## By symptom\n\n"
        + table(("what you see", "rules"), ((seen, links(names)) for seen, names in by_symptom().items()))
        + "\n## By slide of the seminar\n\n"
        + table(
            ("slide", "rules"),
            ((f"[{slide}](/seminar.md#{anchor(slide)})", links(names)) for slide, names in by_slide().items()),
        )
        + "\n## By what must be logged\n\n"
        + table(("kind of evidence", "rules that use it"), _by_kind())
        + "\nMetrics and parameters are recognised by their names, whatever these are "
        + "([how roles are told from names](/reference/settings.md#roles)):\n\n"
        + table(("role", "what to log", "rules that read it"), _by_role())
        + "\n## All rules\n\n"
        + table(("code", "rule", "what it means"), ((r.code, link(r.name), r.title) for r in rules))
    )


def by_symptom() -> dict[str, list[str]]:
    """What a person sees to names of rules; those that are seen as nothing in particular come under "other", last."""
    symptoms: dict[str, list[str]] = {}
    for rule in all_rules().values():
        for seen in rule.seen_as:
            symptoms.setdefault(seen, []).append(rule.name)
    other = [rule.name for rule in all_rules().values() if not rule.seen_as]
    return symptoms | ({"other": other} if other else {})


def by_slide() -> dict[str, list[str]]:
    """Slide to names of the rules whose references name it, or a heading on it; one that cites papers only has none."""
    found = {}
    for slide in deck():
        titles = (slide["slide"], *slide.get("parts", ()))
        names = [r.name for r in all_rules().values() if cited(r) & {*titles}]
        if names:
            found[slide["slide"]] = names
    return found


def _by_kind() -> list[tuple[str, str]]:
    return [
        (kind, links(rule.name for rule in all_rules().values() if letter in rule.evidence))
        for letter, kind in EVIDENCE.items()
        if any(letter in rule.evidence for rule in all_rules().values())
    ]


def _by_role() -> list[tuple[str, str, str]]:
    read = {rule.name: words(rule) for rule in all_rules().values()}
    rows = []
    for role in all_roles():
        names = [name for name, said in read.items() if role in said]
        if names:
            rows.append((f"`{role}`", what_to_log(role).removeprefix("log "), links(names)))
    return rows


def words(rule: Rule) -> set[str]:
    """A rule's inputs, and every text in its file: those that are roles are parameters it looks up by name."""
    tree = ast.parse(inspect.getsource(inspect.getmodule(rule.check)))  # type: ignore[arg-type]
    texts = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return texts | set(rule.needs) | set(rule.wants)
