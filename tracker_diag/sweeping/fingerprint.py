"""Whether a run is due: a hash of all that its diagnosis rests on, kept as a tag on the run itself."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

from tracker_diag.adapters.base import Listing
from tracker_diag.core.plain import plain
from tracker_diag.core.run import ACTIVE
from tracker_diag.core.version import __version__
from tracker_diag.rules.registry import packages
from tracker_diag.settings.settings import Settings

LOOK_AGAIN = 1.1
"""A run that is still going is judged again when its last step has grown by about a tenth: often enough to see a turn
early, and at most ln(n)/ln(1.1) looks at n steps, so that repeated looks stay few however often the sweep runs."""

NARROWED = "narrowed-"
"""Begins the fingerprint of a diagnosis by rules that were chosen for one sweep alone."""


def fingerprint(listing: Listing, settings: Settings) -> str:
    """Hash what a diagnosis rests on, as far as a page of a search shows it.

    Every run is due again when the version of tracker_diag changes, that of a package that adds rules, or the settings,
    and when its parameters, status, end, datasets or ``ignore`` tag do; one that has ended, also when a latest value
    does. Of a run that is still going, the progress counts in steps that grow (``LOOK_AGAIN``), and whether each metric
    is finite, not its values: its verdict cannot flip between two sweeps that saw the same stretch of the curves, and a
    loss that turns NaN is still told at once. Other runs never count.

    Parameters
    ----------
    listing : Listing
        The run.
    settings : Settings
        Those of the run's experiment (``Settings.for_experiment``).

    Returns
    -------
    str
        24 hexadecimal digits; independent of the order of metrics and params.
    """
    active = listing.status in ACTIVE
    parts = {
        "version": __version__,
        "settings": settings.model_copy(update={"experiments": {}}).digest(),
        "status": listing.status,
        "end": None if listing.end_time is None else round(listing.end_time, 3),
        "metrics": _progress(listing.latest) if active else _latest(listing.latest),
        "params": plain(listing.params),
        "datasets": sorted(listing.digests),
        "ignore": listing.tags.get(f"{settings.prefix}ignore"),
    }
    if others := packages():
        # What another package adds changes with that package's version.
        parts["rules"] = others
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def is_by_all_rules(carried: str | None) -> bool:
    """Whether a fingerprint is that of a complete diagnosis, by all the rules that the settings leave."""
    return bool(carried) and not str(carried).startswith(NARROWED)


def _latest(latest: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    return {name: [repr(float(step)), repr(float(value))] for name, (step, value) in latest.items()}


def _progress(latest: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    last = max((step for step, _ in latest.values() if math.isfinite(step)), default=0.0)
    finite = {name: math.isfinite(value) for name, (_, value) in latest.items()}
    if last <= 0:
        # No step was ever passed: only the values show that something was logged.
        return {"finite": finite, "values": _latest(latest)}
    return {"finite": finite, "stretch": math.floor(math.log(last) / math.log(LOOK_AGAIN))}
