"""Whatever the callbacks logged, no rule fails, and the answer keeps its form."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.rules.runs import SOUND, a_run
from tests.rules.test_any_params import LOOKED, params, sound
from tests.watched_runs import by_layer, seen
from tracker_diag import Run, diagnose
from tracker_diag.core.signals import PREFIX, SIGNALS

EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, 5e-324, 1e-300, 1e200, 1e308, -1e308, math.inf, -math.inf, math.nan]
WHOLE = [name for name, signal in SIGNALS.items() if not signal.by_layer]
LAYERS = [signal.name for signal in SIGNALS.values() if signal.by_layer]

values = st.sampled_from(EDGES) | st.floats()
points = st.lists(st.tuples(st.integers(-5, 10**6) | st.floats(), values).map(list), max_size=8)
keys = (
    st.sampled_from([*WHOLE, *["step"] * 10])
    | st.tuples(st.sampled_from(LAYERS), st.sampled_from(["000.fc0", "001.fc1", "fc1", "", "/", "12.", "٣.x"])).map(
        "/".join
    )
    | st.text(max_size=12)
).map(PREFIX.__add__)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(shape=st.sampled_from(sorted(LOOKED)), logged=st.dictionaries(keys, points, max_size=12), others=params)
def test_no_rule_fails_whatever_the_callbacks_logged(
    shape: str, logged: dict[str, list[list[float]]], others: dict[str, Any]
) -> None:
    curves = {name: list(map(list, enumerate(map(float, values)))) for name, values in LOOKED[shape].items()}
    sound(diagnose(Run.from_dict({"id": "r", "params": {**SOUND, **others}, "metrics": {**curves, **logged}})))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(logged=st.dictionaries(keys, points, max_size=12))
def test_no_rule_fails_without_any_curve(logged: dict[str, list[list[float]]]) -> None:
    sound(diagnose(Run.from_dict({"id": "r", "metrics": logged})))


@pytest.mark.parametrize("value", EDGES, ids=str)
@pytest.mark.parametrize("looks", [1, 2, 200])
def test_one_strange_value_in_every_signal_at_once(value: float, looks: int) -> None:
    logged = seen(looks, **dict.fromkeys(WHOLE, value))
    for signal in LAYERS:
        logged |= by_layer(signal, [value, value, value], looks)
    for shape in LOOKED.values():
        sound(diagnose(a_run({**shape, **logged}, SOUND)))


@pytest.mark.parametrize("signal", WHOLE)
def test_strange_values_of_one_signal_after_each_other(signal: str) -> None:
    sound(diagnose(a_run({**LOOKED["healthy"], **seen(**{signal: EDGES})}, SOUND)))
    sound(diagnose(a_run({**LOOKED["healthy"], **seen(**{signal: EDGES[:-1]})}, SOUND)))


@pytest.mark.parametrize("signal", LAYERS)
def test_strange_values_of_layers_of_which_some_say_nothing(signal: str) -> None:
    layers = {"a": EDGES, "b": [], "c": [math.nan] * 3, "d": [0.5], "e": EDGES[::-1]}
    sound(diagnose(a_run({**LOOKED["healthy"], **by_layer(signal, layers)}, SOUND)))
