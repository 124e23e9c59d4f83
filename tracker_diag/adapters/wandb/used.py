"""Artifacts of type dataset that a run used, as datasets of a run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tracker_diag.adapters.wandb.answers import nodes, optional, part

MOST_USED = 100
"""Artifacts of one run that are read; no training is fed from as many."""
_TYPE = "dataset"
_SIDES = {
    "train": {"train", "training", "trainset"},
    "validation": {"val", "valid", "validation", "valset", "dev", "eval", "evaluation"},
    "test": {"test", "testing", "testset"},
}


@dataclass(frozen=True, slots=True)
class Used:
    """An artifact of type dataset.

    Attributes
    ----------
    name : str
        With its version: ``train-set:v3``.
    digest : str or None
        Of its content, where it is known.
    aliases : tuple of str
        Other names of the version.
    """

    name: str
    digest: str | None = None
    aliases: tuple[str, ...] = ()


def used_on_server(node: Mapping[str, Any]) -> list[Used]:
    """Take the used datasets from a run as the server describes it; none where it does not tell any.

    Raises
    ------
    TrackerError
        If the answer has another form.
    """
    told = optional(node, "inputArtifacts", dict)
    # Of an artifact that was deleted, or that one may not see, the server tells nothing.
    artifacts = [] if told is None else [found for found in nodes(told) if found is not None]
    return [_on_server(found) for found in artifacts if _of(found, "artifactType") == _TYPE][:MOST_USED]


def _on_server(artifact: Any) -> Used:
    version = optional(artifact, "versionIndex", int)
    aliases = tuple(part(alias, "alias", str) for alias in optional(artifact, "aliases", list, []))
    name = _of(artifact, "artifactSequence") + ("" if version is None else f":v{version}")
    return Used(name, optional(artifact, "digest", str), aliases[:MOST_USED])


def _of(artifact: Any, owner: str) -> str:
    return optional(optional(artifact, owner, dict, {}), "name", str, "")


def note_used(used: list[Used], record: Any) -> None:
    """Add what a record of a log says was used, if that is a dataset; a log knows no digests."""
    if record.type == _TYPE and record.name and len(used) < MOST_USED:
        used.append(Used(record.name))


def datasets(used: Iterable[Used]) -> tuple[dict[str, Any], ...]:
    """Make datasets of a run of what it used; the same one used again is one."""
    return tuple(
        {"name": one.name, "digest": one.digest, "context": _context(one), "profile": None, "schema": None}
        for one in dict.fromkeys(used)
    )


def _context(one: Used) -> str | None:
    """Which side it is, where its names say one and no other."""
    words = {word for name in (one.name, *one.aliases) for word in re.findall(r"[a-z]+", name.lower())}
    sides = [side for side, said in _SIDES.items() if said & words]
    return sides[0] if len(sides) == 1 else None
