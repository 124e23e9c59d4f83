import json

import pytest
import yaml

from tracker_diag.core.finding import Cause, Change, Finding, Prescription, Severity
from tracker_diag.core.report import Report
from tracker_diag.report.tags import artifacts, suggested_config, tags


def test_all_the_tags(samples):
    assert tags(samples["overfitting"]) == {
        "verdict": "overfitting",
        "severity": "warning",
        "cause": "no-regularisation",
        "findings": "LC104,RG803",
        "summary": samples["overfitting"].summary,
        "version": "0.1.0",
    }


def test_a_green_run_names_no_cause_and_no_finding(samples):
    assert set(tags(samples["healthy"])) == {"verdict", "severity", "summary", "version"}


@pytest.mark.parametrize(("severity", "named"), [("ok", False), ("info", False), ("warning", True), ("error", True)])
def test_the_cause_is_named_where_a_change_would_pay(severity, named):
    cause = Cause("learning-rate-too-high", 0.9, "w", Prescription("t"))
    assert ("cause" in tags(Report("r", "unstable", Severity(severity), "s", causes=(cause,)))) is named


def test_the_summary_is_one_plain_line_of_at_most_250():
    summary = tags(Report("r", "unstable", Severity.OK, "a\n\n b\x1b[1m\t" + "word " * 100))["summary"]
    assert summary.startswith("a b\\x1b[1m word word")
    assert len(summary) <= 250
    assert summary.endswith("…")
    assert summary.isprintable()


def test_the_files(samples):
    files = artifacts(samples["overfitting"])
    assert set(files) == {"report.json", "report.html", "suggested_config.yaml"}
    assert json.loads(files["report.json"])["verdict"] == "overfitting"
    assert files["report.html"].startswith(b"<!doctype html>")
    assert set(artifacts(samples["healthy"])) == {"report.json", "report.html"}


def test_the_suggested_configuration(samples):
    assert artifacts(samples["overfitting"])["suggested_config.yaml"].decode() == (
        "# Suggested for resnet-small-aug-off: overfitting.\n"
        "# Most likely cause: no-regularisation (score 0.58). Neither dropout nor weight decay nor\n"
        "# augmentation is set, and the gap opened early.\n"
        "# Add dropout before the classifier and decoupled weight decay.\n"
        "\n"
        "# was 0\n"
        "model/dropout: 0.3\n"
        "\n"
        "# not logged before\n"
        "optimizer.weight_decay: 0.01\n"
    )


def test_no_configuration_without_a_change():
    cause = Cause("too-few-examples", 0.9, "w", Prescription("Collect more."))
    assert "suggested_config.yaml" not in artifacts(Report("r", "overfitting", Severity.WARNING, "s", causes=(cause,)))


@pytest.mark.parametrize(
    "text",
    [
        "x\ny: injected",
        "a: b",
        "# c",
        "- d",
        "{e}",
        "\x1b[0m",
        "\ud800",
        "\u2028z: 1",
        "'",
        "no",
        "1e-3",
        "",
        "x" * 300,
    ],
)
def test_no_text_of_the_run_becomes_yaml_of_its_own(text):
    changes = (Change(text, text, text), Change(text, 1, 2), Change("lr", {"a": text}, [text, 0.1, None]))
    cause = Cause("c", 0.5, text, Prescription(text, changes))
    report = Report("r", "unstable", Severity.ERROR, text, run_name=text)
    written = suggested_config(report, cause)
    safe = text.replace("\ud800", "\ufffd")
    assert yaml.safe_load(written.encode()) == {safe: safe, "lr": [safe, 0.1, None]}
    assert yaml.safe_load(written.encode())[safe] == safe


def test_folded_and_green_findings_are_left_out_of_the_tags():
    findings = (
        Finding("B", "b", Severity.INFO, 1.0, "m"),
        Finding("A", "a", Severity.OK, 1.0, "m"),
        Finding("C", "c", Severity.ERROR, 1.0, "m", folded="B"),
    )
    assert tags(Report("r", "good-fit", Severity.INFO, "s", findings=findings))["findings"] == "B"
