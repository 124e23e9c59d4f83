"""Requests to an MLflow server: with its credentials, timeouts, retries, and errors that say what to do."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception_type

from tracker_diag.adapters import disk
from tracker_diag.adapters.address import check_address, shown_address
from tracker_diag.adapters.base import AwayError, TrackerError
from tracker_diag.adapters.mlflow.answer import ENCODING, Answer, BodyError, SlowError, read_answer, read_head, within
from tracker_diag.adapters.mlflow.redirects import REDIRECTS, Trail
from tracker_diag.adapters.mlflow.refusals import (
    ATTEMPTS_OF_ONE,
    PageError,
    RefusedError,
    TransientError,
    refusal,
)
from tracker_diag.adapters.mlflow.unanswered import failure_of, silence
from tracker_diag.adapters.paging import Paging
from tracker_diag.core.foreign_json import read_json

T = TypeVar("T")

Params = Sequence[tuple[str, str]]

LONGEST_JSON = 256 * disk.MIB  # bytes; a thousand runs, or 25,000 points, are about 2 MB
_CONNECT = 4.0  # seconds to connect
# Seconds for an answer to come and be whole, unless MLFLOW_HTTP_REQUEST_TIMEOUT says it: a bulk answer of a busy server
# takes its time, but what never answers at all is known by the first.
FIRST_ANSWER, ANSWER = 20.0, 120.0
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 5.0  # seconds
# Seconds in all that a server may ask to wait: before it has served anything, and after.
_FIRST_PATIENCE, _PATIENCE = 20.0, 120.0
_LOCATION = "X-Tracker-Diag-Location"
_IS_IT = "is it an MLflow server, and are you logged in?"
_API, _API_OF_PAGES = "/api/", "/ajax-api/"
_WHOLE_ADDRESS = "give the address of its UI up to the '#', without /api/2.0"
_MOST_PROBES = 4  # shorter paths at which a server is looked for that is not where it was said to be


class Http:
    """One MLflow server.

    Parameters
    ----------
    uri : str
        Its address. Credentials come from MLflow's own environment variables and ``~/.mlflow/credentials``.

    Raises
    ------
    TrackerError
        If that is not an address. Nothing is sent yet.
    """

    def __init__(self, uri: str) -> None:
        check_address(uri, "the tracking URI")
        self.uri = uri.rstrip("/#")
        self.name = shown_address(self.uri)
        self._answered = self._served = self._found = False
        self._api = _API

    def json(
        self,
        method: str,
        path: str,
        params: Params = (),
        body: Mapping[str, Any] | None = None,
        attempts: int | None = None,
    ) -> Mapping[str, Any]:
        """Ask, and parse the answer, which is an object; bare ``NaN`` is read as such.

        Parameters
        ----------
        method, path : str
            Of HTTP, and below the server's address.
        params : sequence of (str, str)
            Of the query.
        body : mapping, optional
            Of the request.
        attempts : int, optional
            Upper limit, for optional requests; by default it depends on the error.

        Raises
        ------
        RefusedError
            If the server answers with an error that another attempt would not change.
        AwayError
            If it cannot be reached, or kept failing.
        TrackerError
            If it answers with something else.
        """
        try:
            value = self._json(method, path, params, body, attempts)
        except TrackerError as error:
            if self._found or not _knows_no_api(error) or not (method == "GET" or path.endswith("/search")):
                raise
            missed = error
        else:
            self._found = True
            return value
        return self._seek(missed, method, path, params, body)

    def _json(
        self, method: str, path: str, params: Params, body: Mapping[str, Any] | None, attempts: int | None
    ) -> Mapping[str, Any]:
        answer = self.request(method, path, attempts=attempts, params=list(params), json=body)
        try:
            value = read_json(answer.body)
        except ValueError:
            what = "a web page (a login page?)" if answer.is_page else "something other than JSON"
            kind = PageError if answer.is_page else TrackerError
            raise kind(f"{self.name} answered {path} with {what}: {_IS_IT}") from None
        if not isinstance(value, dict):
            raise TrackerError(f"{self.name} answered {path} with JSON that is not an object: {_IS_IT}")
        return value

    def _seek(
        self, error: TrackerError, method: str, path: str, params: Params, body: Mapping[str, Any] | None
    ) -> Mapping[str, Any]:
        """Look for the server around the address at which nothing of MLflow is.

        Servers before MLflow 3 that were started with ``--static-prefix`` have their pages, and the API that these
        use, under the prefix, and the other API not.
        """
        self._api = _API_OF_PAGES
        try:
            value = self._json(method, path, params, body, attempts=1)
        except TrackerError as other:
            # MLflow's own refusal: it is here, and what was asked for is not.
            if isinstance(other, RefusedError) and other.code:
                self._found = True
                raise
        else:
            self._found = True
            return value
        self._api = _API
        no_server = f"no MLflow server answers at {self.name}"
        if isinstance(error, RefusedError):
            no_server += f" ({error.status})"
        parts = urlsplit(self.uri)
        steps = parts.path.strip("/").split("/") if parts.path.strip("/") else []
        for kept in range(len(steps) - 1, max(-1, len(steps) - 1 - _MOST_PROBES), -1):
            shorter = Http(urlunsplit((parts.scheme, parts.netloc, "/".join(["", *steps[:kept]]), "", "")))
            if any(shorter._is_there(api, method, path, params, body) for api in (_API, _API_OF_PAGES)):
                raise TrackerError(f"{no_server}, but one answers at {shorter.name}: use that address")
        raise error if isinstance(error, PageError) else TrackerError(f"{no_server}: {_WHOLE_ADDRESS}")

    def _is_there(self, api: str, method: str, path: str, params: Params, body: Mapping[str, Any] | None) -> bool:
        self._api = api
        try:
            self._json(method, path, params, body, attempts=1)
        except TrackerError as error:
            return isinstance(error, RefusedError) and bool(error.code)
        return True

    def items(
        self, path: str, body: Mapping[str, Any], key: str, name: Callable[[Any], str], seen: set[str]
    ) -> Iterator[Any]:
        """Ask page by page, and give the items under ``key``, each once.

        Parameters
        ----------
        path : str
            Below the server's address.
        body : mapping
            Of the request.
        key : str
            What the answer calls the list.
        name : callable
            What an item is known by; "" for one that has no name, which is given as it is.
        seen : set of str
            Names of items that are not given (again); grows.

        Raises
        ------
        TrackerError
            As :meth:`json` does, and if the list has another form or no end.
        """
        paging = Paging(self.name)
        token = ""
        while True:
            answer = self.json("POST", path, body={**body, "page_token": token} if token else body)
            before = len(seen)
            for item in items_under(answer, key, f"{self.name} answered {path}"):
                known = name(item)
                if known not in seen:
                    if known:
                        seen.add(known)
                    yield item
            token = paging.next(answer.get("next_page_token"), new=len(seen) > before)
            if not token:
                return

    def request(
        self, method: str, path: str, most: int = LONGEST_JSON, attempts: int | None = None, **arguments: Any
    ) -> Answer:
        """Ask, again where that may help; see :meth:`json` for ``attempts`` and what is raised."""
        stop = partial(_stop, most=attempts)
        retrying = Retrying(retry=retry_if_exception_type(TransientError), stop=stop, wait=_wait, reraise=True)
        read = partial(_whole, most=most)
        try:
            answer: Answer = retrying(
                self._once, method, self._placed(path), arguments, {"Accept-Encoding": ENCODING}, read
            )
        except TransientError as transient:
            raise transient.error from None
        return answer

    def head(self, path: str, most: int, take: Callable[[Iterator[bytes]], T]) -> T | None:
        """Read the beginning of a file, asked for once.

        Parameters
        ----------
        path : str
            Below the server's address.
        most : int
            Bytes that are asked for, and read at most of a server that sends all of it.
        take : callable
            Is given what comes, part by part, and need not take all of it; what it raises is passed on.

        Raises
        ------
        TrackerError
            As :meth:`json` does.
        """
        headers = {"Range": f"bytes=0-{most - 1}", "Accept-Encoding": "identity"}
        try:
            return self._once("GET", self._placed(path), {}, headers, partial(read_head, most=most, take=take))
        except TransientError as transient:
            raise transient.error from None

    def _placed(self, path: str) -> str:
        return self._api + path.removeprefix(_API) if path.startswith(_API) else path

    def _once(
        self,
        method: str,
        path: str,
        arguments: Mapping[str, Any],
        headers: Mapping[str, str],
        read: Callable[[requests.Response], tuple[Answer, T]],
    ) -> T:
        from mlflow.exceptions import MlflowException

        seconds = self._seconds()
        try:
            # A second more, so that the transport's own timeout comes first where it can.
            answer, value = within(
                seconds + 1.0, lambda: self._exchange(method, path, arguments, headers, read, seconds)
            )
        except TimeoutError:
            raise silence(self.name, seconds, answered=self._answered) from None
        except SlowError as error:
            text = f"{self.name} answered {path}, but the answer {error}"
            raise TransientError(AwayError(text), attempts=2 if self._answered else 1) from None
        except BodyError as error:
            bad = TrackerError(f"{self.name} answered {path}, but the answer {error}")
            raise (TransientError(bad, ATTEMPTS_OF_ONE) if error.passing else bad) from None
        except MlflowException as error:
            raise failure_of(self.name, error, seconds, answered=self._answered) from None
        self._answered = True
        if answer.status >= 300:
            raise refusal(self.name, answer, _PATIENCE if self._served else _FIRST_PATIENCE)
        self._served = True
        return value

    def _seconds(self) -> float:
        from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_TIMEOUT

        if not MLFLOW_HTTP_REQUEST_TIMEOUT.is_set():
            return ANSWER if self._answered else FIRST_ANSWER
        try:
            return max(0.1, float(MLFLOW_HTTP_REQUEST_TIMEOUT.get()))
        except ValueError:
            raise TrackerError("MLFLOW_HTTP_REQUEST_TIMEOUT is not a number of seconds") from None

    def _exchange(
        self,
        method: str,
        path: str,
        arguments: Mapping[str, Any],
        headers: Mapping[str, str],
        read: Callable[[requests.Response], T],
        seconds: float,
    ) -> T:
        """Ask once, and go where a redirect leads."""
        from mlflow.utils.rest_utils import http_request

        # A plain server behind keep-alive stalls 40 ms per request (Nagle's algorithm against delayed
        # acknowledgements); https means a proxy in front, which does not, and a handshake that is worth keeping.
        closing = {} if self.uri.lower().startswith("https:") else {"Connection": "close"}
        trail = Trail(self.name, method, self.uri + path)
        base = self.uri
        given = {key: value for key, value in arguments.items() if value is not None}
        while True:
            response: requests.Response = http_request(
                _credentials(base),
                path,
                method,
                max_retries=0,
                retry_codes=frozenset(),
                raise_on_status=False,
                extra_headers={**headers, **closing},
                timeout=(_CONNECT, seconds),
                allow_redirects=False,
                stream=True,
                hooks={"response": _set_aside},
                **given,
            )
            if response.status_code not in REDIRECTS:
                return read(response)
            response.close()
            base, path = trail.follow(response.status_code, response.headers.get(_LOCATION))
            # They are part of the address that the server gave.
            given.pop("params", None)


def _knows_no_api(error: TrackerError) -> bool:
    """Whether another program, or another path, may have answered."""
    return isinstance(error, PageError) or (
        isinstance(error, RefusedError) and error.status in (404, 405) and not error.code
    )


def _whole(response: requests.Response, most: int) -> tuple[Answer, Answer]:
    answer = read_answer(response, most)
    return answer, answer


def items_under(answer: Mapping[str, Any], key: str, who: str) -> list[Any]:
    """Take a list out of an answer; one that is missing is empty.

    Raises
    ------
    TrackerError
        If something else is there.
    """
    found = answer.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        raise TrackerError(f"{who} without a list of {key}: {_IS_IT}")
    return found


def _set_aside(response: requests.Response, **_: Any) -> None:
    # Even if it is not to follow a redirect, requests reads all of its body, however long, where it sees one.
    if "Location" in response.headers:
        response.headers[_LOCATION] = response.headers.pop("Location")


def _credentials(base: str) -> Any:
    from mlflow.utils.credentials import get_default_host_creds

    try:
        return get_default_host_creds(base)
    # A parser's complaint about the file holds lines of it.
    except Exception:  # noqa: BLE001
        raise TrackerError(
            "MLflow's credentials cannot be read: check ~/.mlflow/credentials and the variables MLFLOW_TRACKING_…"
        ) from None


def _stop(state: RetryCallState, most: int | None) -> bool:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, TransientError):
        return False
    # 429 asks for patience, not for giving up.
    busy = isinstance(error.error, RefusedError) and error.error.status == 429
    attempts = error.attempts if most is None or busy else min(most, error.attempts)
    return state.attempt_number >= attempts or (error.asked > 0 and state.idle_for + error.asked > error.patience)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    backoff = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** (state.attempt_number - 1))
    asked = error.asked if isinstance(error, TransientError) else 0.0
    return max(backoff, asked) * random.uniform(1.0, 1.25)
