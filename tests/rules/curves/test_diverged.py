"""LC108 diverged."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rules.runs import EPOCHS, diverged, found, healthy, judge, skipped, spiked


@pytest.mark.parametrize("lost", [np.nan, np.inf, -np.inf])
def test_a_loss_that_is_lost(lost: float) -> None:
    curves = healthy()
    curves["train_loss"][25:] = lost
    report = judge(curves)
    finding = found(report, "LC108")
    assert report.verdict == "diverged"
    assert finding is not None
    assert finding.severity == "error"
    assert finding.evidence["first_step"] == 25
    assert finding.span == (25, EPOCHS - 1)


def test_validation_alone_may_be_lost() -> None:
    curves = healthy()
    curves["val_loss"][40:] = np.nan
    finding = found(judge(curves), "LC108")
    assert finding is not None
    assert finding.evidence["metric"] == "val_loss"


@pytest.mark.parametrize("lost", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["loss", "train_loss", "val_loss"])
def test_one_value_is_enough_where_no_other_was_logged(name: str, lost: float) -> None:
    report = judge({name: np.array([lost])})
    assert report.verdict == "diverged"
    assert report.severity == "error"
    assert "the last that was logged" in found(report, "LC108").message


def test_one_lost_value_of_validation_beside_a_training_that_goes_on() -> None:
    finding = found(judge({"train_loss": healthy()["train_loss"], "val_loss": np.array([np.nan])}), "LC108")
    assert finding is not None
    assert "the validation loss" in finding.message


def test_one_finite_value_is_no_curve() -> None:
    assert judge({"loss": np.array([2.3])}).verdict == "insufficient-evidence"


def test_a_score_alone_may_be_lost_and_beside_a_loss_it_may_be_undefined() -> None:
    scores = np.array([0.5, 0.6, np.nan])
    report = judge({"val_accuracy": scores})
    assert "the validation score is not finite" in found(report, "LC108").message
    assert found(judge(healthy() | {"val_accuracy": np.full(EPOCHS, np.nan)}), "LC108") is None


def test_a_loss_that_goes_to_the_clip_of_the_logarithm_and_stays() -> None:
    report = judge({"loss": np.array([21.4, 87.3365, 87.3365])}, {"num_classes": None})
    assert report.verdict == "diverged"
    assert found(report, "LC108").evidence["first_step"] == 1


@pytest.mark.parametrize("values", [[21.4, 87.3365], [21.4, 87.3365, 87.4], [120.0, 87.3365, 87.3365]])
def test_another_way_past_the_clip_is_none(values: list[float]) -> None:
    assert found(judge({"loss": np.array(values)}, {"num_classes": None}), "LC108") is None


def test_a_blow_up_that_stays_up() -> None:
    curves = healthy()
    for name in ("train_loss", "val_loss"):
        curves[name][30:] = 40 + np.arange(EPOCHS - 30)
    report = judge(curves)
    assert report.verdict == "diverged"
    assert found(report, "LC108").evidence["first_step"] == 30


def test_nothing_else_is_said_of_a_run_that_is_lost() -> None:
    assert [f.code for f in judge(diverged()).findings if f.code.startswith("LC")] == ["LC108"]


@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_a_hole_from_which_it_recovers_is_none(hole: float) -> None:
    curves = healthy()
    curves["train_loss"][20:22] = hole
    assert judge(curves).verdict == "good-fit"


def test_jumps_from_which_it_recovers_are_none() -> None:
    assert found(judge(spiked()), "LC108") is None


def test_a_quarter_more_than_at_the_start_is_no_blow_up() -> None:
    curves = healthy()
    start = curves["train_loss"][0]
    curves["train_loss"] = np.full(EPOCHS, 1.2 * start) + 0.001 * np.sin(np.arange(EPOCHS))
    curves["train_loss"][:2] = start, 0.95 * start
    assert found(judge(curves), "LC108") is None


def test_an_infinite_gradient_norm_is_the_loss_scaler_at_work() -> None:
    curves = healthy() | {"grad_norm": np.where(np.arange(EPOCHS) % 7 == 0, np.inf, 1.0)}
    assert judge(curves).verdict == "good-fit"


@pytest.mark.parametrize("names", [("generator_loss", "discriminator_loss"), ("train_kl_weight", "train_loss")])
def test_a_rise_that_is_by_design(names: tuple[str, str]) -> None:
    rising = np.concatenate((np.linspace(2, 1, 10), np.full(50, 30.0)))
    report = judge({"train_loss": rising, **dict.fromkeys(names, rising)})
    assert found(report, "LC108") is None
    assert skipped(report, "LC108") is not None


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy()), "LC108") is None


@pytest.mark.parametrize("last", [1, 2, 3])
@pytest.mark.parametrize("height", [5.0, 1e6, 1e60])
def test_last_values_far_above_all_that_went_before(last: int, height: float) -> None:
    curve = np.r_[np.linspace(2.3, 0.3, 30 - last), np.full(last, height)]
    report = judge({"train_loss": curve, "val_loss": curve})
    assert report.verdict == "diverged"
    assert report.severity == "warning"


def test_batches_that_vary_are_no_end() -> None:
    rng = np.random.default_rng(0)
    batches = np.abs(0.2 + 0.15 * rng.standard_normal(300)) + 0.01
    batches[-1] = 0.6
    assert found(judge({"train_loss": batches}), "LC108") is None


def test_validation_that_is_logged_at_every_other_step_has_holes() -> None:
    curves = healthy()
    curves["val_loss"][1::2] = np.nan
    assert judge(curves).verdict == "good-fit"


def test_values_whose_squares_are_infinite_are_as_good_as_infinite() -> None:
    curves = healthy()
    curves["train_loss"][-10:] = 1e160
    assert judge(curves).verdict == "diverged"
