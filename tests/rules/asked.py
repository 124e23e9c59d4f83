"""Inputs of a rule put together by hand, so that a test meets a threshold from either side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tracker_diag.evidence.curve import Curve
from tracker_diag.roles.metric import LOSS, SCORE
from tracker_diag.stats.extrapolation import Extrapolation
from tracker_diag.stats.turning import Turning


def curve(
    values: Sequence[float], role: str = "train_loss", steps: Sequence[float] | None = None, **known: Any
) -> Curve:
    """A curve of these values as they were logged, a step each; statistics that are given are not computed."""
    score = role.endswith("score")
    raw = np.asarray(values, dtype=np.float64) * (-1 if score else 1)
    at = np.arange(raw.size, dtype=np.float64) if steps is None else np.asarray(steps, dtype=np.float64)
    made = Curve(role, at, raw, SCORE if score else LOSS, role)
    made.__dict__.update(known)
    return made


def turned(step: float, best: float, tail: float, **known: Any) -> Turning:
    """A turn at this step, from this level to that one, sure to two steps."""
    usual = {"low_step": step - 2, "high_step": step + 2, "index": int(step), "error": 0.01, "p": 0.0, "window": 1}
    return Turning(**{"step": step, "best": best, "tail": tail, "rise": max(tail - best, 0.0), **usual, **known})


def more(gain: float, low: float, high: float, enough: float = 3.0, limit: float = 1.0) -> Extrapolation:
    """What going on would bring."""
    return Extrapolation(gain, low, high, limit, enough, "power")
