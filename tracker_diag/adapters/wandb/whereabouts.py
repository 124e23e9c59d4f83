"""Where the diagnoses of runs in a folder lie, and how W&B's own client takes them to the server."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from tracker_diag.adapters.wandb.folder import RunFolder, is_synced
from tracker_diag.core import own

LONGEST_COMMAND = 1_000
"""Letters of a command that names each folder; a longer one names them by a pattern."""
_REPORT = "report.html"


def report_lines(folders: Sequence[RunFolder]) -> tuple[str, ...]:
    """Say where the reports lie: the first one's path, and what matches all of them.

    Parameters
    ----------
    folders : sequence of RunFolder
        In the order in which they are of interest.

    Returns
    -------
    tuple of str
        Empty where there is no report.
    """
    reports = [path for folder in folders if (path := folder.home / own.FOLDER / _REPORT).is_file()]
    if not reports:
        return ()
    first = _quoted(reports[0])
    if len(reports) == 1:
        return (f"report: {first}",)
    every = f"{_quoted(folders[0].home.parent)}/*/{own.FOLDER}/{_REPORT}"
    return (f"{len(reports):,} reports in {every}, the first: {first}",)


def syncing_lines(folders: Sequence[RunFolder]) -> tuple[str, ...]:
    """Say which command takes the segments that carry diagnoses to the server.

    Logs of training that the server does not have yet go along: the segment alone would make a run without its curves.

    Parameters
    ----------
    folders : sequence of RunFolder
        As they are now; those without such a segment are left out, and those whose segment the server has.

    Returns
    -------
    tuple of str
        Empty where there is no such segment.
    """
    carried = [x for x in folders if x.annotations and not all(is_synced(segment, x.id) for segment in x.annotations)]
    if not carried:
        return ()
    named = [path for folder in carried for path in (*_unsynced(folder), *folder.annotations)]
    command = " ".join(["wandb sync", *map(_quoted, named)])
    if len(command) > LONGEST_COMMAND:
        command = f"wandb sync {_quoted(carried[0].home.parent)}/offline-run-*"
    known = any(is_synced(folder.home, folder.id) for folder in carried)
    same = " (with the same -p and -e as before, if any)" if known else ""
    count = f"{len(carried):,} segment{'s' * (len(carried) != 1)}"
    return (f"{count} written for W&B; to upload, run{same}: {command}",)


def _unsynced(folder: RunFolder) -> Iterable[Path]:
    # What was logged online is on the server; its log is only a copy.
    homes = (log.parent for log in folder.logs)
    return (home for home in homes if home.name.startswith("offline-run-") and not is_synced(home, folder.id))


def _quoted(path: Path) -> str:
    """A path as a shell takes it, from the folder where the user is, where it lies below that."""
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))
