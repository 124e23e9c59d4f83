"""What the tools take. Agents read the descriptions; what does not fit is refused by name, before anything is read."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from tracker_diag.agents.quoting import quote

MOST_SWEPT, MOST_SHOWN, MOST_LISTED = 1_000, 200, 200
"""Runs that one call of ``sweep`` takes, and shows; and that one call of ``list_runs`` shows."""
FARTHEST = 100_000
"""Where a page of ``list_runs`` may begin: before it, the listing is read and thrown away."""
_FAULTS = 3
"""Faults of arguments that are told at once."""


def _names(given: Any) -> Any:
    """Some agents write a list as JSON text, or one name as a bare word."""
    if not isinstance(given, str):
        return given
    try:
        read = json.loads(given)
    except (ValueError, RecursionError):
        read = None
    return read if isinstance(read, list) else [given]


Name = Annotated[str, Field(min_length=1, max_length=500)]


class Arguments(BaseModel):
    """Of any tool: what is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OfRun(Arguments):
    """Of ``diagnose_run``."""

    run_id: Name = Field(
        description="The run's ID, its first 4 or more characters, its name, or the URL of its page in the "
        "tracker. On W&B also entity/project/run."
    )
    curves: bool = Field(
        default=False, description="Also return the points of the curves. This is long: a few hundred points per curve."
    )


class Scope(Arguments):
    """Which runs: asked for, never assumed."""

    experiments: Annotated[list[Name], BeforeValidator(_names)] = Field(
        default=[],
        max_length=100,
        description="Names of experiments, or patterns such as 'vision-*'. On W&B: entity/project.",
    )
    everything: bool = Field(default=False, description="Take all accessible experiments, instead of naming some.")
    filter: str = Field(
        default="",
        max_length=2_000,
        description="A filter in the tracker's syntax. On MLflow, e.g. \"params.model = 'cnn' and metrics.loss < 1\".",
    )


class OfSweep(Scope):
    """Of ``sweep``."""

    since: str | None = Field(
        default=None, max_length=20, description="Only runs that changed within this time: 24h, 7d, 1h30m."
    )
    limit: int = Field(
        default=100,
        ge=1,
        le=MOST_SWEPT,
        description="Maximum number of runs to look at, last changed first. Other runs are neither read nor counted; "
        "limit_reached in the answer says whether there are any.",
    )
    rows: int = Field(
        default=50,
        ge=1,
        le=MOST_SHOWN,
        description="Maximum number of runs, and of failures, to return, worst first. left_out counts the others.",
    )


class OfListing(Scope):
    """Of ``list_runs``."""

    limit: int = Field(default=50, ge=1, le=MOST_LISTED, description="Maximum number of runs to return.")
    offset: int = Field(
        default=0,
        ge=0,
        le=FARTHEST,
        description="Number of runs to skip. For the next page, give next_offset of this one.",
    )


class OfRule(Arguments):
    """Of ``explain``."""

    name: Name = Field(description="A verdict, a cause, or the code of a finding: overfitting, LC104.")


_WRITE = Field(
    default=False,
    description="Write the diagnosis to the run in the tracker (tags and report files). It replaces an earlier one. "
    "Use this only if the user asked for it.",
)


class OfRunToWrite(OfRun):
    """Of ``diagnose_run``, where the server may write."""

    write: bool = _WRITE


class OfSweepToWrite(OfSweep):
    """Of ``sweep``, where the server may write."""

    write: bool = _WRITE


def schema(takes: type[Arguments]) -> dict[str, Any]:
    """Write down what a tool takes, as agents read it.

    Parameters
    ----------
    takes : type of Arguments
        The arguments of a tool.

    Returns
    -------
    dict
        A JSON schema, without titles and other words for programmers.
    """
    whole = takes.model_json_schema()
    properties = {
        name: {key: value for key, value in one.items() if key != "title"} for name, one in whole["properties"].items()
    }
    kept: dict[str, Any] = {key: whole[key] for key in ("type", "required", "additionalProperties") if key in whole}
    return {**kept, "properties": properties}


def faults(error: ValidationError) -> str:
    """Say in one line what is wrong with arguments; what was given is not repeated.

    Parameters
    ----------
    error : ValidationError
        Of one of these models.

    Returns
    -------
    str
        ``limit: Input should be less than or equal to 1000``; the first three of several.
    """
    told = error.errors(include_url=False, include_input=False, include_context=False)
    lines = [f"{quote('.'.join(map(str, one['loc'])), 100) or 'arguments'}: {_fault(one)}" for one in told]
    more = f"; and {len(lines) - _FAULTS} more" if len(lines) > _FAULTS else ""
    return "; ".join(lines[:_FAULTS]) + more


def _fault(one: ErrorDetails) -> str:
    return "no such argument: leave it out" if one["type"] == "extra_forbidden" else quote(one["msg"], 200)
