"""What a tracker's package offers: how its runs are named, how it is opened, and what its tags may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracker_diag.core.own import TagPolicy

if TYPE_CHECKING:
    from tracker_diag.adapters.base import Adapter


class LocationError(ValueError):
    """A text that names no run, or what cannot be opened as it is asked for; says which forms there are."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a user typed to say which runs are meant.

    Attributes
    ----------
    run : str
        ``--run-id``: an id, or an address copied from a browser; empty where no run is named.
    uri : str or None
        ``--tracking-uri``.
    projects : tuple of str
        ``--project``.
    certain : bool
        Whether the user named this tracker (``--tracker``): then a bare word is a run's id there.
    """

    run: str = ""
    uri: str | None = None
    projects: tuple[str, ...] = ()
    certain: bool = False

    @property
    def is_form(self) -> bool:
        """Whether the run is named by more than a bare word."""
        return "/" in self.run or ":" in self.run


@dataclass(frozen=True, slots=True)
class Location:
    """Where a run, or all runs, are.

    Attributes
    ----------
    tracker : str
        Name of the tracker's package.
    run_id : str or None
        As the tracker's adapter takes it: on W&B ``entity/project/run`` as far as it was given. None where no run is
        named, or for a folder, which may hold several.
    uri : str or None
        Address of the server, where the text holds one; else the environment of the SDK says it.
    project : str or None
        ``entity/project`` or ``project`` on W&B, as far as it was given.
    folder : str or None
        On disk.
    """

    tracker: str
    run_id: str | None = None
    uri: str | None = None
    project: str | None = None
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """With what a tracker is opened.

    Attributes
    ----------
    prefix : str
        Of the tags that are ours.
    verdicts : frozenset of str
        What a diagnosis may have written as a verdict, for trackers whose tags are plain words.
    annotate : bool
        Whether to write also what the tracker's own client carries to its server (``--annotate``).
    """

    prefix: str = "diag."
    verdicts: frozenset[str] = frozenset()
    annotate: bool = False


@dataclass(frozen=True, slots=True)
class Tracker:
    """One tracker, as ``tracker.py`` of its package or the entry point of another package gives it.

    Attributes
    ----------
    title : str
        Its name as people write it.
    forms : str
        How its runs are named, as a phrase that follows "give".
    locate : callable
        Where the runs are that a user asks for, told from the form of what was typed; nothing is looked up. None where
        they are not of this tracker. Raises LocationError where they are, and cannot be taken so.
    open : callable
        The adapter of a location. Nothing may be written yet.
    policy : TagPolicy
        What it takes of tags.
    recognise : callable
        Where the run is that an object of the tracker's own client stands for, or the runs that a path (``Path``)
        leads to; None where it is not of this tracker. It imports nothing, and sends nothing.
    """

    title: str
    forms: str
    locate: Callable[[Asked], Location | None]
    open: Callable[[Location, Opening], Adapter]
    policy: TagPolicy
    recognise: Callable[[object], Location | None] = lambda thing: None

    def __post_init__(self) -> None:
        """Refuse what would fail only when a run is looked for."""
        if not (isinstance(self.title, str) and isinstance(self.forms, str)):
            raise TypeError("title and forms of a tracker are texts")
        if not (
            callable(self.locate)
            and callable(self.open)
            and callable(self.recognise)
            and isinstance(self.policy, TagPolicy)
        ):
            raise TypeError("locate and open of a tracker are functions, its policy is a TagPolicy")
