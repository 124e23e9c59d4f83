import math

import numpy as np
import pytest

from tests.rules.datasets import finding, healthy, learned, lost, report, skipped, steep, table
from tests.rules.runs import NOTHING, SHAPES, SOUND, both, cause, falling, found, judge, noise
from tests.watched_runs import seen
from tracker_diag import Run, Severity, diagnose, profile_data

NAME = "mixed-feature-scales"


def mixed(ratio=1e5):
    X, y = table()
    X[:, 2] *= ratio
    return profile_data(X, y, feature_names=["age", "weight", "salary", "height"])


def test_names_the_features_and_asks_unit_or_importance():
    found = finding("PP302", mixed())
    assert "salary has scale " in found.message
    assert "standardise each feature (mean 0, standard deviation 1), unless its larger range is meant" in found.advice
    assert found.severity is Severity.WARNING


def test_a_run_that_learned_stays_green():
    assert finding("PP302", mixed(), learned(), {"num_classes": 2}).severity is Severity.INFO


def test_silent_within_two_orders_of_magnitude():
    assert finding("PP302", mixed(30.0)) is None
    assert finding("PP302", healthy(), learned()) is None


def test_indicators_and_constants_are_not_compared():
    X, y = table()
    X[:, 2] = np.arange(600) < 1
    X[:, 3] = 1e9
    assert finding("PP302", profile_data(X, y)) is None


def test_from_curves_alone_it_comes_below_unscaled_inputs():
    run = Run.from_dict({"id": "r", "metrics": steep(), "params": {"num_classes": 2}})
    names = [c.name for c in diagnose(run).causes]
    assert names[0] == "unscaled-inputs"
    assert "mixed-feature-scales" in names[1:3]


def test_with_a_profile_it_comes_above():
    run = Run.from_dict({"id": "r", "metrics": steep(), "params": {"num_classes": 2}, "profile": mixed()})
    names = [c.name for c in diagnose(run).causes]
    assert names[0] == "mixed-feature-scales"


def test_speaks_up_where_the_loss_was_lost_at_once_at_a_usual_rate():
    found = finding("PP302", None, lost(), {"optimizer": "adam", "lr": 1e-3})
    assert any("at a normal learning rate" in s for s in found.evidence["for"])


def test_trees_need_no_scaling():
    assert "trees" in skipped("PP302", mixed(), params={"booster": "gbtree", "num_leaves": 31})


def test_says_what_to_log_where_nothing_is_known():
    assert skipped("PP302")


def test_prescribes_in_the_run_s_own_name():
    changes = report("PP302", mixed(), params={"data.scaler": "none"}).causes[0].prescription.changes
    assert [(c.param, c.after) for c in changes] == [("data.scaler", "standard")]


@pytest.mark.parametrize(("left", "severity"), [(0.25, Severity.WARNING), (0.15, Severity.INFO)])
def test_features_a_thousand_times_apart_are_a_warning_where_the_run_falls_short(left, severity):
    X = np.random.default_rng(0).normal(size=(400, 6)) * np.array([0.05, 1, 10, 100, 1, 1])
    level = NOTHING * left
    curves = both(falling(level, 4) + noise(0.003, 1), falling(level * 1.02, 4) + noise(0.004, 2))
    told = found(judge(curves, SOUND, profile=profile_data(X, np.arange(400) % 10)), "PP302")
    assert told.severity is severity, told.evidence
    assert (
        "of chance level, as happens when features of small scale are ignored" in " ".join(told.evidence["for"])
    ) == (left > 0.2)


@pytest.mark.parametrize("shape", ["slow", "swinging", "gap"])
def test_the_first_cause_where_a_callback_saw_columns_far_apart(shape):
    curves = SHAPES[shape]()
    assert found(judge(curves, SOUND), "PP302") is None
    report_of_batches = judge({**curves, **seen(input_scale_ratio=1e5)}, SOUND)
    assert report_of_batches.causes[0].name == "mixed-feature-scales"
    assert "100,000 times" in found(report_of_batches, "PP302").message


@pytest.mark.parametrize(("ratio", "told"), [(99.9, False), (100.0, True), (math.nan, False), (-5.0, False)])
def test_two_orders_of_magnitude_between_columns(ratio, told):
    curves = {**SHAPES["slow"](), **seen(input_scale_ratio=ratio)}
    assert (found(judge(curves, SOUND), "PP302") is not None) == told


def test_columns_that_are_alike_speak_against_it():
    curves = SHAPES["steep"]()
    plain, alike = (cause(judge(c, SOUND), NAME) for c in (curves, {**curves, **seen(input_scale_ratio=2.0)}))
    assert alike is None or alike.score < plain.score


def test_a_profile_names_the_features_and_is_asked_first():
    told = found(judge({**SHAPES["slow"](), **seen(input_scale_ratio=2.0)}, SOUND, profile=mixed()), "PP302")
    assert "salary" in told.message


def test_columns_far_apart_in_a_run_that_learned_are_at_most_info():
    report_of_batches = judge({**SHAPES["healthy"](), **seen(input_scale_ratio=1e5)}, SOUND)
    assert report_of_batches.severity.rank <= Severity.INFO.rank
