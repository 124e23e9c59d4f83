"""A W&B server as the adapter sees it: where it is, which project is meant, and its refusals in words."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tracker_diag.adapters.address import check_address, shown_address
from tracker_diag.adapters.base import AwayError, DeniedError, TrackerError, UnknownRunError
from tracker_diag.adapters.paging import Paging
from tracker_diag.adapters.wandb import private
from tracker_diag.adapters.wandb.answers import nodes, optional, part
from tracker_diag.adapters.wandb.queries import PROJECTS
from tracker_diag.core.outgoing import clean

_OF_ALL = (502, 503, 504)  # troubles that concern the server as a whole, not one run
_AS_ASKED = (200, 400, 422)  # what servers answer to a document with a field that they do not know


@dataclass(frozen=True, slots=True)
class Project:
    """A project of a user or team."""

    entity: str
    name: str

    def __str__(self) -> str:
        return f"{self.entity}/{self.name}"


@dataclass(frozen=True, slots=True)
class RunPath:
    """A run of a project; its text names it on the whole server."""

    project: Project
    run: str

    def __str__(self) -> str:
        return f"{self.project}/{self.run}"

    @property
    def variables(self) -> dict[str, str]:
        """For GraphQL documents."""
        return {"entity": self.project.entity, "project": self.project.name, "name": self.run}


class ForbiddenError(TrackerError):
    """The key at hand has no right to what was asked."""


class RefusedError(TrackerError):
    """The server does not answer what was asked as it was asked: it may not know a part of it."""


class Server:
    """A connection.

    Parameters
    ----------
    project : str or None
        ``entity/project`` or ``project``: where runs are that are named without one. What it leaves open, WANDB_ENTITY
        and WANDB_PROJECT say, and then the account.

    Raises
    ------
    TrackerError
        If there is no key, the server refuses it, or does not answer.
    """

    def __init__(self, project: str | None = None) -> None:
        try:
            self.url = private.base_url()
        except ValueError:
            raise TrackerError("WANDB_BASE_URL is not an address: give one like https://api.wandb.ai") from None
        check_address(self.url, "WANDB_BASE_URL")
        self.shown_url = shown_address(self.url)
        try:
            if not private.has_credentials():
                raise TrackerError(f"no API key for W&B at {self.shown_url}: run `wandb login`, or set WANDB_API_KEY")
            self._api = private.open_api()
        except private.CoreError as error:
            raise self.explain(error, "the account") from None
        self.core = private.Core(self._api)
        entity, _, name = (project or "").rpartition("/")
        #: Whether it knows what runs used; True until it has refused to say.
        self.tells_inputs = True
        self._entity = entity or os.environ.get("WANDB_ENTITY") or None
        self._project = name or os.environ.get("WANDB_PROJECT") or None

    @property
    def entity(self) -> str:
        """The user or team whose projects are meant where none is named."""
        if self._entity is None:
            try:
                self._entity = self._api.default_entity
            except private.FAILURES as error:
                raise TrackerError(f"W&B at {self.shown_url} does not say who you are: set WANDB_ENTITY") from error
            if not isinstance(self._entity, str):
                self._entity = None
                raise TrackerError("this account has no default entity: name entity/project, or set WANDB_ENTITY")
        return self._entity

    def ask(self, query: str, variables: Mapping[str, Any], about: str) -> dict[str, Any]:
        """Answer to a GraphQL document.

        Raises
        ------
        TrackerError
            In words; ``about`` is what was asked about.
        """
        try:
            answer = self.core.ask(query, variables)
        except private.CoreError as error:
            raise self.explain(error, about) from None
        if not isinstance(answer, dict):
            raise self.explain(private.CoreError("json: no object"), about)
        return answer

    def change(self, query: str, variables: Mapping[str, Any], about: str) -> dict[str, Any]:
        """Answer to a GraphQL document that changes something.

        Raises
        ------
        DeniedError
            If that is not allowed.
        TrackerError
            As :meth:`ask` does.
        """
        try:
            return self.ask(query, variables, about)
        except ForbiddenError as error:
            raise DeniedError(str(error)) from None

    def project(self, text: str) -> Project:
        """``entity/project``, or ``project`` of the default entity."""
        entity, _, name = text.rpartition("/")
        return Project(entity or self.entity, name)

    def run(self, text: str) -> RunPath:
        """``entity/project/run``, or as much of its end as the environment does not say.

        Raises
        ------
        UnknownRunError
            If no project is named anywhere.
        """
        *before, run = text.split("/")
        if not before and self._project is not None:
            before = [self._project]
        if not 1 <= len(before) <= 2 or not run:
            raise UnknownRunError(f"{text!r} is not the name of a run: use entity/project/run, or set WANDB_PROJECT")
        return RunPath(self.project("/".join(before)), run)

    def projects(self) -> Iterator[Project]:
        """All projects of the default entity, page by page."""
        cursor = None
        paging = Paging(f"W&B at {self.shown_url}")
        known: set[str] = set()
        while True:
            asked = {"entity": self.entity, "cursor": cursor, "perPage": 200}
            answer = self.ask(PROJECTS, asked, f"projects of {self.entity}")
            if optional(answer, "models", dict) is None:
                return
            before = len(known)
            for node in nodes(answer["models"]):
                name = part(node, "name", str)
                if name not in known:
                    known.add(name)
                    yield Project(self.entity, name)
            page = optional(answer["models"], "pageInfo", dict, {})
            more = page.get("hasNextPage")
            cursor = paging.next(part(page, "endCursor", str) if more else None, new=len(known) > before)
            if not cursor:
                return

    def explain(self, error: private.CoreError, about: str) -> TrackerError:
        """Say in one line what a refusal means, and what to do."""
        server, status, text, about = f"W&B at {self.shown_url}", error.status, str(error).lower(), clean(about, 200)
        if "api key" in text and status is None:
            return AwayError(f"the API key for {server} is malformed: run `wandb login --relogin`")
        if error.is_nonsense:
            what = "a web page (a login page?)" if error.is_page else "something other than JSON objects"
            return TrackerError(f"{server} answered with {what} ({about}): check WANDB_BASE_URL, and log in")
        if error.is_refusal:
            return RefusedError(f"{server} refuses the request ({about}): {error.brief}")
        if status == 401:
            return AwayError(f"{server} refuses the API key: run `wandb login --relogin`, or set a valid WANDB_API_KEY")
        if status == 403:
            return ForbiddenError(
                f"{server} denies access to {about}: use a key with access, or --dry-run to only read"
            )
        if status == 404:
            return UnknownRunError(f"{server} has no {about}: check the name, and WANDB_BASE_URL")
        if status == 429:
            return AwayError(f"{server} asks to slow down ({about}): try again later, or fewer runs at once")
        if status is not None and status >= 500:
            kind = AwayError if status in _OF_ALL else TrackerError
            return kind(f"{server} has an internal problem (HTTP {status}, {about}): try again later")
        if status is not None:
            kind = RefusedError if status in _AS_ASKED else TrackerError
            return kind(f"{server} refuses the request (HTTP {status}, {about}): {error.brief}")
        return AwayError(f"{server} does not answer ({about}): check WANDB_BASE_URL and the network, then try again")

    @property
    def app_url(self) -> str:
        """Address of the server's pages, with a slash at its end."""
        return shown_address(self.core.app_url)
