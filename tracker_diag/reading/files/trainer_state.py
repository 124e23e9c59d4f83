"""The ``trainer_state.json`` of Hugging Face's Trainer: in the folder of each checkpoint, the last one tells the most.

Beside it, only what is plain JSON is read: ``config.json``, the model's. ``training_args.bin`` is a pickle, which may
run any code, and is never opened.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from tracker_diag.core.outgoing import clean
from tracker_diag.core.run import InvalidRunError, Run
from tracker_diag.reading.cells import as_number
from tracker_diag.reading.file_format import FileFormat, Found, ReadingError, json_of, settings_beside
from tracker_diag.reading.kinds.log_history import SETTINGS, run_of

_CHECKPOINT = re.compile(r"checkpoint-(\d{1,18})")


def read(found: Found) -> tuple[Run, ...]:
    """Read the run of which these are checkpoints."""
    state = found.files[0] if len(found.files) == 1 else max(found.files, key=_step)
    found = replace(found, files=(state,))
    data = json_of(found)
    rows = data.get("log_history") if isinstance(data, dict) else None
    if not isinstance(rows, list):
        raise ReadingError(
            f"{clean(state)}: no log_history in it: give the trainer_state.json that the Hugging Face Trainer wrote"
        )
    params: dict[str, Any] = {name: data[name] for name in SETTINGS if as_number(data.get(name)) is not None}
    params |= settings_beside(state.parent, ["config.json", "training_args.json"])
    try:
        return (run_of(rows, found.id, params),)
    except InvalidRunError as error:
        raise ReadingError(f"{clean(state)}: {error}") from None


def _step(path: Path) -> int:
    """Steps after which a state was saved; that of the folder itself is the last of all."""
    checkpoint = _CHECKPOINT.fullmatch(path.parent.name)
    return int(checkpoint[1]) if checkpoint else 10**18


def _home(path: Path) -> Path:
    return path.parent.parent if _CHECKPOINT.fullmatch(path.parent.name) else path.parent


FORMAT = FileFormat("Hugging Face's trainer_state.json", ("trainer_state.json",), read, _home)
