"""Artifacts behind the server's own proxy (``mlflow-artifacts:``)."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote, urlsplit

from tracker_diag.adapters import disk
from tracker_diag.adapters.base import AwayError, DeniedError, TrackerError, UnusableStoreError
from tracker_diag.adapters.mlflow.answer import Answer
from tracker_diag.adapters.mlflow.artifacts import GuardedError, Take, begins_another, model_place
from tracker_diag.adapters.mlflow.http import Http, items_under
from tracker_diag.adapters.mlflow.refusals import ElsewhereError, PageError, RefusedError

T = TypeVar("T")

LONGEST_FILE = 64 * disk.MIB
"""Bytes; what is read are a dataset's profile and a model's summary."""
REMEMBERED = 60.0
"""Seconds for which a store that was out of reach is not asked again for what can be done without."""
ENDPOINT = "/api/2.0/mlflow-artifacts/artifacts"
"""Where files are read, written and deleted, and folders listed."""
_GUARDED = (401, 405, 501)  # answers to whoever may use the rest of the API
_ANY_ROOT = "<artifact root>"


def proxied_path(uri: str) -> str | None:
    """Path that the server's proxy knows an artifact URI by, or None if the URI does not lead there.

    Raises
    ------
    UnusableStoreError
        If it is not an address, or leads out of the store.
    """
    try:
        parts = urlsplit(uri)
    except ValueError:
        raise UnusableStoreError("the run's artifact address is invalid: correct artifact_uri") from None
    if parts.scheme == "mlflow-artifacts":
        path = parts.path.strip("/")
    elif parts.scheme in ("http", "https") and f"{ENDPOINT}/" in parts.path:
        path = parts.path.partition(f"{ENDPOINT}/")[2].strip("/")
    else:
        return None
    if ".." in path.split("/"):
        raise UnusableStoreError("the run's artifact address leads out of the server's artifact store")
    return path


@dataclass
class Away:
    """A store that was out of reach.

    Attributes
    ----------
    reason : str
        Why it was.
    until : float
        When it is asked again, on the monotonic clock.
    """

    reason: str = ""
    until: float = 0.0


@dataclass
class StoreState:
    """What was found out about the store behind a server for one run, and is known to the others.

    Attributes
    ----------
    files, models : Away
        Of files of runs, and of logged models: a server that takes its time over a large one gives small files at once.
    failing : bool
        Whether the last read failed at every attempt; then each is tried once, until one succeeds.
    deletes : bool or None
        Whether it deletes single files; servers before MLflow 2.20 cannot, unless they keep them in an object store.
    """

    files: Away = field(default_factory=Away)
    models: Away = field(default_factory=Away)
    failing: bool = False
    deletes: bool | None = None


class _KeptError(TrackerError):
    """A file of ours stays where it is; says why, and what to do."""


class NoArtifacts:
    """Artifacts of a run that is known to have none; nothing is put there."""

    is_here = True

    def names(self, folder: str) -> set[str]:
        """List nothing."""
        del folder
        return set()

    def read(self, path: str) -> None:
        """Read nothing."""
        del path

    def head(self, path: str, most: int, take: Take[T]) -> None:
        """Read nothing."""
        del path, most, take

    def of_model(self, model: str) -> NoArtifacts:
        """None are known of its models either."""
        del model
        return self

    def put(self, files: Mapping[str, bytes]) -> NoReturn:
        """Raise: nothing is written to a run that is being cleaned."""
        raise NotImplementedError(sorted(files))

    def delete(self, paths: Collection[str], folder: str) -> None:
        """Delete nothing."""
        del paths, folder


class ProxiedArtifacts:
    """Artifacts of one run, through ``/api/2.0/mlflow-artifacts``; no database is asked for them.

    Parameters
    ----------
    http : Http
        The server.
    root : str
        The run's, as the proxy knows it.
    state : StoreState
        Shared by all runs of the server.
    ended : bool
        Whether the run has ended; then we assume that nobody else writes to it.
    """

    is_here = False

    def __init__(self, http: Http, root: str, state: StoreState, *, ended: bool) -> None:
        self._http = http
        self._root = root
        self._state = state
        self._ended = ended
        self._seen: dict[str, dict[str, bool]] = {}

    def names(self, folder: str) -> set[str]:
        """List a folder."""
        return set(self._list(folder))

    def read(self, path: str) -> bytes | None:
        """Read a file, or None where there is none."""
        try:
            answer = self._get(lambda attempts: self._http.request("GET", self._address(path), LONGEST_FILE, attempts))
        except RefusedError as refusal:
            if _serves_none(refusal):
                self._explain(refusal, f"artifact {path} was not read")
            if refusal.status == 404:
                return None
            raise
        self._check(answer, path)
        return answer.body

    def head(self, path: str, most: int, take: Take[T]) -> T | None:
        """Read the beginning of a file, asked for once; servers before MLflow 3.17 fail for one that is not there."""
        try:
            return self._unless_away(lambda: self._http.head(self._address(path), most, take), self._state.models)
        except RefusedError as refusal:
            if refusal.status in (404, 500):
                return None
            raise

    def of_model(self, model: str) -> ProxiedArtifacts:
        """Open the artifacts of a logged model."""
        return ProxiedArtifacts(self._http, model_place(self._root, model), self._state, ended=self._ended)

    def put(self, files: Mapping[str, bytes]) -> None:
        """Upload files one by one."""
        self._seen.clear()
        for path, content in files.items():
            try:
                self._check(self._http.request("PUT", self._address(path), data=content), path)
            except TrackerError as error:
                self._explain(error, f"artifact {path} was not stored")

    def delete(self, paths: Collection[str], folder: str) -> None:
        """Delete files of ours: the folder as a whole if nothing else is in it, else one by one.

        Nothing of anybody else's may go with them. A server that deletes a path takes all that is under it, and before
        MLflow 3.17, from an object store, also whatever begins like it: ``diagnosis-old/``, ``report.json.bak``. So
        the folder goes only of a run that has ended, seen to hold nothing but these files and to have no neighbour of
        such a name; what is left of it otherwise is an empty folder at most.
        """
        try:
            listed = self._seen.pop(folder, None)
            entries = self._list(folder) if listed is None else listed
            ours = {path.rpartition("/")[2] for path in paths}
            if not entries.keys() & ours or self._delete_folder(folder, entries, ours):
                return
            # A folder that could not be deleted may be gone all the same.
            entries = self._list(folder)
            for name in sorted(entries.keys() & ours):
                self._delete_file(folder, name, entries)
        except _KeptError:
            raise
        except TrackerError as error:
            self._explain(error, f"artifacts in {folder} were not deleted")

    def _list(self, folder: str) -> dict[str, bool]:
        """Names in a folder, and whether each is a folder itself."""
        try:
            params = [("path", f"{self._root}/{folder}".rstrip("/"))]
            answer = self._get(lambda attempts: self._http.json("GET", ENDPOINT, params, attempts=attempts))
        except RefusedError as refusal:
            if _serves_none(refusal):
                self._explain(refusal, "artifacts were not listed")
            # Servers answer for a folder that is not there with an empty list, or with MLflow's code.
            if refusal.status == 404 and refusal.code:
                return {}
            self._check_guard(refusal, "artifacts were not listed", (*_GUARDED, 404))
            raise
        except ElsewhereError as error:
            self._check_guard(error, "artifacts were not listed")
            raise
        self._seen[folder] = entries_of(answer, self._http.name)
        return self._seen[folder]

    def _delete_folder(self, folder: str, entries: Mapping[str, bool], ours: Collection[str]) -> bool:
        if not self._ended or any(is_folder or name not in ours for name, is_folder in entries.items()):
            return False
        try:
            if begins_another(folder, self._list("")):
                return False
            # Once: what was seen of the folder is of this moment.
            self._check(
                self._unless_away(lambda: self._http.request("DELETE", self._address(folder), attempts=1)), folder
            )
        except AwayError:
            raise
        except TrackerError:
            return False
        return True

    def _delete_file(self, folder: str, name: str, entries: Mapping[str, bool]) -> None:
        if entries[name] or begins_another(name, entries):
            raise _KeptError(
                f"{folder}/{name} was not deleted: it is a folder, or the store might also delete "
                "other files whose names begin with the same letters"
            )
        if self._state.deletes is False:
            raise self._kept()
        path = f"{folder}/{name}"
        try:
            self._check(self._unless_away(lambda: self._http.request("DELETE", self._address(path))), path)
        except RefusedError as refusal:
            if refusal.status == 500 and not refusal.code and not self._state.deletes:
                self._state.deletes = False
                raise self._kept() from refusal
            raise
        self._state.deletes = True

    def _kept(self) -> _KeptError:
        return _KeptError(
            f"{self._http.name} cannot delete single files (MLflow before 2.20), and the folder also holds other "
            "files, or the run has not ended: upgrade the server, or delete the files in its store"
        )

    def _check(self, answer: Answer, path: str) -> None:
        if answer.holds_page:
            raise PageError(
                f"{self._http.name} answered for {path} with a web page (a login page?): are you logged in?"
            )

    def _get(self, ask: Callable[[int | None], T]) -> T:
        """Read something optional."""
        try:
            got = self._unless_away(lambda: ask(1 if self._state.failing else None))
        except RefusedError as refusal:
            self._state.failing = refusal.status >= 500
            raise
        self._state.failing = False
        return got

    def _check_guard(self, error: TrackerError, what: str, statuses: Collection[int] = _GUARDED) -> None:
        """Tell a gateway that guards the artifacts' paths, while it lets those of the runs through."""
        if isinstance(error, ElsewhereError) or (isinstance(error, RefusedError) and error.status in statuses):
            raise GuardedError(
                f"{error}; {what}: {ENDPOINT} is blocked by something in front of the server; allow it, then "
                "sweep with --force"
            ) from error

    def _unless_away(self, ask: Callable[[], T], away: Away | None = None) -> T:
        away = self._state.files if away is None else away
        if time.monotonic() < away.until:
            raise AwayError(away.reason)
        try:
            return ask()
        except AwayError as error:
            if isinstance(error, RefusedError) and error.status in _GUARDED:
                raise
            away.reason, away.until = str(error), time.monotonic() + REMEMBERED
            raise

    def _explain(self, error: TrackerError, what: str) -> NoReturn:
        # All runs that fail alike are to give the same reason.
        said = str(error).replace(self._root, _ANY_ROOT)
        if isinstance(error, RefusedError) and _serves_none(error):
            raise UnusableStoreError(
                f"{self._http.name} serves no artifacts: start it with --serve-artifacts; {what}"
            ) from error
        self._check_guard(error, what)
        if isinstance(error, RefusedError) and error.status == 403:
            raise DeniedError(f"{said}; {what}") from error
        kind = AwayError if isinstance(error, AwayError) else TrackerError
        raise kind(f"{said}; {what}") from error

    def _address(self, path: str) -> str:
        return f"{ENDPOINT}/{quote(f'{self._root}/{path}')}"


def _serves_none(refusal: RefusedError) -> bool:
    """Whether the server says that artifacts are not its business, and not merely that one is not there."""
    return refusal.status in (404, 501) and not refusal.code and "artifact" in refusal.message.lower()


def entries_of(answer: Mapping[str, Any], who: str) -> dict[str, bool]:
    """Read the names in a listing, and whether each is a folder."""
    files = items_under(answer, "files", f"{who} answered {ENDPOINT}")
    found = {entry.get("path"): entry.get("is_dir") is True for entry in files if isinstance(entry, dict)}
    return {path.rpartition("/")[2]: is_folder for path, is_folder in found.items() if isinstance(path, str)}
