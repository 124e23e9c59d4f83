"""Where the pages of the rules stand in the navigation."""

from __future__ import annotations

from typing import Any

from tracker_diag.rules.registry import all_rules
from tracker_diag.rules.rule import ABSTENTION

#: Folders of rules, in the order in which people look for a trouble.
FOLDERS = {
    "curves": "Learning curves",
    "data": "Data",
    "preprocessing": "Preprocessing",
    "optimisation": "Optimisation",
    "initialisation": "Initialisation",
    "gradients": "Gradients",
    "architecture": "Architecture",
    "regularisation": "Regularisation",
    "boosting": "Boosted trees",
    "experiments": "Other runs",
    "hygiene": "What was logged",
}


def families() -> dict[str, list[str]]:
    """Title of a family of rules to their names, by code; a folder that is not listed comes last, by its own name."""
    found: dict[str, list[str]] = {title: [] for title in FOLDERS.values()}
    for rule in all_rules().values():
        found.setdefault(FOLDERS.get(rule.folder, rule.folder.capitalize()), []).append(rule.name)
    return found


def aliases() -> dict[str, str]:
    """Causes that are not named as the rule that tells them, and that rule's name: reports link to both."""
    return {cause: rule.name for rule in all_rules().values() for cause in rule.also}


def rules() -> list[Any]:
    """The entries, as ``nav`` of mkdocs.yml has them."""
    entries: list[Any] = [{"Rules": "rules/index.md"}]
    entries += [{title: [_entry(name) for name in names]} for title, names in families().items() if names]
    return [*entries, {"No verdict, other names": [_entry(name) for name in (ABSTENTION, *aliases())]}]


def _entry(name: str) -> dict[str, str]:
    return {name: f"rules/{name}.md"}
