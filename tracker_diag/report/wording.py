"""The words that every renderer shares: text made safe to show, numbers, durations, short sentences."""

from __future__ import annotations

import json
import math
from typing import Any

from tracker_diag.core.finding import Cause, Severity
from tracker_diag.core.numbers import share as share_words
from tracker_diag.core.outgoing import clean
from tracker_diag.core.plain import plain
from tracker_diag.core.report import Report


def number(value: float, digits: int = 4) -> str:
    """Write a number to some significant digits: ``0.3142``, ``12,000``, ``1e-5``, ``NaN``, ``Inf``."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    if value == int(value) and abs(value) < 1e9:
        return f"{int(value):,}" if abs(value) >= 10_000 else str(int(value))
    if 1e3 <= abs(value) < 1e7:
        value = float(f"{value:.{digits}g}")
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:g}"
    mantissa, exponent, power = f"{value:.{digits}g}".partition("e")
    return f"{mantissa}e{int(power)}" if exponent else mantissa


def shown(value: Any, limit: int = 120) -> str:
    """Write a value of a parameter or of the evidence."""
    data = plain(value)
    if data is None:
        return "not logged"
    if isinstance(data, float):
        return number(data, 6)
    if isinstance(data, str):
        return clean(data, limit)
    return clean(json.dumps(data, ensure_ascii=False), limit)


def percent(share: float) -> str:
    """Write a share in [0, 1]: ``71%``, ``less than 1%``."""
    return share_words(share) if math.isfinite(share) else "–"


def confidence(value: float) -> str:
    """Write a rule's confidence, or the score of a cause: no probability of the run's, hence no percent sign."""
    return f"{value:.2f}"


def duration(seconds: float) -> str:
    """Write a time span in its two largest units: ``45 s``, ``3 h 12 min``."""
    whole = round(seconds)
    for size, name, smaller, smaller_name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size:,} {name}" + (f" {rest} {smaller_name}" if rest else "")
    return f"{seconds:.2g} s" if seconds < 10 else f"{whole} s"


def steps(span: tuple[float, float]) -> str:
    """Write a span of steps in words: ``steps 8–30``."""
    first, last = number(span[0], 6), number(span[1], 6)
    return f"step {first}" if first == last else f"steps {first}–{last}"


#: Share of the steps from which on it is all of them, in words.
ALMOST_ALL = 0.995
#: By the finding that names a step from which on nothing was gained, what the steps after it did, and the same of a
#: span of steps; the worst first, as the engine counts them. Never the word of the verdict, which stands above.
WASTED = {
    "diverged": ("came after the loss blew up", "after the loss blew up"),
    "frozen": ("passed while the curve was stuck", "curve stuck"),
    "overfitting": ("came after the best checkpoint", "after the best checkpoint"),
}


def cost(report: Report) -> str:
    """Say what part of the run bought nothing, in one sentence; empty where nothing is known to be wasted."""
    share, seconds = real(report.cost.get("wasted_share")) or 0, real(report.cost.get("wasted_seconds")) or 0
    amounts = [f"{percent(share)} of the steps"] * (share > 0) + [duration(seconds)] * (seconds > 0)
    if not amounts:
        return ""
    if share >= ALMOST_ALL and report.verdict == "frozen":
        return "The curve was stuck for the whole run" + (f" ({duration(seconds)})." if seconds > 0 else ".")
    amount = amounts[0] + "".join(f" ({more})" for more in amounts[1:])
    spanned = {finding.name for finding in report.findings if finding.span is not None}
    happened = next((words for name, (words, _) in WASTED.items() if name in spanned), "did not improve the run")
    return f"{amount} {happened}."


def to_log(report: Report) -> list[tuple[str, tuple[str, ...]]]:
    """List what to log so that skipped rules can speak, with their codes; what enables most comes first."""
    wanted: dict[str, list[str]] = {}
    for skip in report.skipped:
        if skip.what_to_log:
            wanted.setdefault(clean(skip.what_to_log), []).append(clean(skip.code))
    return sorted(((what, tuple(codes)) for what, codes in wanted.items()), key=lambda x: (-len(x[1]), x[0]))


def counted(n: int, singular: str, plural: str | None = None) -> str:
    """Write a count with its noun: ``1 rule``, ``2 rules``."""
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"


def role_words(role: str) -> str:
    """Write a role as people say it: ``val_loss`` becomes ``validation loss``."""
    kind, _, rest = role.partition("_")
    sides = {"train": "training", "val": "validation", "test": "test"}
    if kind == "n" and rest:
        return clean(f"number of {sides[rest]} examples" if rest in sides else f"number of {rest}", 80)
    return clean(f"{sides[kind]} {rest}" if kind in sides and rest else role, 80).replace("_", " ")


def title(report: Report) -> str:
    """Choose what to call the run: its name, else its identifier."""
    return clean(report.run_name or report.run_id, 200)


def real(value: Any) -> float | None:
    """Take a finite number as a float; None for anything else, such as the string NaN."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


SUMMARY_LIMIT = 250
"""Letters of a summary that a tag, and so a list of runs, has room for."""


def headline(report: Report) -> str:
    """Shorten the summary for where verdict and cause stand beside it.

    Returns
    -------
    str
        One line of at most ``SUMMARY_LIMIT`` letters.
    """
    text = " ".join(clean(report.summary, 4 * SUMMARY_LIMIT).split())
    for known in (report.verdict, report.verdict.replace("-", " ")):
        text = text.removeprefix(f"{clean(known)}: ")
    if named := named_cause(report):
        text = text.removesuffix(f"; most likely {clean(named.name)}")
    return text if len(text) <= SUMMARY_LIMIT else text[: SUMMARY_LIMIT - 1].rstrip() + "…"


def named_cause(report: Report) -> Cause | None:
    """Find the first cause, where the severity calls for a change; a run that is green has none to name."""
    return report.causes[0] if report.causes and report.severity.rank >= Severity.WARNING.rank else None


#: What a severity means, in words.
SEVERITIES = {
    Severity.OK: "no problem found",
    Severity.INFO: "worth knowing",
    Severity.WARNING: "worth changing",
    Severity.ERROR: "the run is wasted",
}


#: A verdict that says neither that something is wrong nor that nothing is.
_ABSTENTION = "insufficient-evidence"


def label(report: Report) -> str:
    """Name the severity where it stands before the verdict; a run that could not be judged is not called ok."""
    return "undecided" if _undecided(report) else str(report.severity)


def severity_words(report: Report) -> str:
    """Say what the severity means."""
    return "too little evidence for a verdict" if _undecided(report) else SEVERITIES[report.severity]


def _undecided(report: Report) -> bool:
    return report.verdict == _ABSTENTION and report.severity is Severity.OK


def causes_title(report: Report) -> str:
    """Heading over the causes: a run that is green has none, only what would be looked at first if it were not."""
    return "Most likely causes" if report.severity.rank >= Severity.WARNING.rank else "Worth knowing"
