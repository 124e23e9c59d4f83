import math

import numpy as np
import pytest

from tests.rules.runs import SHAPES, SOUND, cause, found, healthy, judge, noise, ranked
from tests.watched_runs import seen
from tracker_diag import Severity
from tracker_diag.core.numbers import times

NAME = "gradients-accumulate"
SGD = {"num_classes": 10, "optimizer": "sgd", "lr": 0.001, "batch_size": 32, "epochs": 30}

# A network of two hidden layers on handwritten digits, plain SGD, without zero_grad. Its last accuracy is 0.96.
TRAINED = {
    "train_loss": np.array(
        [2.279, 2.113, 1.65, 0.8396, 0.4447, 0.3849, 0.2934, 0.3362, 0.3931, 0.4321, 0.3773, 0.5267, 0.5466, 0.5628,
         0.6157, 1.198, 1.891, 2.219, 1.833, 1.524, 1.789, 3.396, 3.819, 6.039, 9.07, 7.464, 9.518, 10.44, 15.84, 27.14]
    ),
    "val_loss": np.array(
        [2.224, 1.95, 1.23, 0.5285, 0.4239, 0.3075, 0.2125, 0.2942, 0.5277, 0.6479, 0.8017, 0.7848, 1.766, 2.754, 4.049,
         4.317, 3.144, 3.142, 5.83, 4.748, 4.883, 9.959, 14.95, 13.42, 14.34, 12.3, 18.37, 25.01, 25.58, 44.7]
    ),
}  # fmt: skip
NORM = np.array(
    [6.59, 19.58, 36.63, 54.33, 61.5, 62.85, 64.86, 65.3, 70.35, 77.34, 78.79, 83.94, 88.89, 95.99, 108, 128.8, 147.4,
     159.2, 169.9, 189, 198.6, 225.1, 256.8, 323.3, 366.7, 401.6, 461.9, 498.1, 539.6, 633.4]
)  # fmt: skip
# The same without zero_grad under Adam at 0.001: it swings, and climbs a little.
ADAM = {
    "train_loss": np.array(
        [2.226, 1.992, 1.646, 1.172, 0.7405, 0.4974, 0.4134, 0.3707, 0.3571, 0.493, 0.4021, 0.5249, 0.9143, 0.5609,
         0.6782, 1.266, 1.55, 1.209, 0.8784, 1.047, 1.185, 1.15, 1.103, 1.244, 1.192, 0.8502, 0.6586, 0.7281, 0.7521,
         0.7652]
    ),
    "grad_norm": np.array(
        [1.831, 5.658, 10.97, 17.24, 22.76, 25.53, 26.96, 29.59, 31.2, 32.89, 38.09, 36.15, 50.58, 70.25, 71.51, 67.42,
         65.85, 73.53, 80.12, 77.97, 84.67, 90.18, 93.9, 92.47, 92.5, 96.08, 96.53, 94.4, 94.2, 94.09]
    ),
}  # fmt: skip
# With zero_grad, at a rate of 1: it comes apart, and to rest at ln 10.
TOO_HIGH = {
    "train_loss": np.array(
        [0.9672, 0.3157, 0.2258, 0.908, 910.7, 2.52, 2.428, 2.329, 2.327, 2.318, 2.311, 2.312, 2.315, 2.313, 2.309,
         2.313, 2.311, 2.316, 2.309, 2.311, 2.316, 2.312, 2.309, 2.311, 2.307, 2.311, 2.311, 2.311, 2.309, 2.31]
    ),
    "grad_norm": np.array(
        [1.464, 1.096, 1.218, 1.927, 167.8, 1.324, 0.763, 0.3497, 0.2466, 0.1981, 0.1749, 0.177, 0.193, 0.1711, 0.1716,
         0.1849, 0.184, 0.1822, 0.1637, 0.1827, 0.1978, 0.1789, 0.1778, 0.1855, 0.1769, 0.1749, 0.263, 0.18, 0.1698,
         0.1663]
    ),
}  # fmt: skip


def climbing(n=40):
    """Learns, then climbs ever farther, in slow swings."""
    epochs = np.arange(n)
    swing = 1 + 0.15 * np.sin(epochs / 3)
    train = 0.4 + 1.9 * np.exp(-epochs / 3) + 0.02 * np.clip(epochs - 12, 0, None) ** 1.8 * swing
    return {"train_loss": train, "val_loss": 1.1 * train}


def grown(first=0.5, to=40.0, n=40):
    """Grows in a straight line, then stays."""
    return first + (to - first) * np.minimum(1, np.arange(n) / 12)


@pytest.mark.parametrize(
    "curves", [climbing() | {"grad_norm": grown()}, TRAINED | {"grad_norm": NORM}, ADAM], ids=["formula", "sgd", "adam"]
)
def test_the_first_cause_and_a_warning_where_the_norm_grew_and_stayed_while_the_loss_climbed(curves):
    report = judge(curves, SGD)
    assert ranked(report)[0] == NAME
    assert found(report, "OP408").severity is Severity.WARNING
    assert "zero_grad" in cause(report, NAME).prescription.text


def test_its_numbers_are_those_of_the_norm():
    why = cause(judge(TRAINED | {"grad_norm": NORM}, SGD), NAME).why
    fold, lowest = np.median(NORM[-7:]) / NORM[0], (NORM / np.maximum.accumulate(NORM)).min()
    assert lowest == 1
    assert f"ended at {times(fold)} its initial value without ever falling" in why


def test_its_numbers_are_those_of_the_loss():
    loss = TRAINED["train_loss"]
    why = cause(judge(TRAINED, SGD), NAME).why
    assert f"fell from {loss[0]:.3g} to {loss.min():.3g}, then climbed to {np.median(loss[-7:]):.3g}" in why


@pytest.mark.parametrize("curves", [climbing(), TRAINED], ids=["formula", "trained"])
def test_of_a_loss_that_climbs_alone_it_is_no_more_than_one_of_several_causes(curves):
    report = judge(curves, SGD)
    assert cause(report, NAME) is not None
    assert found(report, "OP408").severity is Severity.INFO


def test_a_loss_that_multiplies_evenly_is_one_of_its_signs():
    loss = np.array([151, 7.9e5, 3.1e9, 1.2e13, 6.6e16, 2.9e20, 1.2e24, 5.4e27, 2.4e31, 9.3e34, math.inf])
    assert "from 151 to 9.3e34 over 10 records" in cause(judge({"train_loss": loss}, SGD | {"lr": 0.05}), NAME).why


def test_silent_where_a_loss_explodes_ever_faster():
    loss = np.array([2.3, 2.4, 2.6, 3.1, 9.0, 1e3, 1e9, 1e18, math.nan, math.nan])
    assert cause(judge({"train_loss": loss}, SGD), NAME) is None


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_the_unit_of_the_loss_says_nothing(scale):
    curves = {name: scale * values for name, values in TRAINED.items()} | {"grad_norm": scale * NORM}
    report = judge(curves, {k: v for k, v in SGD.items() if k != "num_classes"} | {"num_classes": None})
    assert ranked(report)[0] == NAME
    assert found(report, "OP408").severity is Severity.WARNING


def test_silent_where_a_rate_that_is_too_high_leaves_the_loss_at_that_of_knowing_nothing():
    report = judge(TOO_HIGH, SGD | {"lr": 1.0})
    assert ranked(report)[0] == "learning-rate-too-high"
    assert cause(report, NAME) is None


def test_a_rate_above_the_usual_ones_comes_first():
    assert ranked(judge(climbing(), SGD | {"lr": 10.0}))[0] == "learning-rate-too-high"


def test_silent_on_validation_that_climbs_alone():
    n = np.arange(60)
    curves = healthy() | {"val_loss": 0.3 + 2.0 * np.exp(-n / 4) + 0.1 * np.clip(n - 10, 0, None)}
    assert cause(judge(curves, SOUND), NAME) is None


def test_no_warning_where_the_norm_rises_as_the_loss_leaves_a_flat_start():
    n = np.arange(60)
    loss = 0.3 + 2.0 / (1 + np.exp((n - 20) / 5)) + noise(0.004, 1)
    norm = 0.2 + 4.8 / (1 + np.exp(-(n - 18) / 3))
    report = judge({"train_loss": loss, "val_loss": loss + 0.02, "grad_norm": norm}, SOUND)
    op = found(report, "OP408")
    assert op is None or op.severity is Severity.INFO


def test_silent_where_the_norm_jumps_and_comes_back():
    curves = healthy() | {"grad_norm": np.where(np.arange(60) % 20 == 19, 200.0, 1.0)}
    assert cause(judge(curves, SOUND), NAME) is None


def test_a_norm_that_stays_as_it_was_speaks_against_it():
    assert cause(judge(climbing() | {"grad_norm": np.full(40, 1.2)}, SGD), NAME) is None


def test_a_clip_bounds_what_accumulates():
    plain, clipped = (cause(judge(TRAINED, SGD | more), NAME) for more in ({}, {"grad_clip": 1.0}))
    assert clipped is None or clipped.score < plain.score


@pytest.mark.parametrize(
    "more",
    [
        {"metrics": {"d_loss": 0.7, "g_loss": 0.9}, "params": {"discriminator": "patch"}},
        {"metrics": {"episode_return": 20.0}, "params": {"env_id": "CartPole"}},
        {"metrics": {}, "params": {"kl_anneal": 0.1}},
        {"metrics": {}, "params": {"method": "simclr", "contrastive": True}},
    ],
    ids=["adversarial", "reinforcement", "annealed", "contrastive"],
)
def test_silent_where_a_loss_may_climb_by_design(more):
    curves = climbing() | {name: np.full(40, value) for name, value in more["metrics"].items()}
    assert cause(judge(curves, SGD | more["params"]), NAME) is None


def test_silent_on_a_warm_up_whose_loss_peaks_at_the_peak_of_the_rate():
    n = np.arange(60)
    loss = 0.3 + 2.0 * np.exp(-n / 6) + 0.3 * np.exp(-(((n - 15) / 4) ** 2))
    rate = 1e-3 * np.minimum(1, n / 15) * np.where(n > 15, (1 + np.cos(np.pi * (n - 15) / 45)) / 2, 1)
    assert cause(judge({"train_loss": loss, "lr": rate}, SOUND), NAME) is None


def test_silent_where_the_loss_is_no_number_from_the_start():
    assert cause(judge({"train_loss": np.full(20, math.nan)}, SGD), NAME) is None


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_silent_on_every_other_shape(shape):
    assert found(judge(SHAPES[shape](), SOUND), "OP408") is None


@pytest.mark.parametrize("shape", ["flat", "swinging", "slow"])
def test_the_first_cause_where_a_callback_saw_gradients_kept(shape):
    assert cause(judge(SHAPES[shape](), SOUND), NAME) is None
    report = judge({**SHAPES[shape](), **seen(gradients_kept=1.0)}, SOUND)
    assert ranked(report)[0] == NAME
    assert found(report, "OP408").severity is Severity.WARNING
    assert "before any of the logged steps" in cause(report, NAME).why
    assert "zero_grad" in cause(report, NAME).prescription.text


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        # The first step has none before it.
        ([1.0], False),
        ([0.0, 1.0], True),
        ([0.0, 1.0, 0.0], True),
        ([0.0, 1.0, 0.0, 0.0], False),
        ([0.0, 0.49, 0.5], False),
        ([math.nan] * 5, False),
        ([0.0, math.inf, -math.inf, 0.0], False),
    ],
    ids=str,
)
def test_at_half_of_the_steps_behind_the_first(kept, told):
    assert (cause(judge({**SHAPES["slow"](), **seen(gradients_kept=kept)}, SOUND), NAME) is not None) == told


def test_gradients_that_were_zeroed_speak_against_it():
    plain = cause(judge(TRAINED | {"grad_norm": NORM}, SGD), NAME)
    cleared = cause(judge(TRAINED | {"grad_norm": NORM} | seen(gradients_kept=0.0), SGD), NAME)
    assert plain is not None
    assert cleared is None or cleared.score < 0.5 * plain.score


def test_some_that_were_kept_do_not_say_that_all_were_zeroed():
    some = judge(TRAINED | {"grad_norm": NORM} | seen(gradients_kept=[0.0, 0.0, 1.0, 0.0]), SGD)
    assert "reset to 0 before each" not in cause(some, NAME).why
