"""Where the project lives: its repository, its documentation, and the page of a rule."""

from __future__ import annotations

REPOSITORY = "https://github.com/tracker-diag/tracker-diag"
SITE = "https://tracker-diag.github.io/tracker-diag/"
"""The documentation, made from ``docs`` of the repository; ends in a slash."""


def rule_page(name: str) -> str:
    """Give the address of the page of one of our own rules, or of a verdict.

    Parameters
    ----------
    name : str
        As in ``Finding.name``.
    """
    return f"{SITE}rules/{name}/"
