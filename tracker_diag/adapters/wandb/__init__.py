"""Weights & Biases: projects on a server, and runs in a folder."""

from __future__ import annotations

from pathlib import Path

from tracker_diag.adapters.base import Adapter


def connect(project: str | None = None, prefix: str = "diag.", verdicts: frozenset[str] = frozenset()) -> Adapter:
    """Open a W&B server; its address and the key come from wandb's own environment.

    Parameters
    ----------
    project : str or None
        ``entity/project`` or ``project``, for runs named without one; else WANDB_ENTITY and WANDB_PROJECT say it.
    prefix : str
        Of the tags, ``diag.``: words are then ``diag:…`` and keys of the summary ``diag/…``.
    verdicts : frozenset of str
        What a diagnosis may have written as a verdict: words of an earlier one are told by them from the user's.

    Raises
    ------
    TrackerError
        If there is no key, the server refuses it, or does not answer.
    """
    from tracker_diag.adapters.wandb.online import OnlineAdapter

    return OnlineAdapter(project, prefix=prefix, verdicts=verdicts)


def open_folder(
    path: str | Path, *, annotate: bool = False, prefix: str = "diag.", verdicts: frozenset[str] = frozenset()
) -> Adapter:
    """Open runs on disk, which need no server and no account.

    Parameters
    ----------
    path : str or Path
        A ``wandb/`` folder, a folder that holds one, a run's folder, or a log.
    annotate : bool
        Whether a diagnosis is written also as a further segment, which ``wandb sync`` carries to the server.
    prefix : str
        As for :func:`connect`.
    verdicts : frozenset of str
        As for :func:`connect`.

    Raises
    ------
    UnknownRunError
        If there is no run.
    """
    from tracker_diag.adapters.wandb.offline import OfflineAdapter

    return OfflineAdapter(Path(path).expanduser(), annotate=annotate, prefix=prefix, verdicts=verdicts)
