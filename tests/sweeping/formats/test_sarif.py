"""SARIF against the schema of the standard, and against what GitHub code scanning asks for beyond it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import given
from jsonschema import Draft4Validator

from tests.sweeping.formats.conftest import CNN, HEALTHY, HOSTILE, RESNET, SWEPT, TEXTS, again, hostile
from tracker_diag.core.finding import Severity
from tracker_diag.core.outgoing import clean
from tracker_diag.core.project import SITE
from tracker_diag.rules.verdicts import precedence
from tracker_diag.sweeping.formats import sarif
from tracker_diag.sweeping.formats.sarif import render
from tracker_diag.sweeping.result import Swept

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "tests" / "data" / "schemas" / "sarif-2.1.0-rtm.5.json"


@cache
def validator() -> Draft4Validator:
    return Draft4Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def run_of(swept: Swept) -> dict[str, Any]:
    """The one run of a document that is valid."""
    text = render(swept)
    log = json.loads(text)
    validator().validate(log)
    (run,) = log["runs"]
    return dict(run)


@pytest.mark.parametrize(
    "swept", [SWEPT, Swept(), again(SWEPT), hostile(HOSTILE), Swept(error="away", left=3, stopped=True)]
)
def test_it_is_valid(swept: Swept) -> None:
    run_of(swept)


def test_the_schema_refuses_what_is_wrong() -> None:
    log = json.loads(render(SWEPT))
    log["runs"][0]["results"][0]["level"] = "severe"
    assert list(validator().iter_errors(log))


def test_a_run_that_is_not_green_is_a_result_of_the_rule_of_its_verdict() -> None:
    run = run_of(SWEPT)
    first, second = run["results"]
    assert (first["ruleId"], first["level"]) == ("LC108-diverged", "error")
    assert (second["ruleId"], second["level"]) == ("LC104-overfitting", "warning")
    assert first["message"]["text"].startswith("cnn, lr=0.1: diverged: the training loss is not finite from step 31")
    assert second["message"]["text"].endswith("; most likely no-early-stopping")
    assert first["hostedViewerUri"] == CNN.link == first["properties"]["link"]
    assert "hostedViewerUri" not in second
    for result in (first, second):
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        (location,) = result["locations"]
        assert location["physicalLocation"]["region"]["startLine"] == 1
    assert second["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "runs/vision/team/vision/abc123"
    assert first["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "vision/cnn, lr=0.1"


def test_rules_have_what_github_asks_for_and_are_the_same_whatever_was_found() -> None:
    rules = run_of(SWEPT)["tool"]["driver"]["rules"]
    assert rules == run_of(Swept())["tool"]["driver"]["rules"]
    assert len(rules) == len(precedence())
    for rule in rules:
        assert re.fullmatch(r"LC\d+-[a-z-]+", rule["id"])
        assert 0 < len(rule["shortDescription"]["text"]) <= 1024
        assert 0 < len(rule["fullDescription"]["text"]) <= 1024
        assert "## What to do" in rule["help"]["markdown"]
        page = rule["helpUri"].removeprefix(SITE).strip("/")
        assert (ROOT / "docs" / f"{page}.md").is_file()


def test_a_verdict_of_a_rule_that_is_not_installed_has_a_rule_of_its_own() -> None:
    run = run_of(Swept(rows=(replace(CNN, verdict="acme-only"),)))
    (result,) = run["results"]
    assert result["ruleId"] == "acme-only" == run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"]


def test_a_second_sweep_gives_the_same_document() -> None:
    assert render(again(SWEPT)) == render(SWEPT)


def _fingerprints(swept: Swept) -> dict[str, str]:
    return {
        x["properties"]["run_id"]: x["partialFingerprints"]["primaryLocationLineHash"] for x in run_of(swept)["results"]
    }


def test_an_alert_lasts_as_long_as_the_verdict_does() -> None:
    before = _fingerprints(SWEPT)
    renamed = replace(CNN, name="other", severity=Severity.WARNING, summary="worse", cause="", codes=())
    cured = replace(RESNET, verdict="good-fit", severity=Severity.OK)
    after = _fingerprints(Swept(rows=(renamed, cured, HEALTHY)))
    assert after == {CNN.id: before[CNN.id]}
    assert _fingerprints(Swept(rows=(replace(CNN, verdict="frozen"),)))[CNN.id] != before[CNN.id]
    assert len(set(before.values())) == 2


def test_runs_that_could_not_be_read_are_told() -> None:
    (invocation,) = run_of(SWEPT)["invocations"]
    assert invocation["executionSuccessful"] is False
    (told,) = invocation["toolExecutionNotifications"]
    assert told["message"]["text"] == "run dead: metrics.csv: no such file"
    assert run_of(Swept())["invocations"][0]["executionSuccessful"] is True


def test_no_more_results_than_github_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "RESULTS", 1)
    run = run_of(SWEPT)
    assert [x["level"] for x in run["results"]] == ["error"]
    assert (
        run["invocations"][0]["toolExecutionNotifications"][-1]["message"]["text"]
        == "1 more runs are left out: see --format csv or json"
    )


@given(TEXTS)
def test_whatever_a_run_is_called(text: str) -> None:
    (result,) = run_of(hostile(text or "x"))["results"]
    assert "](" not in result["message"]["text"]
    assert clean(result["message"]["text"]) == result["message"]["text"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    base = "https://h/checkout/"
    inside = urlsplit(urljoin(base, uri))
    assert (inside.netloc, inside.query, inside.fragment) == ("h", "", "")
    assert inside.path.startswith("/checkout/runs")
    assert ".." not in unquote(uri).split("/")


def test_paths_of_runs_differ_as_the_runs_do() -> None:
    assert sarif.path(("a b", "..", "c/d")) == "runs/a%20b/__/c%2Fd"
    assert sarif.path(("", "x")) == "runs/x"
