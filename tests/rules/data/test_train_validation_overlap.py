import numpy as np
import pytest

from tests.rules.datasets import finding, healthy, learned, skipped, table
from tracker_diag import Severity, profile_data


def test_half_of_validation_in_training_is_a_warning_however_good_the_curves():
    X, y = table()
    found = finding("DS213", profile_data(X[:400], y[:400], X[300:500], y[300:500]), learned())
    assert found.severity is Severity.WARNING
    assert "50% of the validation examples also occur in training" in found.message


def test_a_single_copy_is_no_warning():
    X, y = table(1200)
    found = finding("DS213", profile_data(X[:1000], y[:1000], X[990:1200], y[990:1200]), learned())
    assert found.severity is Severity.INFO


def test_found_in_single_precision_too():
    X, y = table()
    held = X[100:200].astype(np.float32)
    assert "100%" in finding("DS213", profile_data(X, y, held, y[100:200])).message


def test_silent_without_any():
    assert finding("DS213", healthy(), learned()) is None


def test_silent_where_a_table_repeats_itself_by_chance():
    X = np.random.default_rng(0).integers(0, 4, size=(900, 3))
    profile = profile_data(X[:600], None, X[600:])
    assert profile["overlap"]["share"] == 1.0
    assert finding("DS213", profile) is None


def declared(*pairs):
    return [{"name": "d", "digest": digest, "context": context} for context, digest in pairs]


SAME = declared(("training", "abc"), ("eval", "abc"))


def test_one_digest_for_both_sides():
    same = finding("DS213", datasets=SAME, curves=learned())
    assert same.severity is Severity.WARNING
    assert "hold out validation examples" in same.advice
    assert finding("DS213", datasets=declared(("training", "abc"), ("eval", "def")), curves=learned()) is None


def test_the_training_set_is_evaluated_to_draw_its_curve():
    only = {"train_loss": learned()["train_loss"]}
    assert skipped("DS213", datasets=SAME, curves=only) == "the logged dataset holds no statistics"
    counted = [{**i, "profile": {"num_rows": 9}} for i in SAME]
    assert "which examples training and validation hold" in skipped("DS213", datasets=counted, curves=only)
    assert finding("DS213", datasets=[*SAME, *declared(("eval", "def"))], curves=learned()) is None


def test_what_is_called_validation_is_held_to_it():
    called = declared(("training", "abc"), ("validation", "abc"))
    assert finding("DS213", datasets=called).severity is Severity.WARNING


def test_one_side_alone_says_nothing():
    assert skipped("DS213", datasets=[{"name": "d", "digest": "abc", "context": "training"}])


@pytest.mark.parametrize("how", [{"tags": {"diag.control": "tiny-subset"}}, {"params": {"overfit_batches": 1}}])
def test_controls_may_be_judged_on_what_they_memorise(how):
    X, y = table()
    assert "control" in skipped("DS213", profile_data(X, y, X, y), **how)
