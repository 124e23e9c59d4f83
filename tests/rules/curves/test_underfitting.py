"""LC102 underfitting."""

from __future__ import annotations

import importlib
import math
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests import siblings
from tests.rules.asked import curve
from tests.rules.runs import (
    EPOCHS,
    NOTHING,
    Curves,
    both,
    fallen_to_nothing,
    falling,
    flat,
    found,
    healthy,
    judge,
    noise,
    undertrained,
)
from tracker_diag.core.finding import Finding, Severity, Skip
from tracker_diag.evidence.baseline import Explained
from tracker_diag.evidence.curve import Curve
from tracker_diag.roles.metric import Metric
from tracker_diag.rules.curves._underfitting.sighting import Sighting
from tracker_diag.rules.curves.underfitting import underfitting as the_rule
from tracker_diag.stats.sequential import ENDED, GOING


def test_a_flat_line_at_the_uninformed_level() -> None:
    report = judge(flat())
    finding = found(report, "LC102")
    assert report.verdict == "underfitting"
    assert finding is not None
    assert finding.severity == "error"
    assert finding.evidence["uninformed"] == pytest.approx(math.log(10))


@pytest.mark.parametrize(("val", "nothing"), [(0.03, True), (0.08, False)])
def test_a_little_that_training_alone_has_learned_is_nothing(val: float, nothing: bool) -> None:
    curves = both(falling(0.92 * NOTHING, 5) + noise(0.002, 1), falling((1 - val) * NOTHING, 5) + noise(0.002, 2))
    assert (judge(curves).verdict == "underfitting") == nothing


the_module = importlib.import_module("tracker_diag.rules.curves.underfitting")


def test_a_fall_to_the_uninformed_level_is_nothing_learned() -> None:
    assert judge(fallen_to_nothing()).verdict == "underfitting"


def test_where_the_level_is_unknown_a_curve_that_never_moves_beyond_its_noise() -> None:
    rng = np.random.default_rng(0)
    curves = {"train_loss": 5 + 0.1 * rng.standard_normal(EPOCHS), "val_loss": 5.1 + 0.1 * rng.standard_normal(EPOCHS)}
    report = judge(curves, {"num_classes": None})
    assert report.verdict == "underfitting"


def test_noise_that_is_large_beside_an_unknown_baseline_says_nothing() -> None:
    curves = both(0.3 + noise(0.03, 1), 0.31 + noise(0.03, 2))
    assert found(judge(curves, {"num_classes": None}), "LC102") is None


def test_chance_accuracy() -> None:
    rng = np.random.default_rng(1)
    curves = {"train_accuracy": 0.1 + 0.004 * rng.standard_normal(EPOCHS), "val_accuracy": np.full(EPOCHS, 0.1)}
    curves["val_accuracy"] = curves["val_accuracy"] + 0.004 * rng.standard_normal(EPOCHS)
    assert judge(curves).verdict == "underfitting"


def test_fine_tuning_starts_low_and_flat() -> None:
    rng = np.random.default_rng(2)
    flat_and_low = 0.4 + 0.01 * rng.standard_normal(EPOCHS)
    curves = {"train_loss": flat_and_low, "val_loss": flat_and_low + 0.02}
    for params in (
        {"pretrained": True},
        {"num_classes": None, "pretrained": "imagenet"},
        {"lora_r": 8, "pretrained": 1},
    ):
        assert found(judge(curves, params), "LC102") is None


def constant_prediction(end: float = 0.95) -> Curves:
    """A squared error that falls to the target's variance at once, and stays."""
    settled = np.exp(-np.arange(EPOCHS) / 1.5)
    return both(end * (1 + 2 * settled) + noise(0.004, 1), 1.03 * end * (1 + settled) + noise(0.004, 2))


#: 38 updates an epoch.
REGRESSION: dict[str, object] = {
    "num_classes": None,
    "task": "regression",
    "hidden_units": 64,
    "n_train": 1200,
    "batch_size": 32,
    "epochs": EPOCHS,
}


def test_where_the_level_is_unknown_losses_that_rest_at_once() -> None:
    report = judge(constant_prediction(), REGRESSION)
    finding = found(report, "LC102")
    assert report.verdict == "underfitting"
    assert finding is not None
    assert finding.severity == "warning"
    assert "constant prediction" in finding.message


def test_losses_that_rest_at_once_are_innocent_where_something_else_speaks_for_them() -> None:
    curves = constant_prediction()
    assert found(judge(curves, {**REGRESSION, "pretrained": True}), "LC102") is None
    assert found(judge(curves, REGRESSION, status="RUNNING"), "LC102") is None
    # A straight line is learned as soon as a constant, and so is much of a large dataset within its first epochs.
    assert found(judge(curves, {**REGRESSION, "hidden_units": None}), "LC102") is None
    assert found(judge(curves, {**REGRESSION, "n_train": 40_000}), "LC102") is None
    moved = {**curves, "val_r2": 0.6 * (1 - np.exp(-np.arange(EPOCHS) / 1.5))}
    assert found(judge(moved, REGRESSION), "LC102") is None
    short = {name: values[:19] for name, values in curves.items()}
    assert found(judge(short, REGRESSION), "LC102") is None


@pytest.mark.parametrize("power", [0.3, 0.7, 1.0])
def test_losses_that_go_on_falling_ever_so_slowly_learn(power: float) -> None:
    """An autoencoder, a recommender: near its floor soon, and on its way to it to the end."""
    epochs = np.arange(1, 201)
    curves = both(
        0.8 + 0.15 * epochs**-power + noise(0.0005, 1, 200), 0.82 + 0.1 * epochs**-power + noise(0.0005, 2, 200)
    )
    assert found(judge(curves, REGRESSION), "LC102") is None


@pytest.mark.parametrize(
    ("score", "nothing"),
    [("val_r2", 0.0), ("val_auc", 0.5), ("val/mcc", 0.0), ("val_cohen_kappa", 0.0), ("val_r2", -0.8)],
)
def test_scores_that_never_leave_what_knowing_nothing_gives(score: str, nothing: float) -> None:
    falls = falling(0.33, 2, start=0.6)
    curves = {"train_loss": falls + noise(0.001, 1), "val_loss": falls + 0.003 + noise(0.004, 2)}
    report = judge({**curves, score: nothing + noise(0.006, 3)}, {"num_classes": None})
    finding = found(report, "LC102")
    assert report.verdict == "underfitting"
    assert finding is not None
    assert "ignores its input" in finding.message
    risen = judge({**curves, score: nothing + 0.4 - 0.4 * np.exp(-np.arange(EPOCHS) / 3)}, {"num_classes": None})
    assert (found(risen, "LC102") is None) == (nothing >= 0)


def guessing() -> Curves:
    """The loss falls by growing less sure; the accuracy stays that of four classes."""
    return both(
        falling(2.5, 12, start=3.7) + noise(0.03, 1),
        falling(1.7, 12, start=2.1) + noise(0.003, 2),
        0.25 + noise(0.01, 3),
        0.27 + noise(0.002, 4),
    )


def test_a_loss_that_falls_beside_an_accuracy_that_stands() -> None:
    report = judge(guessing(), {"num_classes": None})
    finding = found(report, "LC102")
    assert report.verdict == "underfitting"
    assert finding is not None
    assert "accuracy stuck" in finding.message


@pytest.mark.parametrize(("classes", "right"), [(2, 0.5), (10, 0.11)])
@pytest.mark.parametrize("known", [True, False])
def test_a_squared_error_that_falls_to_that_of_guesses(classes: int, right: float, known: bool) -> None:
    level = (classes - 1) / classes**2
    curves = both(
        falling(level, 3, start=3 * level) + noise(level / 500, 1),
        falling(level, 3, start=2.9 * level) + noise(level / 500, 2),
        right + noise(0.005, 3),
        right + noise(0.008, 4),
    )
    report = judge(curves, {"num_classes": classes if known else None, "loss": "mse"})
    assert report.verdict == "underfitting"
    assert "accuracy stuck" in report.summary


def test_guesses_among_a_thousand_classes() -> None:
    level, right = math.log(1000), 0.001
    curves = both(
        falling(level, 3, start=8.5) + noise(0.01, 1),
        falling(level, 3, start=8.2) + noise(0.01, 2),
        right + noise(0.0001, 3),
        right + noise(0.0001, 4),
    )
    assert judge(curves, {"num_classes": None}).verdict == "underfitting"


@pytest.mark.parametrize("accuracy", [0.0, 0.02, 0.4])
def test_an_accuracy_that_does_not_go_with_the_loss_is_no_guess(accuracy: float) -> None:
    """A regression whose "accuracy" counts equal numbers; several labels at once."""
    stands = {name: np.full(EPOCHS, accuracy) for name in ("accuracy", "val_accuracy")}
    curves = {"loss": falling(0.1, 9, start=1.5) + noise(0.003, 1), "val_loss": falling(0.12, 9, start=1.5)}
    assert found(judge({**curves, **stands}, {"num_classes": None}), "LC102") is None
    far = {"loss": falling(20.0, 9, start=80.0) + noise(0.1, 1), "val_loss": falling(22.0, 9, start=80.0)}
    assert found(judge({**far, **stands}, {"num_classes": None}), "LC102") is None


@pytest.mark.parametrize(
    ("classes", "values", "told"),
    [
        (1000, [8.1, 8.1, 8.1], True),
        (1000, [8.1, 8.0, 7.8], False),
        (5000, [8.1, 8.1, 8.1], False),
        (1000, [8.1, 8.1], False),
        (None, [8.1, 8.1, 8.1], False),
    ],
)
def test_three_values_above_the_logarithm_of_the_classes(classes: int | None, values: list[float], told: bool) -> None:
    report = judge({"train_loss": np.array(values)}, {"num_classes": classes})
    assert (report.verdict == "underfitting") == told


def test_validation_that_stands_early_and_for_long_shows_weights_that_hardly_move() -> None:
    """A rate that was gone after a fifth of the run; training jitters by its dropout."""
    val = 1.485 + np.r_[falling(0, 2, 12, start=0.08), np.zeros(EPOCHS - 12)]
    curves = both(val + noise(0.005, 1), val)
    unknown = {"num_classes": None}
    report = judge(curves, unknown)
    assert report.verdict == "underfitting"
    assert "the weights hardly move" in report.summary
    falls = both(val - 0.002 * np.arange(EPOCHS), val)
    assert "hardly move" not in judge(falls, unknown).summary
    jitters = both(val + noise(0.005, 1), val + noise(0.004, 2))
    assert "hardly move" not in judge(jitters, unknown).summary


def test_a_few_values_are_no_standing_accuracy() -> None:
    """Most of a large dataset is learned in the first epoch, and its classes overlap."""
    curves = {
        "loss": np.array([1.489, 1.386, 1.378, 1.374, 1.371]),
        "val_loss": np.array([1.405, 1.398, 1.394, 1.391, 1.389]),
        "accuracy": np.array([0.468, 0.500, 0.502, 0.503, 0.503]),
        "val_accuracy": np.array([0.497, 0.499, 0.500, 0.501, 0.500]),
    }
    assert found(judge(curves, {"num_classes": None}), "LC102") is None


def test_an_accuracy_that_rises_or_is_high_is_no_guess() -> None:
    curves = guessing()
    rising = {**curves, "train_accuracy": 0.25 + 0.0015 * np.arange(EPOCHS) + noise(0.005, 3)}
    uneven = {**curves, "train_accuracy": 0.98 + noise(0.001, 3), "val_accuracy": 0.98 + noise(0.001, 4)}
    for run in (rising, uneven):
        assert found(judge(run, {"num_classes": None}), "LC102") is None


def test_accuracies_that_stand_at_the_share_of_the_larger_class() -> None:
    """The entropy of uneven classes lies below ln 2: the loss seems to have explained something."""
    accuracies = {"train_accuracy": np.full(EPOCHS, 0.645), "val_accuracy": np.full(EPOCHS, 0.592)}
    accuracies["train_accuracy"][0] = 0.525
    curves = both(0.651 + 0.04 * np.exp(-np.arange(EPOCHS) / 2) + noise(0.0007, 1), 0.655 + noise(0.003, 2))
    for classes in (2, None):
        assert judge({**curves, **accuracies}, {"num_classes": classes}).verdict == "underfitting"


def test_accuracies_that_stand_beside_losses_that_use_the_input_are_innocent() -> None:
    """A few hundred examples, soon learned: as accurate at the end as early on, and surer."""
    accuracies = {"train_accuracy": np.full(EPOCHS, 0.9), "val_accuracy": np.full(EPOCHS, 0.875)}
    falls = falling(0.22, 6, start=0.7)
    curves = both(falls + noise(0.002, 1), falls + 0.05 + noise(0.002, 2))
    assert found(judge({**curves, **accuracies}, {"num_classes": None}), "LC102") is None


def test_a_run_that_learned_a_quarter_is_not_unable_to_learn() -> None:
    assert found(judge(undertrained()), "LC102") is None


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy()), "LC102") is None
    assert found(judge(healthy(), {"num_classes": None}), "LC102") is None


#: Nothing is known of the run but its curves.
UNKNOWN: dict[str, object] = {"num_classes": None}


def test_a_loss_that_rests_at_the_logarithm_of_a_few_classes() -> None:
    """Nobody says how many classes there are."""
    falls = 0.05 * np.exp(-np.arange(EPOCHS) / 2)
    curves = both(math.log(5) + falls + noise(0.0006, 1), math.log(5) + noise(0.0003, 2))
    report = judge(curves, UNKNOWN)
    finding = found(report, "LC102")
    assert report.verdict == "underfitting"
    assert finding is not None
    assert finding.severity == "error"
    assert finding.evidence["uninformed"] == pytest.approx(math.log(5))


@pytest.mark.parametrize("off", [0.985, 1.015])
def test_a_loss_that_rests_beside_such_a_logarithm_gives_no_classes_away(off: float) -> None:
    level = off * math.log(5)
    falls = 0.9 * np.exp(-np.arange(EPOCHS) / 4)
    finding = found(judge(both(level + falls + noise(0.0006, 1), level + falls + noise(0.0003, 2)), UNKNOWN), "LC102")
    assert finding is None


def test_one_loss_at_such_a_logarithm_is_innocent_where_the_other_has_learned() -> None:
    curves = both(falling(0.3, 8, start=1.6) + noise(0.003, 1), math.log(5) + noise(0.0003, 2))
    assert found(judge(curves, UNKNOWN), "LC102") is None


def few(loss: list[float], accuracy: list[float]) -> Curves:
    return {"train_loss": np.array(loss), "train_accuracy": np.array(accuracy)}


@pytest.mark.parametrize("classes", [10, None])
def test_three_values_at_chance(classes: int | None) -> None:
    report = judge(few([2.35, 2.3041, 2.3022], [0.09, 0.101, 0.104]), {"num_classes": classes})
    finding = found(report, "LC102")
    assert report.verdict == "underfitting"
    assert finding is not None
    assert finding.severity == "error"
    assert "ln 10" in finding.message


@pytest.mark.parametrize(
    ("loss", "accuracy"),
    [
        ([2.35, 2.3041, 2.2500], [0.09, 0.101, 0.104]),
        ([2.35, 2.3041, 2.3022], [0.09, 0.200, 0.300]),
        ([2.35, 2.3041], [0.09, 0.101]),
    ],
)
def test_three_values_that_are_not_all_at_chance_say_nothing(loss: list[float], accuracy: list[float]) -> None:
    assert found(judge(few(loss, accuracy), {"num_classes": 10}), "LC102") is None


def test_three_values_at_chance_of_a_run_that_goes_on_say_nothing() -> None:
    curves = few([2.35, 2.3041, 2.3022], [0.09, 0.101, 0.104])
    assert found(judge(curves, {"num_classes": 10}, status="RUNNING"), "LC102") is None


@pytest.mark.parametrize(("loss", "verdict"), [(0.6518, True), (0.61, False)])
def test_one_accuracy_that_stands_at_the_share_of_the_larger_class(loss: float, verdict: bool) -> None:
    """Nine of fourteen examples; the entropy of that share is .6518."""
    curves = {"loss": falling(loss, 6, start=0.693), "accuracy": np.full(EPOCHS, 9 / 14)}
    assert (found(judge(curves, UNKNOWN), "LC102") is not None) == verdict


def stands_from_the_second_value(level: float = 1335.0) -> np.ndarray:
    values = level * (1 + noise(0.002, 1, 20))
    values[0] = 1.7 * level
    return values


def test_losses_that_have_stood_since_the_second_value() -> None:
    report = judge({"loss": stands_from_the_second_value()}, UNKNOWN)
    finding = found(report, "LC102")
    assert report.verdict == "underfitting"
    assert finding is not None
    assert finding.severity == "warning"
    assert "since the second value" in finding.message


def test_losses_that_stand_are_innocent_where_something_else_speaks_for_them() -> None:
    stands = stands_from_the_second_value()
    apart = {"train_loss": stands, "val_loss": 1.6 * stands}
    falls_on = {"train_loss": stands * np.linspace(1.006, 0.994, 20)}
    scored = {"train_loss": stands, "val_r2": np.full(20, 0.8) + noise(0.001, 3, 20)}
    for curves in (apart, falls_on, scored, {"val_loss": stands}, {"train_loss": stands[:10]}):
        assert found(judge(curves, UNKNOWN), "LC102") is None
    for params in ({"pretrained": True}, {"layers": 1}, {"n_train": 1_280_000, "batch_size": 64, "epochs": 20}):
        assert found(judge({"loss": stands}, {**UNKNOWN, **params}), "LC102") is None


@pytest.mark.parametrize(("score", "silent"), [(0.46, True), (0.02, False)])
def test_a_flat_loss_is_innocent_where_a_score_lies_far_above_nothing(score: float, silent: bool) -> None:
    """A detector that goes on from a checkpoint: the loss sums up boxes, objects and classes."""
    curves = {
        "train/loss": np.array([6.9, 6.91, 6.86, 6.89, 6.86, 6.88, 6.84, 6.82]),
        "val/mAP": score + 0.001 * np.arange(8),
    }
    assert (found(judge(curves, UNKNOWN), "LC102") is None) == silent


def test_an_accuracy_of_validation_that_stands_beside_training_that_learned_is_no_guess() -> None:
    """Fifty examples repeat their share; training knows its set by heart."""
    curves = {
        "train_loss": falling(0.001, 3),
        "val_loss": 0.2536 + noise(0.002, 2),
        "val_accuracy": np.full(EPOCHS, 0.93),
    }
    assert found(judge(curves, {"num_classes": None}), "LC102") is None


@pytest.mark.parametrize(("accuracy", "told"), [(None, True), (0.102, True), (0.75, False)])
def test_a_loss_that_rests_at_ln_ten_tells_unless_an_accuracy_is_higher(accuracy: float | None, told: bool) -> None:
    at_log = NOTHING * (1 + 0.05 * np.exp(-np.arange(EPOCHS)))
    curves = both(at_log + noise(0.001, 1), at_log + noise(0.001, 2))
    if accuracy is not None:
        curves |= {"val_accuracy": accuracy - 0.3 * np.exp(-np.arange(EPOCHS) / 3) + noise(0.002, 3)}
    report = judge(curves, {"num_classes": None})
    assert (report.verdict == "underfitting") == told


def test_a_convex_model_that_has_converged_has_moved() -> None:
    val = falling(0.33, 4, start=0.69)
    assert found(judge(both(val - 0.01, val), {"num_classes": None}), "LC102") is None


def test_a_validation_loss_without_a_finite_value_is_the_matter_of_another_rule() -> None:
    curves = {"train_loss": [2.4, 2.303, 2.302], "val_loss": [np.nan] * 3, "train_accuracy": [0.1, 0.1, 0.1]}
    assert judge(curves, {"num_classes": 10}).verdict == "diverged"


def test_three_values_in_bits_are_measured_against_the_logarithm_in_bits() -> None:
    curves = {"train_bpc": [3.4, 3.323, 3.321], "val_bpc": [3.0, 2.6, 2.4], "train_accuracy": [0.1, 0.1, 0.1]}
    assert found(judge(curves, {"num_classes": 10}), "LC102") is None
    finding = found(judge({**curves, "val_bpc": [3.4, 3.322, 3.324]}, {"num_classes": 10}), "LC102")
    assert finding is not None
    assert "log2 10 = 3.322" in finding.message


def test_at_rest_far_above_what_a_comparable_run_reached() -> None:
    report = siblings.beside(siblings.member(0.1, 4), siblings.experiment())
    finding = found(report, "LC102")
    assert report.verdict == "underfitting"
    assert finding is not None
    assert (finding.severity, finding.confidence) == ("warning", 0.9)
    assert all(part in finding.message for part in ("best of 15 comparable runs", "0.01-64-0"))
    assert (
        "training loss ended at 1.002 in this run and at 0.1955 in the best one (of 15 runs, as of " in finding.message
    )


def test_not_where_training_is_as_good_as_theirs() -> None:
    """That it does not hold on validation data is another trouble."""
    gap = siblings.member(0.1, 4)
    best = siblings.member(0.01, 64).metrics["train_loss"]
    gap = replace(gap, metrics=gap.metrics | {"train_loss": best})
    assert found(siblings.beside(gap, siblings.experiment()), "LC102") is None


def test_nor_where_it_is_still_moving_or_still_going() -> None:
    falling_still = siblings.member(0.1, 4)
    slope = np.linspace(0.9, 0.0, siblings.EPOCHS)
    moving = {name: replace(s, values=s.values + slope) for name, s in falling_still.metrics.items()}
    assert found(siblings.beside(replace(falling_still, metrics=moving), siblings.experiment()), "LC102") is None
    going = siblings.member(0.1, 4, status="RUNNING")
    assert found(siblings.beside(going, siblings.experiment()), "LC102") is None


@pytest.mark.parametrize("far", [0.3, 0.9])
def test_how_far_above_siblings_is_a_threshold(far: float) -> None:
    report = siblings.beside(siblings.member(0.1, 4), siblings.experiment(), LC102={"far_behind": far})
    finding = found(report, "LC102")
    assert finding is not None
    assert ("training loss ended at" in finding.message) is (far == 0.3)


SIGNS = (
    "few_values behind_siblings known_baseline slow_but_steady standing_accuracy flat_line score_at_chance guessing "
    "early_rest standing_loss hardly_moves"
)
COURSE = curve(2.3 + 0.01 * np.sin(np.arange(60)))
VALIDATION = curve(np.full(60, 2.31), "val_loss")
LEVEL_UNKNOWN = Explained(2.3, 0.0, False, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


class Signs:
    """In place of all signs but one, which is seen; none is, where no name is given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: dict[str, tuple[Any, ...]] = {}
        self.seen = ""
        for name in SIGNS.split():
            monkeypatch.setattr(the_module, name, partial(self.ask, name))

    def ask(self, name: str, *args: Any) -> Any:
        self.asked[name] = args
        if name == "slow_but_steady":
            return name == self.seen
        return Sighting(Severity.WARNING, 0.5, name, "advice") if name == self.seen else None

    def told(self, seen: str = "", **inputs: Any) -> str | None:
        """The sign of which the finding was made."""
        said = self.finding(seen, **inputs)
        return said.message if isinstance(said, Finding) else None

    def finding(self, seen: str = "", **inputs: Any) -> Finding | Skip | None:
        self.asked, self.seen = {}, seen
        asked = dict.fromkeys((*the_rule.needs, *the_rule.wants))
        usual = {
            **asked,
            "main_curve": COURSE,
            "course": COURSE,
            "explained": LEVEL_UNKNOWN,
            "error_share": ENDED,
            "active": False,
            "train": COURSE,
            "val": VALIDATION,
            "train_loss": COURSE,
            "val_loss": VALIDATION,
            "traits": frozenset(),
            "hidden_units": 8.0,
            "standing_from_start": True,
        }
        return the_rule.check(**{**usual, **inputs})


@pytest.fixture
def signs(monkeypatch: pytest.MonkeyPatch) -> Signs:
    return Signs(monkeypatch)


#: The later ones, which speak only of a run that has ended.
AT_THE_END = ("score_at_chance", "guessing", "early_rest", "standing_loss", "hardly_moves")


@pytest.mark.parametrize("name", ["known_baseline", "standing_accuracy", "flat_line", *AT_THE_END])
def test_each_sign_is_a_finding(signs: Signs, name: str) -> None:
    finding = signs.finding(name)
    assert isinstance(finding, Finding)
    assert (finding.message, finding.severity, finding.confidence) == (name, "warning", 0.5)
    assert finding.span == (0.0, 59.0)
    assert signs.told(name, active=True) == (None if name in AT_THE_END else name)
    assert signs.told() is None


def test_at_which_thresholds_the_signs_are_asked(signs: Signs) -> None:
    signs.told()
    level = 0.01 * ENDED
    assert signs.asked["known_baseline"][-1] == 0.05
    assert signs.asked["behind_siblings"][-1] == 0.15
    assert signs.asked["slow_but_steady"][-1] == pytest.approx(level)
    assert signs.asked["flat_line"][-2:] == (0.02, pytest.approx(level))
    assert signs.asked["score_at_chance"][-1] == 0.05
    assert signs.asked["guessing"][-1] == 0.01
    assert signs.asked["early_rest"][-2:] == (500, 0.015)
    assert signs.asked["standing_loss"][-2:] == (500, 0.015)
    assert signs.told("flat_line", error_share=GOING) == "flat_line"
    assert signs.asked["flat_line"][-1] == pytest.approx(0.01 * GOING)
    assert signs.asked["slow_but_steady"][-1] == pytest.approx(0.01 * GOING)


def known(most: float) -> Explained:
    return replace(LEVEL_UNKNOWN, known=True, train_best=most, val_best=most - 0.1)


@pytest.mark.parametrize("name", ["standing_accuracy", "flat_line", *AT_THE_END])
def test_from_a_quarter_of_a_known_baseline_on_nothing_is_said(signs: Signs, name: str) -> None:
    assert signs.told(name, explained=known(0.25)) is None
    assert signs.told(name, explained=known(0.249)) == name
    assert signs.told(name, explained=replace(known(0.25), known=False)) == name
    assert signs.told(name) is not None
    assert signs.told("slow_but_steady") is None


@pytest.mark.parametrize(
    ("slope", "active", "said"), [(-0.01, True, None), (0.01, True, "known_baseline"), (-0.01, False, "known_baseline")]
)
def test_a_run_on_its_way_down_is_not_judged_by_its_level_yet(
    signs: Signs, slope: float, active: bool, said: str | None
) -> None:
    way = curve(2.3 + slope * np.arange(60))
    assert signs.told("known_baseline", course=way, active=active) == said


def test_what_is_known_of_a_level_is_told(signs: Signs) -> None:
    finding = signs.finding("known_baseline", explained=known(0.02))
    assert isinstance(finding, Finding)
    assert finding.evidence == {"learned": 0.02, "uninformed": 2.3}
    other = signs.finding("flat_line")
    assert isinstance(other, Finding)
    assert set(other.evidence) == {"fall", "p_trend", "noise"}


@pytest.mark.parametrize("name", ["standing_accuracy", "flat_line", *AT_THE_END])
def test_of_a_pretrained_model_a_known_level_alone_may_speak(signs: Signs, name: str) -> None:
    assert isinstance(signs.finding(name, pretrained="bert"), Skip)
    assert signs.told(name, pretrained="bert", explained=known(0.1)) == name


@pytest.mark.parametrize(
    ("inputs", "seen"),
    [
        ({"hidden_units": 1.0}, {"early_rest", "standing_loss", "hardly_moves"}),
        ({"hidden_units": 0.0}, set()),
        ({"hidden_units": None, "layers": 2.0}, {"early_rest", "standing_loss", "hardly_moves"}),
        ({"hidden_units": None, "layers": 1.0}, set()),
        ({"hidden_units": None}, {"standing_loss", "hardly_moves"}),
        ({"hidden_units": 0.0, "layers": 2.0}, {"early_rest", "standing_loss", "hardly_moves"}),
        ({"traits": frozenset({"boosting"})}, {"early_rest"}),
        ({"traits": frozenset({"contrastive"})}, {"early_rest", "standing_loss", "hardly_moves"}),
        ({"standing_from_start": None}, {"early_rest", "hardly_moves"}),
        ({"train": None}, {"hardly_moves"}),
    ],
)
def test_which_networks_and_curves_the_signs_of_rest_are_asked_of(
    signs: Signs, inputs: dict[str, Any], seen: set[str]
) -> None:
    asked = {name for name in ("early_rest", "standing_loss", "hardly_moves") if signs.told(name, **inputs) == name}
    assert asked == seen


def flat_score(level: float) -> Curve:
    metric = Metric("accuracy", "max", best=1.0)
    return Curve("train_accuracy", np.arange(60.0), np.full(60, -level), metric, "train_score")


@pytest.mark.parametrize(
    ("inputs", "asked"),
    [
        ({}, True),
        ({"restless": 0.3}, False),
        ({"score_learned": True}, False),
        ({"score_learned": False}, True),
        # A flat accuracy below one half; where the level is known, any.
        ({"course": flat_score(0.49)}, True),
        ({"course": flat_score(0.5)}, False),
        ({"course": flat_score(0.5), "explained": known(0.1)}, True),
        ({"course": curve(np.full(60, 0.3), "train_score")}, False),
    ],
)
def test_what_a_flat_line_is_asked_of(signs: Signs, inputs: dict[str, Any], asked: bool) -> None:
    assert (signs.told("flat_line", **inputs) == "flat_line") == asked


def test_scores_are_asked_of_beside_their_losses_alone(signs: Signs) -> None:
    score, other = curve(np.full(60, 0.1), "train_score"), curve(np.full(60, 0.1), "val_score")
    signs.told(train_score=score, val_score=other)
    assert signs.asked["standing_accuracy"][0] == ((COURSE, score), (VALIDATION, other))
    assert signs.asked["standing_accuracy"][1] == [COURSE, VALIDATION]
    signs.told(train=score, train_score=score, val_score=other)
    assert signs.asked["standing_accuracy"][0] == ((VALIDATION, other),)
    signs.told(train_loss=curve(np.ones(3)), val_loss=None)
    assert signs.asked["standing_accuracy"][1] == []


def test_behind_its_siblings_an_ended_run_is_so_whatever_it_learned(signs: Signs) -> None:
    beside = SimpleNamespace(comparison=SimpleNamespace(runs=19))
    finding = signs.finding("behind_siblings", explained=known(0.9), beside_siblings=beside)
    assert isinstance(finding, Finding)
    assert list(finding.evidence.values()) == [19]
    assert finding.span == (0.0, 59.0)
    assert signs.told("behind_siblings", explained=known(0.9), beside_siblings=beside, active=True) is None


def test_few_values_are_judged_where_no_course_is_there_and_the_run_has_ended(signs: Signs) -> None:
    few = {"course": None, "explained": None, "main_curve": curve([2.3, 2.3, 2.3], steps=[5, 7, 9])}
    finding = signs.finding("few_values", **few)
    assert isinstance(finding, Finding)
    assert (finding.message, finding.span) == ("few_values", (5.0, 9.0))
    assert isinstance(signs.finding("few_values", **few, active=True), Skip)
    assert isinstance(signs.finding("few_values", explained=None), Skip)
    assert isinstance(signs.finding("few_values", **{**few, "explained": LEVEL_UNKNOWN}), Finding)
    assert isinstance(signs.finding("", **few), Skip)


def standardised(end: float, scatter: float = 0.002) -> Curves:
    """A squared error of standardised targets that comes to rest; validation's targets vary a little less."""
    course = end + 0.06 * np.exp(-np.arange(EPOCHS) / 8)
    return {"loss": course + noise(scatter, 1), "val_loss": 0.88 * course + noise(scatter, 2)}


@pytest.mark.parametrize(("end", "seen"), [(1.0, True), (1.003, True), (0.99, False), (1.01, False), (0.5, False)])
def test_a_squared_error_that_rests_at_the_variance_of_standardised_targets(end: float, seen: bool) -> None:
    finding = found(judge(standardised(end), {"num_classes": None, "loss": "mse"}), "LC102")
    assert (finding is not None and "standardised targets" in finding.message) == seen


def test_an_absolute_error_beside_it_says_that_it_is_a_squared_one() -> None:
    curves = standardised(1.0)
    unnamed = {"num_classes": None, "loss": None}
    curves["loss"] = curves["loss"] + np.where(np.arange(EPOCHS) == 50, 0.03, 0.0)
    assert found(judge(curves, unnamed), "LC102") is None
    beside = found(judge(curves | {"mae": 0.8 + noise(0.01, 3)}, unnamed), "LC102")
    assert beside is not None
    assert "standardised targets" in beside.message


def test_validation_far_below_one_shows_that_something_was_learned() -> None:
    curves = standardised(1.0) | {"val_loss": falling(0.5, 8, start=1.0)}
    assert found(judge(curves, {"num_classes": None, "loss": "mse"}), "LC102") is None


@pytest.mark.parametrize(("low", "rises_at"), [(0.0, 3), (0.3, 3), (0.25, 6)])
def test_an_accuracy_that_rose_once_to_what_it_lacked_is_no_one_answer(low: float, rises_at: int) -> None:
    accuracy = np.where(np.arange(EPOCHS) < rises_at, low, 1 - low)
    curves = {"train_loss": falling(0.05, 8, start=0.7), "val_accuracy": accuracy}
    assert found(judge(curves, {"num_classes": None}), "LC102") is None


@pytest.mark.parametrize(("other", "seen"), [(0.1129, True), (0.13, False)])
def test_two_accuracies_that_add_up_to_one_are_one_answer_to_all(other: float, seen: bool) -> None:
    accuracy = np.where(np.arange(EPOCHS) % 7 < 4, 0.8871, other)
    curves = {"loss": 0.272 + noise(0.001, 1), "val_loss": 0.275 + noise(0.001, 2), "val_accuracy": accuracy}
    finding = found(judge(curves, {"num_classes": None}), "LC102")
    assert (finding is not None and "predicts one class for all examples" in finding.message) == seen


@pytest.mark.parametrize(("stays", "seen"), [(-0.001, True), (0.03, False)])
def test_a_score_that_came_back_to_what_nothing_gives(stays: float, seen: bool) -> None:
    """R² was .13 at first, of a start that a penalty then took away."""
    score = stays + 0.13 * np.exp(-np.arange(EPOCHS) / 2) + noise(0.002, 1)
    curves = {"train_loss": falling(0.51, 4, start=35.0), "val_r2": score}
    finding = found(judge(curves, {"num_classes": None}), "LC102")
    assert (finding is not None and "stays there" in finding.message) == seen


def test_an_accuracy_alone_that_stands_beside_a_loss_of_guesses() -> None:
    curves = {"train_loss": falling(1.41, 3, start=8.3), "val_accuracy": 0.457 + noise(0.002, 1)}
    finding = found(judge(curves, {"num_classes": None}), "LC102")
    assert finding is not None
    assert "stuck at about 0.457 in validation" in finding.message
    learns = curves | {"val_accuracy": 0.9 - 0.45 * np.exp(-np.arange(EPOCHS) / 5)}
    assert found(judge(learns, {"num_classes": None}), "LC102") is None


@pytest.mark.parametrize(("start", "seen"), [(2e11, True), (2e10, False)])
def test_a_start_that_had_blown_up_and_came_back(start: float, seen: bool) -> None:
    level = 80.0 + noise(0.4, 1)
    curves = both(np.r_[start, start / 100, 900.0, level[3:]], np.r_[start, start / 99, 950.0, level[3:] + 0.5])
    finding = found(judge(curves, {"num_classes": None, "loss": "mse"}), "LC102")
    assert (finding is not None and "had blown up" in finding.message) == seen


@pytest.mark.parametrize(
    "beside",
    [
        {"val_r2": 0.6 - 0.5 * np.exp(-np.arange(EPOCHS) / 8)},
        {"val_auc": np.full(EPOCHS, 0.8)},
        {"val_perplexity": 2.7 + 0.2 * np.exp(-np.arange(EPOCHS) / 8)},
        {"val_bleu": 10 + 15 * (1 - np.exp(-np.arange(EPOCHS) / 8))},
    ],
    ids=lambda beside: next(iter(beside)),
)
def test_a_score_beside_an_error_of_one_shows_that_it_is_another_one(beside: Curves) -> None:
    assert found(judge(standardised(1.0) | beside, {"num_classes": None, "loss": "mse"}), "LC102") is None


@pytest.mark.parametrize("params", [{"loss": None}, {"model_name_or_path": "llama-7b"}])
def test_a_loss_that_nothing_calls_a_squared_error_may_rest_at_one(params: dict[str, Any]) -> None:
    assert found(judge(standardised(1.0, 0.0005), {"num_classes": None, **params}), "LC102") is None


def test_an_error_that_came_down_to_one_from_far_above_has_another_unit() -> None:
    course = 1.0 + 5 * np.exp(-np.arange(EPOCHS) / 4) + noise(0.002, 1)
    curves = {"train_mse": course, "val_mse": 1.02 * course}
    assert found(judge(curves, {"num_classes": None, "loss": "mse"}), "LC102") is None


@pytest.mark.parametrize(("best", "seen"), [(0.02, True), (0.07, False)])
def test_a_validation_score_that_never_rose_above_nothing(best: float, seen: bool) -> None:
    """Training learns a sixth of its examples by heart."""
    course = 1.05 - 0.15 * (1 - np.exp(-np.arange(EPOCHS) / 20)) + noise(0.01, 1)
    score = best - 0.01 * np.arange(EPOCHS) / EPOCHS + noise(0.002, 3)
    curves = {"train_loss": course, "val_loss": 1.08 * (1 - score), "val_r2": score}
    finding = found(judge(curves, {"num_classes": None, "loss": "mse"}), "LC102")
    assert (finding is not None and "always predicting the mean (0)" in finding.message) == seen


def test_a_score_shows_that_a_start_far_above_was_left_by_learning() -> None:
    """Dates: the error of answering 0 is four million deviations, and R² comes from there as well."""
    fall = np.exp(-2.0 * np.arange(EPOCHS))
    curves = both(1.0 + 4e12 * fall + noise(0.003, 1), 1.0 + 4e12 * fall + noise(0.003, 2))
    params = {"num_classes": None, "loss": "mse"}
    assert found(judge(curves, params), "LC102") is not None
    assert found(judge(curves | {"val_r2": 0.9997 - 1e9 * fall}, params), "LC102") is None
