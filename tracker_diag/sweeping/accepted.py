"""A baseline: runs as they stood on a day, which are accepted; only what is new counts from then on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tracker_diag.adapters.base import TrackerError
from tracker_diag.adapters.disk import write_files
from tracker_diag.core.finding import Severity, is_name
from tracker_diag.core.foreign_files import NotAFileError, read_file
from tracker_diag.core.foreign_json import fault, read_json
from tracker_diag.core.version import __version__
from tracker_diag.sweeping.result import Row, Swept

SCHEMA_VERSION = 1
MOST_BYTES = 2**28
"""Of a file: a million runs have about half of it."""


class BaselineError(ValueError):
    """A file that is no baseline, or cannot be read or written; one line that says which."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is accepted.

    Attributes
    ----------
    runs : mapping of str to (str, Severity)
        Run id to the verdict and the severity that it may have.
    """

    runs: Mapping[str, tuple[str, Severity]]

    def accepts(self, row: Row) -> bool:
        """Whether a run has the verdict that it had, and no higher severity."""
        verdict, severity = self.runs.get(row.id, ("", Severity.OK))
        return row.verdict == verdict and row.severity.rank <= severity.rank

    def mark(self, swept: Swept) -> Swept:
        """Mark the runs of a sweep that are accepted."""
        rows, standing = (
            tuple(replace(row, accepted=self.accepts(row)) for row in part) for part in (swept.rows, swept.standing)
        )
        return replace(swept, rows=rows, standing=standing)


def read(path: Path) -> Baseline | None:
    """Read a baseline; None where there is no file.

    Raises
    ------
    BaselineError
        If it is not one.
    """
    try:
        data = read_json(read_file(path, MOST_BYTES, typed=True))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BaselineError(f"--baseline {path}: {error.strerror or error}") from None
    except NotAFileError as error:
        raise BaselineError(f"--baseline {path}: {error}") from None
    except ValueError as error:
        raise BaselineError(f"--baseline {path}: not a baseline file ({fault(error)}); give another name") from None
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version is None:
        raise BaselineError(f"--baseline {path}: not a baseline file (no schema_version); give another name")
    if version != SCHEMA_VERSION:
        said = f"schema version {version!r}, which this version does not read"
        raise BaselineError(f"--baseline {path}: {said}; delete it, and the next sweep writes a new one")
    runs = data.get("runs")
    entries = runs.items() if isinstance(runs, dict) else ()
    return Baseline({run_id: entry for run_id, value in entries if (entry := _entry(value)) is not None})


def mark(path: Path, swept: Swept) -> Swept:
    """Mark the runs of a sweep that the baseline in a file accepts; write the file first where there is none.

    A sweep that broke off writes none: what it did not reach would count as new ever after. So do, on purpose, runs
    that could not be read.

    Raises
    ------
    BaselineError
        If the file is no baseline, or cannot be written.
    """
    known = read(path)
    if known is None and not (swept.error or swept.stopped or swept.left):
        known = _write(path, swept)
    return swept if known is None else known.mark(swept)


def _write(path: Path, swept: Swept) -> Baseline:
    """Accept all runs that are not green as they are; their names stand in the file for whoever reviews it."""
    rows = sorted(swept.at_least(Severity.WARNING), key=lambda row: row.id)
    runs = {
        r.id: {"verdict": r.verdict, "severity": r.severity, "run": r.name, "experiment": r.experiment} for r in rows
    }
    data = {"schema_version": SCHEMA_VERSION, "version": __version__, "runs": runs}
    try:
        write_files(path.parent, {path.name: (json.dumps(data, indent=1) + "\n").encode()})
    except (OSError, TrackerError) as error:
        raise BaselineError(f"--baseline {path}: {getattr(error, 'strerror', None) or error}") from None
    return Baseline({row.id: (row.verdict, row.severity) for row in rows})


def _entry(value: Any) -> tuple[str, Severity] | None:
    """Read an entry; one that is damaged accepts nothing."""
    if not isinstance(value, dict):
        return None
    verdict, severity = value.get("verdict"), value.get("severity")
    if not (isinstance(verdict, str) and is_name(verdict) and severity in tuple(Severity)):
        return None
    return verdict, Severity(str(severity))
