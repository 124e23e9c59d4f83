"""``committed`` diagnoses the runs to which files of a commit belong."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from tracker_diag.cli.errors import FOUND, OK, PARTIAL, TRACKER, USAGE, complain
from tracker_diag.cli.options import ConfigOption, FailOnOption, RoleOption
from tracker_diag.cli.sweep import sweep

_RUN_ID = re.compile(r"[0-9A-Za-z_-]+")
_GRAVEST_FIRST = (USAGE, TRACKER, PARTIAL, FOUND, OK)


def committed(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILES", help="Files in mlruns folders. All other files are ignored.", show_default=False
        ),
    ] = None,
    fail_on: FailOnOption = "error",
    config: ConfigOption = None,
    role: RoleOption = None,
) -> None:
    """Check runs whose mlruns files are about to be committed to git.

    Made for pre-commit hooks. Each run that one of the files belongs to is diagnosed; nothing is written.
    The other runs of its experiment are used only for comparison. The exit code is 1 if a run is at
    least as severe as --fail-on says (default: error). Other exit codes: see `tracker-diag -h`.

    \b
      tracker-diag committed $(git diff --name-only --staged)
    """  # noqa: D301  click wants a real backspace
    codes = {OK}
    found = runs_of(files or ())
    if not found:
        complain("nothing to check: none of these files belongs to an MLflow run", label="")
    for folder, run_ids in found.items():
        try:
            sweep(
                everything=True,
                tracking_uri=str(folder),
                filter=f"attributes.run_id IN ({', '.join(repr(run_id) for run_id in run_ids)})",
                # The tags of a run that is committed tell what some other version thought of it.
                force=True,
                dry_run=True,
                fail_on=fail_on,
                config=config,
                role=role,
            )
        except typer.Exit as end:
            if end.exit_code not in _GRAVEST_FIRST:
                raise
            codes.add(end.exit_code)
    raise typer.Exit(min(codes, key=_GRAVEST_FIRST.index))


def runs_of(files: Iterable[Path]) -> dict[Path, list[str]]:
    """Tell which runs of which mlruns folders files belong to.

    A run is a folder with a ``meta.yaml``, in an experiment's folder with another; the folder above is the store.

    Parameters
    ----------
    files : iterable of Path
        Of runs, and any others.

    Returns
    -------
    dict of Path to list of str
        Absolute folders, and ids of their runs in order.
    """
    found: dict[Path, set[str]] = {}
    for folder in {parent for file in files for parent in file.absolute().parents}:
        described = (folder / "meta.yaml").is_file() and (folder.parent / "meta.yaml").is_file()
        if described and _RUN_ID.fullmatch(folder.name):
            found.setdefault(folder.parent.parent, set()).add(folder.name)
    return {store: sorted(found[store]) for store in sorted(found)}
