"""A sweep as JUnit XML, which every CI system shows: a suite an experiment, a test case a run."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from tracker_diag.adapters.base import Failure
from tracker_diag.core.finding import Severity
from tracker_diag.core.outgoing import clean, web_link
from tracker_diag.sweeping.document import ANYTHING, LONGEST_NAME, Asked, all_rows, called, said
from tracker_diag.sweeping.result import Row, Swept

UNREAD = "runs that could not be diagnosed"
"""Name of the suite of runs that could not be read, diagnosed or written: of these no experiment is known."""
_ID = 8
"""Letters of an id, which tell runs of the same name apart."""


def render(swept: Swept, asked: Asked = ANYTHING) -> str:
    """Write a sweep as JUnit XML.

    A run at or above ``--fail-on`` is a failure. Of any other that is not green the test case passes, and says in its
    output what was seen. A run that could not be read is an error. No times: they would differ from sweep to sweep.

    Returns
    -------
    str
        XML in UTF-8; ends with a newline.
    """
    rows = sorted(all_rows(swept), key=lambda row: row.experiment)
    root = Element("testsuites", name="tracker-diag")
    for experiment, several in groupby(rows, key=lambda row: row.experiment):
        _suite(root, experiment, [_case(row, asked) for row in several])
    if swept.failures:
        _suite(root, UNREAD, [_error(failure) for failure in swept.failures])
    for what in ("tests", "failures", "errors"):
        root.set(what, str(sum(int(suite.get(what, "0")) for suite in root)))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(root: Element, name: str, cases: Iterable[Element]) -> None:
    cases = list(cases)
    failures, errors = (str(sum(case.find(kind) is not None for case in cases)) for kind in ("failure", "error"))
    head = {"tests": str(len(cases)), "failures": failures, "errors": errors}
    SubElement(root, "testsuite", {"name": clean(name, LONGEST_NAME) or "runs"} | head).extend(cases)


def _case(row: Row, asked: Asked) -> Element:
    short = clean(row.id.rpartition("/")[2][:_ID])
    name = f"{called(row)} ({short})" if row.name else called(row)
    case = Element("testcase", name=name, classname=clean(row.experiment, LONGEST_NAME) or "runs")
    link = web_link(row.link)
    text = f"{row.severity} {said(row)}" + (f"\n{link}" if link else "")
    if asked.fails(row):
        SubElement(case, "failure", type=clean(row.verdict), message=said(row)).text = text
    elif row.severity.rank >= Severity.WARNING.rank:
        SubElement(case, "system-out").text = text
    return case


def _error(failure: Failure) -> Element:
    case = Element("testcase", name=clean(failure.id, LONGEST_NAME), classname=UNREAD)
    reason = clean(failure.reason)
    SubElement(case, "error", type="unreadable", message=reason).text = reason
    return case
