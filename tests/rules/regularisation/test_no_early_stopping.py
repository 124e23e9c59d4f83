import numpy as np
import pytest

from tests.rules.runs import EPOCHS, SOUND, a_run, cause, changes, found, healthy, judge, overfitting, ranked
from tracker_diag import Severity, diagnose

NAME = "no-early-stopping"


def test_among_the_first_causes_of_a_run_that_went_on_past_its_best():
    report = judge(overfitting(), SOUND)
    assert NAME in ranked(report)[:3]
    ((name, (before, after)),) = changes(report, NAME).items()
    assert (name, before) == ("epochs", EPOCHS)
    assert 10 <= after <= 22


def test_the_number_counts_epochs_even_where_the_steps_are_updates():
    report = judge(overfitting(), {"num_classes": 10, "train.max_epochs": 60})
    stretched = {n: [[100 * i, float(v)] for i, v in enumerate(y)] for n, y in overfitting().items()}
    again = diagnose(a_run(overfitting(), {"num_classes": 10, "train.max_epochs": 60}, metrics=stretched))
    assert changes(again, NAME) == changes(report, NAME)


def test_configured_early_stopping_speaks_against_it():
    plain = cause(judge(overfitting(), SOUND), NAME).score
    stopped = cause(judge(overfitting(), {**SOUND, "early_stopping": True}), NAME)
    assert stopped is None or stopped.score < plain


def test_the_lowest_point_of_a_plateau_is_noise():
    rng = np.random.default_rng(5)
    for _ in range(10):
        curves = healthy()
        curves["val_loss"] = curves["val_loss"] + rng.normal(0, 0.01, EPOCHS)
        assert found(judge(curves, SOUND), "RG803") is None


@pytest.mark.parametrize("early", [None, False])
def test_silent_on_a_healthy_run(early):
    report = judge(healthy(), {**SOUND, "epochs": 100_000, "early_stopping": early})
    assert cause(report, NAME) is None
    assert report.severity.rank <= Severity.INFO.rank


def test_surer_where_validation_had_learned_before_it_turned():
    learned = cause(judge(overfitting(), SOUND), NAME)
    assert "validation had learned before it turned" in learned.why
    never = overfitting()
    never["val_loss"] = 2.3 + 0.03 * np.arange(EPOCHS) + np.random.default_rng(2).normal(0, 0.01, EPOCHS)
    named = cause(judge(never, SOUND), NAME)
    assert named is None or "had learned" not in named.why


def test_before_exotic_causes_where_only_the_curves_are_known():
    names = ranked(judge(overfitting(), {"num_classes": None}))
    assert names[0] == NAME
