"""Layers from the table that torchinfo prints."""

from __future__ import annotations

import re
from itertools import dropwhile, islice, takewhile
from typing import Any

from tracker_diag.models.torch_modules import innermost, network, widths

_COLUMNS = ("Layer (type", "Input Shape", "Output Shape", "Param #", "Trainable")
#: Signs that draw the tree.
_BRANCHES = " ├└─│|+"
_TYPE = re.compile(r"([A-Za-z_]\w{0,200})(?: \([^()]{0,200}\))?(?:: \d{1,9}-\d{1,9})?$")
#: How a number of parameters is shown that training does not set.
_FROZEN = re.compile(r"\([\d,]{1,30}\)")


def read_torchinfo(text: str) -> dict[str, Any] | None:
    """Read the modules of a table of torchinfo.

    Parameters
    ----------
    text : str
        The summary, with whatever columns.

    Returns
    -------
    dict or None
        As ``read_model`` takes it; None where there is no such table.
    """
    lines = dropwhile(lambda line: not line.startswith(_COLUMNS[0]), text.splitlines())
    header = next(lines, "")
    starts = sorted((header.find(name), name) for name in _COLUMNS if name in header)
    modules: list[tuple[int, dict[str, Any]]] = []
    for line in takewhile(lambda line: not line.startswith("=="), islice(lines, 1, None)):
        # Columns that are of no use here may stand between those that are.
        cells = {name: line[start:].split("  ", 1)[0].strip() for start, name in starts[1:]}
        said = line.lstrip(_BRANCHES)
        found = _TYPE.match(said.split("  ", 1)[0].strip())
        if found is None:
            return None
        known: dict[str, Any] = widths(found[1], cells.get("Input Shape", ""), cells.get("Output Shape", ""))
        if _FROZEN.fullmatch(cells.get("Param #", "")) or cells.get("Trainable") == "False":
            known["trainable"] = False
        modules.append((len(line) - len(said), {"type": found[1], **known}))
    return network(innermost(modules))
