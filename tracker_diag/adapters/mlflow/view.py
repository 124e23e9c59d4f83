"""The view that MLflow's page of an experiment offers under "Views": what its tag holds, and whether it is still ours.

The form is that of MLflow 3.17's own pages, which write it when somebody saves a view. Older ones take the state itself
as the tag, so that it stands there a second time. Whatever the pages write in its place lacks our digest.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from typing import Any, Protocol

from tracker_diag.adapters.views import COLUMNS, SavedView
from tracker_diag.core.foreign_json import read_json_mapping

NAME = "tracker-diag"
_DIGEST = "digest"
_WIDTHS = (190, 105, 200, 480)
"""Of the columns, in pixels: the longest verdict can be read."""
# Pages before 3.17 take what is left out here for nothing at all, and break.
_UNFILTERED = {"startTime": "ALL", "lifecycleFilter": "Active", "modelVersionFilter": "All Runs", "datasetsFilter": []}
_UNFOLDED = {"runsExpanded": {}, "runsPinned": [], "runsHidden": [], "runsHiddenMode": "FIRST_10_RUNS"}
_BEFORE, _AFTER = ("attributes.`Run Name`", "runDateAndNestInfo"), ("duration",)


class Tag(Protocol):
    """The tag of an experiment that holds the view."""

    def read(self) -> str:
        """Read it as it is now; empty where there is none."""

    def write(self, value: str) -> None:
        """Set it."""

    def delete(self) -> None:
        """Delete it."""


def save(tag: Tag, experiment: str, prefix: str) -> SavedView:
    """Save the view, where it is not there as it should be; one that somebody has changed stays.

    Parameters
    ----------
    tag : Tag
        Of the experiment.
    experiment : str
        Its name.
    prefix : str
        Of the tags that the view shows.

    Returns
    -------
    SavedView
        Without an address, which the name of a server is a part of.
    """
    value, state = tag.read(), _state(prefix)
    place = f"in MLflow's UI, open experiment '{experiment}', then Views > {NAME}"
    if value and not is_ours(value):
        return SavedView("", place, edited=True)
    if not value or (read_json_mapping(value) or {}).get("state") != state:
        now = int(time.time() * 1000)
        envelope = {"name": NAME, "createdAt": now, "updatedAt": now, "state": state, _DIGEST: _digest(state)}
        tag.write(json.dumps(envelope | json.loads(state)))
    return SavedView("", place)


def delete(tag: Tag) -> bool:
    """Delete the view unless somebody has changed it; gives whether it is gone."""
    value = tag.read()
    if value and not is_ours(value):
        return False
    if value:
        tag.delete()
    return True


def is_ours(value: str) -> bool:
    """Whether a tag holds a view as we wrote it, for whatever prefix."""
    held = read_json_mapping(value) or {}
    state = held.get("state")
    return isinstance(state, str) and held.get(_DIGEST) == _digest(state) and _repeats(held, state)


def _repeats(held: Mapping[str, Any], state: str) -> bool:
    return (read_json_mapping(state) or {}).items() <= held.items()


def _state(prefix: str) -> str:
    columns = {f"tags.`{prefix}{name}`": width for name, width in zip(COLUMNS, _WIDTHS, strict=True)}
    severity = f"tags.`{prefix}severity`"
    # The pages take a filter with a blank before its first operator for a part of a name.
    filtered = "" if " " in prefix else f'{severity} != "ok" AND {severity} != "info"'
    return json.dumps(
        {
            "searchFilter": filtered,
            # Errors come before warnings.
            "orderByKey": severity,
            "orderByAsc": True,
            **_UNFILTERED,
            "selectedColumns": [*columns],
            "columnOrder": [*_BEFORE, *columns, *_AFTER],
            "columnWidths": columns,
            **_UNFOLDED,
        }
    )


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()[:16]
