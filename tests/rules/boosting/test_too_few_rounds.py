import math

import numpy as np
import pytest

from tests.rules.boosted import NOTHING, grown, shrinking, sound
from tests.rules.runs import SOUND, cause, changes, found, judge, ranked, undertrained
from tracker_diag import Severity

NAME = "too-few-rounds"


def short(rounds=20, rate=0.05, **params):
    return grown(shrinking(0.05, rate, rounds=rounds), shrinking(0.1, rate, rounds=rounds), eta=rate, **params)


def test_the_first_cause_where_the_loss_still_falls_when_the_rounds_run_out():
    report = short()
    assert report.verdict in ("undertrained", "slow-convergence")
    assert ranked(report)[0] == NAME
    assert found(report, "BO1001").severity is Severity.WARNING
    assert "20 rounds at learning rate 0.05" in found(report, "BO1001").message


def test_the_rounds_are_raised_at_least_until_a_hundredth_of_what_each_tree_fits_is_left():
    before, after = changes(short(), NAME)["num_boost_round"]
    assert before == 20
    assert after >= math.log(0.01) / math.log(1 - 0.05)
    assert "num_boost_round" in cause(short(), NAME).prescription.text


@pytest.mark.parametrize(("rate", "rounds"), [(0.001, 100), (0.0001, 100), (0.005, 60)])
def test_the_rate_is_raised_where_the_rounds_leave_more_than_half(rate, rounds):
    report = short(rounds, rate)
    assert ranked(report)[0] == NAME
    assert changes(report, NAME)["eta"] == (rate, 0.1)
    assert f"leave {(1 - rate) ** rounds:.0%} of the error or more" in cause(report, NAME).why


def test_a_rate_so_low_that_nothing_else_sees_the_loss_fall():
    report = short(100, 0.0001)
    assert ranked(report)[0] == NAME
    assert "fell at each of the 100 recorded values" in cause(report, NAME).why
    assert cause(report, "constant-input") is None


def test_how_far_the_rate_counts_for_what_it_leaves():
    assert "leave" not in cause(short(20, 0.05), NAME).why
    assert (1 - 0.05) ** 20 < 0.5


def test_the_objective_tells_that_it_is_boosting_and_the_curves_are_enough():
    curves = {"train-logloss": shrinking(0.05, 0.05, rounds=20), "eval-logloss": shrinking(0.1, 0.05, rounds=20)}
    report = judge(curves, {"objective": "binary:logistic", "num_classes": 2})
    assert ranked(report)[0] == NAME
    assert cause(report, NAME).prescription.changes == ()


def test_the_words_are_of_rounds():
    said = " ".join(f.message + f.advice for f in short().findings)
    assert "epoch" not in said
    assert "trees" in said


def test_silent_where_the_curves_have_settled():
    assert sound().severity is Severity.OK
    assert cause(sound(), NAME) is None


def test_silent_while_the_run_is_going():
    curves = shrinking(0.05, 0.05, rounds=20), shrinking(0.1, 0.05, rounds=20)
    assert cause(grown(*curves, {"status": "RUNNING"}, eta=0.05), NAME) is None


def test_silent_where_early_stopping_ended_the_run():
    val = shrinking(0.1, rounds=60)
    val[50:] = val[49] + 0.001 * np.arange(1, 11)
    assert cause(grown(shrinking(0.05, rounds=60), val, num_boost_round=500, early_stopping_rounds=10), NAME) is None


def test_a_network_is_told_of_epochs():
    report = judge(undertrained(), SOUND)
    assert "too-few-epochs" in ranked(report)
    assert cause(report, NAME) is None


def test_a_rate_of_one_or_more_leaves_nothing():
    report = grown(shrinking(0.05, 0.05, rounds=20), shrinking(0.1, 0.05, rounds=20), eta=1)
    assert "leave" not in cause(report, NAME).why
    assert NOTHING > 0
