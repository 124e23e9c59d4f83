import pytest

from tests.rules.runs import SOUND, cause, changes, fallen_to_nothing, flat, frozen, healthy, judge, ranked
from tracker_diag import Severity

NAME = "dead-relu"


@pytest.mark.parametrize("curves", [flat(), frozen()], ids=["flat", "frozen"])
def test_among_the_first_causes_of_a_rectified_network_that_does_not_move(curves):
    report = judge(curves, {**SOUND, "activation": "relu", "lr": 1.0})
    assert NAME in ranked(report)[:3]
    assert "kill a layer" in cause(report, NAME).why


def test_prescribes_a_leaky_unit_in_the_run_s_own_name():
    report = judge(flat(), {"num_classes": 10, "net.act_fn": "ReLU"})
    assert changes(report, NAME) == {"net.act_fn": ("relu", "leaky_relu"), "initialiser": (None, "he")}


def test_a_rate_beyond_the_usual_is_lowered_too():
    changed = changes(judge(flat(), {**SOUND, "activation": "relu", "lr": 1.0, "init": "kaiming"}), NAME)
    assert changed["lr"][0] == 1.0
    assert changed["lr"][1] < 0.005
    assert "init" not in changed


def test_the_loss_may_have_come_down_to_where_only_the_bias_learns():
    assert NAME in ranked(judge(fallen_to_nothing(), {**SOUND, "activation": "relu", "lr": 1.0}))


@pytest.mark.parametrize("word", ["leaky_relu", "gelu", "tanh", "elu", "selu"])
def test_other_units_do_not_die(word):
    named = cause(judge(flat(), {**SOUND, "activation": word}), NAME)
    assert named is None or (named.score < 0.05 and named.prescription.changes == ())


def test_silent_where_the_run_learns():
    report = judge(healthy(), {**SOUND, "activation": "relu", "lr": 1.0, "layers": 30})
    assert cause(report, NAME) is None
    assert report.severity.rank <= Severity.INFO.rank
