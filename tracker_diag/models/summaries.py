"""The description of a network from its printed summary, whichever tool printed it."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import chain

from tracker_diag.core.model import MAX_COUNT, Model, read_model
from tracker_diag.models.keras_summary import read_keras_summary
from tracker_diag.models.lightning_summary import read_lightning_summary
from tracker_diag.models.torch_printed import read_printed
from tracker_diag.models.torchinfo_summary import read_torchinfo

#: Characters of a summary that are read, and those at its end that are looked through for counts where it is longer.
LETTERS, LETTERS_AT_THE_END = 200_000, 10_000

_READERS = (read_keras_summary, read_lightning_summary, read_torchinfo, read_printed)
# Every repetition is bounded, so that no text of whatever layout takes longer than in proportion to its length.
_COUNT = r"(\d[\d,]{0,24}(?:\.\d{1,6})?)[ \t]{0,4}([KMB]?)"
_COUNTS = {
    kind: (
        re.compile(rf"{kind} params[^0-9\n]{{0,40}}{_COUNT}\b"),
        re.compile(rf"(?<![\d,.]){_COUNT}[ \t]{{1,8}}{kind} params"),
    )
    for kind in ("Trainable", "Total")
}
_TIMES = {"": 1, "K": 1e3, "M": 1e6, "B": 1e9}


def read_summary(text: str) -> Model | None:
    """Read what a network's summary says of it.

    Tables of Keras 2 and 3, of Lightning and of torchinfo are read, and modules as torch prints them. A summary of
    Keras shows no activations, so that none is among the settings. One of torch shows no functions
    (``torch.relu``), and modules outside a ``Sequential`` in the order in which they were defined. Where a table does
    not show what is inside a module, that module is a layer of its own type.

    Parameters
    ----------
    text : str
        As ``model_summary.txt`` holds it.

    Returns
    -------
    Model or None
        Of another layout, the number of parameters alone. None where the text says nothing.
    """
    known, whole = text[:LETTERS], len(text) <= LETTERS
    # The layers of a table that was cut would be a shorter network, and its last one not the output.
    found = next((said for said in (reader(known) for reader in _READERS) if said), None) if whole else None
    count = _trainable(known if whole else f"{known}\n{text[-LETTERS_AT_THE_END:]}")
    if found is None and count is None:
        return None
    model = read_model({**(found or {}), "trainable_parameters": count})
    if whole:
        return model
    return replace(model, notes=(f"model summary: longer than {LETTERS:,} characters, so its layers were not read",))


def _trainable(text: str) -> int | None:
    trainable, total = (_counted(text, kind) for kind in ("Trainable", "Total"))
    if trainable is None:
        # What the optimiser keeps, and what is frozen, is part of the total.
        return None if "Optimizer params" in text or "Non-trainable params" in text else total or None
    # A network without any parameters is one that is not built yet.
    return trainable if trainable or total else None


def _counted(text: str, kind: str) -> int | None:
    found = next(chain.from_iterable(pattern.finditer(text) for pattern in _COUNTS[kind]), None)
    if found is None:
        return None
    digits = found[1].replace(",", "")
    count = int(digits) if digits.isdecimal() and not found[2] else round(float(digits) * _TIMES[found[2]])
    return count if count <= MAX_COUNT else None
