"""Every call that is not part of wandb's public interface, in one place.

wandb's public interface reads a history only sampled or row by row, writes a run's tags, configuration and summary only
all at once, and makes a folder on disk for each run it lists. What lies beneath it is used instead: GraphQL and three
requests to wandb-core, through the connection of a public ``wandb.Api``. When wandb changes one of these,
``tests/adapters/wandb/test_private.py`` says which, and what to do.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import wandb
from wandb import env
from wandb.errors import AuthenticationError, CommError, UsageError
from wandb.proto import wandb_api_pb2 as api_pb
from wandb.proto import wandb_internal_pb2 as pb
from wandb.sdk import wandb_setup
from wandb.sdk.lib import runid, wbauth
from wandb.sdk.lib.service.service_connection import WandbApiFailedError

from tracker_diag.core.foreign_json import read_json
from tracker_diag.core.outgoing import clean

# wandb-core asks again by itself after 429 and 5xx, and honours Retry-After: leave it the time to.
TIMEOUT = 120.0
# wandb-core answers a request that was given up. Should wandb be ended at that very moment, as at the end of a command,
# the answer meets a closed socket, wandb-core never learns that it is to end, and wandb waits for it for ever: 3 of
# 1,200 times on a busy machine, never of 1,400 with this pause, in seconds.
_PAUSE = 0.1
# How wandb-core says that an answer was not JSON, that it was a page, and what GraphQL's own errors were.
_NO_JSON = re.compile(r"invalid character|json: |exceeded max depth|unexpected end of JSON")
_PAGE = "invalid character '<'"
_GRAPHQL = re.compile(r"^input:\s*")
_KEY = re.compile(r"[\w-]{30,}")
# What wandb raises when a request fails, the service process included.
FAILURES = (WandbApiFailedError, AuthenticationError, CommError, UsageError)


class CoreError(Exception):
    """A request that failed.

    Attributes
    ----------
    status : int or None
        HTTP status of the answer; None if there was none.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status

    @property
    def brief(self) -> str:
        """What was said, in one line, cut short, without anything that looks like a key."""
        return clean(_KEY.sub("…", _GRAPHQL.sub("", str(self)[:10_000])), 200)

    @property
    def is_nonsense(self) -> bool:
        """Whether the server answered with something else than JSON."""
        return self.status is None and _NO_JSON.search(str(self)) is not None

    @property
    def is_page(self) -> bool:
        """Whether that was a page for a browser."""
        return self.is_nonsense and _PAGE in str(self)

    @property
    def is_refusal(self) -> bool:
        """Whether the server answered with an error of GraphQL, without a status of its own."""
        return self.status is None and _GRAPHQL.match(str(self)) is not None


def base_url() -> str:
    """Give the address of the server, as wandb's environment and settings say."""
    return str(env.get_base_url(wandb_setup.singleton().settings.base_url)).rstrip("/")


def has_credentials() -> bool:
    """Whether wandb has a key or an identity for the server, without asking the user for one.

    Raises
    ------
    CoreError
        If there is one that cannot be right.
    """
    try:
        found = wbauth.authenticate_session(
            host=base_url(), source="tracker-diag", prompt=False, no_offline=True, update_session=False
        )
    except FAILURES as error:
        raise core_error(error) from None
    return found is not None


def open_api() -> wandb.Api:
    """Connect, and have the server verify the credentials: one request.

    Raises
    ------
    CoreError
    """
    try:
        return wandb.Api()
    except FAILURES as error:
        raise core_error(error) from None


def new_run_id() -> str:
    """Make up an id for a run."""
    return str(runid.generate_id())


class Core:
    """Requests to a server through wandb-core.

    Parameters
    ----------
    api : wandb.Api
        Its server, its credentials and its connection are taken.
    """

    def __init__(self, api: wandb.Api) -> None:
        self._service = api._service_api
        self._commits_files: bool | None = None

    @property
    def app_url(self) -> str:
        """Address of the server's pages, with a slash at its end."""
        return str(self._service.app_url)

    def ask(self, query: str, variables: Mapping[str, Any]) -> Any:
        """Answer of the server to a GraphQL document: an object, or whatever the server makes of it.

        Raises
        ------
        CoreError
        """
        try:
            return _given_up_quietly(
                lambda: self._service.execute_graphql(query, dict(variables), timeout=TIMEOUT, parse=read_json)
            )
        except FAILURES as error:
            raise core_error(error) from None
        except ValueError as error:
            raise CoreError(f"json: {error}") from None

    def download_exports(self, entity: str, project: str, run: str, folder: Path) -> list[Path] | None:
        """Fetch the parquet exports of a run's history: one request, and one a file.

        Returns
        -------
        list of Path, or None
            None if the server says that the exports are not complete.

        Raises
        ------
        CoreError
        """
        init = api_pb.DownloadRunHistoryInit(
            entity=entity, project=project, run_id=run, download_dir=str(folder), require_complete_history=True
        )
        try:
            started = self._send(
                read_run_history_request=api_pb.ReadRunHistoryRequest(download_run_history_init=init)
            ).read_run_history_response
            fetch = api_pb.DownloadRunHistory(request_id=started.download_run_history_init.request_id)
            done = self._send(
                read_run_history_request=api_pb.ReadRunHistoryRequest(download_run_history=fetch)
            ).read_run_history_response.download_run_history
        except FAILURES as error:
            response = getattr(error, "response", None)
            if response is not None and response.error_type == api_pb.ErrorType.INCOMPLETE_RUN_HISTORY_ERROR:
                return None
            raise core_error(error) from None
        return None if done.errors else [Path(name) for name in done.downloaded_files]

    def download(self, url: str, path: Path) -> None:
        """Fetch a file: one request.

        Raises
        ------
        CoreError
        """
        try:
            self._send(download_file_request=api_pb.DownloadFileRequest(path=str(path), url=url))
        except FAILURES as error:
            raise core_error(error) from None

    def upload(self, path: Path, url: str, headers: Mapping[str, str]) -> None:
        """Send a file to the place the server has named: one request.

        Raises
        ------
        CoreError
        """
        try:
            self._send(upload_file_request=api_pb.UploadFileRequest(path=str(path), url=url, headers=headers))
        except FAILURES as error:
            raise core_error(error) from None

    def commit_files(self, entity: str, project: str, run: str, files: list[str]) -> None:
        """Tell the server that files have arrived: one request; its state does not change.

        Servers that cannot be told so see it by themselves, or not at all; the other way to tell them would revive the
        run.

        Raises
        ------
        CoreError
        """
        try:
            if self._commits_files is None:
                self._commits_files = bool(self._service.feature_enabled(pb.MARK_RUN_FILES_UPLOADED))
            if self._commits_files:
                mark = api_pb.MarkRunFilesUploadedRequest(entity=entity, project=project, run_id=run, files=files)
                self._send(mark_run_files_uploaded_request=mark)
        except FAILURES as error:
            raise core_error(error) from None

    def _send(self, **request: Any) -> Any:
        return _given_up_quietly(lambda: self._service.send_api_request(api_pb.ApiRequest(**request), timeout=TIMEOUT))


def _given_up_quietly(request: Callable[[], Any]) -> Any:
    try:
        return request()
    except WandbApiFailedError as error:
        if error.response is None:
            time.sleep(_PAUSE)
        raise


def core_error(error: Exception) -> CoreError:
    """Turn what wandb raised into what it was about."""
    # The public Api wraps what wandb-core answered.
    inner: BaseException = error
    while inner.__cause__ is not None and not isinstance(inner, WandbApiFailedError):
        inner = inner.__cause__
    response = getattr(inner, "response", None)
    status = int(getattr(response, "http_status", 0) or 0)
    # After it has tried several times, wandb-core says the status only in words.
    words = re.search(r"(?:HTTP|status:|error) (\d{3})\b", str(inner))
    return CoreError(" ".join(str(error).split()), status or (int(words[1]) if words else None))
