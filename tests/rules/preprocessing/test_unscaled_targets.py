import math

import numpy as np
import pytest

from tests.rules.networks import dense
from tests.rules.runs import cause, found, judge, noise, ranked
from tests.watched_runs import seen
from tracker_diag import Severity
from tracker_diag.core.numbers import figure, share

NAME = "unscaled-targets"
EPOCHS = 30
PARAMS = {"loss": "mse", "optimizer": "adam", "lr": 1e-3, "epochs": EPOCHS, "batch_size": 32, "num_classes": None}
#: Prices of 200,000, give or take 74,000: what zeros cost, and what the mean does.
MEAN, DEVIATION = 2e5, 7.4e4
FIRST = MEAN**2 + DEVIATION**2


def underway(share=0.006, first=FIRST):
    """The loss comes down by a small share of where it began."""
    line = first * (1 - share * np.linspace(0, 1, EPOCHS) ** 2)
    return {"loss": line, "val_loss": 1.02 * line}


def learned(first=FIRST, end=0.02 * DEVIATION**2):
    fall = end + (first - end) * np.exp(-np.arange(EPOCHS) / 3)
    return {"loss": fall * (1 + noise(0.003, 1, EPOCHS)), "val_loss": 1.1 * fall * (1 + noise(0.004, 2, EPOCHS))}


def linear(activation="linear"):
    return {"framework": "keras", "layers": [dense(64), dense(1, activation)], "loss": "mean_squared_error"}


def profile(deviation):
    return {"target": {"kind": "regression", "variance": deviation**2}}


def test_the_first_cause_where_a_huge_loss_hardly_moves():
    report = judge(underway(), PARAMS, model=linear())
    assert ranked(report)[0] == NAME
    assert found(report, "PP309").severity is Severity.WARNING
    assert f"by about {figure(math.sqrt(FIRST))}:" in found(report, "PP309").message
    assert "the loss fell by 1% in the whole run" in cause(report, NAME).why
    assert "standard deviation" in cause(report, NAME).prescription.text


def test_whether_the_output_is_known_or_not():
    assert ranked(judge(underway(), PARAMS))[0] == NAME


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "softmax", "relu"])
def test_another_output_cannot_reach_them_and_is_another_trouble(activation):
    assert cause(judge(underway(), PARAMS, model=linear(activation)), NAME) is None
    assert cause(judge(underway(), PARAMS | {"output_activation": activation}), NAME) is None


@pytest.mark.parametrize("more", [{}, {"profile": profile(DEVIATION)}])
def test_silent_where_the_run_learned_in_raw_units(more):
    assert cause(judge(learned(), PARAMS, model=linear(), **more), NAME) is None


def test_a_profile_settles_it():
    wide = judge(underway(), PARAMS, profile=profile(DEVIATION))
    assert f"standard deviation {figure(DEVIATION)}" in cause(wide, NAME).why
    assert cause(judge(underway(), PARAMS, profile=profile(1.0)), NAME) is None


def test_not_yet_at_the_mean():
    """Most of the first loss is gone, and what is left is more than always answering the mean costs."""
    curves = learned(end=1.5 * DEVIATION**2)
    report = judge(curves, PARAMS, profile=profile(DEVIATION))
    assert found(report, "PP309").severity is Severity.WARNING
    assert f"predicting the mean of the targets ({figure(DEVIATION**2)})" in cause(report, NAME).why
    best = min(float(v.min()) for v in (curves["loss"],))
    assert f"the best loss is {figure(best)}" in cause(report, NAME).why


def test_small_targets_take_a_profile():
    curves = learned(first=1e-2, end=2e-5)
    assert cause(judge(curves, PARAMS), NAME) is None
    assert cause(judge(curves, PARAMS, profile=profile(1e-3)), NAME) is not None


def test_how_far_adam_can_have_come():
    report = judge(underway(), PARAMS | {"n_train": 640})
    updates = EPOCHS * 640 // 32
    assert (
        f"{updates} updates by adam at learning rate 0.001 can move a weight by about {figure(updates * 1e-3)} at most"
        in cause(report, NAME).why
    )
    assert "updates by" not in cause(judge(underway(), PARAMS | {"n_train": 640, "optimizer": "sgd"}), NAME).why


def test_a_loss_that_blew_up_takes_a_profile():
    lost = {"loss": np.full(EPOCHS, math.nan)}
    assert cause(judge(lost, PARAMS), NAME) is None
    assert ranked(judge(lost, PARAMS, profile=profile(DEVIATION)))[0] == NAME
    # Small targets do not blow a loss up.
    assert cause(judge(lost, PARAMS, profile=profile(1e-3)), NAME) is None


def test_silent_where_the_loss_does_not_move_at_all():
    report = judge({"loss": np.full(EPOCHS, FIRST)}, PARAMS)
    assert report.verdict == "frozen"
    assert cause(report, NAME) is None


@pytest.mark.parametrize("first", [0.9, 20.0, 500.0])
def test_silent_on_a_usual_first_loss(first):
    assert cause(judge(underway(first=first), PARAMS), NAME) is None


def test_silent_on_a_cross_entropy():
    assert cause(judge(underway(), {"loss": "categorical_crossentropy"}), NAME) is None


def test_silent_on_trees_and_returns():
    trees = {"objective": "reg:squarederror", "num_boost_round": EPOCHS, "eta": 0.001, "num_classes": None}
    assert cause(judge(underway(), trees), NAME) is None
    assert cause(judge(underway() | {"episode_reward": np.arange(EPOCHS)}, PARAMS), NAME) is None


def test_roots_are_not_taken_again():
    report = judge({name: np.sqrt(v) for name, v in underway().items()}, PARAMS | {"loss": "rmse"})
    assert f"by about {figure(math.sqrt(FIRST))}:" in found(report, "PP309").message


@pytest.mark.parametrize(("ends", "told"), [(0.45, True), (0.09, False)])
def test_a_run_that_ends_as_far_off_is_worth_knowing(ends, told):
    curves = learned(end=ends * FIRST)
    report = judge(curves, PARAMS | {"n_train": 640})
    assert (cause(report, NAME) is not None) == told
    if told:
        best = curves["loss"].min()
        assert f"the loss fell by {share(1 - best / curves['loss'][0])}, but" in cause(report, NAME).why
        assert f"still miss the targets by about {figure(math.sqrt(best))}" in cause(report, NAME).why
        assert found(report, "PP309").severity is Severity.INFO


def targets(deviation=DEVIATION, looks=20):
    return seen(looks, target_std=deviation)


def test_a_callback_that_saw_the_targets_says_it_as_a_profile_does():
    plain = cause(judge(underway(), PARAMS, model=linear()), NAME)
    report = judge({**underway(), **targets()}, PARAMS, model=linear())
    assert ranked(report)[0] == NAME
    assert "74,000" in cause(report, NAME).why
    assert cause(report, NAME).score > plain.score


@pytest.mark.parametrize("deviation", [1.0, 30.0])
def test_targets_of_an_ordinary_size_clear_it(deviation):
    assert cause(judge({**underway(), **targets(deviation)}, PARAMS, model=linear()), NAME) is None


@pytest.mark.parametrize("deviation", [math.nan, math.inf])
def test_a_deviation_that_is_no_number_says_nothing(deviation):
    plain, watched = (cause(judge(c, PARAMS), NAME) for c in (underway(), {**underway(), **targets(deviation)}))
    assert watched == plain


def test_a_profile_is_asked_first():
    report = judge({**underway(), **targets(1.0)}, PARAMS, profile=profile(DEVIATION))
    assert "74,000" in cause(report, NAME).why


def test_the_first_cause_where_most_of_the_way_to_the_targets_was_gone_and_little_explained():
    short = {**learned(end=0.8 * DEVIATION**2), **targets()}
    assert cause(judge(learned(end=0.8 * DEVIATION**2), PARAMS), NAME) is None
    report = judge(short, PARAMS)
    assert ranked(report)[0] == NAME
    assert "the best model leaves 8" in cause(report, NAME).why


@pytest.mark.parametrize(
    ("mean", "left", "told"),
    [(2.0, 0.19, False), (2.0, 0.22, True), (1.6, 0.5, False), (1.9, 0.5, True)],
    ids=["explained", "not explained", "mean near 0", "mean far from 0"],
)
def test_how_far_the_mean_lies_and_how_much_is_left(mean, left, told):
    # The mean in deviations: 1.73 of them make the first loss 4 variances.
    first = (mean**2 + 1) * DEVIATION**2
    assert (cause(judge({**learned(first, left * DEVIATION**2), **targets()}, PARAMS), NAME) is not None) == told
