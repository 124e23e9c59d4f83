import math
from typing import Any

import pytest

from tests.rules.networks import network
from tests.rules.runs import SOUND, cause, changes, flat, found, healthy, judge, ranked, slow, steep, swinging
from tests.watched_runs import by_layer
from tracker_diag import Severity

NAME = "unscaled-initialisation"


@pytest.mark.parametrize("word", ["zeros", "constant", "Constant(0.5)", "ones"])
def test_the_first_cause_of_a_run_that_never_left_the_uninformed_level(word):
    report = judge(flat(), {**SOUND, "init": word})
    assert ranked(report)[0] == NAME
    assert found(report, "IN501").severity is Severity.WARNING
    assert changes(report, NAME)["init"][1] == "he"


@pytest.mark.parametrize("std", [1.0, 1e-4])
def test_plain_gaussians_of_a_wrong_scale(std):
    curves = steep(5000.0) if std == 1.0 else flat()
    report = judge(curves, {**SOUND, "weight_init": "normal", "init_std": std, "layers": 8})
    assert NAME in ranked(report)[:3]
    assert changes(report, NAME) == {"weight_init": ("normal", "he")}


@pytest.mark.parametrize("word", ["he_normal", "xavier_uniform", "kaiming_normal_", "lecun_normal", "orthogonal"])
def test_a_scaled_initialiser_speaks_against_it_and_is_not_replaced(word):
    report = judge(flat(), {**SOUND, "init": word})
    assert ranked(report)[0] != NAME
    named = cause(report, NAME)
    assert named is None or named.prescription.changes == ()


@pytest.mark.parametrize(
    "params",
    [
        {"init": "zeros", "residual": True},
        {"init": "zeros", "pretrained": True, "lora_r": 8},
        {"init": "normal", "init_std": 0.02, "model": "transformer", "residual": True},
    ],
    ids=["zero-initialised residual branches", "LoRA's B", "N(0, 0.02) in transformers"],
)
@pytest.mark.parametrize("curves", [flat(), healthy()], ids=["flat", "healthy"])
def test_right_as_they_are(params, curves):
    report = judge(curves, {**SOUND, **params})
    finding = found(report, "IN501")
    assert finding is None or "initialiser" not in " ".join(finding.evidence["for"])


@pytest.mark.parametrize("word", ["zeros", "constant", "normal"])
def test_on_a_healthy_run_it_is_at_most_info(word):
    assert judge(healthy(), {**SOUND, "init": word, "init_std": 3.0, "layers": 30}).severity.rank <= Severity.INFO.rank


def drawn(deviation: float) -> dict[str, Any]:
    return {"kernel_initializer": "RandomNormal", "kernel_initializer_config": {"stddev": deviation}}


def test_one_hidden_layer_of_zeros_lets_nothing_by():
    model = network(64, 64, kernel_initializer="GlorotUniform")
    model["layers"][1]["kernel_initializer"] = "Zeros"
    report = judge(flat(), SOUND, model=model)
    assert ranked(report)[0] == NAME
    assert found(report, "IN501").severity is Severity.WARNING


def test_a_last_layer_of_zeros_begins_by_saying_nothing():
    model = network(64, 64, kernel_initializer="HeNormal")
    model["layers"][2]["kernel_initializer"] = "Zeros"
    named = cause(judge(flat(), SOUND, model=model), NAME)
    assert named is None or "zeros" not in named.why


@pytest.mark.parametrize(("deviation", "curves"), [(1.0, steep(5000.0)), (1e-3, flat())], ids=["large", "small"])
def test_a_plain_gaussian_is_judged_by_the_widths(deviation, curves):
    report = judge(curves, {**SOUND, "n_features": 256}, model=network(256, 256, **drawn(deviation)))
    assert NAME in ranked(report)[:3]
    assert "multiply a signal by" in " ".join(found(report, "IN501").evidence["for"])


def test_a_plain_gaussian_that_fits_the_widths_is_sound():
    report = judge(flat(), {**SOUND, "n_features": 256}, model=network(256, 256, **drawn(0.09)))
    finding = found(report, "IN501")
    assert finding is None or "multiply a signal by" in " ".join(finding.evidence["against"])


@pytest.mark.parametrize(("std", "told"), [(1.0, True), (0.05, False)])
def test_a_first_loss_of_which_nobody_knows_the_level_counts_beside_a_scale_beyond_doubt(std, told):
    curves = {name: values * 1 for name, values in healthy().items() if "loss" in name}
    curves["train_loss"][:2], curves["val_loss"][0] = [20.0, 4.0], 3.0
    params = {**SOUND, "num_classes": None, "init": "normal", "init_std": std}
    why = cause(judge(curves, params), NAME)
    assert (why is not None and "5 times the second" in why.why) == told


def weights(*scales):
    return by_layer("weight_scale", scales, looks=1)


@pytest.mark.parametrize("curves", [flat(), slow(), swinging()], ids=["flat", "slow", "swings"])
@pytest.mark.parametrize(
    ("scales", "said"),
    [
        ((1.0, 0.0, 0.0, 1.0), "all weights of fc1 start at the same value (2 of 4 layers)"),
        ((1.0, 12.0, 9.0, 1.0), "the initial weights of fc1 are 12 times as large as with He initialisation"),
        ((0.02, 0.01, 1.0, 1.0), "the initial weights of fc1 are 0.01 times as large as with He initialisation"),
    ],
    ids=["constant", "large", "small"],
)
def test_the_first_cause_where_a_callback_saw_the_weights_before_the_first_step(curves, scales, said):
    report = judge({**curves, **weights(*scales)}, SOUND)
    assert ranked(report)[0] == NAME
    assert found(report, "IN501").severity is Severity.WARNING
    assert said in cause(report, NAME).why


@pytest.mark.parametrize(
    ("scales", "told"),
    [
        ((4.0, 1.0, 1.0), False),
        ((4.01, 1.0, 1.0), True),
        ((0.1, 1.0, 1.0), False),
        ((0.099, 1.0, 1.0), True),
        # PyTorch's own linear layers.
        ((0.41, 0.41, 0.41), False),
        # Of the output layer zeros, or small weights, are meant.
        ((1.0, 1.0, 0.0), False),
        ((1.0, 1.0, 0.001), False),
        ((0.0,), False),
        ((math.nan, 0.0), False),
        ((math.inf, 1.0, 1.0), False),
    ],
    ids=str,
)
def test_how_far_off_hidden_weights_have_to_be(scales, told):
    assert (cause(judge({**slow(), **weights(*scales)}, SOUND), NAME) is not None) == told


def test_weights_of_the_right_size_speak_against_it():
    assert cause(judge({**flat(), **weights(0.9, 1.1, 1.0)}, SOUND), NAME) is None
    # Whatever a parameter says: it may be that of the biases.
    assert cause(judge({**flat(), **weights(0.9, 1.1, 1.0)}, {**SOUND, "init": "zeros"}), NAME) is None


@pytest.mark.parametrize("known", [{"norm": "batch"}, {"pretrained": True}], ids=str)
@pytest.mark.parametrize("scale", [0.0, 0.01, 30.0])
def test_normalisation_and_pretraining_excuse_any_scale(known, scale):
    assert cause(judge({**slow(), **weights(scale, 1.0, 1.0)}, {**SOUND, **known}), NAME) is None


def test_of_saturating_units_xavier_is_wanted():
    report = judge({**slow(), **weights(9.0, 1.0, 1.0)}, {**SOUND, "activation": "tanh"})
    assert "9 times as large as with Xavier initialisation" in cause(report, NAME).why


@pytest.mark.parametrize(("gradients", "told"), [(1.0, False), (0.0, True)], ids=["learns", "gets nothing"])
def test_a_layer_that_begins_at_zero_and_learns_is_that_of_a_branch(gradients, told):
    logged = {**weights(1.0, 0.0, 1.0, 1.0), **by_layer("grad_norm", (1.0, gradients, 1.0, 1.0))}
    assert (cause(judge({**slow(), **logged}, SOUND), NAME) is not None) == told


def test_a_layer_that_begins_at_zero_hides_no_other_that_is_off():
    logged = {**weights(1.0, 0.0, 12.0, 1.0), **by_layer("grad_norm", (1.0, 1.0, 1.0, 1.0))}
    assert "the initial weights of fc2 are 12 times as large" in cause(judge({**slow(), **logged}, SOUND), NAME).why
