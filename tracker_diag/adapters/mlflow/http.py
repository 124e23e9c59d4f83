"""Requests to an MLflow server: with its credentials, timeouts, retries, and errors that say what to do."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception_type

from tracker_diag.adapters.base import TrackerError

Params = Sequence[tuple[str, str]]

_TIMEOUT = (4.0, 120.0)  # seconds to connect, to wait for an answer: a bulk answer of a busy server takes its time
_ATTEMPTS = 8  # with the waits below about half a minute: a server that restarts; one request in five may fail
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 10.0  # seconds
_ATTEMPTS_TO_REACH = 3  # while the server has never answered: a wrong address is said within seconds
_LONGEST_RETRY_AFTER = 120.0  # seconds


class RefusedError(TrackerError):
    """An answer that is an error, and stays one when asked again.

    Attributes
    ----------
    status : int
        HTTP status.
    code : str
        MLflow's error code, "" where the answer has none.
    """

    def __init__(self, text: str, status: int, code: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code


class _TransientError(Exception):
    """Worth asking again."""

    def __init__(self, error: TrackerError, attempts: int, retry_after: float = 0.0) -> None:
        super().__init__(str(error))
        self.error = error
        self.attempts = attempts
        self.retry_after = retry_after


class Http:
    """One MLflow server.

    Parameters
    ----------
    uri : str
        Its address. Credentials come from MLflow's own environment variables and ``~/.mlflow/credentials``.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri.rstrip("/")
        self.name = without_credentials(self.uri)
        self._answered = False

    def json(self, method: str, path: str, params: Params = (), body: Mapping[str, Any] | None = None) -> Any:
        """Ask, and parse the answer; bare ``NaN`` is read as such.

        Raises
        ------
        RefusedError
            If the server answers with an error that another attempt would not change.
        TrackerError
            If it cannot be reached, or kept failing.
        """
        response = self.request(method, path, params=list(params), json=body)
        try:
            return response.json()
        except ValueError:
            raise TrackerError(
                f"{self.name} answered {path} with something else than JSON: is it an MLflow server?"
            ) from None

    def pages(self, path: str, body: Mapping[str, Any], key: str) -> Iterator[Any]:
        """Ask page by page, and give the items under ``key``."""
        token = ""
        while True:
            answer = self.json("POST", path, body={**body, "page_token": token} if token else body)
            yield from answer.get(key, ())
            token = answer.get("next_page_token", "")
            if not token:
                return

    def request(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """Ask, again where that may help; see :meth:`json` for what is raised."""
        retrying = Retrying(retry=retry_if_exception_type(_TransientError), stop=_stop, wait=_wait, reraise=True)
        try:
            return retrying(self._once, method, path, arguments)
        except _TransientError as transient:
            raise transient.error from None

    def _once(self, method: str, path: str, arguments: Mapping[str, Any]) -> requests.Response:
        from mlflow.exceptions import MlflowException
        from mlflow.utils.credentials import get_default_host_creds
        from mlflow.utils.rest_utils import http_request

        # A plain server behind keep-alive stalls 40 ms a request (Nagle's algorithm against delayed acknowledgements);
        # https means a proxy in front, which does not, and a handshake that is worth keeping.
        headers = {} if self.uri.startswith("https:") else {"Connection": "close"}
        try:
            response: requests.Response = http_request(
                get_default_host_creds(self.uri),
                path,
                method,
                max_retries=0,
                retry_codes=frozenset(),
                raise_on_status=False,
                extra_headers=headers,
                timeout=_TIMEOUT,
                **{key: value for key, value in arguments.items() if value is not None},
            )
        except MlflowException as error:
            raise self._failure(error) from None
        self._answered = True
        if response.status_code < 400:
            return response
        raise self._refusal(response)

    def _failure(self, error: Exception) -> Exception:
        """Tell what a request died of; texts of the transport are not passed on, they may hold the address whole."""
        cause = error.__cause__ or error.__context__
        if isinstance(cause, requests.exceptions.SSLError):
            return TrackerError(f"{self.name}: its TLS certificate was refused; set MLFLOW_TRACKING_SERVER_CERT_PATH")
        if isinstance(cause, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema):
            return TrackerError(f"{self.name} is not an address; give the tracking URI as http://host:port")
        if isinstance(cause, requests.exceptions.ReadTimeout):
            return _TransientError(TrackerError(f"{self.name} did not answer within {_TIMEOUT[1]:g} s"), attempts=3)
        if isinstance(cause, requests.exceptions.RequestException):
            attempts = _ATTEMPTS
            if not self._answered and isinstance(cause, requests.exceptions.ConnectTimeout):
                attempts = 1  # the system has tried several times in that time
            elif not self._answered and not _was_connected(cause):
                attempts = _ATTEMPTS_TO_REACH
            text = (
                f"{self.name} cannot be reached; check that the server runs, and the tracking URI (MLFLOW_TRACKING_URI)"
            )
            return _TransientError(TrackerError(text), attempts)
        return TrackerError(f"{self.name}: {_first_line(str(error))}")

    def _refusal(self, response: requests.Response) -> Exception:
        status = response.status_code
        code, message = _error_of(response)
        if status == 401:
            return RefusedError(
                f"{self.name} refused the credentials: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, "
                "or MLFLOW_TRACKING_TOKEN",
                status,
                code,
            )
        if status == 403:
            return RefusedError(
                f"{self.name} denies access ({message or 'forbidden'}): ask for READ permission on the "
                "experiment to diagnose, for EDIT to write",
                status,
                code,
            )
        refusal = RefusedError(f"{self.name} answered {status}: {message or response.reason}", status, code)
        # Two writers that both insert a tag: MLflow passes the database's complaint on as a bad request.
        if status in (408, 425, 429) or status >= 500 or "IntegrityError" in response.text[:2000]:
            return _TransientError(refusal, _ATTEMPTS, _retry_after(response))
        return refusal


def without_credentials(uri: str) -> str:
    """Show an address without user, password and query."""
    parts = urlsplit(uri)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _stop(state: RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome else None
    return isinstance(error, _TransientError) and state.attempt_number >= error.attempts


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    backoff = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** (state.attempt_number - 1))
    asked = error.retry_after if isinstance(error, _TransientError) else 0.0
    return max(backoff, asked) * random.uniform(1.0, 1.25)


def _retry_after(response: requests.Response) -> float:
    """Seconds the server asks to wait; the date form of the header is left to the backoff."""
    try:
        return min(_LONGEST_RETRY_AFTER, max(0.0, float(response.headers.get("Retry-After", "0"))))
    except ValueError:
        return 0.0


def _was_connected(error: requests.exceptions.RequestException) -> bool:
    """Whether a connection stood before it broke: a fault of the moment, not a wrong address."""
    return "NewConnectionError" not in repr(error) and "NameResolutionError" not in repr(error)


def _error_of(response: requests.Response) -> tuple[str, str]:
    try:
        body = response.json()
        return str(body.get("error_code", "")), _first_line(str(body.get("message", "")))
    except (ValueError, AttributeError):
        return "", ""


def _first_line(text: str) -> str:
    line = text.strip().partition("\n")[0]
    return line if len(line) <= 300 else f"{line[:299]}…"
