"""The address of a rule's page, for what a report names; rules of other packages have none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from tracker_diag.core.project import rule_page

_DECLARED = re.compile(r'^@rule\(\s*"([A-Z]+\d+)",\s*"([a-z0-9-]+)"(.*?)^def ', re.DOTALL | re.MULTILINE)
# The one verdict that no rule gives.
_ABSTENTION = "insufficient-evidence"
_ALSO = re.compile(r"\balso=\(([^)]*)\)")


def page_of(name: str) -> str:
    """Give the address of the page of a rule, of a verdict or of a cause; empty for those that are not ours.

    Parameters
    ----------
    name : str
        As in ``Finding.name`` or ``Cause.name``, or the code of a rule.
    """
    own = _own().get(name)
    return "" if own is None else rule_page(own)


def name_of(code: str) -> str:
    """Give the name of one of our own rules by its code; the code itself for any other."""
    return _own().get(code, code)


@cache
def _own() -> Mapping[str, str]:
    """Names of our own rules, by their codes, their names and the other names of causes that they tell.

    Read from the text of their files: a report is shown by whoever holds one, and to import the rules would bring
    their statistics along.
    """
    found: dict[str, str] = {}
    for folder in files("tracker_diag").joinpath("rules").iterdir():
        for file in folder.iterdir() if folder.is_dir() else ():
            if file.name.endswith(".py"):
                for code, name, more in _DECLARED.findall(file.read_text(encoding="utf-8")):
                    others = re.findall(r'"([a-z0-9-]+)"', "".join(_ALSO.findall(more)))
                    found |= dict.fromkeys((code, name, *others), name)
    return found | {_ABSTENTION: _ABSTENTION}
