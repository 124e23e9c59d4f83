from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from tracker_diag.agents.arguments import (
    Arguments,
    OfListing,
    OfRule,
    OfRun,
    OfRunToWrite,
    OfSweep,
    OfSweepToWrite,
    faults,
    schema,
)

ALL = (OfListing, OfRule, OfRun, OfRunToWrite, OfSweep, OfSweepToWrite)
WORDS = st.sampled_from(
    ["run_id", "experiments", "everything", "limit", "offset", "rows", "since", "name", "write", "x"]
)
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text() | st.integers())


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (["a", "b"], ("a", "b")),
        ("vision", ("vision",)),
        ('["a", "b*"]', ("a", "b*")),
        ("[ab]*", ("[ab]*",)),
        ("7", ("7",)),
        ("[" * 10_000, None),
    ],
)
def test_names_may_be_a_list_its_json_or_one_bare_word(given: Any, names: tuple[str, ...] | None) -> None:
    if names is None:
        with pytest.raises(ValidationError):
            OfSweep.model_validate({"experiments": given})
    else:
        assert tuple(OfSweep.model_validate({"experiments": given}).experiments) == names


@pytest.mark.parametrize(
    ("takes", "given", "said"),
    [
        (OfRun, {}, "run_id: Field required"),
        (OfRun, {"run_id": "a", "write": True}, "write: no such argument: leave it out"),
        (OfSweep, {"limit": 10**30}, "limit: Input should be less than or equal to 1000"),
        (OfListing, {"offset": -1}, "offset: Input should be greater than or equal to 0"),
        (OfSweep, {"experiments": ["a", ""]}, "experiments.1: String should have at least 1 character"),
        (OfSweep, dict.fromkeys("abcde"), "; and 2 more"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(takes: type[Arguments], given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        takes.model_validate(given)
    line = faults(caught.value)
    assert said in line
    assert "\n" not in line


@given(st.sampled_from(ALL), st.dictionaries(WORDS | st.text(), VALUES))
def test_whatever_is_given_is_taken_or_refused_in_one_line(takes: type[Arguments], given: dict[str, Any]) -> None:
    try:
        takes.model_validate(given)
    except ValidationError as error:
        line = faults(error)
        assert len(line.splitlines()) == 1
        assert len(line) < 1_000


@pytest.mark.parametrize("takes", ALL)
def test_agents_read_a_description_of_each_argument(takes: type[Arguments]) -> None:
    told = schema(takes)
    Draft202012Validator.check_schema(told)
    assert told["properties"].keys() == takes.model_fields.keys()
    assert all(one["description"] for one in told["properties"].values())
    assert told["additionalProperties"] is False


def test_only_the_two_that_may_write_have_the_argument() -> None:
    assert {takes for takes in ALL if "write" in schema(takes)["properties"]} == {OfRunToWrite, OfSweepToWrite}
