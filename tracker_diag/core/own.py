"""What is ours on a run: the names of tags and files that a diagnosis writes. Nothing else is changed or removed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

FOLDER = "diagnosis"
REPORTS = ("report.json", "report.html", "suggested_config.yaml")
"""Files under ``diagnosis/``: the only ones that are ever replaced or deleted."""
FINGERPRINT = "fingerprint"
TAGS = ("verdict", "severity", "cause", "findings", "summary", "version", FINGERPRINT)
"""Tags, without their prefix: the only ones that are ever changed or removed."""
USERS = ("ignore", "control")
"""Tags under the prefix that are the user's: read, never written."""
PROFILE, MODEL_SUMMARY = "profile.json", "model_summary.txt"
"""What training code may leave for us: a dataset's profile, under ``diagnosis/``, and a model's summary."""


def owned(keys: Iterable[str], prefix: str) -> set[str]:
    """Keys that a diagnosis wrote; what else stands under the prefix is somebody else's."""
    ours = {prefix + name for name in TAGS}
    return {key for key in keys if key in ours}


def as_written(tags: Mapping[str, str], longest: int) -> dict[str, str]:
    """Tags of a diagnosis as they are written: cut to what a tracker takes, and never one that is the user's."""
    return {name: shortened(value, longest) for name, value in tags.items() if name not in (*USERS, FINGERPRINT)}


def shortened(value: str, longest: int) -> str:
    """Cut a tag's value to the length that a tracker takes."""
    return value if len(value) <= longest else f"{value[: longest - 1]}…"
