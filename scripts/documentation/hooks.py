"""What MkDocs does besides with the pages: rules in the navigation, flowcharts as SVG, formulas as MathML.

The pages stay plain Markdown as GitHub shows it: a ``mermaid`` block, a formula between ``$$`` or ``$`` and backticks.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

# MkDocs loads this file by its path, from wherever it runs.
sys.path.insert(0, str(Path(__file__).parents[2]))

from latex2mathml.converter import convert

from scripts.documentation.flowchart import svg
from scripts.documentation.navigation import rules

RULES = "RULES"
DOCS = Path(__file__).parents[2] / "docs"
#: How much a search favours a page. Tables of measurements hold the words of every rule and would come before its page.
BOOSTS = {
    "changelog.md": 0.5,
    "how-it-works/calibration.md": 0.5,
    "how-it-works/likelihoods.md": 0.5,
    "how-it-works/mutants.md": 0.5,
    "how-it-works/performance.md": 0.5,
    "how-it-works/prescriptions.md": 0.5,
    "how-it-works/probes-shown.md": 0.5,
}
#: What people type who look for a page whose title has other words; the list of results shows them beside it.
KEYWORDS = {
    "how-it-works/accuracy.md": ["how often it is right", "false alarms"],
    "how-it-works/verdict.md": ["what a verdict means"],
    "how-to/extend.md": ["custom rule", "write a rule"],
    "how-to/remove.md": ["clean", "delete tags"],
    "how-to/schedule.md": ["nightly"],
    "how-to/tune.md": ["ignore a rule", "disable a rule"],
    "rules/diverged.md": ["NaN loss"],
    "safety.md": ["read only", "permissions", "what it writes", "privacy"],
    "security-policy.md": ["report a vulnerability"],
}
_FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)


def on_config(config: Any) -> Any:
    """Put the pages of the rules where the navigation has the word RULES."""
    config["nav"] = [
        {title: rules() if entry == RULES else entry for title, entry in part.items()} for part in config["nav"]
    ]
    return config


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Draw what no page of ours may ask another server to draw, and say how high a search places the page."""
    path = page.file.src_uri
    if path in BOOSTS:
        page.meta["search"] = {"boost": BOOSTS[path]}
    if path in KEYWORDS:
        page.meta["tags"] = KEYWORDS[path]
    markdown = re.sub(r"!\[([^\]]*)\]\((curves/[\w.-]+\.svg)\)", lambda m: _curves(m[2]), markdown)
    drawn = re.sub(r"^```mermaid\n(.*?)^```$", lambda m: _figure(svg(m[1])), markdown, flags=re.MULTILINE | re.DOTALL)
    parts, end = [], 0
    for fence in _FENCE.finditer(drawn):
        parts += [_formulas(drawn[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, _formulas(drawn[end:])])


def _formulas(text: str) -> str:
    text = re.sub(r"^\$\$\n?(.+?)\n?\$\$$", lambda m: _figure(convert(m[1], display="block")), text, flags=re.M | re.S)
    return re.sub(r"\$`(.+?)`\$", lambda m: f"<span>{convert(m[1])}</span>", text)


def _curves(path: str) -> str:
    """A picture of curves as part of the page, where the style sheet colours it for light and for dark."""
    svg = (DOCS / "rules" / path).read_text(encoding="utf-8").strip()
    return re.sub(r"<style>.*?</style>", "", svg.replace("<svg ", '<svg class="curves" ', 1))


def _figure(drawn: str) -> str:
    return f'<div class="drawn">{drawn}</div>'
