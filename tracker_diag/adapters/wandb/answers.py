"""Parts of what a W&B server answered, read without trusting it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, overload

from tracker_diag.adapters.base import TrackerError
from tracker_diag.core.foreign_json import read_json

T = TypeVar("T")


def part(found: Any, key: str, kind: type[T]) -> T:
    """Take a part of an answer that must be there.

    Raises
    ------
    TrackerError
        If it is not, or is of another kind.
    """
    value = found.get(key) if isinstance(found, Mapping) else None
    if not isinstance(value, kind):
        raise TrackerError(f"the W&B server's answer has no {key}, or an invalid one: check WANDB_BASE_URL")
    return value


@overload
def optional(found: Any, key: str, kind: type[T]) -> T | None: ...
@overload
def optional(found: Any, key: str, kind: type[T], otherwise: T) -> T: ...
def optional(found: Any, key: str, kind: type[T], otherwise: T | None = None) -> T | None:
    """Take a part of an answer that may be missing, or null.

    Raises
    ------
    TrackerError
        If it is of another kind.
    """
    missing = isinstance(found, Mapping) and found.get(key) is None
    return otherwise if missing else part(found, key, kind)


def nodes(connection: Any) -> list[Any]:
    """Take the nodes of a connection (``{"edges": [{"node": …}, …]}``), whatever each of them is."""
    return [edge.get("node") if isinstance(edge, Mapping) else None for edge in part(connection, "edges", list)]


def texts(found: Any, key: str) -> list[str]:
    """Take a list of texts; one that is missing is empty."""
    return [part({key: text}, key, str) for text in optional(found, key, list, [])]


def json_object(text: Any, what: str) -> dict[str, Any]:
    """Read a JSON text that holds an object; an empty one where there is none.

    Raises
    ------
    TrackerError
        If it holds something else: what is taken for empty would be overwritten.
    """
    if text is None or text == "":
        return {}
    try:
        value = read_json(text) if isinstance(text, str) else text
    except ValueError as error:
        raise TrackerError(f"the run's {what} cannot be read: {error}") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TrackerError(f"the run's {what} cannot be read: it is not a JSON object")
    return value
