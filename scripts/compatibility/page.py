"""The page that the matrix makes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from scripts.compatibility.trial import CELLS, HOLDS, Result
from scripts.documentation.markdown import table

_COMMANDS = {
    "dry run": "sweep --dry-run",
    "sweep": "sweep",
    "again": "the next sweep",
    "force": "sweep --force",
    "clean": "clean",
}
_STORES = {
    "server": "server, SQLite behind it",
    "sqlite": "SQLite, read directly",
    "postgresql": "PostgreSQL, read directly",
    "mlruns": "folder mlruns",
    "offline": "folder of offline runs",
}
_PACKAGES = {"mlflow": "MLflow", "wandb": "wandb"}
_PROJECT = Path(__file__).parents[2] / "pyproject.toml"
_CLASSIFIER = re.compile(r"Programming Language :: Python :: (\d+\.\d+)")


def page(found: Mapping[tuple[str, str], Result], releases: Mapping[str, str]) -> str:
    """Set the page.

    Parameters
    ----------
    found : mapping of (str, str) to Result
        By the environment's name and the kind of store.
    releases : mapping of str to str
        Which release each environment held.
    """
    notes: list[str] = []
    cells = [_row(key, result, releases, notes) for key, result in found.items()]
    costs = [
        (_version(key[0], releases), _STORES[key[1]], *(_cost(result, name) for name in _COMMANDS))
        for key, result in found.items()
    ]
    explained = "".join(f"{number}. {note}\n" for number, note in enumerate(notes, 1))
    return f"""# Compatibility: which servers, stores and clients were tried

This page says with which versions of MLflow and wandb tracker-diag was tried, and what did not work. `scripts/versions
--docs docs/how-it-works/compatibility.md` writes it. It makes an environment for each version, and that version's own
client logs the same 36 runs: twelve kinds of curve, NaN, infinities and the smallest numbers, letters beyond ASCII.
Then tracker-diag sweeps each store. MLflow gets a server, SQLite, PostgreSQL and a folder `mlruns`, with nested,
running and deleted runs, datasets and files too. wandb gets a folder of offline runs, with nested metrics and
histograms.

{table(("column", "what must hold"), ((name, about) for name, about in CELLS.items()))}
{table(("made by", "store", *CELLS), cells)}
{HOLDS}: holds. –: does not apply (folders of offline runs take no filter).

{explained}
These notes have two reasons. Servers before MLflow 2.20 fail to delete single files of a local artifact folder. They
can delete a whole folder, but tracker-diag does that only if nothing else is in it and the run has ended. And MLflow up
to 2.1 may store artifact addresses that are relative to the folder in which training ran. They are looked for beside
an SQLite file. For PostgreSQL nobody knows where that folder is, so files there are neither read nor written.

{pythons()}
## Seconds and requests

The table gives the seconds of the whole command for 36 runs, and the requests to the server. The seconds include the
start of the command, and another store was tried at the same time on the same two processors.

{table(("made by", "store", *_COMMANDS.values()), costs)}"""


def pythons() -> str:
    """Set the section on what tracker-diag itself runs with."""
    project = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]
    *more, last = (found[1] for text in project["classifiers"] if (found := _CLASSIFIER.fullmatch(text)))
    return f"""## Pythons and dependencies

`scripts/pythons` runs all tests on Python {", ".join(more)} and {last} where they are on the machine, each
in an environment of its own with the newest versions of what tracker-diag needs. Warnings are errors in the tests, so
they show what the next Python will remove.

The tests also pass with the lowest versions that pyproject.toml allows, MLflow 3.9 among them (`scripts/lowest`). Older
clients may have logged the runs that are read, but need not be installed.
"""


def _row(key: tuple[str, str], result: Result, releases: Mapping[str, str], notes: list[str]) -> tuple[str, ...]:
    shown = []
    for name in CELLS:
        cell = result.cells.get(name, "")
        if cell and cell not in (HOLDS, "–"):
            note = re.sub(r"http://127\.0\.0\.1:\d+", "the server", cell).replace("<", "&lt;").replace("|", "\\|")
            if note not in notes:
                notes.append(note)
            cell = f"({notes.index(note) + 1})"
        shown.append(cell)
    return (_version(key[0], releases), _STORES[key[1]], *shown)


def _version(name: str, releases: Mapping[str, str]) -> str:
    return f"{_PACKAGES[name.partition('-')[0]]} {releases[name]}"


def _cost(result: Result, name: str) -> str:
    if name not in result.seconds:
        return ""
    requests = result.requests[name]
    return f"{result.seconds[name]:.1f} s" + (f", {requests:,}" if requests else "")
