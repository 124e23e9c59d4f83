"""LC111 frozen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.asked import curve
from tests.rules.runs import EPOCHS, Curves, falling, found, frozen, healthy, judge, noise, skipped
from tracker_diag.core.finding import Finding, Skip
from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.identical import Identical
from tracker_diag.evidence.saturation import AtClip
from tracker_diag.roles.metric import LOSS
from tracker_diag.rules.curves.frozen import frozen as the_rule


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
    assert "the largest loss that the framework can show" in found(report, "LC111").message


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
    assert "validation loss stuck at 2.30713" in finding.message
    moves = {**curves, "val_accuracy": 0.1083 + noise(0.003, 2)}
    assert found(judge(moves), "LC111") is None


def test_a_loss_that_was_rounded_has_come_to_rest_within_its_rounding() -> None:
    rounded = np.round(falling(0.2, 4), 2)
    report = judge({"train_loss": rounded, "val_loss": np.round(falling(0.22, 4), 2)})
    assert found(report, "LC111") is None
    assert "rounded to 0.01" in (skipped(report, "LC111") or "")


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


def told(values: Any = None, role: str = "train_loss", **inputs: Any) -> Finding | Skip | None:
    """What is said of a curve of these values; of fewer than four, there is no course."""
    any_curve = curve(np.ones(3) if values is None else values, role)
    usual = {
        "any_curve": any_curve,
        "course": any_curve if any_curve.y.size >= 4 else None,
        "baseline": None,
        "settled_from": None,
        "pretrained": None,
        "identical": None,
        "at_clip": None,
        "judgeable": True,
        "traits": frozenset(),
    }
    return the_rule.check(**{**usual, **inputs})


def stands(*before: float, at: float = 2.3025851, values: int = 8) -> list[float]:
    return [*before, *[at] * values]


def seen(said: Finding | Skip | None) -> bool:
    assert not isinstance(said, Finding) or said.severity == "error"
    return isinstance(said, Finding)


def test_what_is_said_of_a_loss_that_stands() -> None:
    finding = told(stands(3.3456789, 2.7654321))
    assert isinstance(finding, Finding)
    assert finding.confidence == 0.97
    assert finding.message == "training loss stuck at 2.30259 for the last 8 values"
    assert finding.evidence == {"value": 2.3025851, "share": 0.8, "first_step": 2.0}
    assert finding.span == (2.0, 9.0)
    tuned = told(stands(3.3456789), pretrained="bert")
    assert isinstance(tuned, Finding)
    assert tuned.confidence == 0.7
    whole = told(stands())
    assert isinstance(whole, Finding)
    assert (whole.evidence["share"], whole.span) == (1.0, (0.0, 7.0))


@pytest.mark.parametrize(
    ("moving", "standing", "frozen_"),
    [(4, 4, True), (5, 4, False), (0, 4, True), (1, 3, False), (6, 6, True), (7, 6, False)],
)
def test_four_values_stand_and_half_of_the_run(moving: int, standing: int, frozen_: bool) -> None:
    moves = 3 + 0.1234567 * np.random.default_rng(0).uniform(size=moving)
    assert seen(told(stands(*moves, values=standing))) == frozen_


@pytest.mark.parametrize(("apart", "frozen_"), [(0.99e-6, True), (1.01e-6, False)])
def test_one_in_a_million_is_the_same(apart: float, frozen_: bool) -> None:
    """Of the largest value, 2; the last is the one that it stands at."""
    assert seen(told([2.0, *[1.2345678] * 4, *[1.2345678 + 2 * apart] * 3])) == frozen_


@pytest.mark.parametrize(("settled", "frozen_"), [(None, False), (7.0, True), (6.0, True), (3.0, True), (2.0, False)])
def test_what_comes_after_the_rate_has_gone_is_not_looked_at(settled: float | None, frozen_: bool) -> None:
    values = [*stands(values=8), 1.9, 1.8, 1.7, 1.6]
    said = told(values, settled_from=settled)
    assert seen(said) == frozen_
    if settled == 6.0:
        assert isinstance(said, Finding)
        assert said.span == (0.0, 6.0)
    assert isinstance(said, Skip) == (settled == 2.0)


@pytest.mark.parametrize(
    ("value", "baseline", "frozen_"),
    [
        # A loss at a ten-thousandth of what knowing nothing costs, or of the largest value.
        (1.0100001e-4, 1.0, True),
        (0.99e-4, 1.0, False),
        (0.99e-4, -1.0, False),
        (3.1000001e-4, None, True),
        (2.9e-4, None, False),
        (0.0, None, False),
    ],
)
def test_a_loss_at_zero(value: float, baseline: float | None, frozen_: bool) -> None:
    assert seen(told(stands(3.0, at=value), baseline=baseline)) == frozen_


def test_a_curve_of_nothing_but_zeros_says_nothing() -> None:
    assert told(np.zeros(8)) is None


@pytest.mark.parametrize(
    ("before", "at", "frozen_"),
    [
        # A score: more than half of a perfect one, risen before it stood; and a perfect one.
        ([0.2], 0.51, False),
        ([0.2], 0.5, True),
        ([0.6], 0.51, True),
        ([0.51], 0.51, True),
        ([0.1], 1.0, False),
    ],
)
def test_a_score_that_has_come_to_rest(before: list[float], at: float, frozen_: bool) -> None:
    assert seen(told(stands(*before, at=at), "train_score")) == frozen_


@pytest.mark.parametrize(("before", "frozen_"), [(0.5, False), (0.499, True), (0.3, True)])
def test_an_error_that_has_fallen_by_a_fifth(before: float, frozen_: bool) -> None:
    error = Curve("train_error", np.arange(9.0), np.array(stands(before, at=0.399999)), LOSS, "train_score")
    assert seen(told(course=error, any_curve=error)) == frozen_
    exact = Curve("train_error", np.arange(9.0), np.array(stands(0.5, at=0.4)), LOSS, "train_score")
    assert seen(told(course=exact, any_curve=exact))


@pytest.mark.parametrize(
    ("before", "at", "frozen_"),
    [
        # Rounded to a tenth, a hundredth, five decimals: it moved by more than ten of those before it stood.
        (3.5, 2.4, False),
        (3.4, 2.4, True),
        (2.41, 2.3, False),
        (2.4, 2.3, True),
        (2.30011, 2.3, False),
        (2.3001, 2.3, True),
        # To six decimals it is not rounded.
        (2.300011, 2.3, True),
        (13.0, 1.0, False),
    ],
)
def test_a_rounded_loss_that_moved_by_ten_roundings(before: float, at: float, frozen_: bool) -> None:
    said = told(stands(before, at=at))
    assert seen(said) == frozen_
    assert isinstance(said, Skip) != frozen_


def test_roundings_as_small_as_what_counts_as_the_same_say_nothing() -> None:
    """A loss of thousands with three decimals: its rounding is a millionth of it."""
    assert seen(told(stands(9876.543, 9875.432, at=8765.432)))
    assert isinstance(told(stands(987.654, 987.543, at=876.543)), Skip)
    assert seen(told(stands(0.2, at=0.4), "train_score"))
    # One that was not rounded may have moved by any number of them.
    assert seen(told(stands(23.4567891, at=2.3025851)))


@pytest.mark.parametrize(
    ("steps", "frozen_"),
    [
        # Four ever smaller steps, the last at most a thousandth of the largest value, 1.
        ([0.4, 0.2, 0.1, 0.0009], False),
        ([0.4, 0.2, 0.1, 0.0011], True),
        ([0.2, 0.1, 0.0009], True),
        ([0.1, 0.2, 0.1, 0.0009], True),
        ([0.05, 0.4, 0.2, 0.1, 0.0009], False),
        ([0.2, 0.2, 0.1, 0.0009], True),
    ],
)
def test_a_model_that_converged_took_ever_smaller_steps(steps: list[float], frozen_: bool) -> None:
    course = 1.0 - np.cumsum([0.0, *np.array(steps) * 1.0000001])
    for unit in (1.0, 4.0):
        assert seen(told(unit * np.array([*course, *[course[-1]] * 12]))) == frozen_


def identical(loss: Curve, metrics: int = 2, decades: float = 5.0) -> Identical:
    return Identical("every loss and score", loss, loss.finite[1].size, metrics, decades)


def test_what_is_said_of_validation_that_stands() -> None:
    still = curve([*[2.3071254] * 5, 2.3071255], "val_loss")
    moving = 2.3 + 0.01 * np.random.default_rng(0).standard_normal(60)
    finding = told(moving, identical=identical(still))
    assert isinstance(finding, Finding)
    assert finding.confidence == 0.9
    assert "validation loss stuck at 2.30713 for all 6 values" in finding.message
    assert finding.evidence == {"value": 2.3071255, "share": 1.0, "first_step": 0.0}
    assert finding.span == (0.0, 5.0)
    assert seen(told(moving, identical=identical(curve(np.full(4, 2.3071254), "val_loss"))))
    assert told(moving, identical=identical(curve(np.full(3, 2.3071254), "val_loss"))) is None
    assert told(moving, identical=identical(curve(np.full(6, 2.3071254)))) is None


@pytest.mark.parametrize(
    ("values", "role", "metrics", "decades", "frozen_"),
    [
        (3, "train_loss", 1, 5.0, True),
        (3, "train_loss", 1, 4.99, False),
        (2, "train_loss", 2, 5.0, True),
        (2, "train_loss", 1, 9.0, False),
        (2, "val_loss", 2, 9.0, False),
        (3, "val_loss", 2, 9.0, True),
    ],
)
def test_two_or_three_values(values: int, role: str, metrics: int, decades: float, frozen_: bool) -> None:
    loss = curve([*[2.5186] * (values - 1), 2.51860001], role)
    said = told(loss.raw, role, identical=identical(loss, metrics, decades))
    assert seen(said) == frozen_
    if isinstance(said, Finding):
        assert said.confidence == 0.9
        assert said.message == (
            f"{loss.side} loss stuck at 2.5186 for {'both' if values == 2 else 'all 3'} values"
            + (", and every other loss and score is constant too" if metrics > 1 else "")
        )
        assert said.evidence == {"value": 2.51860001, "share": 1.0, "first_step": 0.0}
        assert said.span == (0.0, values - 1.0)
    assert isinstance(told(loss.raw, role, identical=identical(loss, metrics, decades), settled_from=1.0), Skip)


def test_few_values_that_are_not_the_same_or_of_trees_are_skipped() -> None:
    assert isinstance(told([3.0, 2.0]), Skip)
    loss = curve(np.full(3, 2.5186))
    trees = told(loss.raw, identical=identical(loss), traits=frozenset({"boosting"}))
    assert isinstance(trees, Skip)
    assert "trees" in trees.reason


def test_what_is_said_of_a_loss_that_stands_at_the_clip() -> None:
    loss = curve(np.full(3, 87.3365))
    finding = told(loss.raw, at_clip=AtClip(loss, 87.3365, 0.0, 3))
    assert isinstance(finding, Finding)
    assert finding.confidence == 0.97
    assert "training loss stuck at 87.3365 for all 3 values" in finding.message
    assert (finding.evidence, finding.span) == ({"value": 87.3365, "share": 1.0, "first_step": 0.0}, (0.0, 2.0))
    later = curve([21.4, 87.3365, 87.3365])
    assert isinstance(told(later.raw, at_clip=AtClip(later, 87.3365, 1.0, 2)), Skip)
