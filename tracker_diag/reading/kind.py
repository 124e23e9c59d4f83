"""What a kind of data in memory offers, in its file under ``kinds``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tracker_diag.core.run import Run


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of what people hold in memory.

    Attributes
    ----------
    form : str
        What it is, as a phrase that follows "give".
    takes : callable
        Whether an object is of this kind; told without importing a library, and it never raises.
    read : callable
        The runs of such an object; one, unless it names several. Its second argument is the id of a run that is not
        named. Raises InvalidRunError where it cannot be read.
    """

    form: str
    takes: Callable[[object], bool]
    read: Callable[[Any, str], tuple[Run, ...]]
