import numpy as np
import pytest

from tests.rules.datasets import healthy as sound_data
from tests.rules.datasets import table
from tests.rules.runs import SOUND, cause, changes, diverged, flat, found, healthy, judge, ranked, skipped, steep
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
