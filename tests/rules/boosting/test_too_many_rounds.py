import numpy as np
import pytest

from tests.rules.boosted import NOTHING, grown, shrinking, sound, turned
from tests.rules.runs import SOUND, cause, changes, found, judge, overfitting, ranked
from tracker_diag import Run, Severity, diagnose

NAME = "too-many-rounds"
TRAIN = shrinking(0.02, fits=0.4, rounds=200)


def test_the_first_cause_where_validation_turned():
    report = grown(TRAIN, turned(0.3, 40, 0.3))
    assert report.verdict == "overfitting"
    assert ranked(report)[0] == NAME
    assert found(report, "BO1002").severity is Severity.WARNING
    share, step = 1 - 42 / 200, 41
    assert f"{share:.0%} of the rounds" in found(report, "BO1002").message
    assert f"at step {step}" in found(report, "BO1002").message


def test_the_rounds_are_lowered_to_the_best_one_counted_from_one():
    val = turned(0.3, 40, 0.3)
    before, after = changes(grown(TRAIN, val), NAME)["num_boost_round"]
    assert before == 200
    assert abs(after - (int(np.argmin(val)) + 1)) <= 3
    assert "early_stopping_rounds" in cause(grown(TRAIN, val), NAME).prescription.text


def early(rise):
    """Best in the first rounds of many, then worse for good: too few values on one side for a test of the turn."""
    val = np.full(2000, 0.55 + rise)
    val[:4] = NOTHING, 0.6, 0.55, 0.57
    return grown(shrinking(0.001, fits=0.4, rounds=2000), val)


def test_a_turn_in_the_first_rounds_is_seen_where_validation_has_left_its_best_for_good():
    # A rise of half of what validation gained (NOTHING - 0.55).
    report = early(0.07)
    assert ranked(report)[0] == NAME
    assert report.severity is Severity.WARNING
    assert changes(report, NAME)["num_boost_round"] == (2000, 3)


def test_silent_where_the_rise_is_small():
    assert cause(early(0.005), NAME) is None


@pytest.mark.parametrize("rounds", [20, 200])
def test_silent_on_a_sound_run(rounds):
    assert cause(sound(rounds), NAME) is None


def test_silent_on_what_patience_costs():
    """Fifty rounds beyond the best, a hundredth worse."""
    report = grown(shrinking(0.02, fits=0.5, rounds=150), turned(0.2, 100, 0.004, 150), early_stopping_rounds=50)
    assert report.severity.rank <= Severity.INFO.rank
    assert cause(report, NAME) is None


def test_early_stopping_speaks_against_it():
    stopping = grown(TRAIN, turned(0.3, 40, 0.3), early_stopping_rounds=500)
    assert "early stopping is configured" in cause(stopping, NAME).why


def test_it_takes_the_place_of_no_early_stopping_for_trees_alone():
    report = grown(TRAIN, turned(0.3, 40, 0.3))
    assert cause(report, "no-early-stopping") is None
    assert cause(report, "label-noise") is None
    network = judge(overfitting(), SOUND)
    assert cause(network, "no-early-stopping") is not None
    assert cause(network, NAME) is None


def test_a_loss_in_other_units_changes_nothing():
    factor = 1000.0
    curves = {"train-rmse": factor * TRAIN, "validation-rmse": factor * turned(0.3, 40, 0.3)}
    report = judge(curves, {"objective": "reg:squarederror", "eta": 0.1, "num_boost_round": 200, "num_classes": None})
    assert ranked(report)[0] == NAME


def test_rounds_are_counted_by_steps_where_not_all_are_recorded():
    """Two thousand rounds, logged every tenth: the best of 200 records is not the forty-first round."""
    steps = np.arange(0, 2000, 10)
    val = 0.5 + 0.4 * np.exp(-steps / 60) + 0.0003 * np.clip(steps - 400, 0, None)
    train = 0.7 * np.exp(-steps / 150)
    run = Run.from_dict(
        {
            "id": "r",
            "params": {"objective": "binary:logistic", "num_boost_round": 2000, "eta": 0.1},
            "metrics": {
                "train-logloss": [[int(s), float(v)] for s, v in zip(steps, train, strict=True)],
                "validation-logloss": [[int(s), float(v)] for s, v in zip(steps, val, strict=True)],
            },
        }
    )
    told = next(c for c in diagnose(run).causes if c.name == "too-many-rounds")
    (change,) = told.prescription.changes
    assert change.before == 2000
    assert abs(change.after - steps[val.argmin()]) <= 80
