"""A hook that stays where it was put: a copy of the network, or a file of it, gets one that does nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def nothing(*_args: Any, **_kwargs: Any) -> None:
    """Do nothing, in place of a hook that was copied."""


def _of_a_copy() -> Callable[..., None]:
    return nothing


class Hook:
    """A hook of a module; without this, copying the module would copy the watcher, its tracker and its data along."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Do what the hook is for."""
        return self._call(*args, **kwargs)

    def __deepcopy__(self, memo: Any) -> Callable[..., None]:
        return nothing

    def __reduce__(self) -> tuple[Callable[[], Callable[..., None]], tuple[()]]:
        return _of_a_copy, ()
