"""What objects of other libraries say of themselves, asked for without trusting them to answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_log = logging.getLogger(__name__)


def told(ask: Callable[[], T]) -> T | None:
    """Ask an object of another library; None where its own code fails, which is told in the log at level info."""
    try:
        return ask()
    except Exception as error:  # noqa: BLE001  the code of any library may raise anything; the curves are there all the same
        _log.info("an object of another library did not answer: %s", type(error).__name__)
        return None
