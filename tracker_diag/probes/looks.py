"""When a step is looked at: often at first, then every so many steps, and never for more than a share of the time."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

#: Steps looked at before the first ``every``: most that is wrong is wrong from the beginning.
EARLY = (1, 5, 20, 50)
#: Share of the training's time that looking may take, beyond so many seconds of it once; a look that costs more comes
#: later.
MOST_OF_TIME, AT_FIRST = 0.004, 0.1
#: Batches in a row that are looked at, with the step at their end: neighbours tell repeats and order,
BATCHES = 4
#: and those at the beginning.
FIRST_BATCHES = 24


@dataclass
class Schedule:
    """Counts steps, and the time that looking takes.

    Attributes
    ----------
    every : int
        Steps from one look to the next, at least.
    step : int
        Steps done.
    """

    every: int
    step: int = 0
    _next: int = EARLY[0]
    _spent: float = 0.0
    _started: float = field(default_factory=time.perf_counter)
    _since: float = 0.0
    _depth: int = 0

    @property
    def due(self) -> bool:
        """Whether the step that comes is to be looked at."""
        return self.step + 1 >= self._next

    @property
    def batch_due(self) -> bool:
        """Whether the batch that comes is to be looked at."""
        return self.step < FIRST_BATCHES or self.step + BATCHES >= self._next

    def begin(self) -> None:
        """Start to count the time of looking."""
        if self._depth == 0:
            self._since = time.perf_counter()
        self._depth += 1

    def end(self) -> None:
        """Stop counting it."""
        self._depth -= 1
        if self._depth == 0:
            self._spent += time.perf_counter() - self._since

    def looked(self) -> None:
        """Set the next look, after one was made at the step that is done."""
        following = next((early for early in EARLY if early > self.step), None)
        if following is not None and following < self.every:
            self._next = following
            return
        took = time.perf_counter() - self._started
        behind = (self._spent - AT_FIRST) / MOST_OF_TIME - took
        # So many steps more until what was spent is a small enough share of the time.
        wait = int(behind / took * self.step) if behind > 0 and took > 0 else 0
        self._next = self.step + max(self.every, wait)
