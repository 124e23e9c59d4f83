import math
from typing import Any

import numpy as np
import pytest

from tests.rules.runs import (
    NOTHING,
    SHAPES,
    SOUND,
    Curves,
    both,
    cause,
    changes,
    falling,
    flat,
    found,
    frozen,
    healthy,
    high_level,
    judge,
    noise,
    overfitting,
    ranked,
    twice_softmax,
)
from tracker_diag import Severity
from tracker_diag.core.numbers import figure

NAME = "output-loss-mismatch"


def test_softmax_twice_shows_in_a_loss_that_rests_on_its_bound():
    report = judge(twice_softmax(), SOUND)
    assert ranked(report)[0] == NAME
    assert found(report, "AR706").severity is Severity.WARNING
    assert changes(report, NAME) == {"output_activation": (None, "none")}


def test_without_the_classes_the_accuracy_says_how_low_the_loss_should_be():
    assert ranked(judge(twice_softmax(), {"num_classes": None}))[0] == NAME


def test_a_loss_below_the_bound_shows_that_it_is_not_so():
    assert cause(judge(overfitting(), SOUND), NAME) is None


@pytest.mark.parametrize("loss", ["CrossEntropyLoss", "nn.CrossEntropyLoss()", "sparse_ce(from_logits=True)"])
def test_softmax_before_a_loss_that_takes_logits(loss):
    report = judge(high_level(), {**SOUND, "head.out_activation": "softmax", "loss_fn": loss})
    assert ranked(report)[0] == NAME
    assert changes(report, NAME) == {"head.out_activation": ("softmax", "none")}


@pytest.mark.parametrize(
    ("activation", "loss"),
    [("softmax", "categorical_crossentropy"), ("log_softmax", "NLLLoss"), ("log_softmax", "CrossEntropyLoss"),
     ("none", "CrossEntropyLoss"), ("linear", "CrossEntropyLoss")],
)  # fmt: skip
def test_silent_where_output_and_loss_fit(activation, loss):
    report = judge(high_level(), {**SOUND, "output_activation": activation, "loss_fn": loss})
    assert cause(report, NAME) is None


def test_relu_before_a_regression_loss():
    params = {"num_classes": None, "output_activation": "relu", "loss": "mse"}
    report = judge({k: v for k, v in high_level().items() if "loss" in k}, params)
    assert "cannot predict values below zero" in cause(report, NAME).why
    assert "softmax" not in cause(report, NAME).prescription.text


def test_sigmoid_with_many_classes():
    report = judge(high_level(), {**SOUND, "output_activation": "sigmoid", "loss": "categorical_crossentropy"})
    assert changes(report, NAME) == {"output_activation": ("sigmoid", "softmax")}


@pytest.mark.parametrize(
    "params", [{"loss": "BCEWithLogitsLoss"}, {"loss": "binary_crossentropy"}, {"task": "multi_label"}], ids=str
)
def test_several_labels_at_once_take_sigmoids(params):
    assert cause(judge(high_level(), {**SOUND, "output_activation": "sigmoid", **params}), NAME) is None


def test_label_smoothing_keeps_a_loss_up_too():
    assert cause(judge(twice_softmax(), {**SOUND, "label_smoothing": 0.1}), NAME) is None


def test_on_a_healthy_run_the_configuration_is_at_most_info():
    report = judge(healthy(), {**SOUND, "output_activation": "softmax", "loss": "CrossEntropyLoss"})
    assert report.severity.rank <= Severity.INFO.rank


def network(units: int, activation: str | None, loss: str, **more: Any) -> dict[str, Any]:
    last = {"type": "Dense", "units": units} | ({} if activation is None else {"activation": activation})
    hidden = {"type": "Dense", "units": 32, "activation": "relu"}
    return {"framework": "keras", "layers": [hidden, last], "loss": loss, **more}


LOGITS = {"loss_settings": {"from_logits": True}}
MAE = "mean_absolute_error"
CCE, SCCE, BCE = "categorical_crossentropy", "sparse_categorical_crossentropy", "binary_crossentropy"


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (network(1, "softmax", BCE), "softmax over one unit"),
        (network(1, "softmax", "mse"), "softmax over one unit"),
        (network(10, "relu", CCE), "activation relu, but categorical_crossentropy expects probabilities"),
        (network(10, "tanh", SCCE), "activation tanh, but"),
        (network(10, "linear", SCCE), "no activation, but"),
        (network(1, "relu", BCE), "activation relu, but binary_crossentropy expects probabilities"),
        (network(1, "sigmoid", SCCE), "one unit, but"),
        (network(10, "sigmoid", CCE), "the outputs are sigmoids"),
        (network(10, "softmax", SCCE, **LOGITS), "already includes one"),
        (network(1, "sigmoid", BCE, **LOGITS), "already includes one"),
        (network(10, "softmax", "mse"), "a squared error (mse) on a softmax"),
        (network(10, "softmax", MAE), "an absolute error (mean_absolute_error) on a softmax"),
        (network(1, "sigmoid", "mae"), "an absolute error (mae) on a sigmoid"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
@pytest.mark.parametrize("shape", ["flat", "undertrained"])
def test_an_output_that_does_not_fit_is_the_first_cause_of_a_run_that_does_not_learn(model, why, shape):
    accuracy = both(*[0.1 + noise(0.003, seed) for seed in (1, 2, 3, 4)])
    curves = SHAPES[shape]() | {name: values for name, values in accuracy.items() if "accuracy" in name}
    # An error of this size would be out of reach of a probability, which is another observation.
    curves |= {name: values / 10 for name, values in curves.items() if model["loss"] in ("mse", "mae", MAE)}
    report = judge(curves, {"epochs": 60, "num_classes": None}, model=model)
    assert ranked(report)[0] == NAME
    assert why in cause(report, NAME).why
    assert found(report, "AR706").severity is Severity.WARNING


@pytest.mark.parametrize(
    "model",
    [
        network(10, "softmax", CCE),
        network(10, "softmax", SCCE),
        network(10, "linear", SCCE, **LOGITS),
        network(1, "sigmoid", BCE),
        network(10, "sigmoid", BCE),
        network(2, "softmax", BCE),
        network(1, "linear", "mse"),
        network(1, "tanh", "hinge"),
        network(1, "exponential", "poisson"),
        network(10, None, CCE),
        network(10, "relu", CCE, outputs=2),
        network(10, "softmax", "my_own_loss"),
        {"framework": "torch", "layers": [{"type": "Linear", "out_features": 10}], "loss": "CrossEntropyLoss"},
        {"framework": "keras", "loss": CCE},
    ],
    ids=str,
)
@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_silent_where_the_layers_fit_the_loss_or_do_not_say(model, shape):
    report = judge(SHAPES[shape](), {"epochs": 60, "num_classes": None}, model=model)
    # What the curves alone give away is another matter, which no layers refute that do not say how they end.
    named = cause(report, NAME)
    assert named is None or (shape == "twice_softmax" and "accuracy is" in named.why)


def test_layers_that_fit_refute_what_an_accuracy_beside_a_high_loss_seems_to_say():
    curves, params = twice_softmax(), {"epochs": 60, "num_classes": None}
    assert cause(judge(curves, params), NAME) is not None
    assert cause(judge(curves, params, model=network(10, "softmax", SCCE)), NAME) is None


def test_a_run_that_learns_all_the_same_is_left_in_peace():
    report = judge(healthy(), SOUND, model=network(10, "softmax", "mse"))
    assert cause(report, NAME) is None
    assert report.verdict == "good-fit"


def test_softmax_over_one_unit_is_told_whatever_the_curves_say():
    assert found(judge(healthy(), SOUND, model=network(1, "softmax", BCE)), "AR706").severity is Severity.WARNING


def test_fewer_units_than_classes():
    report = judge(high_level(), SOUND, model=network(1, "sigmoid", BCE))
    assert "one unit for 10 classes" in cause(report, NAME).why


def settled(level: float) -> Curves:
    return both(falling(level, 4, start=3 * level) + noise(0.01 * level, 1), None)


@pytest.mark.parametrize(
    ("activation", "loss", "level", "told"),
    [
        ("sigmoid", "mse", 1.5, True), ("sigmoid", "mse", 0.2, False), ("sigmoid", "mae", 40.0, True),
        ("tanh", "mse", 4.4, True), ("tanh", "mse", 0.9, False), ("tanh", "mae", 2.2, True),
        ("linear", "mse", 1e4, False), ("relu", "mse", 1e4, False), ("softmax", "mae", 30.0, True),
        ("sigmoid", "binary_crossentropy", 3.0, False),
    ],
)  # fmt: skip
def test_an_output_that_cannot_reach_its_targets(activation, loss, level, told):
    report = judge(settled(level), {"num_classes": None}, model=network(3, activation, loss))
    assert ("it could be at most" in getattr(cause(report, NAME), "why", "")) is told


@pytest.mark.parametrize(
    ("activation", "loss", "level", "told"),
    [
        ("sigmoid", "mse", 0.3, True), ("sigmoid", "mse", 0.25, False), ("softmax", "mae", 0.6, True),
        ("sigmoid", "mae", 0.5, False), ("tanh", "mse", 1.2, True), ("tanh", "mse", 1.0, False),
        ("tanh", "mae", 1.2, True), ("linear", "mse", 0.3, False),
    ],
)  # fmt: skip
def test_an_output_that_does_worse_than_the_middle_of_its_range(activation, loss, level, told):
    report = judge(settled(level), {"num_classes": None}, model=network(3, activation, loss))
    assert ("would give" in getattr(cause(report, NAME), "why", "")) is told


def test_a_run_whose_output_cannot_fit_is_never_called_a_good_fit():
    for model in (network(1, "softmax", BCE), network(10, "linear", SCCE)):
        assert judge(high_level(), {"num_classes": None}, model=model).verdict == "underfitting"
    assert judge(settled(1.5), {"num_classes": None}, model=network(3, "sigmoid", "mse")).verdict == "underfitting"


def test_a_penalty_on_the_weights_is_part_of_the_loss_so_its_level_says_nothing():
    model = network(3, "sigmoid", "mse")
    model["layers"][0]["kernel_regularizer"] = "L2"
    assert cause(judge(settled(40.0), {"num_classes": None}, model=model), NAME) is None


@pytest.mark.parametrize(
    ("model", "wanted"),
    [
        (network(1, "softmax", BCE), {"output_activation": ("softmax", "sigmoid")}),
        (network(1, "relu", BCE), {"output_activation": ("relu", "sigmoid")}),
        (network(10, "linear", SCCE), {"output_activation": ("linear", "softmax")}),
        (network(10, "softmax", "mse"), {"loss_function": ("mse", "categorical_crossentropy")}),
        (network(10, "softmax", SCCE, **LOGITS), {"output_activation": ("softmax", "none")}),
    ],
    ids=str,
)
def test_what_to_change(model, wanted):
    curves = {name: values / 10 for name, values in flat().items()} if model["loss"] == "mse" else flat()
    assert changes(judge(curves, {"num_classes": None}, model=model), NAME) == wanted


def counted(values, **more):
    """A training loss alone, of nobody knows what."""
    return {"loss": np.asarray(values, dtype=float), **more}


def test_labels_that_were_scaled_away():
    """All labels are one class: the loss goes to nothing, and the accuracy stays at chance."""
    loss = 0.02 * np.exp(-np.arange(8.0))
    report = judge({"loss": loss, "accuracy": np.full(8, 0.1)}, {"loss": "sparse_categorical_crossentropy"})
    assert ranked(report)[0] == NAME
    assert "90% of the predictions are wrong" in cause(report, NAME).why
    assert "labels" in cause(report, NAME).prescription.text


def test_a_loss_below_nothing_beside_an_accuracy():
    curves = {"loss": np.r_[-55.02, np.full(6, -55.03)], "acc": np.full(7, 0.114)}
    report = judge(curves, {"num_classes": None})
    assert ranked(report)[0] == NAME
    assert "falls to -55, but the loss of a classification is below 0 only" in cause(report, NAME).why


@pytest.mark.parametrize(
    ("lowest", "accuracy", "params"),
    [(-0.9, 0.1, {}), (-55.0, None, {}), (-55.0, 0.1, {"loss": "mse"})],
    ids=["a cosine similarity", "no accuracy", "an error of numbers"],
)
def test_a_loss_below_nothing_that_may_be_one(lowest, accuracy, params):
    score = {} if accuracy is None else {"acc": np.linspace(accuracy, 2 * accuracy, 7)}
    assert cause(judge({"loss": np.linspace(0, lowest, 7), **score}, {"num_classes": None, **params}), NAME) is None


@pytest.mark.parametrize("activation", [None, "softmax"])
def test_one_unit_that_never_answers_anything_else(activation):
    """Keras's summary shows no activation; softmax over one unit is 1 whatever comes in."""
    last = (
        {"type": "Dense", "units": 1} if activation is None else {"type": "Dense", "units": 1, "activation": "softmax"}
    )
    model = {"framework": "keras", "layers": [{"type": "Dense", "units": 60}, last]}
    curves = {"loss": np.full(10, 8.00167), "accuracy": np.full(10, 0.25)}
    report = judge(curves, {"num_classes": None}, model=model)
    assert ranked(report)[0] == NAME
    assert "one output unit" in cause(report, NAME).why


def test_one_unit_with_another_activation_did_not_answer_one():
    last = {"type": "Dense", "units": 1, "activation": "linear"}
    model = {"framework": "keras", "layers": [{"type": "Dense", "units": 60}, last]}
    report = judge({"loss": np.full(10, 8.00167)}, {"num_classes": None}, model=model)
    assert ranked(report)[0] == "weights-do-not-move"


def test_softmax_by_the_parameters_over_one_unit_by_the_layers():
    model = {"framework": "keras", "layers": [{"type": "Dense", "units": 60}, {"type": "Dense", "units": 1}]}
    params = {"num_classes": None, "output_activation": "softmax"}
    report = judge(healthy(), params, model=model)
    assert "the output is softmax over one unit" in cause(report, NAME).why
    assert report.severity.rank <= Severity.INFO.rank


@pytest.mark.parametrize("first", [2206.98, 16771.5, 349775000.0])
def test_an_error_that_changed_by_no_more_than_a_bounded_output_can(first):
    """Of a sigmoid's answers to targets out of its reach, all become 1: the error falls a little, and rests."""
    loss = first - 0.2 * first**0.5 * (1 - np.exp(-np.arange(60.0) / 3))
    report = judge(counted(loss), {"num_classes": None})
    assert ranked(report)[0] == NAME
    why = cause(report, NAME).why
    assert f"stays near {figure(loss[-1])} (it changed by {figure(np.ptp(loss))})," in why
    assert f"by at most {figure(4 * loss.max() ** 0.5 + 4)}" in why


@pytest.mark.parametrize(
    "loss",
    [
        2206.98 - 0.5 * np.arange(60.0),
        2206.98 - 1000 * (1 - np.exp(-np.arange(60.0) / 3)),
        2.2 - 0.01 * (1 - np.exp(-np.arange(60.0) / 3)),
    ],
    ids=["it goes on", "it fell by half", "a cross-entropy"],
)
def test_an_error_that_an_output_without_bounds_leaves(loss):
    why = cause(judge(counted(loss), {"num_classes": None}), NAME)
    assert why is None or "an output between" not in why.why


@pytest.mark.parametrize(
    ("output", "loss", "said"),
    [
        ("relu", "binary_crossentropy", "activation is relu, but binary_crossentropy expects probabilities"),
        ("tanh", "categorical_crossentropy", "activation is tanh, but categorical_crossentropy expects probabilities"),
        ("softmax", "mean_squared_error", "mean_squared_error on a softmax"),
    ],
)
def test_what_parameters_alone_say_is_ranked_and_warns_of_nothing(output, loss, said):
    params = {"output_activation": output, "loss": loss}
    assert said in cause(judge(flat(), params), NAME).why
    assert judge(healthy(), params).severity.rank <= Severity.INFO.rank


def test_an_error_far_out_of_reach_is_told_from_parameters():
    params = {"output_activation": "tanh", "loss": "mse", "num_classes": None}
    far = judge(counted(16771 + noise(3, 1)), params)
    assert ranked(far)[0] == NAME
    near = judge(counted(7 + noise(0.01, 1)), params)
    assert cause(near, NAME) is None
    assert cause(judge(counted(16771 + noise(3, 1)), {**params, "weight_decay": 0.1}), NAME) is None


YES_OR_NO = 23 * math.log(2)


def certain(wrong=0.505, cost=YES_OR_NO):
    """Every answer is the same, and certain, from the first value on."""
    return {"val_loss": np.full(7, wrong * cost), "val_acc": np.full(7, 1 - wrong)}


def test_the_same_certain_answer_from_the_start():
    report = judge(certain(), {"num_classes": None})
    assert ranked(report)[0] == NAME
    assert "15.94 per wrong prediction" in cause(report, NAME).why


@pytest.mark.parametrize(
    "curves",
    [certain(cost=16.118), certain() | {"val_acc": np.r_[np.full(6, 0.495), 0.5]}],
    ids=["one of several classes", "it moves"],
)
def test_other_answers_that_are_certain(curves):
    why = cause(judge(curves, {"num_classes": None}), NAME)
    assert why is None or "the same and certain" not in why.why


@pytest.mark.parametrize(("classes", "told"), [(2, True), (3, False)])
def test_softmax_before_a_loss_of_a_yes_or_no(classes, told):
    params = {"output_activation": "softmax", "loss": "binary_crossentropy", "num_classes": classes}
    why = cause(judge(frozen(), params), NAME)
    assert (why is not None and "softmax before binary_crossentropy" in why.why) == told


@pytest.mark.parametrize(("share", "severity"), [(0.45, Severity.WARNING), (0.55, Severity.INFO)])
def test_softmax_before_logits_is_a_warning_where_the_run_rests_high(share, severity):
    level = NOTHING * (1 - share)
    curves = both(falling(level, 4) + noise(0.004, 1), falling(level * 1.01, 4) + noise(0.006, 2))
    report = judge(curves, {**SOUND, "output_activation": "softmax", "loss_fn": "CrossEntropyLoss"})
    assert found(report, "AR706").severity is severity


def test_a_loss_below_nothing_is_no_good_fit():
    """It falls and comes to rest, as a sound one does, and none of it means anything."""
    fall = -55 * (1 - np.exp(-np.arange(60.0) / 4))
    accuracy = 0.11 + noise(0.001, 3)
    curves = {"loss": fall + noise(0.01, 1), "val_loss": fall + noise(0.02, 2), "acc": accuracy, "val_acc": accuracy}
    report = judge(curves, {"num_classes": None})
    assert report.verdict == "inconsistent"
    assert found(report, "AR706").severity is Severity.WARNING


@pytest.mark.parametrize("name", ["output_units", "model.out_features", "n_outputs", "head.outDim", "dim_out"])
def test_softmax_over_one_unit_by_the_parameters_alone(name):
    params = {"output_activation": "softmax", "criterion": "BCELoss", name: "1", "num_classes": None}
    report = judge(certain(cost=100.0), params)
    assert ranked(report)[0] == NAME
    assert "the output is softmax over one unit" in cause(report, NAME).why
    assert (
        cause(judge(certain(cost=100.0), {**params, name: "2"}), NAME) is None
        or "the output is softmax over one unit"
        not in cause(judge(certain(cost=100.0), {**params, name: "2"}), NAME).why
    )


@pytest.mark.parametrize("name", ["hidden_output_dim", "out_of_10", "output_dir", "dim"])
def test_one_of_something_else_is_not_one_unit(name):
    params = {"output_activation": "softmax", "criterion": "BCELoss", name: "1", "num_classes": None}
    told = cause(judge(certain(cost=100.0), params), NAME)
    assert told is None or "the output is softmax over one unit" not in told.why


def test_labels_that_were_scaled_and_not_quite_away():
    """At the accuracy of guessing between two, a loss of a twentieth of what its wrong answers cost."""
    curves = {"loss": np.full(20, 0.0175) + noise(0.0005, 1, 20), "accuracy": 0.5 + noise(0.004, 2, 20)}
    report = judge(curves, {"num_classes": 2, "loss": "binary_crossentropy"})
    assert report.verdict == "inconsistent"
    assert ranked(report)[0] == NAME


def test_an_error_that_falls_far_is_a_sum_and_not_out_of_reach():
    model = {"framework": "keras", "layers": [{"type": "Dense", "units": 784, "activation": "sigmoid"}], "loss": "mse"}
    curves = {"loss": falling(12, 4, start=180), "val_loss": falling(13, 4, start=178)}
    assert cause(judge(curves, {"num_classes": None}, model=model), NAME) is None


def test_a_density_below_nothing_beside_an_accuracy_that_rises():
    fall = falling(-1.8, 5, start=3.0)
    curves = {"train_nll": fall, "val_nll": fall + 0.1, "val_accuracy": 0.9 - 0.6 * np.exp(-np.arange(60) / 5)}
    told = cause(judge(curves, {"num_classes": None, "model": "RealNVP"}), NAME)
    assert told is None or "beside an accuracy" not in told.why


def test_a_loss_that_stands_beside_an_accuracy_is_no_squared_error():
    curves = {"loss": np.full(10, 50.0), "accuracy": np.full(10, 0.5)}
    told = cause(judge(curves, {"num_classes": None}), NAME)
    assert told is None or "squared error" not in told.why
