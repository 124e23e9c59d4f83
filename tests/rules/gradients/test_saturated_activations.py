import math

import pytest

from tests.rules.runs import SOUND, cause, changes, flat, found, healthy, judge, ranked, skipped, slow
from tests.watched_runs import by_layer, seen
from tracker_diag import Severity

NAME = "saturated-activations"


def saturated(*shares, looks=20):
    return by_layer("saturated", shares, looks)


@pytest.mark.parametrize("curves", [flat(), slow()], ids=["flat", "slow"])
def test_the_first_cause_where_a_layer_lies_at_the_flat_ends(curves):
    assert cause(judge(curves, SOUND), NAME) is None
    report = judge({**curves, **saturated(0.1, 0.93)}, SOUND)
    assert ranked(report)[0] == NAME
    assert found(report, "GR604").severity is Severity.WARNING
    assert found(report, "GR604").message == "93% of the activations that go into layer fc1 are saturated"


@pytest.mark.parametrize(("share", "told"), [(0.499, False), (0.5, True)])
def test_half_of_a_layer_holds_learning_back(share, told):
    assert (cause(judge({**flat(), **saturated(share)}, SOUND), NAME) is not None) == told


def test_from_four_fifths_on_next_to_nothing_passes():
    below, above = (cause(judge({**flat(), **saturated(s)}, SOUND), NAME).score for s in (0.799, 0.8))
    assert below < 0.7
    assert above > 0.95


def test_silent_where_the_worst_layer_is_sound():
    report = judge({**flat(), **saturated(0.02, 0.3, 0.1)}, SOUND)
    assert cause(report, NAME) is None
    assert skipped(report, "GR604") is None


def test_layers_that_say_nothing_are_left_out():
    assert "fc1" in found(judge({**flat(), **saturated(math.nan, 0.9)}, SOUND), "GR604").message
    silent = judge({**flat(), **saturated(math.nan)}, SOUND)
    assert skipped(silent, "GR604") == "no share of saturated units is logged"


def test_the_middle_of_the_looks_counts():
    assert cause(judge({**flat(), **saturated([0.1] * 3 + [0.9] * 2)}, SOUND), NAME) is None
    assert cause(judge({**flat(), **saturated(0.9, looks=1)}, SOUND), NAME) is not None


def test_other_figures_of_layers_say_nothing_of_it():
    assert skipped(judge(flat(), SOUND), "GR604") == "no gradients, weights or activations per layer found"
    norms = {**flat(), **seen(grad_norm=1.0)}
    assert skipped(judge(norms, SOUND), "GR604") == "no share of saturated units is logged"


def test_a_run_that_learned_is_at_most_info_where_a_part_is_at_the_ends():
    report = judge({**healthy(), **saturated(0.6)}, SOUND)
    assert report.severity.rank <= Severity.INFO.rank
    assert "the run still reached a good fit" in cause(judge({**healthy(), **saturated(0.9)}, SOUND), NAME).why


def test_other_units_in_the_run_s_own_name():
    curves = {**flat(), **saturated(0.9)}
    report = judge(curves, {**SOUND, "net.act_fn": "tanh"})
    assert changes(report, NAME) == {"net.act_fn": ("tanh", "relu")}
    assert found(report, "GR604").advice.endswith("or use relu")


@pytest.mark.parametrize(
    "known", [{}, {"activation": "relu"}, {"activation": "gelu"}, {"activation": "tanh", "pretrained": True}], ids=str
)
def test_units_that_do_not_saturate_and_those_of_a_pretrained_network_stay(known):
    report = judge({**flat(), **saturated(0.9)}, {**SOUND, **known})
    assert changes(report, NAME) == {}
    assert "relu" not in found(report, "GR604").advice
