"""The report as plain data and back: the same keys, order and forms, whatever stands in it."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings

from tests.report.test_any_report import reports
from tracker_diag.core.finding import Cause, Change, Finding, Prescription, Severity, Skip
from tracker_diag.core.report import DrawnCurve, Report
from tracker_diag.rules.hypothesis import Hypothesis

WHOLE = Report(
    "r",
    "diverged",
    Severity.ERROR,
    "s",
    run_name="n",
    findings=(
        Finding("LC108", "diverged", Severity.ERROR, 1.0, "m", "a", {"x": math.inf, "y": 2.0}, (0.0, math.nan)),
        Finding("LC104", "overfitting", Severity.INFO, 0.5, "m", folded="LC108"),
    ),
    causes=(Cause("c", 1.0, "w", Prescription("t", (Change("lr", None, 1.0),)), ("LC108",)),),
    skipped=(Skip("HY001", "why"),),
    roles={"train_loss": "loss"},
    curves=(DrawnCurve("loss", "train_loss", (0.0, 1.5), (2.0, -math.inf), 7),),
    next_evidence="e",
    cost={"wasted_share": 1.0},
    notes=("x",),
    version="0.1.0",
)
DATA: dict[str, Any] = {
    "schema_version": 1,
    "version": "0.1.0",
    "run_id": "r",
    "run_name": "n",
    "status": "FINISHED",
    "verdict": "diverged",
    "severity": "error",
    "summary": "s",
    "findings": [
        {
            "code": "LC108",
            "name": "diverged",
            "severity": "error",
            "confidence": 1.0,
            "message": "m",
            "advice": "a",
            "evidence": {"x": "Infinity", "y": 2},
            "span": [0, "NaN"],
            "folded": None,
        },
        {
            "code": "LC104",
            "name": "overfitting",
            "severity": "info",
            "confidence": 0.5,
            "message": "m",
            "advice": "",
            "evidence": {},
            "span": None,
            "folded": "LC108",
        },
    ],
    "causes": [
        {
            "name": "c",
            "score": 1.0,
            "why": "w",
            "prescription": {"text": "t", "changes": [{"param": "lr", "from": None, "to": 1}]},
            "findings": ["LC108"],
        }
    ],
    "skipped": [{"code": "HY001", "reason": "why", "what_to_log": ""}],
    "roles": {"train_loss": "loss"},
    "curves": [{"name": "loss", "role": "train_loss", "steps": [0, 1.5], "values": [2, "-Infinity"], "n": 7}],
    "next_evidence": "e",
    "cost": {"wasted_share": 1},
    "notes": ["x"],
}
"""What other tools read. Texts are compared: 1.0 is not 1, and the order of the keys is the report's."""


def test_each_field_has_its_key_its_place_and_its_form() -> None:
    assert json.dumps(WHOLE.to_dict(), allow_nan=False) == json.dumps(DATA)


def test_what_is_read_has_the_types_of_the_fields() -> None:
    read = Report.from_dict(DATA)
    (finding, folded), (cause,), (curve,) = read.findings, read.causes, read.curves
    assert finding.severity is Severity.ERROR
    assert finding.span is not None
    assert finding.span[0] == 0.0
    assert math.isnan(finding.span[1])
    assert folded.span is None
    assert cause == WHOLE.causes[0]
    assert curve == WHOLE.curves[0]
    assert {type(x) for x in (*finding.span, *curve.steps, *curve.values)} == {float}
    assert (read.skipped, read.notes, read.roles) == (WHOLE.skipped, WHOLE.notes, WHOLE.roles)


@settings(deadline=None)
@given(reports)
def test_any_report_is_read_back(report: Report) -> None:
    text = json.dumps(report.to_dict(), allow_nan=False)
    assert json.dumps(Report.from_dict(json.loads(text)).to_dict()) == text


def test_a_finding_of_a_subclass_is_written_as_a_finding() -> None:
    hypothesis = Hypothesis("OP506", "x", Severity.INFO, 0.5, "m", prior=0.1, settles="log it")
    (written,) = Report("r", "v", Severity.INFO, "s", findings=(hypothesis,)).to_dict()["findings"]
    assert list(written) == list(DATA["findings"][0])


@pytest.mark.parametrize("version", [None, 0, 2, "1"])
def test_another_version_of_the_schema_is_not_read(version: object) -> None:
    with pytest.raises(ValueError, match=rf"^report schema version {version!r}: give version 1$"):
        Report.from_dict({**DATA, "schema_version": version})


def test_a_key_more_is_passed_over_and_a_key_less_is_named() -> None:
    skip = {**DATA["skipped"][0], "extra": 1}
    assert Report.from_dict({**DATA, "skipped": [skip], "extra": 1}).skipped == WHOLE.skipped
    del skip["reason"]
    with pytest.raises(KeyError, match="reason"):
        Report.from_dict({**DATA, "skipped": [skip]})


def test_what_is_drawn_or_optional_is_named() -> None:
    """Else a fifth value would be taken for whatever field stands fifth."""
    with pytest.raises(TypeError):
        Report("r", "v", Severity.OK, "s", "run")  # type: ignore[misc]


def test_a_report_costs_no_pydantic() -> None:
    """Whoever reads a severity, such as the command line, would wait for it."""
    words = (
        "import sys; from tracker_diag.core.report import Report; from tracker_diag.core.finding import Severity;"
        "Report.from_dict(Report('r', 'v', Severity.OK, 's').to_dict()); print('pydantic' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True).stdout
    assert said == "False\n"
