"""What is told of a training while it goes on: once, when it stands, and nothing of a sound one."""

from __future__ import annotations

import math
import random

import pytest

from tracker_diag.core.finding import Severity
from tracker_diag.probes.live import Live


def told(live: Live, losses: list[tuple[float, float]]) -> list[int]:
    """Epochs at which something was told."""
    found = []
    for epoch, (train, val) in enumerate(losses, 1):
        lost = live.saw({"train_loss": train, "val_loss": val}, epoch)
        # The time that looks may take is another matter.
        live._spent = 0.0
        if live.epoch(lost=lost) is not None:
            found.append(epoch)
    return found


def test_a_loss_that_is_lost_is_told_at_the_epoch_it_is_lost() -> None:
    assert told(Live(), [(1.0, 1.0), (0.8, 0.9), (math.nan, math.nan), (math.nan, math.nan)]) == [3]


def test_what_curves_show_has_to_stand_at_two_looks_in_a_row() -> None:
    live = Live(params={"epochs": 60})
    # It learns and by the tenth epoch on validation gets worse and worse.
    losses = [(2 * 0.85**e, 2 * 0.85 ** min(e, 10) + 0.08 * max(0, e - 10)) for e in range(60)]
    first = told(live, losses)[0]
    assert 12 < first < 40
    assert live.told is not None
    assert live.told.finding.name == "overfitting"
    assert live.told.epoch == first


def test_a_cause_that_was_measured_is_told_at_once() -> None:
    live = Live()
    for step in (1, 5, 20):
        live.saw({"diag/input_non_finite": 0.01}, step)
    assert told(live, [(1.0, 1.0)]) == [1]
    assert live.told is not None
    assert live.told.line.startswith("tracker_diag, epoch 1: warning: non-finite-input: ")
    assert "\n" not in live.told.line


def test_a_warning_then_an_error_and_nothing_after_it() -> None:
    live = Live()
    live.saw({"diag/label_non_finite": 0.01}, 1)
    assert told(live, [(1.0, 1.0), (0.9, 1.0), (math.nan, math.nan), (math.nan, math.nan)]) == [1, 3]
    assert live.told is not None
    assert live.told.finding.severity is Severity.ERROR


@pytest.mark.parametrize("seed", range(20))
def test_a_sound_training_is_told_nothing(seed: int) -> None:
    noise = random.Random(seed)
    losses = [
        (1.5 * 0.8**e + 0.1 + noise.gauss(0, 0.01), 1.5 * 0.8**e + 0.13 + noise.gauss(0, 0.01)) for e in range(40)
    ]
    assert told(Live(params={"epochs": 40, "learning_rate": 1e-3, "optimizer": "adam"}), losses) == []


def test_looks_that_cost_too_much_wait() -> None:
    live = Live()
    live._spent = 1e9
    live.saw({"train_loss": 1.0}, 1)
    assert live.epoch() is None
    assert live._standing is None


def test_metrics_that_are_no_numbers_are_left_out() -> None:
    live = Live()
    assert not live.saw({"train_loss": "text", "lr": None, "acc": [1]}, 1)
    assert live.points == {}
