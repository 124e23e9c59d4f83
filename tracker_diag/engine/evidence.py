"""The inputs of rules: what a rule's parameter names mean, each computed once a run and only if a rule asks.

A name is looked up first among the properties of ``Evidence`` (curves.py, facts.py, levels.py), then among the run's
parameters by role (``batch_size``, ``optimizer``, …; see ``tracker_diag/core/vocabulary.yaml``). None stands for "the
run does not hold it".
"""

from __future__ import annotations

from typing import Any

from tracker_diag.core.roles import Roles
from tracker_diag.core.run import Run
from tracker_diag.engine.levels import Levels


class Evidence(Levels):
    """A run through the eyes of rules."""

    def __init__(self, run: Run, roles: Roles, siblings: tuple[Run, ...] = ()) -> None:
        super().__init__(run, roles)
        self.siblings = siblings

    def get(self, name: str) -> Any:
        """The input of this name, or None."""
        if name in _COMPUTED:
            return getattr(self, name)
        return self.roles.params.get(name)


_COMPUTED = frozenset(n for n in dir(Evidence) if not n.startswith("_") and n not in ("get", "clock")) | {
    "run",
    "roles",
    "symptoms",
    "siblings",
}
