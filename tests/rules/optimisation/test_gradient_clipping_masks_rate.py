import pytest

from tests.rules.runs import SOUND, cause, changes, found, healthy, judge, ranked, skipped, slow
from tracker_diag import Severity

NAME = "gradient-clipping-masks-rate"
PLAIN = {**SOUND, "optimizer": "sgd", "lr": 0.05}


def test_the_first_cause_of_a_slow_run_whose_clip_is_far_below_any_gradient():
    report = judge(slow(), {**PLAIN, "max_grad_norm": 1e-3})
    assert ranked(report)[0] == NAME
    assert found(report, "OP403").severity is Severity.WARNING
    assert changes(report, NAME) == {"max_grad_norm": (1e-3, 1.0)}


def test_a_logged_norm_above_the_clip_decides_and_sets_the_number():
    curves = {**slow(), "grad_norm": [40.0] * 60}
    report = judge(curves, {**PLAIN, "clip_norm": 5.0})
    assert "the median gradient norm is 40" in cause(report, NAME).why
    assert changes(report, NAME)["clip_norm"][1] > 40


def test_a_logged_norm_below_the_clip_clears_it():
    curves = {**slow(), "grad_norm": [1e-4] * 60}
    assert cause(judge(curves, {**PLAIN, "clip_norm": 1e-3}), NAME) is None


def test_never_prescribes_a_tighter_clip():
    for clip in (1e-4, 0.04, 0.5, 1.0, 5.0):
        named = cause(judge({**slow(), "grad_norm": [9.0] * 60}, {**PLAIN, "clip_norm": clip}), NAME)
        assert named is None or all(c.after > c.before for c in named.prescription.changes)


@pytest.mark.parametrize("optimizer", ["adam", "AdamW", "rmsprop", "lion", "adagrad"])
def test_optimisers_that_divide_by_the_gradient_cancel_a_constant_clip(optimizer):
    report = judge(slow(), {**PLAIN, "optimizer": optimizer, "clip_norm": 1e-3})
    assert "cancels a constant clip" in skipped(report, "OP403")


@pytest.mark.parametrize("clip", [0, None, False, "none"])
def test_silent_without_clipping(clip):
    assert cause(judge(slow(), {**PLAIN, "clip_norm": clip}), NAME) is None


def test_a_tight_clip_on_a_healthy_run_is_at_most_info():
    assert judge(healthy(), {**PLAIN, "clip_norm": 1e-6}).severity.rank <= Severity.INFO.rank
