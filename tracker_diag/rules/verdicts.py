"""The words of verdicts, and which of several findings gives the one of a run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from tracker_diag.rules.registry import all_rules
from tracker_diag.rules.rule import ABSTENTION

#: The verdict that takes more than its own finding: no other finding on curves may be above info.
GOOD_FIT = "good-fit"


def precedence() -> Mapping[str, str]:
    """List the verdicts and why each stands where it does, the first that was found being the verdict of a run.

    What makes the others meaningless comes before them.
    """
    placed = [(r.verdict, r.name) for r in all_rules().values() if r.verdict and r.verdict.precedence < math.inf]
    return MappingProxyType({name: place.why for place, name in sorted(placed, key=lambda x: x[0].precedence)})


def verdicts() -> frozenset[str]:
    """Every verdict that a run can have with the rules that are installed."""
    return frozenset({*precedence(), ABSTENTION})
