"""Whatever a run's parameters, profile and summary hold, no rule fails, and the answer keeps its form."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.rules.runs import SHAPES, SOUND, a_run, failures
from tracker_diag import diagnose
from tracker_diag.core.report import Report
from tracker_diag.roles.words import vocabulary

#: A name for each role that parameters may play.
NAMES = {role: next(iter(entry["words"])).replace(" ", "_") for role, entry in vocabulary()["params"].items()}
LOOKED = {name: shape() for name, shape in SHAPES.items()}

EDGES: list[Any] = [
    None, True, False, 0, -1, 0.0, -0.0, 1, 2, 8, 1e-320, 5e-324, 1e-300, 1e308, -1e308, 10**400, 1e15, 1e6, 0.5, 1.5,
    math.inf, -math.inf, math.nan, "", " ", "none", "None", "auto", "1e-3", "1e999", "nan", "3,5", "0.1 (warm-up)",
    "64-64-10", "relu", "softmax", "zeros", "normal", "uniform", "he", "sgd", "Adam", "lion", "{}", "[", "lots",
    [], [0], [64, 64], [1, "x", None], [[3], [4]], (8,), {}, {"a": {"b": 1}}, "x" * 5000, "\x00", "٣", "½",
]  # fmt: skip

values = st.sampled_from(EDGES) | st.floats() | st.integers() | st.text(max_size=12) | st.booleans()
params = st.dictionaries(st.sampled_from(sorted(NAMES.values())), values, max_size=14)
junk = st.recursive(values, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=5), x, max_size=3))


def sound(report: Report) -> None:
    """No rule failed, and every number in the report is one."""
    assert failures(report) == []
    json.dumps(report.to_dict(), allow_nan=False)
    assert all(0 < c.score <= 1 for c in report.causes)
    assert sum(c.score for c in report.causes) <= 1.0001
    for cause in report.causes:
        for change in cause.prescription.changes:
            assert change.after != change.before, cause
            if isinstance(change.after, int | float):
                assert 0 <= change.after < math.inf, cause


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(shape=st.sampled_from(sorted(LOOKED)), params=params)
def test_no_rule_fails_whatever_the_parameters_hold(shape: str, params: dict[str, Any]) -> None:
    sound(diagnose(a_run(LOOKED[shape], params)))


@pytest.mark.parametrize("value", EDGES, ids=lambda v: repr(v)[:20])
def test_one_strange_value_in_every_parameter_at_once(value: Any) -> None:
    for shape in LOOKED.values():
        sound(diagnose(a_run(shape, dict.fromkeys(NAMES.values(), value))))


@pytest.mark.parametrize("role", sorted(NAMES))
def test_every_strange_value_in_one_parameter(role: str) -> None:
    for i, value in enumerate(EDGES):
        shape = sorted(LOOKED)[i % len(LOOKED)]
        sound(diagnose(a_run(LOOKED[shape], {**SOUND, NAMES[role]: value})))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    shape=st.sampled_from(sorted(LOOKED)),
    side=st.dictionaries(
        st.sampled_from(["rows", "features", "constant_share", "zero_share", "labels_sorted", "duplicates"]), junk
    ),
    other=st.dictionaries(st.sampled_from(["kind", "target", "columns", "overlap", "validation", "train"]), junk),
)
def test_no_rule_fails_whatever_the_profile_holds(shape: str, side: Any, other: Any) -> None:
    sound(diagnose(a_run(LOOKED[shape], SOUND, profile={"train": side, **other})))


@pytest.mark.parametrize("series", ["learning_rate", "grad_norm", "val_loss", "val_accuracy", "epoch"])
@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0, -1.0, 1e308, 1e-320], ids=str)
def test_no_rule_fails_where_a_metric_holds_one_strange_value_throughout(series: str, value: float) -> None:
    for shape in LOOKED.values():
        sound(diagnose(a_run({**shape, series: [value] * 60}, SOUND)))
