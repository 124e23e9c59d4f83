import numpy as np
import pytest

from tests.rules.networks import network
from tests.rules.runs import SHAPES, SOUND, cause, flat, found, frozen, healthy, judge, ranked
from tracker_diag import Severity

NAME = "weights-do-not-move"


@pytest.mark.parametrize("curves", [frozen(), flat()], ids=["frozen", "flat"])
def test_the_first_cause_where_every_layer_is_frozen(curves):
    model = network(32, 32, trainable=False)
    model["layers"][-1]["trainable"] = False
    report = judge(curves, SOUND, model=model)
    assert ranked(report)[0] == NAME
    assert found(report, "OP407").severity is Severity.WARNING
    assert "3 with weights, all frozen" in cause(report, NAME).why


def test_silent_where_the_head_is_trained():
    assert cause(judge(flat(), SOUND, model=network(32, 32, trainable=False)), NAME) is None


def test_the_first_cause_where_nothing_ever_leaves_the_value_it_began_with():
    report = judge(frozen(), SOUND)
    assert ranked(report)[0] == NAME
    assert found(report, "OP407").severity is Severity.WARNING
    assert "at all of 60 values" in cause(report, NAME).why
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
