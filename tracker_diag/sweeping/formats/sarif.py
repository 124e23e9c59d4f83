"""A sweep as SARIF 2.1.0, for GitHub code scanning and other viewers: a result for each run that is not green."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from tracker_diag.core.finding import Severity
from tracker_diag.core.outgoing import clean, clean_data, web_link
from tracker_diag.core.project import SITE, rule_page
from tracker_diag.core.version import __version__
from tracker_diag.rules.registry import find_rule
from tracker_diag.rules.verdicts import precedence
from tracker_diag.sweeping.document import ANYTHING, Asked, all_rows, called, said
from tracker_diag.sweeping.result import Row, Swept

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
RESULTS = 25_000
"""GitHub refuses a file that holds more, and shows the 5,000 worst."""
LONGEST_DESCRIPTION = 1_000
"""Letters; GitHub takes 1,024."""
_OWN = "tracker_diag"
"""The package whose rules have a page there."""


def render(swept: Swept, asked: Asked = ANYTHING) -> str:
    """Write a sweep as SARIF 2.1.0.

    The rule of a result is that of the run's verdict, and its fingerprint is made of the run's id and the verdict: an
    alert stays the same from sweep to sweep, and is fixed once the run has another verdict or none. Code scanning asks
    for a file in the repository as the place of a result. Runs are no files, so each gets a path that names it:
    ``runs/<experiment>/<id>``.

    Returns
    -------
    str
        JSON, indented by one space; ends with a newline.
    """
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [_run(swept, asked)],
    }
    return json.dumps(log, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _run(swept: Swept, asked: Asked) -> dict[str, Any]:
    found = [row for row in all_rows(swept) if row.severity.rank >= Severity.WARNING.rank]
    # Those of all verdicts, whatever was found: the rules of a tool are the same in each of its files.
    verdicts = list(dict.fromkeys([*precedence(), *(row.verdict for row in found)]))
    place = {verdict: index for index, verdict in enumerate(verdicts)}
    return {
        "tool": {
            "driver": {
                "name": "tracker-diag",
                "version": __version__,
                "informationUri": SITE,
                "rules": [_descriptor(verdict) for verdict in verdicts],
            }
        },
        "invocations": [
            {
                "executionSuccessful": not (swept.failures or swept.error),
                "toolExecutionNotifications": list(_notifications(swept, len(found))),
            }
        ],
        "results": [_result(row, place[row.verdict]) for row in found[:RESULTS]],
        "properties": {"tracker": clean(asked.tracker)},
    }


def _notifications(swept: Swept, found: int) -> Iterator[dict[str, Any]]:
    texts = [("error", f"run {failure.id}: {failure.reason}") for failure in swept.failures]
    texts += [("error", swept.error)] if swept.error else []
    texts += (
        [("warning", f"{found - RESULTS:,} more runs are left out: see --format csv or json")]
        if found > RESULTS
        else []
    )
    for level, text in texts:
        yield {"level": level, "message": {"text": _text(text)}}


def _descriptor(verdict: str) -> dict[str, Any]:
    rule = find_rule(verdict)
    if rule is None:
        # The run was diagnosed where a package adds this verdict.
        words = f"The verdict {clean(verdict)} of a rule that is not installed here."
        return {"id": _rule_id(verdict), **_descriptions(words, words), "help": {"text": words}}
    title, rest = rule.title, rule.sections[""].partition("\n")[2]
    described = {
        "id": _rule_id(verdict),
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        **_descriptions(title, " ".join(f"{title} {rest}".split())),
        "help": {"text": rule.page, "markdown": rule.page},
        "properties": {"tags": [rule.folder]},
    }
    return described | ({"helpUri": rule_page(rule.name)} if rule.package == _OWN else {})


def _descriptions(short: str, full: str) -> dict[str, Any]:
    cut = LONGEST_DESCRIPTION
    return {"shortDescription": {"text": clean(short, cut)}, "fullDescription": {"text": clean(full, cut)}}


def _rule_id(verdict: str) -> str:
    rule = find_rule(verdict)
    return f"{rule.code}-{rule.name}" if rule is not None else clean(verdict) or "undiagnosed"


def _result(row: Row, index: int) -> dict[str, Any]:
    link = web_link(row.link)
    about = {
        "run_id": row.id,
        "run": row.name,
        "experiment": row.experiment,
        "verdict": row.verdict,
        "severity": str(row.severity),
        "cause": row.cause,
        "findings": list(row.codes),
        "link": link,
    }
    result: dict[str, Any] = {
        "ruleId": _rule_id(row.verdict),
        "ruleIndex": index,
        "level": "error" if row.severity is Severity.ERROR else "warning",
        "message": {"text": _text(f"{called(row)}: {said(row)}")},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": path((row.experiment, *row.id.split("/")))},
                    "region": {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2},
                },
                "logicalLocations": [
                    {"name": called(row), "fullyQualifiedName": clean(f"{row.experiment}/{row.name or row.id}")}
                ],
            }
        ],
        "partialFingerprints": {"primaryLocationLineHash": _fingerprint(row)},
        "properties": {key: value for key, value in clean_data(about).items() if value},
    }
    if row.accepted:
        result["suppressions"] = [{"kind": "external", "justification": "accepted by the baseline"}]
    return result | ({"hostedViewerUri": link} if link else {})


def path(parts: Sequence[str]) -> str:
    """Make a relative address of names, in which none of them is a folder above or the end of the address.

    Parameters
    ----------
    parts : sequence of str
        Names of an experiment and of a run.
    """
    # Not by percent signs: a reader of addresses takes %2E%2E for the folder above.
    names = [clean(part) for part in parts if part]
    return "/".join(["runs", *("_" * len(name) if not name.strip(".") else quote(name, safe="") for name in names)])


def _fingerprint(row: Row) -> str:
    about = f"{row.id}\n{row.verdict}".encode("utf-8", "replace")
    # GitHub's own are of this form: a hash, and which of several on the same line.
    return f"{hashlib.sha256(about).hexdigest()[:16]}:1"


def _text(text: str) -> str:
    # A viewer makes links of [words](address), and a run may be called so.
    return clean(text).replace("](", "] (")
