import pytest

from tests.rules.runs import SOUND, cause, changes, gap, healthy, judge, overfitting, ranked
from tracker_diag import Severity

NAME = "too-many-hidden-units"
WIDE = {**SOUND, "hidden_units": 4096, "n_train": 3000}


def test_a_wide_network_that_validation_stays_behind():
    report = judge(gap(), WIDE)
    assert NAME in ranked(report)
    assert changes(report, NAME) == {"hidden_units": (4096, 1024)}


def test_the_best_step_comes_before_another_width():
    assert set(changes(judge(overfitting(), WIDE), NAME)) == {"epochs"}


def test_among_the_first_three_of_an_overfitting_run():
    assert NAME in ranked(judge(overfitting(), WIDE))[:3]


def test_several_layers_are_narrowed_together():
    report = judge(gap(), {**WIDE, "hidden_units": None, "units": "(2048, 512, 16)"})
    assert changes(report, NAME) == {"units": ([2048, 512, 16], [512, 128, 16])}


@pytest.mark.parametrize("params", [{"hidden_units": 64}, {"pretrained": True}, {"hidden_units": 100}], ids=str)
def test_silent_within_ten_units_a_class_and_for_pretrained_models(params):
    assert cause(judge(overfitting(), {**WIDE, **params}), NAME) is None


def test_wide_networks_that_generalise_are_sound():
    report = judge(healthy(), WIDE)
    assert cause(report, NAME) is None
    assert report.severity.rank <= Severity.INFO.rank
