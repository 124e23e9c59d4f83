"""The report as JSON, and its schema: ``python -m tracker_diag.report.schema > docs/reference/report.schema.json``."""

from __future__ import annotations

import json
import sys
from dataclasses import is_dataclass
from functools import cache, reduce
from operator import or_
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, create_model

from tracker_diag.core.fields import entries
from tracker_diag.core.foreign_json import read_json
from tracker_diag.core.outgoing import redacted_data, well_formed
from tracker_diag.core.plain import plain
from tracker_diag.core.report import SCHEMA_VERSION, Report

Number = float | Literal["NaN", "Infinity", "-Infinity"]


def to_json(report: Report) -> bytes:
    """Write a report as strict JSON in UTF-8, without secrets; the same report always gives the same bytes.

    Lone surrogates, which neither UTF-8 nor other languages' JSON parsers can hold, become U+FFFD.

    Parameters
    ----------
    report : Report
        What is written, all of it.

    Returns
    -------
    bytes
        Keys sorted, indented by one space, a newline at the end.
    """
    data = redacted_data(plain(report.to_dict()))
    text = _dumped(data)
    if text != (written := well_formed(text)):
        # Names that have become the same are one.
        written = _dumped(json.loads(written))
    return (written + "\n").encode()


def _dumped(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, allow_nan=False, sort_keys=True, indent=1)


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
        report_model().model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (LookupError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from None
    for curve in report.curves:
        if len(curve.steps) != len(curve.values):
            raise ValueError(f"curve {curve.name}: {len(curve.steps)} steps and {len(curve.values)} values")
    return report


def json_schema() -> dict[str, Any]:
    """Make the JSON Schema (draft 2020-12) of ``Report.to_dict``."""
    schema = report_model().model_json_schema(by_alias=True, mode="serialization")
    schema["description"] += " Numbers that are not finite are the strings NaN, Infinity and -Infinity."
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"tracker_diag report, version {SCHEMA_VERSION}",
    } | {k: v for k, v in schema.items() if k != "title"}


@cache
def report_model() -> type[BaseModel]:
    """Make pydantic's model of ``Report.to_dict``."""
    return _model(Report, schema_version=Literal[SCHEMA_VERSION])


@cache
def _model(kind: type, **more: Any) -> type[BaseModel]:
    """Make pydantic's model of a data class, as ``to_plain`` writes it; all its fields are required."""
    own: dict[str, Any] = {
        e.name: (e.hint if e.is_bounded else _json_type(e.hint), Field(**e.metadata)) for e in entries(kind)
    }
    return create_model(kind.__name__, __config__=ConfigDict(extra="forbid"), __doc__=kind.__doc__, **more, **own)


def _json_type(hint: Any) -> Any:
    """Give the type by which pydantic checks and describes what ``to_plain`` writes of values of a type."""
    if isinstance(hint, type) and is_dataclass(hint):
        return _model(hint)
    if hint is float:
        return Number
    if hint is Any:
        return JsonValue
    origin, parts = get_origin(hint), tuple(map(_json_type, get_args(hint)))
    if origin is UnionType:
        return reduce(or_, parts)
    if origin is tuple and parts[-1] is Ellipsis:
        return list[parts[0]]  # type: ignore[valid-type]  # made at run time
    return origin[parts] if origin else hint


def schema_text() -> str:
    """Write the schema as it lies in the documentation."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
