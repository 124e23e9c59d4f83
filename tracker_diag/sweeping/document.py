"""What a document about a sweep is made of: every run in the scope, worst first, and the words for each of them.

All of it comes from what the tags of a run say, or will: a second sweep, which diagnoses nothing, gives the same
document as the first, so that a CI system sees what is new and what is fixed.
"""

from __future__ import annotations

from dataclasses import dataclass

from tracker_diag.core.finding import Severity
from tracker_diag.core.outgoing import clean
from tracker_diag.sweeping.result import Row, Swept, worst_first

LONGEST_NAME = 200
"""Letters of a name that a document shows."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a document has to know beside the runs.

    Attributes
    ----------
    tracker : str
        As it describes itself.
    fail_on : Severity or None
        From this severity on a run fails; None: none does.
    """

    tracker: str = ""
    fail_on: Severity | None = None

    def fails(self, row: Row) -> bool:
        """Whether this run is one that makes the command leave with 1."""
        return self.fail_on is not None and row.severity.rank >= self.fail_on.rank and not row.accepted


ANYTHING = Asked()
"""For a document that nobody asked anything of."""


def all_rows(swept: Swept) -> tuple[Row, ...]:
    """Every run whose diagnosis is known, made now or before, worst first."""
    return worst_first((*swept.rows, *swept.standing))


def called(row: Row) -> str:
    """Choose what to call a run: its name, else its id."""
    return clean(row.name or row.id, LONGEST_NAME)


def said(row: Row) -> str:
    """Say in one line what is wrong with a run, and the likely cause."""
    summary = clean(row.summary or row.verdict)
    return f"{summary}; most likely {clean(row.cause)}" if row.cause and row.cause not in summary else summary
