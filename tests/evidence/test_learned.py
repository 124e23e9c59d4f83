"""What shows that anything was learned, and what does not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.evidence.test_inputs import of, seen
from tests.rules.runs import EPOCHS, both, falling, healthy, noise
from tracker_diag import Run


def test_what_of_a_known_level_was_explained_is_said_in_words() -> None:
    curves = both(falling(0.92 * math.log(5), 5, start=math.log(5)), falling(0.93 * math.log(5), 5, start=math.log(5)))
    achieved = seen(curves, {"num_classes": 5}).achieved
    assert achieved.share == pytest.approx(0.08, abs=0.002)
    assert achieved.said == ("best loss 1.481 is 8% of the way from random guessing (1.609) to a perfect model")


def test_an_unknown_level_is_said_in_words() -> None:
    achieved = seen(healthy(), {"num_classes": None}).achieved
    assert achieved.share is None
    assert achieved.said.startswith("no baseline to compare it with: log ")


def test_an_untrained_network_costs_at_least_as_much_as_knowing_nothing() -> None:
    """Validation at step 0, before training's first value: what is explained of it is a bound."""
    train = [[100, 1.0], [200, 0.97], [300, 0.95], [400, 0.95], [500, 0.95]]
    val = [[0, 1.05], [100, 1.0], [200, 0.97], [300, 0.96], [400, 0.96], [500, 0.96]]
    points = {"train_loss": train, "val_loss": val}
    achieved = of(Run.from_dict({"id": "r", "params": {}, "metrics": points})).achieved
    assert "at most" in achieved.said
    assert achieved.share == pytest.approx(1 - 0.95 / 1.05, abs=0.01)


@pytest.mark.parametrize(
    ("metric", "value", "learned"),
    [
        ("val_r2", 0.5, True),
        ("val_r2", 0.1, False),
        ("val_auc", 0.9, True),
        ("val_auc", 0.55, False),
        ("val/mAP", 0.46, True),
        ("val/mAP", 0.05, False),
        ("val_accuracy", 0.9, True),
        ("val_accuracy", 0.4, False),
    ],
)
def test_scores_that_show_what_was_learned(metric: str, value: float, learned: bool) -> None:
    curves = {"val_loss": 0.25 + noise(0.001, 1), metric: value + noise(0.001, 2)}
    assert seen(curves, {"num_classes": None}).score_learned is learned


def test_without_a_score_nothing_is_shown() -> None:
    assert seen({"train_loss": healthy()["train_loss"]}).score_learned is None


def test_losses_that_have_stood_since_their_second_value() -> None:
    stands = 1335 * (1 + noise(0.002, 1))
    stands[0] = 2298
    unknown = {"num_classes": None}
    assert seen({"loss": stands}, unknown).standing_from_start is True
    assert seen({"loss": stands[:6]}, unknown).standing_from_start is None
    assert seen({"loss": stands, "val_r2": np.full(EPOCHS, 0.7)}, unknown).standing_from_start is False
    for falls in (falling(0.2, 4), falling(2.2, 30), stands * np.linspace(1.02, 0.98, EPOCHS)):
        assert seen({"loss": falls}, unknown).standing_from_start is False


def test_a_long_curve_that_falls_first_has_not_stood() -> None:
    """A thousand values are judged in blocks: the second block is not the second value."""
    curve = 0.223 + 0.03 * np.exp(-np.arange(1000) / 5) + noise(0.001, 1, 1000)
    assert seen({"loss": curve}, {"num_classes": None}).standing_from_start is False


def test_an_error_and_r2_show_the_variance() -> None:
    r2 = 0.6 * (1 - np.exp(-np.arange(EPOCHS) / 8))
    mse = 4.0 * (1 - r2)
    unknown = {"num_classes": None}
    assert seen({"val_mse": mse, "val_r2": r2}, unknown).variance_shown == pytest.approx(4.0)
    rooted = seen({"val_rmse": np.sqrt(mse), "val_r2": r2}, unknown)
    assert rooted.variance_shown == pytest.approx(2.0)
    assert rooted.variance_explained == pytest.approx(0.6, abs=0.01)
    assert rooted.achieved.share == rooted.variance_explained
    assert (
        rooted.achieved.said
        == "best value is 60% of the way from always predicting the mean (error 2, from R²) to a perfect model"
    )
    assert seen({"val_loss": mse, "val_r2": r2}, unknown).variance_shown == pytest.approx(4.0)
    # Another loss falls with R² too, but not in proportion; and where R² stands, any loss does.
    assert seen({"val_loss": np.sqrt(mse), "val_r2": r2}, unknown).variance_shown is None
    still = np.full(EPOCHS, 0.01) + noise(0.002, 1)
    assert seen({"val_loss": 3.0 + noise(0.01, 2), "val_r2": still}, unknown).variance_shown is None
    assert seen({"val_mse": 3.0 + noise(0.01, 2), "val_r2": still}, unknown).variance_shown == pytest.approx(
        3, rel=0.02
    )
