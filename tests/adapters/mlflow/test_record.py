from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from tracker_diag.adapters.mlflow.record import Extras, Record, dataset
from tracker_diag.core.run import InvalidRunError

GOOD = Record("r", "1", "s3://bucket/r/artifacts", "a run", "FINISHED", 1.7e12, 1.7e12 + 5)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"id": 7}, "id: a text is needed, not int"),
        ({"name": b"x"}, "name: a text is needed, not bytes"),
        ({"status": None}, "status: a text is needed, not NoneType"),
        ({"artifact_uri": 3}, "artifact_uri: a text is needed, not int"),
        ({"tags": {"a": b"\xff"}}, r"tags\['a'\]: a text is needed, not bytes"),
        ({"tags": {3: "a"}}, "a key of tags: a text is needed, not int"),
        ({"params": {"a": 1}}, r"params\['a'\]: a text is needed, not int"),
        ({"start": "soon"}, "start_time: .* is not a time"),
        ({"end": math.nan}, "end_time: .* is not a time"),
        ({"end": math.inf}, "end_time: .* is not a time"),
        ({"end": True}, "end_time: .* is not a time"),
        ({"latest": {"loss": (0.0, "abc")}}, r"metrics\['loss'\]: a number is needed"),
        ({"latest": {"loss": (b"1", 0.5)}}, r"metrics\['loss'\]: a number is needed"),
        ({"latest": {b"loss": (1.0, "abc")}}, "a key of metrics: a text is needed"),
    ],
)
def test_what_a_store_should_never_hold_is_said(fields: dict[str, Any], says: str) -> None:
    bad = replace(GOOD, **fields)
    with pytest.raises(InvalidRunError, match=says):
        bad.listing("vision")
    with pytest.raises(InvalidRunError, match=says):
        bad.run({}, Extras())


def test_what_a_store_may_hold_is_taken() -> None:
    odd = replace(GOOD, name=None, start=-1, end=0, latest={"loss": (-3, math.nan)}, tags={"a": ""})
    listing = odd.listing("vision")
    assert (listing.start_time, listing.end_time, listing.store) == (None, None, GOOD.artifact_uri)
    assert odd.run({}, Extras()).tags == {"a": ""}


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "x"])
def test_the_text_of_a_dataset_that_is_no_json_stays_a_text(text: str) -> None:
    assert dataset("n", "d", None, text, text)["profile"] == text
