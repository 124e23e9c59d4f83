"""Prescribes widths: the same change for each layer that a run lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tracker_diag.rules.api import Change


def resized(names: Mapping[str, str], params: Mapping[str, Any], to: Callable[[int], int]) -> tuple[Change, ...]:
    """The change of the hidden width, or of all widths if one parameter lists them.

    Empty if each layer has a parameter of its own, or if nothing would change.
    """
    name, widths = names.get("hidden_units", "hidden_units"), params.get("layer_widths")
    if isinstance(widths, tuple) and len(widths) > 1:
        if re.search(r"\d", name):
            return ()
        several = [to(w) for w in widths]
        return (Change(name, list(widths), several),) if several != list(widths) else ()
    width = params.get("hidden_units")
    return (Change(name, width, to(width)),) if isinstance(width, int) and to(width) != width else ()
