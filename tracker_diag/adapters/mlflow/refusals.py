"""What a server's errors mean, in one line that says what to do, and whether to ask again."""

from __future__ import annotations

import math

from tracker_diag.adapters.base import AwayError, TrackerError
from tracker_diag.adapters.mlflow.answer import Answer
from tracker_diag.core.foreign_json import read_json_mapping
from tracker_diag.core.outgoing import clean

ATTEMPTS = 8
"""How often is asked where the server as a whole is in trouble: with the waits between about 20 seconds."""
ATTEMPTS_OF_ONE = 5
"""How often is asked where a single request may be to blame: about 3 seconds. One request in five may fail."""
_OF_ALL = (401, 429, 502, 503, 504)  # answers that concern the server as a whole, not one run


class RefusedError(TrackerError):
    """An answer that is an error, and stays one when asked again.

    Attributes
    ----------
    status : int
        HTTP status.
    code : str
        MLflow's error code, "" where the answer has none.
    message : str
        What the server said, in one line.
    """

    def __init__(self, text: str, status: int, code: str, message: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.message = message


class RefusedAllError(RefusedError, AwayError):
    """A refusal that concerns the server as a whole: any other request would meet it too."""


class ElsewhereError(TrackerError):
    """An answer of something that is not the API: a page, or a redirect that leads away, as gateways have them."""


class PageError(ElsewhereError):
    """A web page where an answer was due: a login page, or another program's."""


class TransientError(Exception):
    """Worth asking again."""

    def __init__(self, error: TrackerError, attempts: int, asked: float = 0.0, patience: float = 0.0) -> None:
        super().__init__(str(error))
        self.error = error
        self.attempts = attempts
        self.asked = asked
        self.patience = patience


def refusal(name: str, answer: Answer, patience: float) -> TrackerError | TransientError:
    """Say what an answer that is an error means.

    Parameters
    ----------
    name : str
        Of the server, as it is shown.
    answer : Answer
        One whose status is that of an error.
    patience : float
        Seconds that the server may ask to wait, in all.
    """
    status = answer.status
    kind = RefusedAllError if status in _OF_ALL else RefusedError
    code, message = _error_of(answer)
    if status == 401:
        return kind(
            f"{name} refused the credentials: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, "
            "or MLFLOW_TRACKING_TOKEN",
            status,
            code,
            message,
        )
    if status == 403:
        return kind(
            f"{name} denies access ({message or 'forbidden'}): ask for READ permission on the "
            "experiment to diagnose, for EDIT to write",
            status,
            code,
            message,
        )
    asked = _retry_after(answer)
    later = f"; it asks to wait {asked:g} s" if asked else ""
    said = message or first_line(answer.reason) or "no reason"
    refused = kind(f"{name} answered {status}: {said}{later}", status, code, message)
    if status == 500:
        return TransientError(refused, ATTEMPTS_OF_ONE, asked, patience)
    # Two writers that both insert a tag: MLflow passes the database's complaint on as a bad request.
    if status in (408, 425, *_OF_ALL) or b"IntegrityError" in answer.body[:2000]:
        return TransientError(refused, ATTEMPTS, asked, patience)
    return refused


def _error_of(answer: Answer) -> tuple[str, str]:
    """MLflow's error code, and what is said of it: in MLflow's form, or as plain text."""
    body = read_json_mapping(answer.body)
    if body is not None:
        return clean(body.get("error_code") or "", 100), first_line(str(body.get("message") or ""))
    return "", "" if answer.is_page else first_line(answer.body[:2000].decode("utf-8", "replace"))


def first_line(text: str) -> str:
    """Cut what somebody else said to one line that can be shown."""
    return clean(text.strip().partition("\n")[0], 300)


def _retry_after(answer: Answer) -> float:
    """Seconds the server asks to wait; the date form of the header is left to the backoff."""
    try:
        asked = float(answer.headers.get("Retry-After", "0"))
    except ValueError:
        return 0.0
    return asked if math.isfinite(asked) and asked > 0 else 0.0
