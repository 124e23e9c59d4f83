"""``diagnose`` raises for no run: what fails is noted and logged, the rest is still said."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable
from typing import Any

import pytest

from tests.inputs import computed_by
from tests.rules.runs import SOUND, a_run, diverged, failures, healthy, overfitting
from tracker_diag import Report, Run, Severity, diagnose
from tracker_diag.engine import diagnosis
from tracker_diag.report.schema import to_json
from tracker_diag.roles.resolve import NO_ROLES
from tracker_diag.settings.settings import parse_settings


def sound(report: Report) -> Report:
    """The report, in which nothing failed, and which can be written and read back."""
    assert failures(report) == []
    assert not [note for note in report.notes if "could not be" in note]
    data = json.loads(to_json(report))
    assert Report.from_dict(data).to_dict() == data
    return report


def deep(wrap: Callable[[Any], Any], inner: Any = None) -> Any:
    for _ in range(100_000):
        inner = wrap(inner)
    return inner


DEEP = {"list": deep(lambda x: [x]), "mapping": deep(lambda x: {"a": x}), "tuple": deep(lambda x: (x,))}
SHARED: Any = [1, "x"]
for _ in range(60):
    SHARED = [SHARED, SHARED]
ENDLESS: dict[str, Any] = {}
ENDLESS |= {"a": ENDLESS, "b": [ENDLESS]}
STRANGE = {
    **DEEP,
    "shared": SHARED,
    "endless": ENDLESS,
    "large": 10**5000,
    "set": {1, "x"},
    "bytes": b"\xff",
    "object": object(),
    "key": {10**5000: 1, (1, 2): 3, None: 4},
}


# -- parts that fail -------------------------------------------------------------------------------------------------


def fails(*_: Any, **__: Any) -> Any:
    raise ZeroDivisionError("by\nzero")


@pytest.mark.expects_defects
@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("resolve", "the names could not be recognised"),
        ("rank", "the causes could not be ranked"),
        ("_summary", "the summary could not be written"),
        ("_curves", "the curves could not be drawn"),
        ("_cost", "the wasted steps could not be counted"),
        ("_notes", "the dataset could not be read"),
    ],
)
def test_a_part_that_fails_is_noted_and_the_rest_is_said(
    part: str, said: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run = a_run(overfitting(), SOUND)
    before = diagnose(run)
    monkeypatch.setattr(diagnosis, part, fails)
    report = diagnose(run)
    assert report.notes == (f"{said}: ZeroDivisionError: by zero",)
    assert report.verdict == ("overfitting" if part != "resolve" else "insufficient-evidence")
    assert part in ("resolve", "rank") or report.findings == before.findings
    assert json.loads(to_json(report))["notes"] == list(report.notes)
    (record,) = caplog.records
    assert record.getMessage() == f"run r: {said}: ZeroDivisionError: by zero"
    assert record.exc_info is not None
    assert (record.levelno, record.name) == (logging.ERROR, "tracker_diag.engine.attempt")


@pytest.mark.expects_defects
def test_the_traceback_of_a_rule_is_logged(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    computed_by(monkeypatch, "n_weights", fails)
    diagnose(a_run(overfitting(), {**SOUND, "n_train": 100}))
    record = next(r for r in caplog.records if "AR704" in r.getMessage())
    assert record.getMessage() == "run r: rule AR704 failed: ZeroDivisionError: by zero"
    assert record.exc_info is not None


@pytest.mark.expects_defects
def test_an_error_that_has_no_text_is_told_by_its_class(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: Any) -> Any:
        raise KeyError(DEEP["list"])

    monkeypatch.setattr(diagnosis, "_curves", lost)
    assert diagnose(a_run(healthy())).notes == ("the curves could not be drawn: KeyError",)


def test_no_roles_are_roles() -> None:
    assert (NO_ROLES.metrics, NO_ROLES.params, NO_ROLES.traits) == ({}, {}, frozenset())


# -- what made it raise ----------------------------------------------------------------------------------------------


def test_a_name_may_hold_what_stands_for_numbers_elsewhere() -> None:
    report = sound(diagnose(a_run(overfitting(), {"hidden_units_1": 64, "hidden_units_#": 32})))
    assert report.verdict == "overfitting"


@pytest.mark.parametrize("count", [10**400, -(10**400), 10**16])
def test_a_class_count_beyond_any_dataset_is_left_out(count: int) -> None:
    profile = {"target": {"kind": "classification", "class_counts": {"a": count, "b": 5}}}
    report = sound(diagnose(a_run(overfitting(), profile=profile)))
    assert report.verdict == "overfitting"
    assert report.notes == ("dataset profile: class_counts: a value of type dict is not valid, so it was ignored",)


@pytest.mark.parametrize("role", ["val_loss", "train_loss", "val_score", "learning_rate"])
def test_a_metric_without_points_plays_no_role(role: str) -> None:
    settings = parse_settings({"roles": {role: "nothing"}})
    run = a_run({**overfitting(), "nothing": []}, SOUND, status="RUNNING")
    report = sound(diagnose(run, settings))
    assert report.notes == (f"roles.{role}: metric 'nothing' has no values",)
    assert report.verdict == diagnose(run).verdict


@pytest.mark.parametrize("first", [-59, -60, -200, -1, 10**6])
def test_where_the_steps_begin_does_not_matter(first: int) -> None:
    curves = overfitting()
    moved = {n: [[first + i, float(v)] for i, v in enumerate(values)] for n, values in curves.items()}
    report = sound(diagnose(Run.from_dict({"id": "r", "metrics": moved, "params": {"num_classes": 10}})))
    plain = diagnose(a_run(curves))
    assert (report.verdict, report.severity) == (plain.verdict, plain.severity)
    assert [f.code for f in report.findings] == [f.code for f in plain.findings]


# -- what cannot be written down -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", STRANGE)
@pytest.mark.parametrize("name", ["lr", "optimizer", "loss", "num_classes", "hidden_units", "config", "task"])
def test_whatever_a_parameter_is(kind: str, name: str) -> None:
    for params in ({name: STRANGE[kind]}, {name: [STRANGE[kind], 1]}, {name: {"value": STRANGE[kind]}}):
        assert sound(diagnose(a_run(overfitting(), params))).verdict == "overfitting"


@pytest.mark.parametrize("kind", STRANGE)
@pytest.mark.parametrize("part", ["name", "digest", "context", "profile", "schema"])
def test_whatever_a_declared_input_holds(kind: str, part: str) -> None:
    inside = {"num_rows": STRANGE[kind], "features_shape": [STRANGE[kind]], "mlflow_colspec": [STRANGE[kind]]}
    for value in (STRANGE[kind], inside, {"mlflow_colspec": [{"name": STRANGE[kind], "type": STRANGE[kind]}]}):
        assert sound(diagnose(a_run(overfitting(), datasets=[{part: value}]))).verdict == "overfitting"


@pytest.mark.parametrize("kind", STRANGE)
@pytest.mark.parametrize("part", ["kind", "train", "target", "columns", "overlap", "schema_version", "other"])
def test_whatever_a_profile_holds(kind: str, part: str) -> None:
    for value in (STRANGE[kind], {"rows": STRANGE[kind], "features": [{"name": STRANGE[kind]}, STRANGE[kind]]}):
        assert sound(diagnose(a_run(overfitting(), profile={part: value}))).verdict == "overfitting"


def test_a_run_that_no_reader_checked(caplog: pytest.LogCaptureFixture) -> None:
    """As an adapter makes them."""
    made = a_run(diverged(), SOUND)
    run = Run("r", {"lr": DEEP["mapping"]}, made.metrics, "RUNNING", datasets=({"digest": math.nan},), profile={"x": 1})
    report = sound(diagnose(run))
    assert (report.verdict, report.severity) == ("diverged", Severity.ERROR)
    assert caplog.records == []
