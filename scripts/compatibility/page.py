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
_PYTHON = "Programming Language :: Python :: "


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

Made by `scripts/versions --docs docs/how-it-works/compatibility.md`. It makes an environment for each version,
lets that version's own client log the same 36 runs (twelve kinds of curve, NaN, infinities and the smallest numbers,
letters beyond ASCII), and sweeps each store with tracker-diag.
MLflow gets a server, SQLite, PostgreSQL and a folder `mlruns`,
with nested, running and deleted runs, datasets and files too; wandb a folder of offline runs, with nested metrics and
histograms.

{table(("column", "what must hold"), ((name, about) for name, about in CELLS.items()))}
{table(("made by", "store", *CELLS), cells)}
{HOLDS}: holds. –: there is no such thing (folders of offline runs take no filter).

{explained}
Two things lie behind these. Servers before MLflow 2.20 fail to delete single files of a local artifact folder; they can
delete a whole folder, which is done only where nothing else is in it and the run has ended. And MLflow up to 2.1 may
keep artifact addresses that are relative to the folder in which training ran: they are looked for beside an SQLite
file, but nobody knows where that folder is for PostgreSQL, so files there are neither read nor written.

{pythons()}
## Seconds and requests

For 36 runs: seconds of the whole command, its start included, while another store was tried on the same two
processors; and requests to the server.

{table(("made by", "store", *_COMMANDS.values()), costs)}"""


def pythons() -> str:
    """Set the section on what tracker-diag itself runs with."""
    project = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]
    *more, last = (text.removeprefix(_PYTHON) for text in project["classifiers"] if text.startswith(_PYTHON))
    return f"""## Pythons and dependencies

`scripts/pythons` runs all tests on Python {", ".join(more)} and {last} where they are on the machine, each
in an environment of its own with the newest versions of what tracker-diag needs. Warnings are errors in the tests, so
what the next Python drops is seen before it is gone.

They pass with the lowest versions that pyproject.toml allows, MLflow 3.9 among them: `scripts/lowest`. Clients
before that may have made what is read, and need not be installed beside it.
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
