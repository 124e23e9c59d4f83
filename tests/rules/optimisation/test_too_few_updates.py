import re

import pytest

from tests.rules.runs import (
    NOTHING,
    SOUND,
    cause,
    changes,
    diverged,
    healthy,
    high_level,
    judge,
    ranked,
    undertrained,
)
from tracker_diag import Severity

FEW = {**SOUND, "epochs": 60, "batch_size": 512, "n_train": 512}


def test_a_run_that_still_falls_had_too_few_epochs():
    report = judge(undertrained(), SOUND)
    assert ranked(report)[0] == "too-few-epochs"
    assert cause(report, "too-few-epochs").score > 0.5


def test_the_number_of_epochs_is_the_extrapolation_s_and_bounded():
    ((name, (before, after)),) = changes(
        judge(undertrained(), {"num_classes": 10, "max_epochs": 60}), "too-few-epochs"
    ).items()
    assert (name, before) == ("max_epochs", 60)
    assert isinstance(after, int)
    assert 60 < after <= 600


def test_sixty_updates_in_all_are_few():
    report = judge(high_level(), FEW)
    assert "too-few-updates" in ranked(report)[:3]
    assert "only 60 updates" in cause(report, "too-few-updates").why
    assert changes(report, "too-few-updates") == {"batch_size": (512, 32)}


def test_with_small_batches_more_epochs_are_the_way_to_more_updates():
    report = judge(high_level(), {**FEW, "batch_size": 32, "n_train": 32})
    ((name, (before, after)),) = changes(report, "too-few-updates").items()
    assert name == "epochs"
    assert after >= 2 * before


def test_silent_where_a_settled_run_made_updates_enough():
    report = judge(healthy(), {**SOUND, "n_train": 50_000})
    assert not {"too-few-updates", "too-few-epochs"} & set(ranked(report))


@pytest.mark.parametrize("epochs", [1, 60])
def test_few_updates_on_a_healthy_run_are_at_most_info(epochs):
    assert judge(healthy(), {**FEW, "epochs": epochs}).severity.rank <= Severity.INFO.rank


def test_more_of_the_same_is_no_remedy_for_a_run_that_is_lost():
    assert ranked(judge(diverged(), FEW))[0] != "too-few-updates"


def test_a_run_that_was_broken_off_is_told_to_go_on_and_not_to_plan_more():
    curves = {name: curve[:20] for name, curve in undertrained().items()}
    report = judge(curves, {"num_classes": 10, "epochs": 400}, status="KILLED")
    named = cause(report, "too-few-epochs")
    assert named is not None
    assert named.prescription.changes == ()
    assert "only 20 of the 400 planned epochs" in named.prescription.text


@pytest.mark.parametrize(("first", "told"), [(2.9, False), (3.1, True)])
def test_a_run_that_began_far_off_has_another_reason_to_be_slow(first, told):
    curves = undertrained()
    for name in ("train_loss", "val_loss"):
        curves[name][0] = first * NOTHING
    why = cause(judge(curves, SOUND), "too-few-epochs").why
    assert (re.search(rf"first .*loss.* {first:.3g} times", why) is not None) == told
