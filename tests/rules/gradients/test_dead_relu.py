import math

import pytest

from tests.rules.runs import (
    SOUND,
    cause,
    changes,
    fallen_to_nothing,
    flat,
    frozen,
    healthy,
    judge,
    ranked,
    slow,
    swinging,
)
from tests.watched_runs import by_layer
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


@pytest.mark.parametrize("curves", [flat(), slow(), swinging()], ids=["flat", "slow", "swings"])
def test_the_first_cause_where_a_callback_saw_a_dead_layer(curves):
    assert ranked(judge(curves, SOUND))[0] != NAME
    report = judge({**curves, **by_layer("dead", [0.1, 0.95])}, SOUND)
    assert ranked(report)[0] == NAME
    assert "95% of the ReLU units before layer fc1 output 0 for whole batches" in cause(report, NAME).why


def test_units_that_live_speak_against_it():
    report = judge({**flat(), **by_layer("dead", [0.1, 0.2])}, {**SOUND, "activation": "relu", "lr": 1.0})
    named = cause(report, NAME)
    assert named is None or named.score < 0.1
    assert NAME not in ranked(report)[:1]


@pytest.mark.parametrize(("share", "first"), [(0.599, False), (0.6, True)])
def test_many_dead_units_count_beside_a_loss_that_does_not_move(share, first):
    report = judge({**flat(), **by_layer("dead", [share])}, SOUND)
    assert (ranked(report)[0] == NAME) == first
    assert cause(judge({**slow(), **by_layer("dead", [share])}, SOUND), NAME) is None


@pytest.mark.parametrize(("share", "told"), [(0.899, False), (0.9, True)])
def test_a_layer_that_lets_nothing_through_needs_no_loss_that_stands(share, told):
    assert (cause(judge({**slow(), **by_layer("dead", [share])}, SOUND), NAME) is not None) == told


def test_the_middle_of_the_looks_at_the_worst_layer_counts():
    assert cause(judge({**slow(), **by_layer("dead", [[0.1] * 3 + [1.0] * 2])}, SOUND), NAME) is None
    assert "fc1" in cause(judge({**slow(), **by_layer("dead", [math.nan, 0.95], 1)}, SOUND), NAME).why


def test_dead_units_in_a_run_that_learned_are_at_most_info():
    for share in (0.7, 0.95):
        assert judge({**healthy(), **by_layer("dead", [share])}, SOUND).severity.rank <= Severity.INFO.rank
