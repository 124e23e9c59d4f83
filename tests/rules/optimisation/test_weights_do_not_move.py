import math

import numpy as np
import pytest

from tests.rules.networks import network
from tests.rules.runs import SHAPES, SOUND, cause, flat, found, frozen, healthy, judge, ranked, slow
from tests.watched_runs import by_layer
from tracker_diag import Severity

NAME = "weights-do-not-move"


@pytest.mark.parametrize("curves", [frozen(), flat()], ids=["frozen", "flat"])
def test_the_first_cause_where_every_layer_is_frozen(curves):
    model = network(32, 32, trainable=False)
    model["layers"][-1]["trainable"] = False
    report = judge(curves, SOUND, model=model)
    assert ranked(report)[0] == NAME
    assert found(report, "OP407").severity is Severity.WARNING
    assert "every layer with weights is frozen (3 in all)" in cause(report, NAME).why


def test_silent_where_the_head_is_trained():
    assert cause(judge(flat(), SOUND, model=network(32, 32, trainable=False)), NAME) is None


def test_the_first_cause_where_nothing_ever_leaves_the_value_it_began_with():
    report = judge(frozen(), SOUND)
    assert ranked(report)[0] == NAME
    assert found(report, "OP407").severity is Severity.WARNING
    assert "kept exactly the same value over 60 evaluations" in cause(report, NAME).why
    assert "optimiser" in cause(report, NAME).prescription.text


@pytest.mark.parametrize(("values", "told"), [(2, False), (3, True)])
def test_three_values_are_enough(values, told):
    curves = {name: np.full(values, 2.5186 + i) for i, name in enumerate(("loss", "val_loss"))}
    report = judge(curves, SOUND)
    assert report.verdict == "frozen"
    assert (cause(report, NAME) is not None) == told


@pytest.mark.parametrize("name", ["train_loss", "val_loss"])
def test_silent_where_a_loss_moved_first_and_then_stood(name):
    curves = frozen()
    curves[name][0] *= 1.01
    report = judge(curves, SOUND)
    assert report.verdict == "frozen"
    assert cause(report, NAME) is None


def test_a_score_that_stands_beside_a_loss_that_moves_is_another_matter():
    curves = healthy() | {"train_accuracy": np.full(60, 0.36), "val_accuracy": np.full(60, 0.36)}
    report = judge(curves, SOUND)
    assert cause(report, NAME) is None
    assert found(report, "HY007") is not None


def test_a_saturated_output_is_another_reason():
    curves = {"loss": np.full(4, 7.971192), "accuracy": np.full(4, 0.5)}
    report = judge(curves, {"loss": "binary_crossentropy", "num_classes": None})
    assert report.verdict == "frozen"
    assert ranked(report)[:2] == ["output-loss-mismatch", "saturated-output"]


def test_layers_may_be_frozen_after_the_training():
    model = network(32, trainable=False)
    model["layers"][-1]["trainable"] = False
    assert judge(healthy(), SOUND, model=model).severity.rank <= Severity.INFO.rank


def test_silent_where_an_embedding_learns():
    model = network(32, trainable=False)
    model["layers"][-1]["trainable"] = False
    model["layers"].insert(0, {"type": "Embedding", "input_dim": 100, "output_dim": 8})
    assert cause(judge(flat(), SOUND, model=model), NAME) is None


@pytest.mark.parametrize("shape", sorted(set(SHAPES) - {"frozen"}))
def test_silent_without_a_description(shape):
    assert found(judge(SHAPES[shape](), SOUND), "OP407") is None


@pytest.mark.parametrize("curves", [flat(), slow()], ids=["flat", "slow"])
def test_the_first_cause_where_a_callback_saw_no_layer_move(curves):
    assert cause(judge(curves, SOUND), NAME) is None
    report = judge({**curves, **by_layer("update_ratio", [0.0, 0.0, 0.0])}, SOUND)
    assert ranked(report)[0] == NAME
    assert found(report, "OP407").severity is Severity.WARNING
    said = "no layer's weights changed at any of the 20 logged steps (layers logged: 3)"
    assert found(report, "OP407").message == said


def test_the_first_cause_where_a_layer_has_a_gradient_and_does_not_move():
    steps = by_layer("update_ratio", [1e-3, 0.0]) | by_layer("grad_norm", [0.5, 0.5])
    report = judge({**slow(), **steps}, SOUND)
    assert ranked(report)[0] == NAME
    said = "weights of layer fc1 do not change although they have a gradient (1 of 2 layers)"
    assert found(report, "OP407").message == said


@pytest.mark.parametrize(
    "norms", [{}, by_layer("grad_norm", [0.5]), by_layer("grad_norm", [0.5, 0.0]), by_layer("grad_norm", [1, math.nan])]
)
def test_a_layer_that_stands_without_a_gradient_may_be_frozen_on_purpose(norms):
    steps = by_layer("update_ratio", [1e-3, 0.0])
    assert cause(judge({**slow(), **steps, **norms}, SOUND), NAME) is None


@pytest.mark.parametrize(("looks", "told"), [(1, False), (2, True)])
def test_two_looks_are_enough(looks, told):
    report = judge({**slow(), **by_layer("update_ratio", [0.0], looks)}, SOUND)
    assert (cause(report, NAME) is not None) == told


def test_one_step_that_moved_or_that_is_no_number_is_enough_to_be_silent():
    for last in (1e-9, math.nan):
        assert cause(judge({**slow(), **by_layer("update_ratio", [[0.0] * 9 + [last]])}, SOUND), NAME) is None


def test_layers_that_move_speak_against_it():
    report = judge({**frozen(), **by_layer("update_ratio", [1e-3, 1e-3])}, SOUND)
    assert ranked(report)[:1] != [NAME]
    assert cause(report, NAME) is None or "weights of all layers changed" in cause(report, NAME).why
