import math

import numpy as np
import pytest

from tests.rules.runs import SHAPES, SOUND, cause, changes, found, healthy, judge, ranked, skipped
from tests.watched_runs import seen
from tracker_diag import Severity
from tracker_diag.core.numbers import figure

NAME = "mixed-precision-overflow"
ZERO = {"loss": np.zeros(10), "eval_loss": np.full(10, math.nan)}
# A network of one hidden layer on handwritten digits, all of it in float16, Adam at 0.001: its
# epsilon of 1e-8 is 0 there.
TRAINED = {
    "train_loss": np.full(25, math.nan),
    "val_loss": np.full(25, math.nan),
    "val_accuracy": np.full(25, 0.10889),
}
HALF = [
    {"fp16": True},
    {"fp16": "True", "bf16": "False"},
    {"precision": "16-mixed"},
    {"precision": 16},
    {"mixed_precision": "mixed_float16"},
    {"global_policy": "mixed_float16"},
    {"mixed_precision": "fp16"},
    {"use_amp": True},
    {"autocast": True},
    {"torch_dtype": "torch.float16"},
    {"half": True},
]
WIDE = [
    {},
    {"fp16": False, "bf16": True},
    {"precision": "bf16-mixed"},
    {"precision": 32},
    {"precision": "fp32"},
    {"mixed_precision": "mixed_bfloat16"},
    {"amp": True, "amp_dtype": "bfloat16"},
    {"mixed_precision": "no"},
    {"no_amp": True},
]


def lost(at=25):
    """Learns, then is not a number any more, without warning."""
    return {name: np.where(np.arange(60) < at, values, math.nan) for name, values in healthy().items()}


def stopped_dead():
    curves = healthy()
    curves["train_loss"][9:] = 0.0
    return curves


@pytest.mark.parametrize("params", HALF, ids=str)
def test_the_first_cause_and_a_warning_where_zeros_stand_in_place_of_nan(params):
    report = judge(ZERO, {"learning_rate": 2e-5, **params})
    assert ranked(report)[0] == NAME
    assert found(report, "OP411").severity is Severity.WARNING
    assert "loss is exactly 0 throughout while validation loss is NaN or infinite" in cause(report, NAME).why


@pytest.mark.parametrize("params", HALF, ids=str)
@pytest.mark.parametrize("curves", [lost(), TRAINED], ids=["formula", "trained"])
def test_told_where_the_loss_was_lost_in_half_precision(curves, params):
    assert cause(judge(curves, SOUND | params), NAME) is not None


@pytest.mark.parametrize("params", WIDE, ids=str)
@pytest.mark.parametrize("curves", [ZERO, lost(), TRAINED, stopped_dead()], ids=["zero", "lost", "trained", "dead"])
def test_silent_in_a_precision_with_the_exponents_of_single(curves, params):
    assert cause(judge(curves, SOUND | params), NAME) is None


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_a_loss_that_stops_dead_at_zero_is_one_of_its_signs(scale):
    curves = {name: scale * v if "loss" in name else v for name, v in stopped_dead().items() if "accuracy" not in name}
    told = cause(judge(curves, SOUND | {"fp16": True, "num_classes": None}), NAME)
    assert f"dropped from {figure(curves['train_loss'][8])} to exactly 0 in one record" in told.why


def test_a_loss_of_zero_beside_a_score_that_is_not_perfect_is_one():
    curves = stopped_dead()
    curves["train_loss"][3:9] = np.geomspace(0.1, 0.001, 6)
    curves["train_accuracy"][:] = 0.31
    told = cause(judge(curves, SOUND | {"fp16": True}), NAME)
    assert "exactly 0 in its last 51 records, although the score is only 0.31" in told.why


def test_silent_where_the_loss_comes_down_to_zero_by_and_by():
    curves = healthy()
    curves["train_loss"] = np.round(2.3 * np.exp(-np.arange(60) / 3), 4)
    curves["train_accuracy"] = 1 - 0.9 * np.exp(-np.arange(60) / 2)
    assert curves["train_loss"][-3:].tolist() == [0, 0, 0]
    assert cause(judge(curves, SOUND | {"fp16": True}), NAME) is None


def test_silent_where_a_loss_of_zero_stands_beside_a_finite_one():
    assert cause(judge(ZERO | {"eval_loss": np.full(10, 0.4)}, {"fp16": True}), NAME) is None


def test_silent_where_the_loss_had_blown_up_before_it_was_lost():
    loss = np.array([2.3, 1.9, 1.6, 4.0, 60.0, 9e3, 2e6, math.inf, math.nan, math.nan])
    assert cause(judge({"train_loss": loss}, SOUND | {"fp16": True}), NAME) is None


def test_silent_on_infinite_gradient_norms():
    norm = np.ones(60)
    norm[[0, 1, 17, 41]] = math.inf
    assert cause(judge(healthy() | {"grad_norm": norm}, SOUND | {"fp16": True}), NAME) is None


def test_silent_on_a_sound_run_in_half_precision():
    assert cause(judge(healthy(), SOUND | {"fp16": True}), NAME) is None


def test_a_rate_above_the_usual_ones_comes_first():
    report = judge(lost(), SOUND | {"fp16": True, "lr": 1.0})
    assert ranked(report)[0] == "learning-rate-too-high"
    assert cause(report, NAME) is None


@pytest.mark.parametrize(
    ("params", "change"),
    [
        ({"precision": "16-mixed"}, {"precision": ("16-mixed", "bf16-mixed")}),
        ({"mixed_precision": "mixed_float16"}, {"mixed_precision": ("mixed_float16", "mixed_bfloat16")}),
        ({"fp16": True}, {}),
    ],
)
def test_the_type_with_more_exponents_is_proposed(params, change):
    report = judge(ZERO, params)
    assert changes(report, NAME) == change
    assert "dynamic loss scaling" in cause(report, NAME).prescription.text


@pytest.mark.parametrize("shape", sorted(set(SHAPES) - {"diverged"}))
def test_silent_on_every_shape_that_is_not_lost(shape):
    assert found(judge(SHAPES[shape](), SOUND | {"fp16": True}), "OP411") is None


def scaled(skipped=0.5, scale=1.0, looks=20):
    return seen(looks, skipped_steps=skipped, loss_scale=scale)


@pytest.mark.parametrize("shape", ["slow", "flat", "swinging"])
def test_the_first_cause_where_a_callback_saw_the_loss_scaler_leave_steps_out(shape):
    assert cause(judge(SHAPES[shape](), SOUND), NAME) is None
    report = judge({**SHAPES[shape](), **scaled()}, SOUND)
    assert ranked(report)[0] == NAME
    assert "50% of the steps were skipped because a gradient was NaN or infinite" in cause(report, NAME).why


@pytest.mark.parametrize(
    ("skipped_steps", "told"),
    [
        ([0.0] * 3 + [1.0] * 2 + [0.0] * 8, True),
        ([0.0] * 3 + [1.0] * 2 + [0.0] * 9, False),
        # The first looks, in which the scaler finds its scale.
        ([1.0] * 3, False),
        ([1.0] * 3 + [0.0] * 3, False),
        ([math.nan] * 20, False),
    ],
    ids=["a fifth", "less", "three looks", "at first", "no numbers"],
)
def test_a_fifth_of_the_steps_behind_the_first(skipped_steps, told):
    assert (cause(judge({**SHAPES["slow"](), **scaled(skipped_steps)}, SOUND), NAME) is not None) == told


def test_a_scaler_that_leaves_nothing_out_says_nothing():
    assert "no precision" in skipped(judge({**SHAPES["slow"](), **scaled(0.0)}, SOUND), "OP411")
