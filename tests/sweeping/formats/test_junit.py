"""JUnit XML against the schema that Jenkins has of it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import pytest
import xmlschema
from hypothesis import given

from tests.sweeping.formats.conftest import CNN, HOSTILE, RESNET, SWEPT, TEXTS, again, hostile, many
from tracker_diag.core.finding import Severity
from tracker_diag.sweeping.document import Asked
from tracker_diag.sweeping.formats.junit import UNREAD, render
from tracker_diag.sweeping.result import Swept

FROM_WARNING, FROM_ERROR = Asked(fail_on=Severity.WARNING), Asked(fail_on=Severity.ERROR)


@cache
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(Path(__file__).parents[2] / "data" / "schemas" / "junit-10.xsd")


def root_of(swept: Swept, asked: Asked = FROM_WARNING) -> Element:
    """The element at the root of a document that is valid."""
    text = render(swept, asked)
    schema().validate(text)
    return fromstring(text)


@pytest.mark.parametrize("swept", [SWEPT, Swept(), again(SWEPT), hostile(HOSTILE), many(300)])
def test_it_is_valid(swept: Swept) -> None:
    root_of(swept)


def test_the_schema_refuses_what_is_wrong() -> None:
    assert not schema().is_valid(render(SWEPT).replace("classname", "colour"))


def _kinds(root: Element) -> dict[str, list[str]]:
    return {case.get("name", ""): [x.tag for x in case] for case in root.iter("testcase")}


def test_a_run_fails_from_the_level_on_that_was_asked_for() -> None:
    cnn, resnet = "cnn, lr=0.1 (0a1b2c3d)", "resnet-18 (abc123)"
    always = {"c0ffee": [], "dead": ["error"]}
    assert _kinds(root_of(SWEPT)) == {cnn: ["failure"], resnet: ["failure"]} | always
    assert _kinds(root_of(SWEPT, FROM_ERROR)) == {cnn: ["failure"], resnet: ["system-out"]} | always
    assert _kinds(root_of(SWEPT, Asked())) == {cnn: ["system-out"], resnet: ["system-out"]} | always


def test_counts_are_those_of_the_cases() -> None:
    root = root_of(SWEPT)
    assert [root.get(x) for x in ("tests", "failures", "errors")] == ["4", "2", "1"]
    suites = {suite.get("name"): [suite.get(x) for x in ("tests", "failures", "errors")] for suite in root}
    assert suites == {"text": ["1", "0", "0"], "vision": ["2", "2", "0"], UNREAD: ["1", "0", "1"]}


def test_a_failure_says_what_was_seen_and_where() -> None:
    (failure,) = root_of(Swept(rows=(CNN,))).iter("failure")
    assert failure.get("type") == "diverged"
    assert failure.get("message") == CNN.summary
    assert failure.text == f"error {CNN.summary}\n{CNN.link}"


def test_runs_of_one_name_are_two_cases() -> None:
    root = root_of(Swept(rows=(CNN, replace(RESNET, name=CNN.name))))
    assert len(_kinds(root)) == 2


def test_a_second_sweep_gives_the_same_document() -> None:
    assert render(again(SWEPT), FROM_ERROR) == render(SWEPT, FROM_ERROR)


@given(TEXTS)
def test_whatever_a_run_is_called(text: str) -> None:
    root = root_of(hostile(text))
    assert _kinds(root).values() or text
    assert [x.tag for x in root.iter() if x.tag in ("failure", "error")] == ["failure", "error"]
