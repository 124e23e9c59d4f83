"""What marks a run as one that ``tracker_diag.controls`` made: such runs, and no others, may be deleted by us."""

from __future__ import annotations

from collections.abc import Mapping

from tracker_diag.core import own

RANDOM_INPUT, REAL_INPUT, TINY_SUBSET, RATE_RANGE = "random-input", "real-input", "tiny-subset", "learning-rate-range"
"""Values of ``diag.control``: noise as input; the real input to compare with; a few examples; a rate of a ladder."""
PREFIX = "diag."
WRITTEN_BY, WRITER = "written-by", "tracker_diag.controls"
"""The tag, without the prefix, that only such runs have, and its value."""
WORD = "diag:written-by-controls"
"""The same where tags are plain words."""


def tags(control: str) -> dict[str, str]:
    """Give the tags of a run that is a control for this."""
    return {PREFIX + own.CONTROL: control, PREFIX + WRITTEN_BY: WRITER}


def is_ours(run_tags: Mapping[str, str]) -> bool:
    """Whether ``tracker_diag.controls`` made the run with these tags, as an adapter reads them.

    A run that somebody tagged as a control is not: it lacks the second mark.

    Examples
    --------
    >>> from tracker_diag.core.controlled import is_ours
    >>> is_ours({"diag.control": "random-input", "diag.written-by": "tracker_diag.controls"})
    True
    >>> is_ours({"diag.control": "random-input"})
    False
    """
    marked = run_tags.get(PREFIX + WRITTEN_BY) == WRITER or WORD in run_tags
    return marked and PREFIX + own.CONTROL in run_tags
