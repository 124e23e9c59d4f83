"""LC103 undertrained."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.rules.asked import curve, more, turned
from tests.rules.runs import EPOCHS, Curves, found, healthy, judge, skipped, undertrained
from tracker_diag import Run, diagnose
from tracker_diag.core.finding import Finding, Skip
from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.ending import Ending
from tracker_diag.rules.curves.undertrained import undertrained as the_rule
from tracker_diag.stats.extrapolation import Extrapolation


def rate(shape: str) -> Curves:
    """A learning rate over the epochs."""
    at = np.arange(EPOCHS)
    shapes = {"constant": np.full(EPOCHS, 0.1), "cosine": 0.05 * (1 + np.cos(np.pi * at / EPOCHS))}
    return {"lr": shapes[shape]}


@pytest.mark.parametrize(("pretrained", "warned"), [(False, True), (True, False)])
def test_what_fine_tuning_adds_is_no_unit(pretrained: bool, warned: bool) -> None:
    """The loss goes on from where it had nearly arrived, and falls by a tenth."""
    epochs = np.arange(EPOCHS)
    curves = {"train_loss": 0.16 - 0.0003 * epochs, "val_loss": 0.165 - 0.0003 * epochs}
    finding = found(judge(curves, {"num_classes": None, "pretrained": pretrained}), "LC103")
    assert (finding is not None) == warned


def test_still_falling_at_the_end() -> None:
    report = judge(undertrained())
    finding = found(report, "LC103")
    assert report.verdict == "undertrained"
    assert finding is not None
    assert finding.severity == "warning"
    seen = finding.evidence
    truth = 2 * (np.exp(-60 / 35) - np.exp(-120 / 35)) / (2 * (1 - np.exp(-60 / 35)))
    assert seen["gain_low"] - 0.03 <= truth <= seen["gain_high"] + 0.03
    assert "train for about" in finding.advice


def test_a_run_still_going_is_told_and_not_warned() -> None:
    report = judge(undertrained(), status="RUNNING")
    finding = found(report, "LC103")
    assert finding is not None
    assert finding.severity == "info"
    assert report.severity in ("ok", "info")


def test_a_constant_rate_changes_nothing() -> None:
    assert judge(undertrained() | rate("constant")).verdict == "undertrained"


def test_a_tail_flattened_by_annealing_is_extrapolated_over_the_rate() -> None:
    clock = np.cumsum(rate("cosine")["lr"])
    course = 0.3 + 2 * np.exp(-clock / clock[-1] / 0.6)
    rng = np.random.default_rng(0)
    curves = {name: course + 0.004 * rng.standard_normal(EPOCHS) for name in ("train_loss", "val_loss")}
    assert found(judge(curves), "LC103") is None
    assert found(judge(curves | rate("cosine")), "LC103") is not None


@pytest.mark.parametrize("scheduler", ["cosine", "linear", "CosineAnnealingLR", "OneCycleLR"])
def test_an_annealed_rate_that_is_not_logged_lets_it_abstain(scheduler: str) -> None:
    report = judge(undertrained(), {"lr_scheduler": scheduler})
    assert found(report, "LC103") is None
    assert "annealed" in (skipped(report, "LC103") or "")


def test_large_scale_pretraining_never_settles() -> None:
    curves = {"train_loss": undertrained()["train_loss"], "val_loss": undertrained()["val_loss"]}
    finding = found(judge(curves, {"max_steps": 600_000, "epochs": None, "num_classes": None}), "LC103")
    assert finding is not None
    assert finding.severity == "info"


def test_training_that_falls_for_ever_while_validation_rests_is_none() -> None:
    curves = healthy()
    curves["train_loss"] = undertrained()["train_loss"] * 0.6
    del curves["train_accuracy"], curves["val_accuracy"]
    assert found(judge(curves), "LC103") is None


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy()), "LC103") is None


@pytest.mark.parametrize("n", [10, 20, 30, 50])
@pytest.mark.parametrize("sigma", [0.01, 0.03, 0.06])
def test_a_straight_fall_is_never_a_good_fit(n: int, sigma: float) -> None:
    line = np.linspace(2.3, 1.5, n)
    curves = {
        name: line + 0.8 * sigma * np.random.default_rng(seed).standard_normal(n)
        for seed, name in enumerate(("train_loss", "val_loss"))
    }
    report = judge(curves, {"num_classes": None})
    assert report.verdict in ("undertrained", "slow-convergence", "insufficient-evidence")


@pytest.mark.parametrize(
    ("n", "verdict"), [(3, "insufficient-evidence"), (4, "insufficient-evidence"), (5, "undertrained")]
)
def test_a_handful_of_values_that_fall_as_fast_as_ever(n: int, verdict: str) -> None:
    report = judge(
        {"train_loss": 2.3 - 0.3 * np.arange(n), "val_loss": 2.3 - 0.25 * np.arange(n)}, {"num_classes": None}
    )
    assert report.verdict == verdict


def test_a_handful_of_values_that_slow_down_is_no_good_fit_either() -> None:
    curves = {"train_loss": np.array([2.3, 1.2, 0.7, 0.5, 0.45]), "val_loss": np.array([2.3, 1.3, 0.8, 0.6, 0.55])}
    report = judge(curves, {"num_classes": None})
    assert report.severity in ("ok", "info")
    assert report.verdict == "insufficient-evidence"


def cosine(tau: float, n: int, seed: int) -> Curves:
    """Losses that come to rest because a cosine takes the rate to zero."""
    at = np.arange(n)
    rate = 0.5 * (1 + np.cos(np.pi * at / n))
    way = np.cumsum(rate) / (tau * n)
    rng = np.random.default_rng(seed)
    losses = {name: 0.5 + 1.8 * np.exp(-way) + 0.004 * rng.standard_normal(n) for name in ("train_loss", "val_loss")}
    return losses | {"lr": 1e-3 * rate}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("tau", [0.15, 0.2, 0.25, 0.3])
@pytest.mark.parametrize("logged", [True, False])
def test_a_cosine_that_has_run_out_is_finished(tau: float, seed: int, logged: bool) -> None:
    curves = cosine(tau, 60, seed)
    if not logged:
        del curves["lr"]
    report = judge(curves, {"num_classes": None, "epochs": 60, "scheduler": "cosine"})
    assert report.severity in ("ok", "info")


def test_training_decides_where_validation_has_too_few_values() -> None:
    metrics = {
        "train_loss": [[i, 2.3 * 0.9**i] for i in range(1, 13)],
        "val_loss": [[3 * i, 2.3 * 0.9 ** (3 * i)] for i in range(1, 5)],
    }
    report = diagnose(Run.from_dict({"id": "r", "metrics": metrics}))
    assert report.verdict == "undertrained"


FALLS = np.linspace(2.0, 0.5, 60)


def loss(role: str = "train_loss", values: Any = FALLS, **known: Any) -> Curve:
    return curve(values, role, **{"turning": turned(59, 0.5, 0.5), **known})


def told(**inputs: Any) -> Finding | Skip | None:
    """What is said of a run that gained 2 and would gain .4 more, at least .2."""
    train, val = inputs.get("train", loss()), inputs.get("val", loss("val_loss"))
    usual = {
        "traits": frozenset(),
        "course": train or val,
        "improvement": 2.0,
        "effect_unit": 2.0,
        "further": more(0.4, 0.2, 0.8),
        "active": False,
        "params": {},
        "train": train,
        "val": val,
        "held_out": val,
        "held_out_unit": None,
        "further_train": None,
        "schedule_ran_out": False,
        "ending": None,
    }
    return the_rule.check(**{**usual, **inputs})


def test_what_is_said_of_a_fifth_more() -> None:
    finding = told()
    assert isinstance(finding, Finding)
    assert (finding.severity, finding.confidence) == ("warning", 0.7)
    assert finding.message == (
        "validation loss still falling at the end (0.5): training twice as long should lower it by another "
        "0.4 (90% interval 0.2 to 0.8)"
    )
    assert finding.advice == (
        "train for about 3 times as many steps: that should bring 90% of what can still be gained"
    )
    assert finding.evidence == {
        "gain": 0.2, "gain_low": 0.1, "gain_high": 0.4, "times": 3.0, "family": "power",
    }  # fmt: skip
    # The last fifth, twelve of sixty values.
    assert finding.span == (48.0, 59.0)
    endless = told(further=more(0.4, 0.22, 0.8, math.inf))
    assert isinstance(endless, Finding)
    assert endless.confidence == 0.9
    assert endless.advice == (
        "raise the learning rate first: at the present one, more than 100 times as many steps bring 90% of what can "
        "still be gained"
    )


#: At rest in its later half, so that nothing but the extrapolation speaks.
RESTS = np.r_[np.linspace(2.0, 0.5, 30), np.full(30, 0.5)]


@pytest.mark.parametrize(
    ("gain", "low", "seen"),
    [(0.2, 0.1, True), (0.19, 0.1, False), (0.2, 0.09, False), (0.4, 0.1, True), (0.4, 0.09, False)],
)
def test_a_tenth_is_expected_and_a_twentieth_is_sure(gain: float, low: float, seen: bool) -> None:
    curves = {"train": loss(values=RESTS), "val": loss("val_loss", RESTS)}
    finding = told(further=more(gain, low, 0.8), **curves)
    assert (finding is not None) == seen
    # Of a pretrained model in another unit.
    other = told(further=more(gain * 2, low * 2, 1.6), effect_unit=4.0, params={"pretrained": True}, **curves)
    assert (other is not None) == seen


@pytest.mark.parametrize(
    ("rise", "error", "seen"),
    [(0.04, 0.0, True), (0.041, 0.0, False), (0.2, 0.1, True), (0.2, 0.0999, False), (0.2, 0.11, True)],
)
def test_a_curve_that_has_turned_is_none(rise: float, error: float, seen: bool) -> None:
    """By more than two errors and more than a fiftieth of what was gained."""
    val = loss("val_loss", turning=turned(30, 0.5, 0.5 + rise, rise=rise, error=error))
    assert (told(val=val) is not None) == seen


def test_patience_that_ended_the_run_is_none_and_any_other_end_is_one() -> None:
    for patience in (True, False):
        ending = Ending("FINISHED", None, patience, pruned=False, cut_short=None)
        assert (told(ending=ending) is None) == patience


@pytest.mark.parametrize(
    ("inputs", "severity"),
    [
        ({}, "warning"),
        ({"active": True}, "info"),
        ({"schedule_ran_out": True}, "info"),
        ({"params": {"max_steps": 1000}}, "info"),
        ({"params": {"max_steps": 1000, "epochs": 3}}, "warning"),
        ({"params": {"epochs": 3}}, "warning"),
    ],
)
def test_what_is_no_more_than_an_info(inputs: dict[str, Any], severity: str) -> None:
    finding = told(**inputs)
    assert isinstance(finding, Finding)
    assert finding.severity == severity


@pytest.mark.parametrize(
    ("further", "tail", "further_train", "gain"),
    [
        # Validation is noisy: its interval holds both. Training decides while validation has not left it.
        (more(0.3, 0.099, 0.2), 0.09, more(0.5, 0.2, 0.6), 0.25),
        (more(0.3, 0.1, 0.2), 0.09, more(0.5, 0.2, 0.6), 0.15),
        (more(0.3, 0.099, 0.19), 0.09, more(0.5, 0.2, 0.6), 0.15),
        (more(0.3, 0.099, 0.2), 0.09, more(0.5, 0.199, 0.6), 0.15),
        (more(0.3, 0.099, 0.2), 0.1, more(0.5, 0.2, 0.6), 0.15),
        (more(0.3, 0.099, 0.2), 0.09, None, 0.15),
    ],
)
def test_training_decides_where_validation_is_near_and_cannot_tell(
    further: Extrapolation, tail: float, further_train: Extrapolation | None, gain: float
) -> None:
    curves = {"train": loss(tail=0.0), "val": loss("val_loss", tail=tail)}
    finding = told(further=further, further_train=further_train, **curves)
    assert isinstance(finding, Finding)
    assert finding.evidence["gain"] == pytest.approx(gain)


def test_without_an_extrapolation_of_validation_its_last_value_has_to_be_its_best() -> None:
    short = {"further": None, "further_train": more(0.5, 0.3, 0.6), "train": loss(tail=0.5)}
    best = told(val=loss("val_loss", [2.0, 1.5, 1.2, 0.6], tail=0.5), **short)
    assert isinstance(best, Finding)
    assert best.evidence["gain"] == pytest.approx(0.25)
    # Of fewer than ten values the last two are pointed at.
    assert best.span == (2.0, 3.0)
    assert isinstance(told(val=loss("val_loss", [2.0, 1.5, 0.5, 0.6], tail=0.5), **short), Skip)


def test_what_falls_beyond_its_noise_and_may_bring_nothing_is_an_info() -> None:
    finding = told(further=more(0.4, 0.02, 0.8), val=loss("val_loss", FALLS + 0.04 * (-1.0) ** np.arange(60)))
    assert isinstance(finding, Finding)
    assert (finding.severity, finding.confidence) == ("info", 0.5)
    assert finding.message == (
        "validation loss still falling at the end (0.46): training twice as long should lower it by another "
        "0.4 (90% interval 0.02 to 0.8)"
    )
    assert finding.evidence == {"gain": 0.2, "gain_low": 0.01, "gain_high": 0.4}
    assert told(further=more(0.4, 0.02, 0.8), val=loss("val_loss", RESTS)) is None
    # Just enough, and just too little.
    falls = loss("val_loss", FALLS + 0.04 * (-1.0) ** np.arange(60))
    assert isinstance(told(further=more(0.2, 0.02, 0.8), val=falls), Finding)
    assert told(further=more(0.19, 0.02, 0.8), val=falls) is None


@pytest.mark.parametrize(
    ("later", "falls"),
    [
        # Seven values in order fall with one chance in 2520, either way; of fewer than four nothing is said.
        ([7, 6, 5, 4, 3, 2, 1], True),
        ([1, 2, 3, 4, 5, 6, 7], False),
        ([4, 5, 6, 7, 3, 2, 1], False),
        ([3, 2, 1], False),
    ],
)
def test_the_later_half_has_to_fall(later: list[float], falls: bool) -> None:
    val = loss("val_loss", np.r_[np.full(len(later), 9.0), later])
    assert (told(further=more(0.4, 0.02, 0.8), val=val) is not None) == falls


def test_of_training_it_is_said_where_training_decides() -> None:
    near = {
        "train": loss(values=FALLS + 0.04 * (-1.0) ** np.arange(60), tail=0.5),
        "val": loss("val_loss", RESTS, tail=0.5),
    }
    finding = told(further=more(0.3, 0.0, 0.9), further_train=more(0.5, 0.2, 0.6), sure_gain=0.15, **near)
    assert isinstance(finding, Finding)
    assert finding.message.startswith("training loss still falling")


@pytest.mark.parametrize(
    ("values", "seen"),
    [
        # Five values, each better, and the later half as fast; 2 was gained, a tenth of it is enough.
        ([2.0, 1.75, 1.5, 1.25, 1.0], True),
        ([2.0, 1.75, 1.5, 1.5, 1.0], False),
        ([2.0, 1.75, 1.5, 1.25], False),
        # At four fifths of the pace, and at a little less.
        ([2.0, 1.5, 1.0, 0.6, 0.2], True),
        ([2.0, 1.5, 1.0, 0.61, 0.21], False),
        # The later half brought two tenths, and a little less.
        ([0.4, 0.3, 0.2, 0.1, 0.0], True),
        ([0.375, 0.28125, 0.1875, 0.09375, 0.0], False),
        # Of six values the middle is the fourth: three steps there, two from it.
        ([2.0, 1.75, 1.5, 1.25, 1.0, 0.75], True),
        ([2.0, 1.75, 1.5, 1.25, 1.06, 0.86], False),
    ],
)
def test_each_value_better_and_no_slower_is_enough(values: list[float], seen: bool) -> None:
    finding = told(further=more(0.0, 0.0, 0.0), train=None, val=loss("val_loss", values))
    assert (finding is not None) == seen
    if isinstance(finding, Finding):
        step = (values[-2] - values[-1]) / 2
        assert (finding.severity, finding.confidence) == ("warning", 0.7)
        assert f"from {values[-2]:.4g} to {values[-1]:.4g} between the last two values" in finding.message
        assert finding.evidence == {"last_step": pytest.approx(step)}
    assert isinstance(told(further=None, train=None, val=loss("val_loss", values)), Finding if seen else Skip)


def test_both_curves_have_to_fall_steadily_and_the_longer_one_needs_five_values() -> None:
    falls, rests = [2.0, 1.75, 1.5, 1.25, 1.0], [2.0, 1.0, 0.9, 0.85, 0.84]
    nothing = more(0.0, 0.0, 0.0)
    both = told(further=nothing, train=loss(values=falls), val=loss("val_loss", falls[:4]))
    assert isinstance(both, Finding)
    assert "both curves improved every time" in both.message
    assert told(further=nothing, train=loss(values=rests), val=loss("val_loss", falls)) is None
    assert told(further=nothing, train=loss(values=falls[:4]), val=loss("val_loss", falls[:4])) is None


def test_paces_are_over_steps_and_not_over_values() -> None:
    """The later half falls as far, over twice the steps: at half the pace."""
    values = [2.0, 1.75, 1.5, 1.25, 1.0]
    for steps, seen in (([10, 11, 12, 13, 14], True), ([10, 11, 12, 14, 16], False), ([10, 12, 14, 15, 16], True)):
        val = curve(values, "val_loss", steps, turning=turned(16, 1.0, 1.0))
        assert (told(further=more(0.0, 0.0, 0.0), train=None, val=val) is not None) == seen
