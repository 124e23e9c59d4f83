"""The report as JSON, and that JSON's schema: ``python -m tracker_diag.report.schema > docs/report.schema.json``."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from tracker_diag.core.finding import Severity
from tracker_diag.core.outgoing import redacted_data, well_formed
from tracker_diag.core.plain import plain
from tracker_diag.core.reading import read_json
from tracker_diag.core.report import SCHEMA_VERSION, Report

Number = float | Literal["NaN", "Infinity", "-Infinity"]
Share = Annotated[float, Field(ge=0, le=1)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ChangeModel(_Model):
    """One change of one parameter."""

    param: str = Field(description="the run's own name for it, where it has one")
    before: JsonValue = Field(alias="from", description="null where the run did not log it")
    after: JsonValue = Field(alias="to")


class PrescriptionModel(_Model):
    """What to change: in words, and as data."""

    text: str
    changes: list[ChangeModel]


class CauseModel(_Model):
    """A trouble to fix."""

    name: str = Field(description="the rule that stands for it")
    score: Share = Field(description="posterior probability")
    why: str
    prescription: PrescriptionModel
    findings: list[str] = Field(description="codes of the findings it rests on")


class FindingModel(_Model):
    """One thing a rule saw."""

    code: str
    name: str
    severity: Severity
    confidence: Share
    message: str
    advice: str
    evidence: dict[str, JsonValue] = Field(description="the numbers behind the message; which, the rule's page says")
    span: Annotated[list[Number], Field(min_length=2, max_length=2)] | None = Field(description="steps in question")
    folded: str | None = Field(description="code of the stronger finding that explains this one")


class SkipModel(_Model):
    """A rule that could not speak."""

    code: str
    reason: str
    what_to_log: str


class CurveModel(_Model):
    """A metric, thinned for drawing without losing extremes."""

    name: str
    role: str
    steps: list[Number]
    values: list[Number]
    n: Annotated[int, Field(ge=0)] = Field(description="how many points were logged")


class ReportModel(_Model):
    """The diagnosis of one run. Numbers that are not finite are the strings NaN, Infinity and -Infinity."""

    schema_version: Literal[1]
    version: str = Field(description="of tracker_diag")
    run_id: str
    run_name: str | None
    status: str
    verdict: str
    severity: Severity = Field(description="the highest of the findings")
    summary: str
    findings: list[FindingModel] = Field(description="worst first; those folded under another last")
    causes: list[CauseModel] = Field(description="most likely first")
    skipped: list[SkipModel]
    roles: dict[str, str] = Field(description="role to the metric or parameter name taken for it")
    curves: list[CurveModel]
    next_evidence: str
    cost: dict[str, Number]
    notes: list[str]


def to_json(report: Report) -> bytes:
    """Write a report as strict JSON in UTF-8, without secrets; the same report always gives the same bytes.

    Lone surrogates, which neither UTF-8 nor other languages' JSON parsers can hold, become U+FFFD.

    Parameters
    ----------
    report : Report

    Returns
    -------
    bytes
        Keys sorted, indented by one space, a newline at the end.
    """
    data = redacted_data(plain(report.to_dict()))
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, sort_keys=True, indent=1)
    return (well_formed(text) + "\n").encode()


def read_report(text: str) -> Report:
    """Read a report back, wherever it comes from.

    Raises
    ------
    ValueError
        If it is not a report, or follows another version of the schema; one line that says where it does not.
    """
    data = read_json(text)
    try:
        report = Report.from_dict(data)
        ReportModel.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from None
    return report


def json_schema() -> dict[str, Any]:
    """Make the JSON Schema (draft 2020-12) of ``Report.to_dict``."""
    schema = ReportModel.model_json_schema(by_alias=True, mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"tracker_diag report, version {SCHEMA_VERSION}",
    } | {k: v for k, v in schema.items() if k != "title"}


def schema_text() -> str:
    """Write the schema as it lies in the documentation."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
