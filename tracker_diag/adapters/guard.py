"""The one boundary at which what goes wrong with one run becomes that run's failure, and the others go on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from tracker_diag.adapters.base import Adapter, AwayError, Failure, Listing, TrackerError
from tracker_diag.core.outgoing import clean
from tracker_diag.core.run import InvalidRunError, Run

T = TypeVar("T")

_log = logging.getLogger(__name__)
LONGEST = 500
"""Letters of a reason that are shown."""
#: What data of an unexpected form make code raise. Anything else is a defect whatever the data were.
_OF_DATA = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, OSError, EOFError)


def guarded(run_id: str, read: Callable[[], T]) -> T | Failure:
    """Do what reads one run; whatever it raises is that run's failure.

    Raises
    ------
    AwayError
        If the tracker as a whole is out of reach: then the other runs would fail alike.
    """
    try:
        return read()
    except AwayError:
        raise
    except Exception as error:  # noqa: BLE001  no list of classes is long enough for what a run may hold
        return failure(run_id, error)


def failure(run_id: str, error: Exception) -> Failure:
    """Turn an error into a failure of one run, and keep its traceback in the log.

    Tracebacks that bad data explain are logged at level info, which ``--log-format json`` shows; others are defects,
    and logged as errors.
    """
    return _failed(run_id, error, logging.INFO if isinstance(error, (*_OF_DATA, TrackerError)) else logging.ERROR)


def defect(run_id: str, error: Exception) -> Failure:
    """Turn an error of our own code, which no run may cause, into a failure of that run, its traceback into the log."""
    return _failed(run_id, error, logging.ERROR)


def _failed(run_id: str, error: Exception, level: int) -> Failure:
    reason = one_line(error)
    data = {"event": "traceback", "run_id": run_id, "reason": reason}
    _log.log(level, "run %s: %s", run_id, reason, exc_info=error, extra={"data": data})
    return Failure(run_id, reason)


def one_line(error: Exception) -> str:
    """Say what went wrong in one line; an error that nobody put into words keeps its class, the one thing to go by."""
    text = clean(error, LONGEST).strip()
    if isinstance(error, TrackerError | InvalidRunError) and text:
        return text
    if isinstance(error, OSError) and error.strerror:
        return clean(f"{error.filename}: {error.strerror}" if error.filename else error.strerror, LONGEST)
    return f"{type(error).__name__}: {text}".rstrip(": ")


def find_one(adapter: Adapter, run_id: str) -> Listing:
    """Find one run; whatever is wrong with its data is said in one line.

    Raises
    ------
    UnknownRunError
        If there is none.
    TrackerError
        If it cannot be read, or the tracker cannot be reached.
    """
    try:
        return adapter.find_run(run_id)
    except TrackerError:
        raise
    except Exception as error:
        raise TrackerError(f"run {run_id}: {failure(run_id, error).reason}") from error


def load_each(adapter: Adapter, ids: Sequence[str]) -> Iterator[Run | Failure]:
    """Load runs in bulk; where an adapter raises in the middle, halve what is left until the run to blame stands alone.

    Raises
    ------
    TrackerError
        If the tracker as a whole cannot be reached.
    """
    left = dict.fromkeys(ids)
    try:
        for run in adapter.load_runs(list(left)):
            left.pop(run.id, None)
            yield run
    except TrackerError:
        raise
    except Exception as error:  # noqa: BLE001  as above
        rest = list(left)
        if len(rest) <= 1:
            yield from (failure(run_id, error) for run_id in rest)
            return
        half = len(rest) // 2
        yield from load_each(adapter, rest[:half])
        yield from load_each(adapter, rest[half:])
