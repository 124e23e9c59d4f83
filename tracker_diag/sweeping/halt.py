"""When a sweep begins no further run: it was told to stop, the tracker failed, or writes are refused."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tracker_diag.sweeping.due import Due

GIVE_UP_AFTER = 25
"""Writes refused in a row, after which the store itself is taken to refuse, and the sweep ends."""
DENIED_AFTER = 3
"""Runs of an experiment that may not be written to; if none was written by then, its other runs are not tried."""


@dataclass
class Halt:
    """Why no further run is begun: someone asked, the tracker failed, or an experiment may not be written to."""

    stop: threading.Event
    due: Mapping[str, Due]
    error: str = ""
    refused: int = 0
    denied: dict[str, str] = field(default_factory=dict)
    denials: Counter[str] = field(default_factory=Counter)
    written: set[str] = field(default_factory=set)

    def is_set(self) -> bool:
        """Whether no further run is begun at all."""
        return self.stop.is_set() or bool(self.error)

    def ends(self, run_id: str) -> bool:
        """Whether a run is left as it is: all are, or its experiment has taken nothing and refused several."""
        experiment = self.due[run_id].experiment
        return self.is_set() or (experiment in self.closed and self.denials[experiment] >= DENIED_AFTER)

    def count(self, refusal: str) -> None:
        """Count writes refused in a row; an empty text means that the write succeeded."""
        self.refused = self.refused + 1 if refusal else 0
        if self.refused >= GIVE_UP_AFTER:
            self.error = f"stopped after {self.refused} refused writes in a row; the last one: {refusal}"

    def deny(self, run_id: str, reason: str) -> None:
        """Take note of a run that may not be written to."""
        self.denied[run_id] = reason
        self.denials[self.due[run_id].experiment] += 1

    @property
    def closed(self) -> set[str]:
        """Experiments of which no run was written and some were denied: beside written runs, a denial is of one run."""
        return set(self.denials) - self.written

    def denial(self) -> str:
        """Say of all runs that may not be written to, in one line, that they may not, and what to do."""
        closed = self.closed
        if not closed:
            return ""
        reason = next(why for run_id, why in self.denied.items() if self.due[run_id].experiment in closed)
        where = "" if len(closed) == 1 else f" of {len(closed)} experiments"
        return (
            f"no permission to write to the runs{where}: {reason}; --report-dir FOLDER stores the diagnoses in a folder"
        )
