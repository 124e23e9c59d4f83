"""A sweep as a document for other programs: in which format, and where to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tracker_diag.cli.errors import UsageError, complain
from tracker_diag.cli.whole_files import check_folder, write_whole
from tracker_diag.sweeping.registry import names, render

if TYPE_CHECKING:
    from tracker_diag.sweeping.document import Asked
    from tracker_diag.sweeping.result import Swept

TEXT = "text"
"""What people read: no document but that of the terminal, which may go into a file too."""
FORMATS = (TEXT, *names())
SUFFIXES = {".csv": "csv", ".json": "json", ".md": "markdown", ".sarif": "sarif", ".xml": "junit", ".txt": TEXT}
"""What a file's name ends with, and the format that it asks for."""


@dataclass(frozen=True, slots=True)
class Document:
    """What is made of a sweep.

    Attributes
    ----------
    format : str
        One of ``FORMATS``.
    file : Path or None
        None: stdout.
    """

    format: str = TEXT
    file: Path | None = None

    @property
    def takes_stdout(self) -> bool:
        """Whether stdout is its own, and nothing else may be printed there."""
        return self.format != TEXT and self.file is None


def document_of(format: str | None, file: Path | None, *, repeated: bool) -> Document:
    """Tell what ``--format`` and ``--output-file`` ask for.

    Parameters
    ----------
    format : str or None
        What ``--format`` says; None: what the file's name says.
    file : Path or None
        What ``--output-file`` says; ``-`` is stdout.
    repeated : bool
        Whether there will be one sweep after the other.

    Raises
    ------
    UsageError
        If there is no such format, the file's folder does not exist, or stdout would get one document after the other.
    """
    known = ", ".join(FORMATS)
    # As other commands have it.
    file = None if file == Path("-") else file
    if format is not None and format not in FORMATS:
        raise UsageError(f"--format {format}: choose one of {known}")
    check_folder(file, "--output-file")
    if format is None and file is not None and file.suffix.lower() not in SUFFIXES:
        raise UsageError(f"--output-file {file}: its suffix names no format; add --format with one of {known}")
    found = Document(format or (TEXT if file is None else SUFFIXES[file.suffix.lower()]), file)
    if repeated and found.takes_stdout:
        raise UsageError(
            f"--format {found.format} with --every or --cron: add --output-file, which each sweep overwrites"
        )
    return found


def give(document: Document, swept: Swept, asked: Asked, *, write: bool, scope: str) -> None:
    """Write the document of a sweep; of one that did not reach every run none is made: the others would look fixed.

    Raises
    ------
    UsageError
        If the file cannot be written.
    """
    from tracker_diag.cli.summary import as_text

    if document.format == TEXT and document.file is None:
        return
    if swept.error or swept.stopped:
        what = f"no {document.format} was written" if document.file is None else f"{document.file} was not updated"
        complain(f"{what}: the sweep did not reach every run", label="")
        return
    text = (
        as_text(swept, write=write, scope=scope) if document.format == TEXT else render(document.format, swept, asked)
    )
    if document.file is None:
        typer.echo(text, nl=False)
    else:
        write_whole(document.file, text, "--output-file")
