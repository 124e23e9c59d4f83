"""How much time a run wasted, and on how many GPUs."""

from __future__ import annotations

import math
import re

from tracker_diag.core.finding import Severity
from tracker_diag.core.report import Report
from tracker_diag.core.run import Run
from tracker_diag.report.wording import real
from tracker_diag.roles.params import flatten

# MLflow writes system/gpu_0_utilization_percentage, W&B system/gpu.0.gpu.
_CARD = re.compile(r"system[/.]gpu[._](\d{1,4})\b|system[/.]gpu_(\d{1,4})_", re.IGNORECASE)
_COUNT = re.compile(r"_?(?:n|num|number_of|total)?_?gpus?|gpu_count")
_MOST = 100_000


def wasted(run: Run, report: Report) -> float | None:
    """Tell how many seconds of a run were wasted.

    All of a run whose severity is error. Of any other run, the time after its best checkpoint or after it diverged.

    Returns
    -------
    float or None
        None where no time of the run is logged.
    """
    took = _took(run)
    if report.severity is Severity.ERROR:
        return took
    share = real(report.cost.get("wasted_share"))
    if not share:
        return 0.0
    seconds = real(report.cost.get("wasted_seconds"))
    if seconds is not None:
        return seconds
    return None if took is None else share * took


def gpus(run: Run) -> int:
    """Count the GPUs of a run: by its system metrics, else by a parameter; 0 if neither tells."""
    cards = {found[1] or found[2] for name in run.metrics if (found := _CARD.match(name))}
    if cards:
        return len(cards)
    counts = [
        number
        for name, value in flatten(run.params).values.items()
        if _COUNT.fullmatch(re.split(r"[./]", name.lower())[-1]) and (number := _count(value))
    ]
    return max(counts, default=0)


def _count(value: object) -> int:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return 0
    return int(number) if math.isfinite(number) and number == int(number) and 0 < number <= _MOST else 0


def _took(run: Run) -> float | None:
    """How long a run took: by its ends, else from the first to the last value that was logged."""
    if run.start_time is not None and run.end_time is not None:
        return max(0.0, run.end_time - run.start_time)
    logged = [s.seconds for s in run.metrics.values() if s.seconds is not None and len(s)]
    ends = [(float(x.min()), float(x.max())) for x in logged if math.isfinite(x.min()) and math.isfinite(x.max())]
    if not ends:
        return None
    return max(last for _, last in ends) - min(first for first, _ in ends)
