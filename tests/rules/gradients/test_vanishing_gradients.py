import math

import pytest

from tests.rules.networks import network
from tests.rules.runs import EPOCHS, SOUND, cause, changes, flat, found, healthy, judge, ranked, slow
from tests.watched_runs import by_layer
from tracker_diag import Severity

NAME = "vanishing-gradients"


def test_the_first_cause_of_a_deep_network_of_sigmoids_that_does_not_move():
    report = judge(flat(), {**SOUND, "activation": "sigmoid", "layers": 20})
    assert ranked(report)[0] == NAME
    assert found(report, "GR602").severity is Severity.WARNING


def test_fewer_layers_in_the_run_s_own_name():
    report = judge(flat(), {"num_classes": 10, "net/num_layers": 20, "activation": "tanh"})
    assert changes(report, NAME) == {"net/num_layers": (20, 4), "activation": ("tanh", "relu")}
    rectified = judge(flat(), {"num_classes": 10, "net/num_layers": 20, "activation": "gelu"})
    assert changes(rectified, NAME) == {"net/num_layers": (20, 4)}


def test_a_logged_norm_of_next_to_nothing_decides():
    report = judge({**flat(), "grad_norm": [1e-9] * EPOCHS}, SOUND)
    assert ranked(report)[0] == NAME
    assert "the median gradient norm is 1e-9" in cause(report, NAME).why


def test_an_ordinary_norm_clears_it():
    assert cause(judge({**flat(), "grad_norm": [1.0] * EPOCHS}, SOUND), NAME) is None


def test_depth_by_design_is_no_reason():
    plain = cause(judge(flat(), {**SOUND, "layers": 50}), NAME).score
    for built in ({"residual": True}, {"norm": "batch"}, {"pretrained": True}):
        named = cause(judge(flat(), {**SOUND, "layers": 50, **built}), NAME)
        assert named is None or named.score < plain
    assert cause(judge(flat(), {**SOUND, "layers": 50, "norm": "none"}), NAME).score == pytest.approx(plain)


def test_three_layers_do_not_vanish():
    assert ranked(judge(flat(), {**SOUND, "layers": 3}))[0] != NAME


def test_on_a_healthy_run_depth_and_sigmoids_are_at_most_info():
    report = judge(healthy(), {**SOUND, "activation": "sigmoid", "layers": 100})
    assert report.severity.rank <= Severity.INFO.rank


def test_the_layers_of_the_network_say_how_many_saturate():
    deep = judge(flat(), SOUND, model=network(32, 32, 32, 32, 32, activation="sigmoid"))
    assert ranked(deep)[0] == NAME
    assert "5 layers use sigmoid" in cause(deep, NAME).why
    shallow = judge(flat(), SOUND, model=network(32, 32, activation="sigmoid"))
    assert cause(shallow, NAME) is None or cause(shallow, NAME).score < cause(deep, NAME).score


def test_normalised_layers_keep_their_gradient():
    model = network(*[32] * 5, activation="sigmoid")
    model["layers"].insert(1, {"type": "BatchNormalization"})
    named = cause(judge(flat(), SOUND, model=model), NAME)
    assert named is None or "layers use sigmoid" not in named.why


def test_a_deep_sound_network_of_saturating_layers_is_at_most_info():
    report = judge(healthy(), SOUND, model=network(*[32] * 12, activation="tanh"))
    assert report.severity.rank <= Severity.INFO.rank


def norms(*layers, looks=20):
    return by_layer("grad_norm", layers, looks)


LOST = (1e-7, 1e-5, 1e-2, 1.0)


@pytest.mark.parametrize("curves", [flat(), slow()], ids=["flat", "slow"])
def test_the_first_cause_where_the_first_layer_gets_none_of_the_gradient(curves):
    report = judge({**curves, **norms(*LOST)}, SOUND)
    assert ranked(report)[0] == NAME
    assert "the gradient of fc0 is 1e-7 times that of fc3" in cause(report, NAME).why


def test_a_warning_where_the_loss_does_not_move_either():
    assert found(judge({**flat(), **norms(*LOST)}, SOUND), "GR602").severity is Severity.WARNING


def test_a_gradient_that_arrives_clears_it():
    arrives = {**flat(), **norms(0.5, 1.0, 1.0, 1.0)}
    named = cause(judge(arrives, {**SOUND, "activation": "sigmoid", "layers": 20}), NAME)
    assert named is None or named.score < 0.1


@pytest.mark.parametrize(("first", "lost"), [(0.99e-4, True), (1.01e-4, False)])
def test_a_ten_thousandth_is_lost(first, lost):
    report = judge({**slow(), **norms(first, 1.0, 1.0, 1.0)}, SOUND)
    assert (cause(report, NAME) is not None) == lost


@pytest.mark.parametrize(
    "layers",
    [
        # Three layers lose nothing on the way.
        LOST[1:],
        # Nothing came in.
        (1e-9, 1e-9, 1e-9, 0.0),
        (math.nan, math.nan, 1.0, 1.0),
        (-1.0, 1.0, 1.0, -1.0),
    ],
    ids=str,
)
def test_what_says_nothing_of_the_way_back(layers):
    plain, watched = (cause(judge(c, SOUND), NAME) for c in (flat(), {**flat(), **norms(*layers)}))
    assert "the gradient of" not in watched.why
    assert watched.score == pytest.approx(plain.score, rel=0.3)


def test_layers_of_unknown_order_say_nothing():
    other = dict(zip(("grad_norm/conv", "grad_norm/dense", "grad_norm/out", "grad_norm/x"), LOST, strict=True))
    unordered = {name: [norm] * EPOCHS for name, norm in other.items()}
    named = cause(judge({**flat(), **unordered}, SOUND), NAME)
    assert named is None or "the gradient of" not in named.why


def test_one_look_at_layers_is_enough():
    assert ranked(judge({**flat(), **norms(*LOST, looks=1)}, SOUND))[0] == NAME


def test_a_run_that_learned_did_not_lose_its_gradient():
    assert judge({**healthy(), **norms(*LOST)}, SOUND).severity.rank <= Severity.INFO.rank
