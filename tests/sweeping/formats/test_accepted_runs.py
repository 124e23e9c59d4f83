"""Runs that a baseline accepts: in every document, and nobody's failure."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from xml.etree import ElementTree

from tests.sweeping.formats.conftest import CNN
from tests.sweeping.formats.test_sarif import validator
from tracker_diag.core.finding import Severity
from tracker_diag.sweeping.document import Asked
from tracker_diag.sweeping.formats import csv as as_csv
from tracker_diag.sweeping.formats import github, junit, markdown, sarif
from tracker_diag.sweeping.formats import json as as_json
from tracker_diag.sweeping.result import Swept

ASKED = Asked(fail_on=Severity.ERROR)
SWEPT = Swept(rows=(replace(CNN, accepted=True), replace(CNN, id="other")))


def test_sarif_suppresses_them() -> None:
    log = json.loads(sarif.render(SWEPT, ASKED))
    validator().validate(log)
    told = {result["properties"]["run_id"]: result.get("suppressions") for result in log["runs"][0]["results"]}
    assert told == {CNN.id: [{"kind": "external", "justification": "accepted by the baseline"}], "other": None}


def test_junit_lets_them_pass() -> None:
    root = ElementTree.fromstring(junit.render(SWEPT, ASKED))
    assert (root.get("tests"), root.get("failures")) == ("2", "1")


def test_github_gets_no_annotation() -> None:
    assert github.render(SWEPT, ASKED).count("::error") == 1


def test_csv_json_and_markdown_mark_them() -> None:
    assert [row["accepted"] for row in csv.DictReader(io.StringIO(as_csv.render(SWEPT, ASKED)))] == ["yes", ""]
    runs = json.loads(as_json.render(SWEPT, ASKED))["runs"]
    assert [(run["accepted"], run["fails"]) for run in runs] == [(True, False), (False, True)]
    assert "1 of them accepted by the baseline" in markdown.render(SWEPT, ASKED)
