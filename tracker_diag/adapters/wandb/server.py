"""A W&B server as the adapter sees it: where it is, which project is meant, and its refusals in words."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tracker_diag.adapters.base import TrackerError, UnknownRunError
from tracker_diag.adapters.wandb import private
from tracker_diag.adapters.wandb.queries import PROJECTS


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
            raise TrackerError("WANDB_BASE_URL is no address: give one like https://api.wandb.ai") from None
        self.shown_url = _without_user(self.url)
        try:
            if not private.has_credentials():
                raise TrackerError(f"no API key for W&B at {self.shown_url}: run `wandb login`, or set WANDB_API_KEY")
            self._api = private.open_api()
        except private.CoreError as error:
            raise self.explain(error, "the account") from None
        self.core = private.Core(self._api)
        entity, _, name = (project or "").rpartition("/")
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
            if self._entity is None:
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
            return self.core.ask(query, variables)
        except private.CoreError as error:
            raise self.explain(error, about) from None

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
            raise UnknownRunError(f"{text!r} names no run here: name entity/project/run, or set WANDB_PROJECT")
        return RunPath(self.project("/".join(before)), run)

    def projects(self) -> Iterator[Project]:
        """All projects of the default entity, page by page."""
        cursor = None
        while True:
            asked = {"entity": self.entity, "cursor": cursor, "perPage": 200}
            found = self.ask(PROJECTS, asked, f"projects of {self.entity}").get("models") or {}
            yield from (Project(self.entity, edge["node"]["name"]) for edge in found.get("edges", ()))
            page = found.get("pageInfo") or {}
            if not page.get("hasNextPage"):
                return
            cursor = page["endCursor"]

    def explain(self, error: private.CoreError, about: str) -> TrackerError:
        """Say in one line what a refusal means, and what to do."""
        server, status, text = f"W&B at {self.shown_url}", error.status, str(error).lower()
        if "api key" in text and status is None:
            return TrackerError(f"the API key for {server} has not the form of one: run `wandb login --relogin`")
        if status == 401:
            return TrackerError(f"{server} refuses the API key: run `wandb login --relogin`, or set WANDB_API_KEY anew")
        if status == 403:
            return TrackerError(f"{server} denies access to {about}: use a key that has it, or --dry-run to only read")
        if status == 404:
            return UnknownRunError(f"{server} knows no {about}: check the name, and WANDB_BASE_URL")
        if status == 429:
            return TrackerError(f"{server} asks to slow down ({about}): try again later, or fewer runs at once")
        if status is not None and status >= 500:
            return TrackerError(f"{server} has trouble of its own (HTTP {status}, {about}): try again later")
        if status is not None:
            return TrackerError(f"{server} refuses the request (HTTP {status}, {about}): {error.brief}")
        return TrackerError(f"{server} does not answer ({about}): check WANDB_BASE_URL and the network, try again")

    @property
    def app_url(self) -> str:
        """Address of the server's pages."""
        return _without_user(self.core.app_url)


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
