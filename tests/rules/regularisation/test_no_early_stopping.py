from typing import Any

import numpy as np
import pytest

from tests.rules.asked import curve, turned
from tests.rules.runs import EPOCHS, SOUND, a_run, cause, changes, found, healthy, judge, overfitting, ranked
from tracker_diag import Severity, diagnose
from tracker_diag.core.finding import Finding
from tracker_diag.evidence.features import Features
from tracker_diag.evidence.symptoms import Symptoms
from tracker_diag.rules.hypothesis import Hypothesis
from tracker_diag.rules.regularisation.no_early_stopping import Likelihoods
from tracker_diag.rules.regularisation.no_early_stopping import no_early_stopping as the_rule

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
    assert "validation had improved before it got worse" in learned.why
    never = overfitting()
    never["val_loss"] = 2.3 + 0.03 * np.arange(EPOCHS) + np.random.default_rng(2).normal(0, 0.01, EPOCHS)
    named = cause(judge(never, SOUND), NAME)
    assert named is None or "had improved" not in named.why


def test_before_exotic_causes_where_only_the_curves_are_known():
    names = ranked(judge(overfitting(), {"num_classes": None}))
    assert names[0] == NAME


def told(high_step: float = 30.0, **inputs: Any) -> Hypothesis | None:
    """What is said of sixty epochs of which the best is step 24, and step 30 at the latest."""
    val = curve(np.ones(60), "val_loss", turning=turned(24, 1.0, 1.5, high_step=high_step))
    overfits = Finding("LC104", "overfitting", Severity.WARNING, 0.9, "", "", span=(24.0, 59.0))
    usual = {
        "explained": None,
        "features": Features(),
        "symptoms": Symptoms("overfitting", {"overfitting": overfits}),
        "held_out": val,
        "names": {},
        "epochs": 60,
        "early_stopping": None,
    }
    said = the_rule.check(**{**usual, **inputs})
    assert said is None or isinstance(said, Hypothesis)
    return said


def test_what_is_said_of_a_run_of_which_35_of_60_epochs_came_after():
    said = told()
    assert said.message == "58% of the run came after the best checkpoint at step 24"
    assert said.advice == "stop at step 24 and keep that checkpoint: reduce epochs from 60 to 25"
    assert said.span == (24.0, 59.0)
    assert [o.key for o in said.observations] == ["WENT_ON", "ALL_EPOCHS"]
    # Twice as much where all came after as where nothing did.
    assert said.observations[0].ratio == pytest.approx(Likelihoods.WENT_ON.value * (1 + 35 / 60))
    assert Likelihoods.WENT_ON.most == 2 * Likelihoods.WENT_ON.value
    # Of itself it is the cause of few runs.
    assert said.prior < 0.1


@pytest.mark.parametrize(("high_step", "seen"), [(41.0, True), (42.0, False)])
def test_three_tenths_surely_came_after(high_step, seen):
    """Eighteen of sixty epochs, and seventeen."""
    assert (told(high_step) is not None) == seen


@pytest.mark.parametrize(
    ("early", "epochs", "rows"),
    [
        (True, 60, ["WENT_ON", "STOPPING"]),
        (None, 60, ["WENT_ON", "ALL_EPOCHS"]),
        (False, None, ["WENT_ON"]),
        (True, None, ["WENT_ON", "STOPPING"]),
    ],
)
def test_what_the_configuration_adds(early, epochs, rows):
    said = told(early_stopping=early, epochs=epochs)
    assert [o.key for o in said.observations] == rows
    assert Likelihoods.STOPPING.value < 1 < Likelihoods.ALL_EPOCHS.value < Likelihoods.WENT_ON.value


def test_silent_where_nothing_overfits():
    assert told(symptoms=Symptoms("good-fit", {})) is None
