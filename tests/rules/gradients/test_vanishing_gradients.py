import pytest

from tests.rules.networks import network
from tests.rules.runs import EPOCHS, SOUND, cause, changes, flat, found, healthy, judge, ranked
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
    assert "the median gradient norm is 1e-09" in cause(report, NAME).why


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
    assert "5 layers of sigmoid" in cause(deep, NAME).why
    shallow = judge(flat(), SOUND, model=network(32, 32, activation="sigmoid"))
    assert cause(shallow, NAME) is None or cause(shallow, NAME).score < cause(deep, NAME).score


def test_normalised_layers_keep_their_gradient():
    model = network(*[32] * 5, activation="sigmoid")
    model["layers"].insert(1, {"type": "BatchNormalization"})
    named = cause(judge(flat(), SOUND, model=model), NAME)
    assert named is None or "layers of sigmoid" not in named.why


def test_a_deep_sound_network_of_saturating_layers_is_at_most_info():
    report = judge(healthy(), SOUND, model=network(*[32] * 12, activation="tanh"))
    assert report.severity.rank <= Severity.INFO.rank
