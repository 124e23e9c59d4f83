"""The boundary at which a defect costs the part of a diagnosis that it is in, and the rest is still said."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from tracker_diag.core.outgoing import clean
from tracker_diag.core.plugins import THEIRS

T = TypeVar("T")

_log = logging.getLogger(__name__)
LONGEST = 200
"""Letters of an error's own text that a report shows."""


def attempted(what: str, work: Callable[[], T], otherwise: Callable[[str], T]) -> T:
    """Do a part of a diagnosis; where that fails, log the traceback and go on without it.

    Parameters
    ----------
    what : str
        The part and the run, for the log: "run 7: rule LC104 failed".
    work : callable
        The part.
    otherwise : callable of str
        What stands in for the part, told the error in one line: "ZeroDivisionError: division by zero".
    """
    try:
        return work()
    except THEIRS as error:  # whatever a run holds, and a rule of another package does, the other parts still speak
        said = _in_one_line(error)
        _log.exception("%s: %s", clean(what, LONGEST), said)
        return otherwise(said)


@dataclass(frozen=True)
class Parts:
    """The parts of one diagnosis that are no rules.

    Attributes
    ----------
    run_id : str
        The run's, for the log.
    failed : list of str
        Notes on those that failed: "the causes could not be ranked: IndexError: list index out of range".
    """

    run_id: str
    failed: list[str] = field(default_factory=list)

    def attempt(self, failure: str, work: Callable[[], T], otherwise: T) -> T:
        """Do one part; where it fails, note that, and take what stands in for it."""

        def noted(said: str) -> T:
            self.failed.append(f"{failure}: {said}")
            return otherwise

        return attempted(f"run {self.run_id}: {failure}", work, noted)


def _in_one_line(error: BaseException) -> str:
    try:
        text = clean(error, LONGEST)
    except Exception:  # noqa: BLE001  an integer of thousands of digits, or an object nested too deeply, has no text
        text = ""
    return f"{type(error).__name__}: {text}".rstrip(": ")
