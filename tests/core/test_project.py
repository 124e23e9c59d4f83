"""Where the project lives."""

from __future__ import annotations

import tomllib
from pathlib import Path

from tracker_diag.core.project import REPOSITORY, SITE, rule_page

ROOT = Path(__file__).parents[2]


def test_the_package_says_the_same() -> None:
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]
    assert urls["Documentation"] == SITE
    assert urls["Homepage"] == REPOSITORY


def test_the_page_of_a_rule_is_made_from_a_file() -> None:
    page = rule_page("dead-relu").removeprefix(SITE).strip("/")
    assert (ROOT / "docs" / f"{page}.md").is_file()
