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
    assert cause(judge(frozen(), SOUND, model=network(32, 32, trainable=False)), NAME) is None


def test_layers_may_be_frozen_after_the_training():
    model = network(32, trainable=False)
    model["layers"][-1]["trainable"] = False
    assert judge(healthy(), SOUND, model=model).severity.rank <= Severity.INFO.rank


def test_silent_where_an_embedding_learns():
    model = network(32, trainable=False)
    model["layers"][-1]["trainable"] = False
    model["layers"].insert(0, {"type": "Embedding", "input_dim": 100, "output_dim": 8})
    assert cause(judge(frozen(), SOUND, model=model), NAME) is None


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_silent_without_a_description(shape):
    assert found(judge(SHAPES[shape](), SOUND), "OP407") is None
