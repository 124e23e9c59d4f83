"""The entry to the documentation: rules by symptom, by slide, and by what must be logged."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

from scripts.documentation.markdown import GENERATED, link, links, table
from scripts.documentation.seminar import deck
from tracker_diag.evidence.registry import EVIDENCE
from tracker_diag.roles.role_names import all_roles, what_to_log
from tracker_diag.rules.registry import all_rules
from tracker_diag.rules.rule import Rule

_DOCS = Path(__file__).parents[2] / "docs"

PAGES = {
    "verdict.md": "how findings compete for the verdict, and when there is none",
    "causes.md": "how causes are scored, with every rule's prior",
    "configuration.md": "what may be set, where, and how to leave a rule out",
    "inputs.md": "what a rule may ask for, with units and kinds of evidence",
    "names.md": "which metric of a run is taken for which curve, shown on real sets of names",
    "safety.md": "what is written and what never is, what a bad run or server can do, limits, secrets",
    "signals.md": "the keys that the callbacks log, with their units",
    "seminar.md": "each statement of the seminar, the rule that implements it, the test that shows it",
}


def index() -> str:
    """The page."""
    rules = all_rules().values()
    return (
        f"{GENERATED}# Documentation\n\n"
        + "".join(f"- [{name.removesuffix('.md')}]({name}): {about}\n" for name, about in PAGES.items())
        + "".join(f"- [{path.stem}]({path.name}): {_title(path)}\n" for path in _written())
        + "- By [symptom](#by-symptom), by [slide](#by-slide-of-the-seminar), by [what must be logged]"
        + "(#by-what-must-be-logged), or [all rules](#all-rules)\n\n"
        + "## By symptom\n\n"
        + table(("what you see", "rules"), ((seen, links(names)) for seen, names in by_symptom().items()))
        + "\n## By slide of the seminar\n\n"
        + table(("slide", "rules"), ((slide, links(names)) for slide, names in by_slide().items()))
        + "\n## By what must be logged\n\n"
        + table(("kind of evidence", "rules that use it"), _by_kind())
        + "\nOf metrics and parameters, whatever their names "
        + "([roles are told from names](configuration.md#roles)):\n\n"
        + table(("role", "what to log", "rules that read it"), _by_role())
        + "\n## All rules\n\n"
        + table(("code", "rule", "what it means"), ((r.code, link(r.name), r.title) for r in rules))
    )


def _written() -> list[Path]:
    """The pages that are not made from the code."""
    return [path for path in sorted(_DOCS.glob("*.md")) if path.name not in PAGES and path.name != "README.md"]


def _title(path: Path) -> str:
    return path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")


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


def cited(rule: Rule) -> set[str]:
    """What a rule's references quote of the seminar: nothing where they name papers only."""
    _, _, seminar = " ".join(rule.sections.get("References", "").split()).partition("Seminar:")
    return set(re.findall(r'"([^"]+)"', seminar))


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
