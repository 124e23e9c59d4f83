"""The inputs of one run, each computed once and only if a rule asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.evidence.registry import Input, all_inputs


class Values:
    """What the inputs are for one run.

    Parameters
    ----------
    given : mapping of str to object
        The inputs that are not computed from others. None stands for "the run does not hold it".
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._inputs = all_inputs()
        self._known = dict(given)

    def give(self, name: str, value: Any) -> None:
        """Set an input that is known only now."""
        self._known[name] = value

    def get(self, name: str) -> Any:
        """The value of an input, or None."""
        known = self._known
        if name not in known:
            known[name] = self._computed(self._inputs[name])
        return known[name]

    def _computed(self, found: Input) -> Any:
        arguments = {}
        for name in found.needs:
            arguments[name] = self.get(name)
            if arguments[name] is None:
                return None
        for name in found.wants:
            arguments[name] = self.get(name)
        return None if found.compute is None else found.compute(**arguments)

    def missing(self, name: str) -> Input:
        """What a missing input lacks: the first of its needs that is missing, and so on; itself where it has them."""
        found = self._inputs[name]
        lacking = next((need for need in found.needs if self.get(need) is None), None)
        return found if lacking is None else self.missing(lacking)
