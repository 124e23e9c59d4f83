import math

import pytest

from tests.rules.runs import SOUND, cause, changes, flat, found, healthy, judge, ranked, skipped, slow
from tests.watched_runs import seen
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
    assert "the median gradient norm (40) is not below the clipping threshold" in cause(report, NAME).why
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
    assert "clipping hardly changes its steps" in skipped(report, "OP403")


@pytest.mark.parametrize("clip", [0, None, False, "none"])
def test_silent_without_clipping(clip):
    assert cause(judge(slow(), {**PLAIN, "clip_norm": clip}), NAME) is None


def test_a_tight_clip_on_a_healthy_run_is_at_most_info():
    assert judge(healthy(), {**PLAIN, "clip_norm": 1e-6}).severity.rank <= Severity.INFO.rank


def clipped(share=1.0, ratio=0.01, **more):
    return seen(clipped=share, clip_ratio=ratio, **more)


@pytest.mark.parametrize("curves", [slow(), flat()], ids=["slow", "flat"])
def test_the_first_cause_where_a_callback_saw_every_step_clipped(curves):
    assert cause(judge(curves, PLAIN), NAME) is None
    report = judge({**curves, **clipped()}, PLAIN)
    assert ranked(report)[0] == NAME
    assert found(report, "OP403").severity is Severity.WARNING
    said = "clipping acted on 100% of the logged steps, and the median step is cut to 1% of its length"
    assert found(report, "OP403").message == said
    assert cause(report, NAME).prescription.text == "switch clipping off"


def test_the_norm_that_was_seen_sets_the_number():
    report = judge({**slow(), **clipped(grad_norm=50.0)}, {**PLAIN, "clip_norm": 0.5})
    assert changes(report, NAME) == {"clip_norm": (0.5, 100.0)}
    tighter = judge({**slow(), **clipped(grad_norm=1e-6)}, {**PLAIN, "clip_norm": 0.5})
    assert changes(tighter, NAME) == {}
    assert cause(tighter, NAME).prescription.text == "switch clipping off"


@pytest.mark.parametrize(
    ("share", "ratio", "told"),
    [(1.0, 0.1, True), (1.0, 0.101, False), ([1.0] * 18 + [0.0] * 2, 0.1, True), ([1.0] * 17 + [0.0] * 3, 0.1, False)],
)
def test_nearly_all_steps_and_nearly_all_of_their_length(share, ratio, told):
    assert (cause(judge({**slow(), **clipped(share, ratio)}, PLAIN), NAME) is not None) == told


def test_steps_that_are_seldom_clipped_clear_a_tight_clip():
    tight = {**PLAIN, "max_grad_norm": 1e-3}
    assert ranked(judge(slow(), tight))[0] == NAME
    assert cause(judge({**slow(), **clipped(0.1, 0.9)}, tight), NAME) is None


@pytest.mark.parametrize(
    "logged",
    [seen(clipped=1.0), seen(clip_ratio=0.01), clipped(math.nan), clipped(ratio=math.inf)],
    ids=["no length", "no share", "no number", "infinite"],
)
def test_half_of_the_figures_say_nothing(logged):
    assert skipped(judge({**slow(), **logged}, PLAIN), "OP403") == "no gradient clipping is logged"


def test_optimisers_that_divide_by_the_gradient_cancel_it_whatever_was_seen():
    assert "clipping hardly changes its steps" in skipped(judge({**slow(), **clipped()}, SOUND), "OP403")
