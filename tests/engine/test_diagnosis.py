"""Run × rules → Report: pure, in any order, under any settings; a crashing rule leaves the others speaking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.inputs import computed_by
from tests.rules.runs import (
    EPOCHS,
    SHAPES,
    SOUND,
    Curves,
    a_run,
    cause,
    diverged,
    found,
    frozen,
    healthy,
    judge,
    overfitting,
    ranked,
    skipped,
    slow,
    swinging,
    undertrained,
)
from tests.watched_runs import by_layer, seen
from tracker_diag import Run, Severity, diagnose
from tracker_diag.core.signals import SIGNALS
from tracker_diag.engine import asking, diagnosis
from tracker_diag.rules.registry import all_rules
from tracker_diag.settings.settings import SettingsError, parse_settings


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_the_same_run_gives_the_same_report_whatever_the_order(shape: str) -> None:
    curves, params = SHAPES[shape](), {**SOUND, "dropout": 0.1, "layers": 9, "n_train": 300, "n_val": 80}
    first = diagnose(a_run(curves, params)).to_dict()
    backwards = dict(reversed(curves.items())), dict(reversed(params.items()))
    assert diagnose(a_run(*backwards)).to_dict() == first


def test_the_order_of_the_registry_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    first = judge(overfitting(), SOUND)
    turned, order = dict(reversed(all_rules().items())), asking._order(tuple(all_rules()))
    for module in (asking, diagnosis):
        monkeypatch.setattr(module, "all_rules", lambda: turned)
    assert [n for n in asking._order(tuple(turned)) if n in turned] != [n for n in order if n in turned]
    again = judge(overfitting(), SOUND)
    assert (again.verdict, again.causes, again.severity) == (first.verdict, first.causes, first.severity)
    assert again.findings == first.findings


# -- settings --------------------------------------------------------------------------------------------------------


def test_select_runs_these_alone() -> None:
    report = judge(overfitting(), SOUND, settings=parse_settings({"select": ["LC104", "no-early-stopping"]}))
    assert {f.code for f in report.findings} | {s.code for s in report.skipped} <= {"LC104", "RG803"}
    assert ranked(report) == ["no-early-stopping"]


def test_ignore_leaves_out_by_name_code_or_prefix() -> None:
    for word in ("overfitting", "LC104", "lc104", "LC"):
        report = judge(overfitting(), SOUND, settings=parse_settings({"ignore": [word]}))
        assert found(report, "LC104") is None
        assert report.verdict != "overfitting"


@pytest.mark.parametrize("tag", ["overfitting", "LC104", " Overfitting , nonsense", "lc104,unstable"])
def test_the_run_s_own_tag_leaves_out_too(tag: str) -> None:
    report = judge(overfitting(), SOUND, tags={"diag.ignore": tag})
    assert found(report, "LC104") is None
    assert any("nonsense" in n for n in report.notes) == ("nonsense" in tag)


@pytest.mark.parametrize("tag", ["", ",", " , ,", "nothing-of-the-kind"])
def test_a_tag_that_names_nothing_leaves_nothing_out(tag: str) -> None:
    plain = judge(overfitting(), SOUND)
    assert judge(overfitting(), SOUND, tags={"diag.ignore": tag}).findings == plain.findings


def test_the_tag_s_prefix_is_the_settings() -> None:
    settings = parse_settings({"prefix": "lint/"})
    assert found(judge(overfitting(), tags={"lint/ignore": "overfitting"}, settings=settings), "LC104") is None
    assert found(judge(overfitting(), tags={"diag.ignore": "overfitting"}, settings=settings), "LC104") is not None


def test_a_cause_is_left_out_by_the_name_it_is_told_by() -> None:
    assert ranked(judge(undertrained(), SOUND))[0] == "too-few-epochs"
    report = judge(undertrained(), SOUND, tags={"diag.ignore": "too-few-epochs"})
    assert "too-few-epochs" not in ranked(report)
    assert report.notes == ()


@pytest.mark.parametrize("word", ["overfitting", "LC104", "lc104"])
def test_the_severity_of_a_rule_is_capped(word: str) -> None:
    report = judge(overfitting(), SOUND, settings=parse_settings({"rules": {word: {"severity": "info"}}}))
    finding = found(report, "LC104")
    assert finding is not None
    assert finding.severity is Severity.INFO


def test_a_cap_never_raises() -> None:
    settings = parse_settings({"rules": {"good-fit": {"severity": "error"}}})
    assert judge(healthy(), SOUND, settings=settings).severity is Severity.OK


def test_the_severity_of_a_suspicion_is_capped_by_the_rule_s_name() -> None:
    params = {**SOUND, "lr": 30.0}
    plain = found(judge(swinging(), params), "OP401")
    assert plain is not None
    assert plain.severity is Severity.WARNING
    settings = parse_settings({"rules": {"learning-rate-too-high": {"severity": "info"}}})
    capped = found(judge(swinging(), params, settings=settings), "OP401")
    assert capped is None or capped.severity is Severity.INFO


@pytest.mark.parametrize("word", ["too-deep", "AR701", "ar701"])
def test_thresholds_are_the_settings(word: str) -> None:
    settings = parse_settings({"rules": {word: {"thresholds": {"usual": 2}}}})
    params = {**SOUND, "layers": 5}
    assert cause(judge(frozen(), params), "too-deep") is None
    assert cause(judge(frozen(), params, settings=settings), "too-deep") is not None


@pytest.mark.parametrize("value", ["high", True, float("nan"), -1.0])
def test_a_threshold_that_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(SettingsError, match=r"rules\.too-deep\.thresholds\.prior"):
        parse_settings({"rules": {"too-deep": {"thresholds": {"prior": value}}}})


def test_a_prior_of_zero_rules_a_cause_out() -> None:
    settings = parse_settings({"rules": {"too-few-updates": {"thresholds": {"prior": 0.0}}}})
    assert "too-few-epochs" not in ranked(judge(undertrained(), SOUND, settings=settings))


# -- rules that fail -------------------------------------------------------------------------------------------------


def failing(code: str, error: Exception) -> Callable[..., Any]:
    rules = dict(all_rules())

    def check(**_: Any) -> None:
        raise error

    rules[code] = replace(rules[code], check=check)
    # The folder of a rule is that of the module its function was written in.
    check.__module__ = all_rules()[code].check.__module__
    return lambda: rules


@pytest.mark.expects_defects
def test_a_rule_that_fails_is_skipped_and_the_others_speak(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = diagnose(a_run(overfitting(), SOUND))
    monkeypatch.setattr(diagnosis, "all_rules", failing("RG803", ZeroDivisionError("by zero")))
    report = diagnose(a_run(overfitting(), SOUND))
    assert skipped(report, "RG803") == "the rule failed: ZeroDivisionError: by zero"
    assert report.verdict == plain.verdict
    assert [f for f in report.findings if f.code.startswith("LC")] == [
        f for f in plain.findings if f.code.startswith("LC")
    ]


@pytest.mark.expects_defects
def test_an_input_that_fails_skips_the_rules_that_ask_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> float:
        raise OverflowError("too large")

    computed_by(monkeypatch, "n_weights", broken)
    report = diagnose(a_run(overfitting(), {**SOUND, "n_train": 100}))
    assert skipped(report, "AR704") == "the rule failed: OverflowError: too large"
    assert report.verdict == "overfitting"


def test_the_kind_of_training_decides_which_rules_apply() -> None:
    network = ("optimisation", "initialisation", "gradients", "architecture")
    for shape in SHAPES.values():
        report = judge(shape(), {"booster": "gbtree", "eta": 5.0, "max_depth": 90, "activation": "relu"})
        assert not [n for n in ranked(report) for r in all_rules().values() if r.name == n and r.folder in network]
        assert "too-few-epochs" not in ranked(report)


# -- runs that are still going ---------------------------------------------------------------------------------------


def grown(curves: Curves, n: int) -> Run:
    return a_run({name: values[:n] for name, values in curves.items()}, SOUND, status="RUNNING")


@pytest.mark.parametrize("curves", [undertrained(), slow(), healthy()], ids=["undertrained", "slow", "healthy"])
def test_a_run_that_is_still_going_is_never_blamed_for_its_length(curves: Curves) -> None:
    for n in range(1, EPOCHS + 1):
        for finding in diagnose(grown(curves, n)).findings:
            if finding.name in ("undertrained", "slow-convergence", "too-few-epochs", "too-few-updates"):
                assert finding.severity.rank <= Severity.INFO.rank, (n, finding)


def test_a_healthy_run_is_green_at_every_look() -> None:
    for n in range(1, EPOCHS + 1):
        report = diagnose(grown(healthy(), n))
        assert report.severity.rank <= Severity.INFO.rank, (n, report.findings)


def test_it_is_judged_at_the_rungs_of_a_ladder() -> None:
    answers = {}
    for n in range(8, EPOCHS + 1):
        report = diagnose(grown(overfitting(), n))
        answers[n] = (report.verdict, [(f.code, f.message) for f in report.findings if f.code.startswith("LC")])
    rungs = [n for n in answers if n == 8 or answers[n] != answers[n - 1]]
    assert set(rungs) <= {8, 12, 16, 24, 32, 48}


def test_what_is_lost_is_said_at_once() -> None:
    for n in (30, 31, 45):
        assert diagnose(grown(diverged(), n)).verdict == "diverged"


# -- cost, evidence, summary -----------------------------------------------------------------------------------------


def timed(curves: Curves) -> Run:
    metrics = {name: [[i, float(v), 1000.0 + 10 * i] for i, v in enumerate(y)] for name, y in curves.items()}
    return Run.from_dict({"id": "r", "metrics": metrics, "params": dict(SOUND)})


def test_the_cost_of_divergence_is_all_from_the_first_value_lost() -> None:
    report = diagnose(timed(diverged(45)))
    assert report.cost == {"wasted_share": pytest.approx(15 / 60), "wasted_seconds": 140.0}


def test_the_cost_of_overfitting_is_all_after_the_best_step() -> None:
    report = diagnose(timed(overfitting()))
    best = found(report, "LC104").evidence["best_step"]  # type: ignore[union-attr]
    assert report.cost["wasted_share"] == pytest.approx((59 - best) / 60)
    assert report.cost["wasted_seconds"] == pytest.approx(10 * (59 - best), abs=10)


def test_without_wall_time_there_is_the_share_alone() -> None:
    assert set(judge(diverged(), SOUND).cost) == {"wasted_share"}


def test_a_healthy_run_wastes_nothing() -> None:
    assert judge(healthy(), SOUND).cost == {}


def test_times_out_of_order_cost_no_negative_seconds() -> None:
    rng = np.random.default_rng(0)
    metrics = {
        name: [[i, float(v), float(rng.uniform(0, 1000))] for i, v in enumerate(y)] for name, y in diverged().items()
    }
    report = diagnose(Run.from_dict({"id": "r", "metrics": metrics, "params": dict(SOUND)}))
    assert all(value >= 0 for value in report.cost.values())


def test_the_next_evidence_is_what_a_leading_cause_asks_for() -> None:
    report = judge(diverged(), SOUND)
    assert len(report.causes) > 1
    assert report.next_evidence


def test_the_summary_is_one_line_with_the_verdict_and_the_first_cause() -> None:
    report = judge(swinging(), {**SOUND, "lr": 30.0})
    assert report.summary.startswith("unstable: ")
    assert report.summary.endswith("; most likely learning-rate-too-high")
    assert "most likely" not in judge(healthy(), {**SOUND, "lr": 30.0}).summary


def test_the_severity_is_the_highest_of_the_findings() -> None:
    for shape in SHAPES.values():
        report = judge(shape(), SOUND)
        assert report.severity.rank == max(f.severity.rank for f in report.findings)
        order = [f.severity.rank for f in report.findings if f.folded is None]
        assert order == sorted(order, reverse=True)


def test_a_curve_that_is_logged_is_not_asked_for() -> None:
    """Lost from the start: too few finite values, not too little logged."""
    lost = {"train_loss": [[i, "NaN"] for i in range(20)], "val_loss": [[i, "NaN"] for i in range(20)]}
    report = diagnose(Run.from_dict({"id": "r", "metrics": lost}))
    assert report.verdict == "diverged"
    asked = {s.what_to_log for s in report.skipped if s.reason.startswith("too few finite values")}
    assert asked == {""}
    assert not any("train_loss" in s.what_to_log for s in report.skipped)


def test_the_other_runs_reach_a_rule_that_asks_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    run, other = a_run(overfitting(), SOUND), Run.from_dict({"id": "other", "metrics": {"val_loss": [[9, 0.1]]}})
    asked: list[Any] = []

    def check(siblings: Any) -> None:
        asked.append(siblings)

    rules = dict(all_rules())
    rules["HY003"] = replace(rules["HY003"], check=check, needs=("siblings",), wants=())
    monkeypatch.setattr(diagnosis, "all_rules", lambda: rules)
    assert skipped(diagnose(run), "HY003") == "no other runs of the experiment given"
    assert skipped(diagnose(run, siblings=(other,)), "HY003") is None
    assert asked == [(other,)]


# -- what callbacks logged is no curve -------------------------------------------------------------------------------

#: What callbacks log of a training that is as it should be, at steps of their own.
NOTHING_WRONG = {
    **seen(1, initial_loss=2.35, baseline_loss=2.303),
    **seen(
        200,
        grad_norm=1.2,
        clipped=0.0,
        clip_ratio=1.0,
        gradients_kept=0.0,
        loss_scale=65536.0,
        skipped_steps=0.0,
        input_mean=0.02,
        input_std=0.98,
        input_min=-4.0,
        input_max=4.0,
        input_zeros=0.0,
        input_non_finite=0.0,
        input_same=0.0,
        input_scale_ratio=1.5,
        label_top_share=0.17,
        label_top_share_expected=0.17,
        label_entropy=2.2,
        label_entropy_expected=2.2,
        label_order=0.0,
        classes_seen=10.0,
        label_min=0.0,
        label_max=9.0,
        label_non_finite=0.0,
        batches_repeated=0.0,
        batches_added=10.0,
    ),
    **seen(60, eval_input_mean=0.02, eval_input_std=0.98, eval_in_training_mode=0.0),
    **by_layer("weight_scale", [1.0, 1.0, 1.0], 1),
    **by_layer("grad_norm", [0.7, 0.7, 0.7], 200),
    **by_layer("update_ratio", [1e-3, 1e-3, 1e-3], 200),
    **by_layer("dead", [0.0, 0.02, 0.02], 200),
    **by_layer("saturated", [0.0, 0.0, 0.0], 200),
    **by_layer("batch_norm_gap", [0.1, 0.1], 200),
    "diag/step": np.arange(200.0),
}


def test_the_figures_of_a_sound_training_are_all_that_callbacks_log() -> None:
    told = {name.split("/")[1] for name in NOTHING_WRONG} - {"step"}
    # Of numbers there are other targets than labels.
    assert {signal.name for signal in SIGNALS.values()} - told == {"target_mean", "target_std"}


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_with_and_without_the_figures_of_callbacks_a_run_is_judged_the_same(shape: str) -> None:
    curves = SHAPES[shape]()
    plain, watched = judge(curves, SOUND), judge({**curves, **NOTHING_WRONG}, SOUND)
    for part in ("verdict", "severity", "roles", "curves", "cost", "notes"):
        # As texts, since a loss that is lost does not equal itself.
        assert str(getattr(watched, part)) == str(getattr(plain, part))
    for part in ("findings", "skipped"):
        of_curves = [[x for x in getattr(r, part) if x.code.startswith(("LC", "HY"))] for r in (watched, plain)]
        assert str(of_curves[0]) == str(of_curves[1])


def test_a_healthy_run_stays_green_whatever_sound_figures_say() -> None:
    assert judge({**healthy(), **NOTHING_WRONG}, SOUND).causes == ()


# Of these two the figures clear the first cause, and others move up.
@pytest.mark.parametrize("shape", sorted(SHAPES.keys() - {"memorised_at_once", "off_from_the_start"}))
def test_sound_figures_bring_up_no_cause(shape: str) -> None:
    curves = SHAPES[shape]()
    plain, watched = judge(curves, SOUND), judge({**curves, **NOTHING_WRONG}, SOUND)
    assert {f.code for f in watched.findings} <= {f.code for f in plain.findings}


@pytest.mark.parametrize("name", ["initial_loss", "baseline_loss", "loss_scale", "batches_repeated", "grad_norm"])
def test_no_figure_is_taken_for_a_loss_or_a_score(name: str) -> None:
    report = judge(seen(60, **{name: np.linspace(2.3, 0.1, 60)}), SOUND)
    assert report.curves == ()
    assert not [found for found in report.roles.values() if found.startswith("diag/")]
    assert report.verdict == "insufficient-evidence"


def test_a_run_is_the_same_as_another_whatever_callbacks_saw_of_either() -> None:
    run = a_run({**healthy(), **NOTHING_WRONG}, SOUND)
    twin = replace(a_run({**healthy(), **seen(loss_scale=1.0)}, SOUND), id="twin")
    report = diagnose(run, siblings=(twin,))
    assert found(report, "EX905") is not None
    assert report.verdict == "good-fit"
