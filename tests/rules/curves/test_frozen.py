"""LC111 frozen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.runs import EPOCHS, Curves, falling, found, frozen, healthy, judge, noise, skipped


def pinned(level: float, after: int = 0) -> Curves:
    """The healthy run, standing still from some epoch on."""
    curves = healthy()
    for name in ("train_loss", "val_loss"):
        curves[name][after:] = level
    return {name: curves[name] for name in ("train_loss", "val_loss")}


def test_a_loss_that_does_not_move() -> None:
    report = judge(frozen())
    finding = found(report, "LC111")
    assert report.verdict == "frozen"
    assert finding is not None
    assert finding.severity == "error"
    assert finding.evidence["share"] == 1


def test_it_may_freeze_on_the_way() -> None:
    finding = found(judge(pinned(1.9, after=10)), "LC111")
    assert finding is not None
    assert finding.evidence["first_step"] == 10


def test_rounding_is_not_movement() -> None:
    curves = pinned(2.302585)
    curves["train_loss"] += 1e-7 * np.sin(np.arange(EPOCHS))
    assert found(judge(curves), "LC111") is not None


def test_a_late_standstill_is_none() -> None:
    assert found(judge(pinned(0.2, after=45)), "LC111") is None


def test_a_loss_at_zero_has_nowhere_to_go() -> None:
    assert found(judge(pinned(0.0, after=5)), "LC111") is None


@pytest.mark.parametrize(
    ("first", "end", "stands"),
    [
        ([0.4, 0.7], 1.0, False),
        ([40, 70], 100.0, False),
        ([0.3, 1.7, 1.4], 1.0, True),
        ([0.03, 0.08], 0.1, True),
    ],
)
def test_a_perfect_score_has_nowhere_to_go(first: list[float], end: float, stands: bool) -> None:
    """One is perfect among shares, and one per cent elsewhere."""
    score = np.full(EPOCHS, end)
    score[: len(first)] = first
    report = judge({"train_accuracy": score, "val_accuracy": score}, {"num_classes": None})
    assert (found(report, "LC111") is not None) == stands


def test_a_rate_annealed_to_zero_stands_still() -> None:
    curves = pinned(0.4, after=20)
    rate = np.where(np.arange(EPOCHS) < 20, 0.1, 0.0)
    assert found(judge(curves | {"lr": rate}), "LC111") is None


def test_fine_tuning_that_starts_low_and_flat_moves_a_little() -> None:
    flat = 0.31 + 1e-3 * np.random.default_rng(0).standard_normal(EPOCHS)
    report = judge({"train_loss": flat, "val_loss": flat + 0.01}, {"pretrained": True, "num_classes": None})
    assert found(report, "LC111") is None


STANDS: Curves = {
    "loss": np.full(3, 2.5186),
    "accuracy": np.full(3, 0.8347),
    "val_loss": np.full(3, 2.2202),
    "val_accuracy": np.full(3, 0.856),
}


def few(values: int, *names: str) -> Curves:
    """The first values of these metrics, which do not move."""
    return {name: STANDS[name][:values] for name in names or STANDS}


@pytest.mark.parametrize(
    "curves",
    [few(3), few(2), few(3, "loss"), few(3, "loss", "accuracy"), few(3, "val_loss", "val_accuracy")],
    ids=["three", "two", "a loss alone", "one side", "validation alone"],
)
def test_two_or_three_values_of_all_metrics_are_enough(curves: Curves) -> None:
    report = judge(curves, {"num_classes": None})
    assert report.verdict == "frozen"
    assert found(report, "LC111").severity == "error"


@pytest.mark.parametrize(
    "curves",
    [few(2, "loss"), few(2, "val_loss", "val_accuracy"), few(3, "accuracy", "val_accuracy")],
    ids=["a loss twice", "one model that is evaluated twice", "scores count examples"],
)
def test_too_little_stands(curves: Curves) -> None:
    assert judge(curves, {"num_classes": None}).verdict == "insufficient-evidence"


@pytest.mark.parametrize("moving", sorted(STANDS))
def test_one_metric_that_moves_is_enough_to_be_silent(moving: str) -> None:
    curves = few(3)
    curves[moving] = curves[moving] * np.array([1.0, 1.0, 0.9999])
    assert found(judge(curves, {"num_classes": None}), "LC111") is None


@pytest.mark.parametrize(
    ("value", "stands"), [(8.1, False), (0.3, False), (2.30, False), (2.5186, True), (0.012345, True)]
)
def test_equal_values_say_nothing_below_the_precision_that_was_logged(value: float, stands: bool) -> None:
    report = judge({"train_loss": np.full(3, value)}, {"num_classes": None})
    assert (found(report, "LC111") is not None) == stands
    assert stands or "chance" in skipped(report, "LC111")


def test_single_precision_rounds_its_last_digit() -> None:
    values = 2.5186193 * (1 + 1e-7 * np.array([0.0, 1.0, -1.0]))
    assert judge({"train_loss": values}, {"num_classes": None}).verdict == "frozen"


@pytest.mark.parametrize("curves", [{"loss": np.zeros(3)}, {"loss": np.zeros(3), "accuracy": np.ones(3)}])
def test_few_values_at_their_best_have_nowhere_to_go(curves: Curves) -> None:
    assert found(judge(curves), "LC111") is None


def test_few_values_at_a_rate_of_nothing() -> None:
    rate = np.array([0.1, 1e-4, 1e-5])
    assert found(judge(few(3) | {"lr": rate}, {"num_classes": None}), "LC111") is None


def test_a_run_that_is_going_is_not_judged_by_its_first_values() -> None:
    assert found(judge(few(3), status="RUNNING"), "LC111") is None


@pytest.mark.parametrize("clip", [87.3365, 87.33654, 16.118095, 15.942385])
def test_two_values_at_the_clip_of_the_logarithm(clip: float) -> None:
    report = judge({"loss": np.full(2, clip)}, {"num_classes": None})
    assert report.verdict == "frozen"
    assert "the most that one answer can cost" in found(report, "LC111").message


@pytest.mark.parametrize(
    ("values", "params"),
    [([87.4, 87.4], {}), ([87.3365], {}), ([87.3365, 60.0], {}), ([87.3365, 87.3365], {"loss": "mse"})],
)
def test_another_loss_is_at_no_clip(values: list[float], params: dict[str, str]) -> None:
    assert found(judge({"train_loss": np.array(values)}, {"num_classes": None, **params}), "LC111") is None


@settings(deadline=None, max_examples=80)
@given(seed=st.integers(0, 2**32 - 1), values=st.integers(2, 3), digits=st.integers(1, 6), pace=st.floats(0.01, 0.7))
def test_a_training_that_moves_by_a_per_cent_a_record_is_not_frozen(
    seed: int, values: int, digits: int, pace: float
) -> None:
    """However coarsely it was logged."""
    rng = np.random.default_rng(seed)
    level = 10 ** rng.uniform(-3, 3)
    course = level * (1 - pace) ** np.arange(values)
    curves = {
        name: np.array([float(f"{v:.{digits - 1}e}") for v in k * course])
        for name, k in (("loss", 1), ("val_loss", 1.07))
    }
    assert found(judge(curves, {"num_classes": None}), "LC111") is None


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy()), "LC111") is None


def test_validation_that_stands_while_training_jitters() -> None:
    """A last batch that is smaller, dropout or augmentation move training; the weights do not."""
    curves = {
        "train_loss": 2.31 + noise(0.01, 1),
        "val_loss": np.full(EPOCHS, 2.3071254),
        "val_accuracy": np.full(EPOCHS, 0.1083),
    }
    finding = found(judge(curves), "LC111")
    assert finding is not None
    assert finding.severity == "error"
    assert "validation loss stands at 2.30713" in finding.message
    moves = {**curves, "val_accuracy": 0.1083 + noise(0.003, 2)}
    assert found(judge(moves), "LC111") is None


def test_a_loss_that_was_rounded_has_come_to_rest_within_its_rounding() -> None:
    rounded = np.round(falling(0.2, 4), 2)
    report = judge({"train_loss": rounded, "val_loss": np.round(falling(0.22, 4), 2)})
    assert found(report, "LC111") is None
    assert "logged to 0.01" in (skipped(report, "LC111") or "")


def test_a_model_that_converged_came_to_rest_smoothly() -> None:
    converged = 0.5 + np.where(np.arange(EPOCHS) < 25, 0.4 ** np.arange(EPOCHS), 0.0)
    assert found(judge({"train_loss": converged}, {"num_classes": None}), "LC111") is None
    dies = np.where(np.arange(EPOCHS) < 12, falling(0.8, 10), 1.437)
    assert found(judge({"train_loss": dies}, {"num_classes": None}), "LC111") is not None


def test_half_precision_repeats_itself() -> None:
    """Neighbours of 2.3125 in bfloat16 are 0.7 % apart."""
    for value, told in ((2.3125, False), (2.3071254, True)):
        report = judge({"train_loss": np.full(3, value), "val_loss": np.full(3, value)})
        assert (found(report, "LC111") is not None) == told


@pytest.mark.parametrize(("start", "told"), [(0.3, False), (0.0127, True)])
def test_trees_with_nothing_left_to_split_stand(start, told):
    """XGBoost adds nothing once every leaf is below its least weight; trees that never learned do not move at all."""
    train = np.maximum(start * 0.9 ** np.arange(300.0), 0.0127)
    params = {"objective": "binary:logistic", "num_boost_round": 300, "eta": 0.1, "num_classes": 2}
    report = judge({"train-logloss": train, "validation-logloss": train + 0.1}, params)
    assert (report.verdict == "frozen") == told
