"""What is written onto a run: a few short tags, and the files under ``diagnosis/``."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import yaml

from tracker_diag.core.finding import Cause, Severity
from tracker_diag.core.outgoing import clean, redacted, redacted_data, well_formed
from tracker_diag.core.plain import plain
from tracker_diag.core.report import Report
from tracker_diag.report.formats.html import render as render_html
from tracker_diag.report.schema import to_json
from tracker_diag.report.wording import confidence, headline, named_cause, shown, title


def tags(report: Report) -> dict[str, str]:
    """Choose the tags, without their prefix and without the fingerprint.

    Returns
    -------
    dict of str to str
        ``verdict``, ``severity``, ``summary`` and ``version`` always; ``cause`` where the severity calls for a change
        and a cause is known; ``findings`` where there are any of severity info or above that no other explains. The
        summary leaves out what verdict and cause say: a column of a table shows its first 10 to 25 letters.
    """
    out = {"verdict": clean(report.verdict), "severity": str(report.severity)}
    if cause := named_cause(report):
        out["cause"] = clean(cause.name)
    codes = [clean(f.code) for f in report.seen if f.severity.rank >= Severity.INFO.rank]
    if codes:
        out["findings"] = ",".join(dict.fromkeys(codes))
    return out | {"summary": headline(report), "version": clean(report.version)}


def artifacts(report: Report) -> dict[str, bytes]:
    """Make the files, by name: the report for machines and for people, and a configuration where one is prescribed."""
    files = {"report.json": to_json(report), "report.html": render_html(report).encode()}
    if report.causes and report.causes[0].prescription.changes:
        files["suggested_config.yaml"] = suggested_config(report, report.causes[0]).encode()
    return files


def suggested_config(report: Report, cause: Cause) -> str:
    """Write the changes as a flat YAML mapping, in the run's own names; comments say why and what was before."""
    lines = [
        *_comment(f"Suggested for {title(report)}: {report.verdict}."),
        *_comment(f"Most likely cause: {cause.name} (score {confidence(cause.score)}). {cause.why}"),
        *_comment(cause.prescription.text),
    ]
    named: set[str] = set()
    for change in cause.prescription.changes:
        param = well_formed(redacted(change.param))
        if param in named:
            continue
        named.add(param)
        before = "not logged before" if change.before is None else f"was {shown(change.before)}"
        entry = yaml.safe_dump({param: _portable(change.after)}, default_flow_style=False, width=10_000)
        lines += ["", *_comment(before), entry.rstrip("\n")]
    return "\n".join(lines) + "\n"


def _portable(value: Any) -> Any:
    """Plain data without secrets, whose texts any YAML parser can hold."""
    return json.loads(well_formed(json.dumps(redacted_data(plain(value)), ensure_ascii=False)))


def _comment(text: str) -> list[str]:
    """Comment lines; cleaned of line breaks first, after which a text cannot leave its comment."""
    return [f"# {line}" for line in textwrap.wrap(clean(text), 98, break_on_hyphens=False)]
