import json
import math
import re
from pathlib import Path

import jsonschema
import pytest

from tracker_diag.core.finding import Finding, Severity
from tracker_diag.core.report import SCHEMA_VERSION, DrawnCurve, Report
from tracker_diag.report.schema import ReportModel, json_schema, read_report, schema_text, to_json

PUBLISHED = Path(__file__).parents[2] / "docs" / "report.schema.json"


def test_the_published_schema_is_the_codes():
    assert PUBLISHED.read_text(encoding="utf-8") == schema_text(), (
        "run: python -m tracker_diag.report.schema > docs/report.schema.json"
    )
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_every_report_follows_the_schema(report):
    data = json.loads(to_json(report))
    jsonschema.Draft202012Validator(json.loads(PUBLISHED.read_text(encoding="utf-8"))).validate(data)
    ReportModel.model_validate(data)
    assert data["schema_version"] == SCHEMA_VERSION


def test_numbers_that_json_has_no_word_for_are_strings():
    report = Report(
        "r",
        "diverged",
        Severity.ERROR,
        "s",
        findings=(
            Finding("LC108", "diverged", Severity.ERROR, 1.0, "m", evidence={"x": math.inf}, span=(0.0, math.nan)),
        ),
        curves=(DrawnCurve("l", "train_loss", (0.0, 1.0, 2.0), (math.nan, math.inf, -math.inf), 3),),
        cost={"wasted_seconds": math.nan},
    )
    data = json.loads(to_json(report), parse_constant=pytest.fail)
    jsonschema.validate(data, json_schema())
    assert data["curves"][0]["values"] == ["NaN", "Infinity", "-Infinity"]
    assert data["findings"][0]["evidence"] == {"x": "Infinity"}
    assert data["findings"][0]["span"] == [0, "NaN"]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"severity": "fatal"}, "severity"),
        ({"extra": 1}, "extra"),
        ({"schema_version": 2}, "schema_version"),
        ({"cost": {"wasted_share": "lots"}}, "cost"),
        ({"curves": [{"name": "l", "role": "r", "steps": [0], "values": ["nan"], "n": 1}]}, "curves"),
    ],
)
def test_the_schema_refuses_what_is_not_a_report(samples, change, where):
    data = samples["healthy"].to_dict() | change
    with pytest.raises(jsonschema.ValidationError) as error:
        jsonschema.validate(data, json_schema())
    assert where in error.value.json_path or where in error.value.message


def test_the_bytes_are_the_same_each_time_and_read_back(samples):
    report = samples["overfitting"]
    written = to_json(report)
    assert written == to_json(report)
    assert written.endswith(b"}\n")
    assert written.startswith(b'{\n "causes": [')
    assert to_json(Report.from_dict(json.loads(written))) == written


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no json", "Expecting value"),
        ("[]", "AttributeError"),
        ("[" * 100_000, "nested too deeply"),
        ('{"schema_version": 2}', "report schema version 2; this version reads 1"),
        ('{"schema_version": 1}', "KeyError: 'run_id'"),
    ],
)
def test_what_is_no_report_is_said_to_be_none(text, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        read_report(text)


def test_a_report_with_a_wrong_type_inside_is_none(samples):
    data = samples["overfitting"].to_dict()
    data["causes"][0]["score"] = "high"
    with pytest.raises(ValueError, match=r"^causes\.0\.score: ") as error:
        read_report(json.dumps(data))
    assert "\n" not in str(error.value)


def test_what_was_written_is_read(samples):
    assert to_json(read_report(to_json(samples["overfitting"]).decode())) == to_json(samples["overfitting"])


def test_a_lone_surrogate_does_not_reach_the_file():
    report = Report("r", "good-fit", Severity.OK, "half \ud800, whole \ud83d\ude00")
    assert json.loads(to_json(report))["summary"] == "half \ufffd, whole 😀"
