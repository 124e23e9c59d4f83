import math

import numpy as np
import pytest

from tests.rules.runs import EPOCHS, SOUND, cause, changes, flat, found, healthy, judge, ranked, skipped, swinging
from tests.watched_runs import by_layer, seen
from tracker_diag import Severity

NAME = "update-ratio-off"


def ratios(*layers, looks=20):
    return by_layer("update_ratio", layers, looks)


def test_the_first_cause_where_every_layer_moves_too_far():
    report = judge({**swinging(), **ratios(0.3, 0.2)}, SOUND)
    assert ranked(report)[0] == NAME
    said = found(report, "GR605").message
    assert said == "each step changes the weights of every layer by at least 20% of their norm"
    assert changes(report, NAME) == {"lr": (1e-3, 5e-6)}
    assert found(report, "GR605").advice.startswith("reduce lr from 0.001 to 5e-6")


def test_the_first_cause_where_no_layer_moves():
    report = judge({**flat(), **ratios(1e-9, 1e-7)}, {**SOUND, "lr": 1e-8})
    assert found(report, "GR605").message == "each step changes the weights of each layer by at most 1e-7 of their norm"
    assert changes(report, NAME) == {"lr": (1e-8, 1e-4)}
    assert found(report, "GR605").advice.startswith("raise lr from 1e-8 to 0.0001")
    assert NAME in ranked(report)[:2]


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        # The layer that moves least has to move too far, the one that moves most too little.
        ((0.051, 0.9), True),
        ((0.05, 0.9), False),
        ((1e-9, 9.9e-7), True),
        ((1e-9, 1e-6), False),
        ((1e-9, 0.9), False),
        ((1e-3, 2e-3), False),
    ],
)
def test_all_layers_are_off(layers, told):
    assert (cause(judge({**swinging(), **ratios(*layers)}, SOUND), NAME) is not None) == told


@pytest.mark.parametrize(("looks", "told"), [(2, False), (3, True)])
def test_three_looks_are_enough(looks, told):
    report = judge({**swinging(), **ratios(0.2, looks=looks)}, SOUND)
    assert (cause(report, NAME) is not None) == told
    assert told or skipped(report, "GR605") == "update-to-weight ratios were logged fewer than 3 times"


def test_looks_that_are_no_numbers_do_not_count():
    assert cause(judge({**swinging(), **ratios([0.2, 0.2, math.nan, math.inf])}, SOUND), NAME) is None
    assert cause(judge({**swinging(), **ratios([0.2, 0.2, 0.2, math.nan])}, SOUND), NAME) is not None


def test_weights_that_begin_small_move_far_at_first():
    assert cause(judge({**swinging(), **ratios([0.9] * 4 + [1e-3] * 5)}, SOUND), NAME) is None


def test_of_a_rate_that_is_annealed_the_first_half_counts():
    falling = ratios(np.r_[np.full(20, 1e-3), np.full(40, 1e-9)])
    rate = {"lr": 0.5e-3 * (1 + np.cos(np.pi * np.arange(EPOCHS) / (EPOCHS - 1)))}
    params = {**SOUND, "lr": None}
    assert cause(judge({**flat(), **falling}, params), NAME) is not None
    assert cause(judge({**flat(), **falling, **rate}, params), NAME) is None


def test_frozen_weights_are_left_out():
    assert "20%" in found(judge({**swinging(), **ratios(0.0, 0.2)}, SOUND), "GR605").message
    none = judge({**flat(), **ratios(0.0, 0.0)}, SOUND)
    assert cause(none, NAME) is None
    assert skipped(none, "GR605") is None
    assert ranked(none)[0] == "weights-do-not-move"


def test_silent_where_the_run_learned():
    for ratio in (0.2, 1e-8):
        report = judge({**healthy(), **ratios(ratio)}, SOUND)
        assert cause(report, NAME) is None
        assert report.severity.rank <= Severity.INFO.rank


@pytest.mark.parametrize(("rate", "ratio"), [(None, 0.2), (0.0, 0.2), (-1.0, 0.2), (5e-3, 1e-12), (1e-3, 5e-324)])
def test_no_rate_that_nobody_can_set_is_proposed(rate, ratio):
    params = {**SOUND, "lr": rate}
    assert changes(judge({**swinging(), **ratios(ratio)}, params), NAME) == {}


def test_needs_ratios():
    assert skipped(judge(swinging(), SOUND), "GR605") == "no gradients, weights or activations per layer found"
    norms = {**swinging(), **seen(grad_norm=1.0)}
    assert skipped(judge(norms, SOUND), "GR605") == "update-to-weight ratios were logged fewer than 3 times"
