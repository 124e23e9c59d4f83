import io
import json
import math
import re
import shutil
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from rich.console import Console

import tracker_diag
from tests.copies import python
from tests.report.test_any_report import reports
from tracker_diag.core.finding import Finding, Severity
from tracker_diag.core.report import SCHEMA_VERSION, DrawnCurve, Report
from tracker_diag.report.registry import names, render
from tracker_diag.report.schema import json_schema, read_report, report_model, schema_text, to_json

PUBLISHED = Path(__file__).parents[2] / "docs" / "reference" / "report.schema.json"


def test_the_published_schema_is_the_codes():
    assert PUBLISHED.read_text(encoding="utf-8") == schema_text(), (
        "run: python -m tracker_diag.report.schema > docs/reference/report.schema.json"
    )
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_every_report_follows_the_schema(report):
    data = json.loads(to_json(report))
    jsonschema.Draft202012Validator(json.loads(PUBLISHED.read_text(encoding="utf-8"))).validate(data)
    report_model().model_validate(data)
    assert data["schema_version"] == SCHEMA_VERSION


SCHEMA = jsonschema.Draft202012Validator(json_schema())


@settings(deadline=None)
@given(reports)
def test_any_report_follows_the_schema_and_is_read(report):
    SCHEMA.validate(report.to_dict())
    written = to_json(report)
    assert to_json(read_report(written.decode())) == written


def test_names_that_become_the_same_in_utf_8_are_one(report):
    written = to_json(replace(report, roles=dict.fromkeys(("\ud800", "\ud801"), "")))
    assert to_json(read_report(written.decode())) == written


def test_the_schema_asks_for_every_field_and_no_other():
    objects = [json_schema(), *(d for d in json_schema()["$defs"].values() if "properties" in d)]
    assert {o["title"] for o in objects[1:]} == {"Cause", "Change", "DrawnCurve", "Finding", "Prescription", "Skip"}
    for kind in objects:
        assert kind["required"] == list(kind["properties"])
        assert kind["additionalProperties"] is False


ONE_MORE = """
import json
from tracker_diag.core.finding import Finding, Severity
from tracker_diag.core.report import Report
from tracker_diag.report.schema import json_schema, read_report, to_json

report = Report("r", "v", Severity.OK, "s", findings=(Finding("A", "a", Severity.OK, 1.0, "m", mood=(2.0, 0.5)),))
data = report.to_dict()
schema = json_schema()["$defs"]["Finding"]
data["findings"][0]["mood"][0] = "lots"
try:
    said = read_report(json.dumps(data)).verdict
except ValueError as error:
    said = str(error)
print(json.dumps([
    report.to_dict()["findings"][0]["mood"],
    schema["properties"]["mood"]["description"],
    "mood" in schema["required"],
    read_report(to_json(report).decode()).findings[0].mood,
    said,
]))
"""


def test_a_field_more_is_one_edit(tmp_path):
    package = tmp_path / "tracker_diag"
    shutil.copytree(Path(tracker_diag.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    source = package / "core" / "finding.py"
    skip = "\n\n\n@dataclass(frozen=True, slots=True)\nclass Skip"
    before, after = source.read_text(encoding="utf-8").split(skip)
    field = '\n    mood: tuple[float, ...] = field(default=(), metadata={"description": "of the run"})'
    source.write_text(before + field + skip + after, encoding="utf-8")
    done = python("-c", ONE_MORE, first=tmp_path, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    written, description, is_required, read, said = json.loads(done.stdout)
    assert (written, description, is_required, read) == ([2, 0.5], "of the run", True, [2.0, 0.5])
    assert "lots" in said


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
        ('{"schema_version": 2}', "report schema version 2: give version 1"),
        ('{"schema_version": 1}', "KeyError: 'version'"),
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


def test_a_curve_of_more_values_than_steps_is_none(samples):
    data = samples["overfitting"].to_dict()
    data["curves"][0]["values"].append(0.5)
    with pytest.raises(ValueError, match=r"^curve \S+: \d+ steps and \d+ values$"):
        read_report(json.dumps(data))


@pytest.mark.parametrize("change", [{"span": [1]}, {"span": [1, 2, 3]}, {"span": [1, 10**400]}, {"evidence": []}])
def test_a_finding_that_does_not_fit_is_none(samples, change):
    data = samples["overfitting"].to_dict()
    data["findings"][0] |= change
    with pytest.raises(ValueError, match=r"^(findings\.0\.|IndexError|OverflowError)"):
        read_report(json.dumps(data))


def test_a_report_of_rules_that_are_not_installed_is_read_and_shown(samples):
    """As after a plug-in or a later version has written it."""
    data = samples["overfitting"].to_dict() | {"verdict": "haunted"}
    data["findings"][0] |= {"code": "ZZ999", "name": "haunted"}
    data["causes"][0] |= {"name": "a-ghost", "findings": ["ZZ999"]}
    data["skipped"][0] |= {"code": "ZZ998"}
    report = read_report(json.dumps(data))
    assert json.loads(to_json(report)) == json.loads(json.dumps(data))
    for name in names():
        page = render(name, report, Console(file=io.StringIO(), width=80))
        assert "haunted" in page or not page, name
    for name in ("text", "markdown", "html", "json"):
        page = render(name, report, Console(file=io.StringIO(), width=80))
        assert [word for word in ("haunted", "ZZ999", "a-ghost") if word not in page] == [], name


def test_what_was_written_is_read(samples):
    assert to_json(read_report(to_json(samples["overfitting"]).decode())) == to_json(samples["overfitting"])


def test_a_lone_surrogate_does_not_reach_the_file():
    report = Report("r", "good-fit", Severity.OK, "half \ud800, whole \ud83d\ude00")
    assert json.loads(to_json(report))["summary"] == "half \ufffd, whole 😀"
