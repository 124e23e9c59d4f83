"""What is written onto a run: a few short tags, and the files under ``diagnosis/``."""

from __future__ import annotations

from tracker_diag.core.finding import Cause, Severity
from tracker_diag.core.outgoing import clean
from tracker_diag.core.report import Report
from tracker_diag.report.formats.html import render as render_html
from tracker_diag.report.patch import comment, entries
from tracker_diag.report.schema import to_json
from tracker_diag.report.wording import confidence, headline, named_cause, title


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
    head = [
        *comment(f"Suggested for {title(report)}: {report.verdict}."),
        *comment(f"Most likely cause: {cause.name} (score {confidence(cause.score)}). {cause.why}"),
        *comment(cause.prescription.text),
    ]
    return "\n\n".join(["\n".join(head), *entries(cause.prescription)]) + "\n"
