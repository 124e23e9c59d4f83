"""What is ours: the names of tags and files that are written. Nothing else is changed or removed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

FOLDER = "diagnosis"
REPORTS = ("report.json", "report.html", "suggested_config.yaml")
"""Files under ``diagnosis/``: the only ones that are ever replaced or deleted."""
FINGERPRINT = "fingerprint"
TAGS = ("verdict", "severity", "cause", "findings", "summary", "version", FINGERPRINT)
"""Tags, without their prefix: the only ones that are ever changed or removed."""
IGNORE, CONTROL = "ignore", "control"
DESCRIPTION, VIEW = "mlflow.note.content", "mlflow.sharedViewState.tracker-diag"
OUTSIDE = (DESCRIPTION, VIEW)
"""Tags outside the prefix, written only where a user asks for it: a run's description, of which the section between our
marks is ours (``--note``), and an experiment's saved view (``--view``)."""
USERS = (IGNORE, CONTROL)
"""Tags under the prefix that are the user's: read, never written."""
PROFILE, MODEL, MODEL_SUMMARY = "profile.json", "model.json", "model_summary.txt"
"""What training code may leave for us: a dataset's profile and a network's description, under ``diagnosis/``, and a
model's summary."""
LEFT = (PROFILE, MODEL)
"""Of these, the files under ``diagnosis/``: a diagnosis reads them, and never writes, changes or removes them."""


def owned(keys: Iterable[str], prefix: str) -> set[str]:
    """Pick the keys that a diagnosis wrote; what else stands under the prefix is somebody else's."""
    ours = {prefix + name for name in TAGS}
    return {key for key in keys if key in ours}


@dataclass(frozen=True, slots=True)
class TagPolicy:
    """What a tracker takes of tags.

    Attributes
    ----------
    longest : int
        Letters of a value; longer ones are cut.
    reserved : mapping of str to str
        Beginnings of names that are the tracker's own, and why none of ours may stand among them.
    """

    longest: int
    reserved: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def as_written(self, tags: Mapping[str, str]) -> dict[str, str]:
        """Cut the tags of a diagnosis to what the tracker takes, and leave out any that is the user's."""
        return {n: shortened(value, self.longest) for n, value in tags.items() if n not in (*USERS, FINGERPRINT)}


def shortened(value: str, longest: int) -> str:
    """Cut a tag's value to the length that a tracker takes."""
    return value if len(value) <= longest else f"{value[: longest - 1]}…"
