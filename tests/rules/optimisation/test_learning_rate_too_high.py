from typing import Any

import numpy as np
import pytest

from tests.rules.runs import (
    EPOCHS,
    SOUND,
    both,
    cause,
    changes,
    diverged,
    falling,
    flat,
    found,
    healthy,
    judge,
    noise,
    ranked,
    swinging,
    undertrained,
)
from tracker_diag import Severity
from tracker_diag.core.finding import Finding
from tracker_diag.evidence.features import Features, FirstExcess
from tracker_diag.evidence.saturation import Saturation
from tracker_diag.evidence.symptoms import Symptoms
from tracker_diag.roles.learning_rates import usual_rates
from tracker_diag.rules.hypothesis import Hypothesis
from tracker_diag.rules.optimisation.learning_rate_too_high import Likelihoods
from tracker_diag.rules.optimisation.learning_rate_too_high import learning_rate_too_high as the_rule

NAME = "learning-rate-too-high"


@pytest.mark.parametrize("curves", [swinging(), diverged()], ids=["swings", "lost"])
def test_the_first_cause_of_a_run_that_comes_apart_at_a_rate_beyond_the_usual(curves):
    report = judge(curves, {**SOUND, "optimizer": "sgd", "lr": 30.0})
    assert ranked(report)[0] == NAME
    assert found(report, "OP401").severity is Severity.WARNING


def test_swings_at_an_unknown_rate_are_reason_enough_to_name_it_and_none_to_warn():
    report = judge(swinging())
    assert ranked(report)[0] == NAME
    assert changes(report, NAME) == {}
    assert found(report, "OP401") is None or found(report, "OP401").severity is Severity.INFO


@pytest.mark.parametrize(("optimizer", "rate"), [("adam", 0.5), ("sgd", 30.0), ("lion", 0.1), ("rmsprop", 1.0)])
def test_prescribes_a_usual_rate_of_the_optimiser_in_the_run_s_own_name(optimizer, rate):
    params = {"num_classes": 10, "opt.name": optimizer, "opt.lr": rate}
    ((name, (before, after)),) = changes(judge(swinging(), params), NAME).items()
    assert (name, before) == ("opt.lr", rate)
    assert 1e-5 <= after <= rate / 50


def test_a_usual_rate_that_proved_too_high_is_divided_by_ten():
    assert changes(judge(swinging(), {**SOUND, "lr": 4e-3}), NAME)["lr"] == (4e-3, pytest.approx(4e-4, rel=0.5))


@pytest.mark.parametrize(
    ("params"),
    [
        {"optimizer": "adadelta", "lr": 1.0},
        {"optimizer": "adagrad", "lr": 0.05},
        {"optimizer": "sgd", "lr": 0.3},
        {"optimizer": "sgd", "lr": 3.0, "batch_size": 4096},
    ],
    ids=["adadelta", "adagrad", "sgd", "scaled with the batch"],
)
def test_ranges_depend_on_the_optimiser_and_on_the_batch(params):
    named = cause(judge(swinging(), {**SOUND, **params}), NAME)
    assert named is not None
    assert "highest rate usual" not in named.why


def thrown_back():
    """Learns, loses more than a quarter of it for some epochs, and learns it again."""
    curves = healthy()
    for name in ("train_loss", "val_loss"):
        curves[name] = curves[name] + 0.7 * np.exp(-(((np.arange(EPOCHS) - 20) / 3) ** 2))
    return curves


def test_training_that_is_thrown_back_at_a_rate_beyond_the_usual():
    report = judge(thrown_back(), {**SOUND, "lr": 0.2})
    assert report.verdict == "unstable"
    assert ranked(report)[0] == NAME
    assert found(report, "OP401").severity is Severity.WARNING
    assert "rose by 0.58 midway and recovered; in all it fell by 2.11, from 2.3 to 0.198" in cause(report, NAME).why


@pytest.mark.parametrize("said", ["named", "logged"])
def test_where_the_schedule_raises_the_rate_again_it_is_the_schedule_s_doing(said):
    curves, params = thrown_back(), {**SOUND, "lr": 0.02}
    assert judge(curves, params).verdict == "unstable"
    if said == "named":
        params["scheduler"] = "CosineAnnealingWarmRestarts"
    else:
        curves["lr"] = 0.01 * (1 + np.cos(np.pi * (np.arange(EPOCHS) % 15) / 15))
    report = judge(curves, params)
    assert report.verdict == "good-fit"
    assert report.severity.rank <= Severity.INFO.rank


def test_a_restart_of_the_schedule_at_a_usual_rate_is_no_warning():
    report = judge(thrown_back(), SOUND)
    assert report.verdict == "good-fit"
    assert report.severity.rank <= Severity.INFO.rank


def test_a_rate_beyond_the_usual_on_a_healthy_run_is_at_most_info():
    report = judge(healthy(), {**SOUND, "optimizer": "sgd", "lr": 30.0})
    assert report.severity.rank <= Severity.INFO.rank


def test_silent_where_the_curves_settle_at_a_usual_rate():
    assert cause(judge(healthy(), SOUND), NAME) is None


@pytest.mark.parametrize(("rate", "severity"), [(0.24, Severity.INFO), (0.3, Severity.WARNING)])
def test_a_rate_that_nobody_doubts_is_a_warning_where_the_rest_came_at_once(rate, severity):
    """Sixty times the highest usual rate of AdamW, and a loss that rests half-way from the third epoch on."""
    curves = both(falling(1.2, 1) + noise(0.004, 1), falling(1.22, 1) + noise(0.006, 2))
    report = judge(curves, {**SOUND, "optimizer": "adamw", "lr": rate})
    assert ranked(report)[0] == NAME
    assert found(report, "OP401").severity is severity
    if severity is Severity.WARNING:
        assert report.verdict == "underfitting"
        assert "came within 2% of the run" in cause(report, NAME).why


@pytest.mark.parametrize("curves", [healthy(0.02), undertrained()], ids=["learns all", "learns slowly"])
def test_a_rate_far_beyond_is_no_warning_where_the_run_learns(curves):
    report = judge(curves, {**SOUND, "optimizer": "adamw", "lr": 0.5})
    told = found(report, "OP401")
    assert told is None or told.severity is Severity.INFO


def told(**inputs: Any) -> Hypothesis:
    """What is said of a loss that was lost with Adam at .001, which is usual."""
    usual = {
        "features": Features(),
        "symptoms": symptoms("diverged"),
        "params": {"optimizer": "adam"},
        "names": {"learning_rate": "opt.lr"},
        "learning_rate": 1e-3,
        "restarts": None,
        "saturation": None,
        "train": None,
        "improvement": 1.0,
    }
    said = the_rule.check(**{**usual, **inputs})
    assert isinstance(said, Hypothesis)
    return said


def symptoms(*names: str) -> Symptoms:
    return Symptoms("", dict.fromkeys(names, Finding("LC109", "unstable", Severity.WARNING, 0.9, "", "")))


@pytest.mark.parametrize(
    ("seen", "features", "inputs", "row"),
    [
        (("diverged", "unstable", "loss-spikes"), {}, {}, "LOST"),
        (("unstable", "loss-spikes"), {"setback": 0.5}, {}, "SWINGS"),
        ((), {"stuck_at_baseline": True, "first": FirstExcess(1.31)}, {}, "FELL_TO_NOTHING"),
        ((), {"stuck_at_baseline": True, "first": FirstExcess(1.3)}, {}, "SETTLES"),
        ((), {"stuck_at_baseline": False, "first": FirstExcess(9.0)}, {}, "SETTLES"),
        ((), {"stuck_at_baseline": True, "starts_at_baseline": True, "first": FirstExcess(9.0)}, {}, "STAYS"),
        ((), {"setback": 0.151, "regained": False}, {}, "SET_BACK"),
        ((), {"setback": 0.151, "regained": True}, {}, "SET_BACK_AND_REGAINED"),
        ((), {"setback": 0.15}, {}, "SETTLES"),
        ((), {"setback": 0.5, "stuck_at_baseline": True}, {}, "SETTLES"),
        ((), {"setback": 0.5}, {"restarts": True}, "SETTLES"),
        (("loss-spikes",), {}, {"saturation": Saturation("training", 16.1, all_wrong=True)}, "SATURATED"),
        (("loss-spikes",), {}, {}, "JUMPS"),
        ((), {"above": True}, {}, "SMOOTH"),
        ((), {}, {}, "SETTLES"),
    ],
)
def test_the_first_of_what_the_curves_say(seen, features, inputs, row):
    """At a rate beyond the usual: without a word for it there is no hypothesis."""
    said = told(symptoms=symptoms(*seen), features=Features(**features), learning_rate=5.0, **inputs)
    assert [o.key for o in said.observations] == [row, "FAR_ABOVE"]
    if row.startswith("SET_BACK"):
        assert "rose by 0.151 midway" in said.observations[0].text


def test_what_speaks_for_it_and_what_against():
    """A jump several causes leave, a loss that blew up few: the order of what they say, whatever the ratios are."""
    table = Likelihoods
    assert max(row.value for row in (table.SMOOTH, table.SETTLES, table.USUAL)) < 1
    assert 1 < table.JUMPS.value < table.FELL_TO_NOTHING.value < table.LOST.value
    assert table.FELL_TO_NOTHING.value < table.SET_BACK_AND_REGAINED.value < table.SET_BACK.value
    assert 1 < table.FAR_ABOVE.value < table.FAR_ABOVE.most
    assert the_rule.thresholds["prior"] < 0.5


@pytest.mark.parametrize(
    ("times", "rows"),
    [
        (1.01, ["FAR_ABOVE"]),
        (1.0, []),
        (0.34, []),
        (1 / 3, ["USUAL"]),
        (0.2, ["USUAL"]),
    ],
)
def test_what_the_rate_says_beside_the_highest_usual_one(times, rows):
    _, high = usual_rates("adam", {})
    said = told(learning_rate=times * high)
    assert [o.key for o in said.observations[1:]] == rows


def test_how_far_above_the_usual_ones_it_lies_and_what_is_usual():
    low, high = usual_rates("adam", {})
    said = told(learning_rate=4 * high)
    assert said.observations[1].ratio == pytest.approx(min(4 * Likelihoods.FAR_ABOVE.value, Likelihoods.FAR_ABOVE.most))
    assert f"is 4 times the highest rate usual for adam ({high:g})" in said.observations[1].text
    # The middle of what is usual, as rates go.
    (change,) = said.prescription.changes
    assert (change.param, change.before) == ("opt.lr", 4 * high)
    assert change.after == pytest.approx((low * high) ** 0.5, rel=0.5)
    assert said.message == f"loss diverged (learning rate {4 * high:g})"


@pytest.mark.parametrize(
    ("rate", "inputs", "after"),
    [
        (1e-3, {}, 1e-4),
        (5e-3, {}, 5e-4),
        # Of 1, 2 and 5 times a power of ten the nearest: a tenth of it is nearer to .0005, an eleventh to .0002.
        (3.3e-3, {}, 5e-4),
        (1e-3, {"step_down": 2.0}, 5e-4),
        (1e-3, {"step_down": 1.0}, None),
        (None, {}, None),
        (0.0, {}, None),
    ],
)
def test_a_usual_rate_is_lowered_tenfold_and_one_that_nobody_knows_in_words(rate, inputs, after):
    said = told(learning_rate=rate, **inputs)
    assert [c.after for c in said.prescription.changes] == ([] if after is None else [pytest.approx(after)])
    assert ("divide the learning rate by 10" in said.advice) == (after is None)
    assert said.observations[1:] == () or rate is not None


def test_the_highest_usual_rate_itself_is_lowered_tenfold():
    _, high = usual_rates("adam", {})
    (change,) = told(learning_rate=high).prescription.changes
    assert change.after == pytest.approx(high / 10)


def test_a_third_of_the_highest_usual_rate_is_usual_without_doubt():
    for named, optimizer in (("adam", "adam"), (None, "any optimiser")):
        _, high = usual_rates(named, {})
        said = told(params={"optimizer": named}, learning_rate=high / 3)
        assert said.observations[1].text == f"learning rate {high / 3:.3g} is not above the usual range for {optimizer}"


def test_a_linear_probe_at_a_rate_of_ten_is_no_matter_of_doubt():
    """MoCo's published probe trains a linear layer on frozen features with SGD at 30."""
    curves = both(falling(1.5, 5, start=4.0) + noise(0.004, 1), falling(1.3, 5, start=3.0) + noise(0.006, 2))
    report = judge(curves, {"optimizer": "sgd", "momentum": 0.9, "lr": 30.0, "num_classes": 1000})
    assert report.severity.rank <= Severity.INFO.rank


def test_where_nothing_is_gained_nothing_is_said_of_a_gain():
    report = judge(flat(), {**SOUND, "optimizer": "adamw", "lr": 0.3})
    assert ranked(report)[0] == NAME
    assert "the loss stays at chance level" in cause(report, NAME).why
    assert "half of the fall in training loss" not in cause(report, NAME).why


@pytest.mark.parametrize(
    ("times", "features", "row"),
    [
        (50, {"starts_at_baseline": True}, "STAYS"),
        (49.9, {"starts_at_baseline": True}, "SMOOTH"),
        (50, {"quick": 0.1}, "RESTS_AT_ONCE"),
        (50, {"quick": 0.101}, "SETTLES"),
        (50, {"quick": 0.1, "memorised": True}, "SETTLES"),
    ],
)
def test_fifty_times_the_highest_usual_rate_is_beyond_doubt(times, features, row):
    _, high = usual_rates("adam", {})
    said = told(symptoms=symptoms(), features=Features(**features), learning_rate=times * high)
    assert said.observations[0].key == row
