import math

import numpy as np
import pytest

from tests.rules.datasets import healthy as sound_data
from tests.rules.datasets import table
from tests.rules.networks import network
from tests.rules.runs import (
    SOUND,
    cause,
    changes,
    diverged,
    flat,
    found,
    healthy,
    judge,
    ranked,
    skipped,
    slow,
    steep,
    swinging,
)
from tests.watched_runs import seen
from tracker_diag import Severity, profile_data

NAME = "unscaled-inputs"


def large(factor=1000.0):
    X, y = table()
    return profile_data(X * factor, y)


@pytest.mark.parametrize("curves", [steep(), diverged(0)], ids=["begins far above", "lost at once at a usual rate"])
def test_the_first_cause_of_a_run_that_begins_where_inputs_out_of_scale_begin(curves):
    assert ranked(judge(curves, SOUND))[0] == NAME


def test_a_profile_makes_it_a_warning():
    report = judge(steep(), SOUND, profile=large())
    assert ranked(report)[0] == NAME
    assert found(report, "PP301").severity is Severity.WARNING


def test_prescribes_in_the_run_s_own_name():
    report = judge(steep(), {"num_classes": 10, "data.scaler": "none"})
    ((name, (_, after)),) = changes(report, NAME).items()
    assert (name, after) == ("data.scaler", "standard")


def test_what_is_standardised_is_not_standardised_again():
    named = cause(judge(steep(), {**SOUND, "scaler": "StandardScaler"}, profile=large()), NAME)
    assert named is None or named.prescription.changes == ()


def test_inputs_of_unit_scale_clear_it():
    assert cause(judge(steep(), SOUND, profile=sound_data()), NAME) is None


def test_token_ids_are_no_measure():
    ids = np.random.default_rng(0).integers(0, 50_000, size=(600, 8)).astype(str)
    _, y = table()
    report = judge(healthy(), SOUND, profile=profile_data(ids, y))
    assert found(report, "PP301") is None or found(report, "PP301").severity is Severity.INFO


def test_trees_and_boosting_need_no_scaling():
    report = judge(steep(), {**SOUND, "booster": "gbtree"}, profile=large())
    assert "trees" in skipped(report, "PP301")


@pytest.mark.parametrize("curves", [healthy(), flat()], ids=["healthy", "flat"])
def test_silent_where_the_first_loss_is_in_its_place(curves):
    assert cause(judge(curves, SOUND), NAME) is None


@pytest.mark.parametrize("scaler", ["none", "raw", False])
def test_no_scaler_on_a_healthy_run_is_at_most_info(scaler):
    assert judge(healthy(), {**SOUND, "scaler": scaler}).severity.rank <= Severity.INFO.rank


def fed(mean=120.0, deviation=60.0, looks=20, **more):
    return seen(looks, input_mean=mean, input_std=deviation, **more)


@pytest.mark.parametrize("curves", [flat(), slow(), swinging()], ids=["flat", "slow", "swings"])
def test_the_first_cause_where_a_callback_saw_large_inputs(curves):
    assert cause(judge(curves, SOUND), NAME) is None
    report = judge({**curves, **fed()}, SOUND)
    assert ranked(report)[0] == NAME
    assert found(report, "PP301").severity is Severity.WARNING
    assert "network inputs have mean 120 and standard deviation 60" in cause(report, NAME).why


@pytest.mark.parametrize(
    ("mean", "deviation", "told"),
    [
        (0.0, 10.0, False),
        (0.0, 10.1, True),
        (-10.1, 0.0, True),
        (0.0, 1.0, False),
        (0.0, 0.01, False),
        (0.0, 0.009, True),
        # Nothing but zeros is another trouble.
        (0.0, 0.0, False),
        (math.nan, 60.0, False),
        (120.0, math.inf, False),
    ],
)
def test_the_size_of_what_reaches_the_network(mean, deviation, told):
    assert (cause(judge({**slow(), **fed(mean, deviation)}, SOUND), NAME) is not None) == told


def test_from_thirty_on_they_are_certainly_unscaled():
    below, above = (found(judge({**slow(), **fed(0.0, size)}, SOUND), "PP301").evidence for size in (30.0, 30.1))
    assert above["odds"] > 5 * below["odds"] > 5


def test_inputs_of_unit_scale_in_the_batches_clear_it():
    assert ranked(judge(steep(), SOUND))[0] == NAME
    assert cause(judge({**steep(), **fed(0.0, 1.0)}, SOUND), NAME) is None


def test_what_reaches_the_network_is_surer_than_a_profile_of_what_was_there_before():
    assert cause(judge({**steep(), **fed(0.0, 1.0)}, SOUND, profile=large()), NAME) is None


@pytest.mark.parametrize(("ratio", "said"), [(99.0, False), (100.0, True)])
def test_where_some_columns_are_large_and_not_all(ratio, said):
    named = cause(judge({**slow(), **fed(input_scale_ratio=ratio)}, SOUND), NAME)
    assert ("so only some columns are large" in named.why) == said


def test_columns_of_which_some_are_large_are_a_cause_of_their_own():
    report = judge({**slow(), **fed(input_scale_ratio=1e4)}, SOUND)
    assert ranked(report)[0] == "mixed-feature-scales"


@pytest.mark.parametrize("first", ["Rescaling", "BatchNormalization", "LayerNorm"])
def test_a_network_that_scales_its_inputs_itself_may_be_fed_large_ones(first):
    model = network(64)
    model["layers"].insert(0, {"type": first})
    assert cause(judge({**slow(), **fed()}, SOUND, model=model), NAME) is None
    model["layers"].append(model["layers"].pop(0))
    assert cause(judge({**slow(), **fed()}, SOUND, model=model), NAME) is not None


def test_a_run_that_learned_speaks_against_it():
    learned, slowly = (cause(judge({**c, **fed()}, SOUND), NAME) for c in (healthy(), slow()))
    assert learned.score < slowly.score
    assert "the run learned anyway" in learned.why


def test_looks_at_batches_need_no_curves():
    assert ranked(judge(fed(looks=1), SOUND))[0] == NAME
    assert skipped(judge({"x": [1.0, 2.0]}, SOUND), "PP301") == "no curves, and no callback looked at batches"
