"""LC108 diverged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.asked import curve
from tests.rules.runs import EPOCHS, diverged, found, healthy, judge, skipped, spiked
from tracker_diag.core.finding import Finding, Skip
from tracker_diag.evidence.lost import Lost
from tracker_diag.evidence.saturation import AtClip
from tracker_diag.rules.curves.diverged import END, _ends_above
from tracker_diag.rules.curves.diverged import diverged as the_rule


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
    assert "the last one logged" in found(report, "LC108").message


def test_one_lost_value_of_validation_beside_a_training_that_goes_on() -> None:
    finding = found(judge({"train_loss": healthy()["train_loss"], "val_loss": np.array([np.nan])}), "LC108")
    assert finding is not None
    assert finding.message.startswith("validation loss is NaN")


def test_one_finite_value_is_no_curve() -> None:
    assert judge({"loss": np.array([2.3])}).verdict == "insufficient-evidence"


def test_a_score_alone_may_be_lost_and_beside_a_loss_it_may_be_undefined() -> None:
    scores = np.array([0.5, 0.6, np.nan])
    report = judge({"val_accuracy": scores})
    assert "validation score is NaN" in found(report, "LC108").message
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


def told(train: Any = None, val: Any = None, **inputs: Any) -> Finding | Skip | None:
    """What is said of a training and a validation loss of these values."""
    curves = {
        "any_train": None if train is None else curve(train),
        "any_val": None if val is None else curve(val, "val_loss"),
    }
    usual = {
        "any_curve": curves["any_train"] or curves["any_val"],
        "traits": frozenset(),
        "lost": None,
        "at_clip": None,
    }
    return the_rule.check(**{**usual, **curves, **inputs})


def test_what_is_said_of_values_that_are_not_finite() -> None:
    lost = Lost("loss", "training loss", 25.0, 59.0, 35, 35 / 60)
    finding = told(lost=lost)
    assert isinstance(finding, Finding)
    assert (finding.severity, finding.confidence, finding.span) == ("error", 1.0, (25.0, 59.0))
    assert finding.message == "training loss is NaN or infinite from step 25 on (58% of the logged steps)"
    assert finding.evidence == {"first_step": 25.0, "share": 35 / 60, "metric": "loss"}
    for values, text in ((2, "from step 25 on"), (1, "at step 25, the last one logged")):
        one = told(lost=Lost("loss", "training loss", 25.0, 59.0, values, 0.5))
        assert isinstance(one, Finding)
        assert text in one.message


def test_what_is_said_of_a_loss_that_went_to_the_clip() -> None:
    values = [21.4, 30.0, *[87.3365] * 3]
    finding = told(values, at_clip=AtClip(curve(values), 87.3365, 2.0, 3))
    assert isinstance(finding, Finding)
    assert (finding.severity, finding.confidence, finding.span) == ("error", 0.97, (2.0, 4.0))
    assert "went from 21.4 to 87.3365 at step 2 and stayed" in finding.message
    assert finding.evidence == {"first_step": 2.0, "metric": "train_loss"}


@pytest.mark.parametrize(
    ("values", "standing"), [([87.3365] * 4, 4), ([87.3365, 50, 87.3365, 87.3365], 2), ([90, 87, 87.3365, 87.3365], 2)]
)
def test_a_loss_that_began_at_the_clip_or_above_did_not_go_there(values: list[float], standing: int) -> None:
    assert told(values, at_clip=AtClip(curve(values), 87.3365, 2.0, standing)) is None


def test_what_is_said_of_a_blow_up() -> None:
    finding = told([3.0, 2, 1, 2, 5, 8, 8, 9])
    assert isinstance(finding, Finding)
    assert (finding.severity, finding.confidence, finding.span) == ("error", 0.95, (4.0, 7.0))
    assert finding.message == "training loss blew up from 1 to 8.5 at step 4 and did not recover"
    assert finding.evidence == {"first_step": 4.0, "factor": 7.5 / 2, "metric": "train_loss"}


@pytest.mark.parametrize(
    ("values", "seen"),
    [
        # By more than what had been gained, 2, above the start: to more than 5; and to more than twice the start.
        ([2.0, 1, 0, 4.1, 4.1, 4.1, 4.1, 4.1], True),
        ([2.0, 1, 0, 4, 4, 4, 4, 4], False),
        ([3.0, 2, 1, 5.5, 5.5, 5.5, 5.5, 5.5], False),
        ([3.0, 2, 1, 6, 6, 6, 6, 6], False),
        ([3.0, 2, 1, 6.1, 6.1, 6.1, 6.1, 6.1], True),
        # From a start that is not positive there is no twice.
        ([0.0, -1, -2, 2.1, 2.1, 2.1, 2.1, 2.1], True),
        ([-1.0, -2, -3, -2, 1.1, 1.1, 1.1, 1.1], True),
        ([-1.0, -2, -3, -2, 1, 1, 1, 1], False),
        # The end is the median of the last quarter, two of eight values.
        ([3.0, 2, 1, 5, 9, 3.2, 3.2, 9.2], True),
        ([3.0, 2, 1, 5, 9, 9, 3.2, 8.7], False),
    ],
)
def test_a_blow_up_is_more_than_what_was_gained_and_than_twice_the_start(values: list[float], seen: bool) -> None:
    finding = told(values)
    assert (isinstance(finding, Finding) and finding.severity == "error") == seen


def test_where_nothing_was_gained_twice_the_start_decides() -> None:
    assert isinstance(told([1.0, 1, 1, 1, 2.1, 2.1, 2.1, 2.1]), Finding)
    assert told([1.0, 1, 1, 1, 2, 2, 2, 2]) is None


FALL = list(np.linspace(2.0, 1.0, 15))


@pytest.mark.parametrize(
    ("end", "in_training", "in_validation"),
    [
        ([4.0], False, False),
        ([4.1], True, False),
        ([20.0], True, False),
        ([20.1], True, True),
        ([21, 1.5], False, False),
    ],
)
def test_the_last_values_lie_so_far_above_all_before(end: list[float], in_training: bool, in_validation: bool) -> None:
    assert isinstance(told([*FALL, *end], FALL), Finding) == in_training
    assert isinstance(told(FALL, [*FALL, *end]), Finding) == in_validation


def test_what_is_said_of_the_last_values() -> None:
    one, three = told([*FALL, 50.0]), told(FALL, [*FALL, 50.0, 60.0, 70.0])
    assert isinstance(one, Finding)
    assert isinstance(three, Finding)
    assert (one.severity, one.confidence, one.span) == ("warning", 0.7, (15.0, 15.0))
    assert one.message == (
        "training loss jumped to 50 at the last value, far above all earlier ones (first 2, lowest 1)"
    )
    assert one.evidence == {"first_step": 15.0, "factor": 25.0, "metric": "train_loss"}
    assert three.span == (15.0, 17.0)
    assert three.message.startswith("validation loss jumped to 70 over the last 3 values")
    assert "first 2," in three.message


@pytest.mark.parametrize(
    ("values", "seen"),
    [
        ([2.0, 1, 1, 1, 50], True),
        ([2.0, 1, 1, 50], False),
        ([2.0, 0, 1, 1, 50], False),
        ([2.0, 0.5, 1, 1, 50], True),
        # Up to a quarter: two of eight are looked at, three are not.
        ([2.0, 1.5, 1.5, 1.5, 1.5, 1.0, 50, 50], True),
        ([2.0, 1.5, 1.5, 1.5, 1.0, 50, 50, 50], False),
    ],
)
def test_the_last_values_are_a_quarter_at_most_of_five_or_more(values: list[float], seen: bool) -> None:
    assert isinstance(told(FALL, values), Finding) == seen


def test_too_few_values_and_losses_that_rise_by_design_are_skipped() -> None:
    assert isinstance(told(np.ones(3)), Skip)
    assert told(np.ones(4)) is None
    assert isinstance(told(None, None), Skip)
    rises = [*FALL, 50.0]
    assert isinstance(told(rises, traits=frozenset({"annealed"})), Skip)
    assert isinstance(told(rises, traits=frozenset({"boosting"})), Finding)
    assert told(None, FALL) is None


@given(
    st.lists(st.floats(0.01, 100.0), min_size=5, max_size=60),
    st.sampled_from([1.0, 1.5, 3.0]),
)
def test_the_last_values_are_told_as_by_looking_at_each_length_in_turn(values: list[float], times: float) -> None:
    longest = max(1, len(values) // END)
    by_looking = next(
        (n for n in range(1, longest + 1) if min(values[-n:]) > times * max(values[:-n])),
        None,
    )
    found = _ends_above(curve(values), times)
    assert (None if found is None else found.size) == by_looking
