"""Layers from the table that Lightning's ``ModelSummary`` prints."""

from __future__ import annotations

from typing import Any

from tracker_diag.models.torch_modules import innermost, network, widths

_COLUMNS = ("Name", "Type", "Params")


def read_lightning_summary(text: str) -> dict[str, Any] | None:
    """Read the modules of a table of Lightning.

    Parameters
    ----------
    text : str
        The summary, to whatever depth.

    Returns
    -------
    dict or None
        As ``read_model`` takes it; None where there is no such table.
    """
    names: list[str] = []
    modules: list[tuple[int, dict[str, Any]]] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if not names:
            names = cells if cells[0] == "" and tuple(cells[1:3]) == _COLUMNS[:2] else []
        elif len(cells) == len(names) and cells[0].isdecimal():
            row = dict(zip(names, cells, strict=True))
            known = widths(row["Type"], row.get("In sizes", ""), row.get("Out sizes", ""))
            modules.append((row["Name"].count("."), {"type": row["Type"], **known}))
        elif line.strip(" -"):
            break
    return network(innermost(modules))
