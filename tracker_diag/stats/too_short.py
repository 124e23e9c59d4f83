"""Named errors of the statistics."""

from __future__ import annotations


class TooShortError(ValueError):
    """Fewer points than the statistic needs.

    Parameters
    ----------
    statistic : str
        Its name.
    needed, got : int
        Points that it needs, and those there are.
    """

    def __init__(self, statistic: str, needed: int, got: int) -> None:
        super().__init__(f"{statistic} needs {needed} points, got {got}")
