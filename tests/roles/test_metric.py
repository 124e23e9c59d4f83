"""Facts of a metric, decided once: what it is, which way it gets better, its unit, its best, its baseline."""

from __future__ import annotations

from typing import Any

import pytest

from tracker_diag import Run, Settings
from tracker_diag.roles.metric import Metric
from tracker_diag.roles.metric_names import read_metric
from tracker_diag.roles.resolve import resolve


def fact(name: str, values: list[float], params: dict[str, Any] | None = None, **more: Any) -> Metric:
    """Facts of the metric of this name, beside losses."""
    points = {n: [[i, v] for i, v in enumerate(values)] for n in (name, name.replace("val", "train"))}
    if "loss" not in name:
        points |= {n: [[i, 1 / (i + 1)] for i in range(4)] for n in ("train_loss", "val_loss")}
    roles = resolve(Run.from_dict({"id": "r", "metrics": points, "params": params or {}}), Settings(**more))
    role = next(role for role, series in roles.metrics.items() if series.name == name)
    return roles.facts[role]


SHARES = [0.1, 0.5, 0.8, 0.9]


@pytest.mark.parametrize(
    ("name", "kind", "better", "baseline"),
    [
        ("val_accuracy", "accuracy", "max", None),
        ("val_acc", "accuracy", "max", None),
        ("val_top1", "accuracy", "max", None),
        ("val_balanced_accuracy", "balanced accuracy", "max", None),
        ("val_auc", "ROC AUC", "max", 0.5),
        ("val_auroc", "ROC AUC", "max", 0.5),
        ("val_pr_auc", "average precision", "max", None),
        ("val_auprc", "average precision", "max", None),
        ("val_f1", "F1", "max", None),
        ("val_r2", "explained variance", "max", 0.0),
        ("val_mcc", "agreement beyond chance", "max", 0.0),
        ("val_spearman", "correlation", "max", 0.0),
        ("val_R2Score", "explained variance", "max", 0.0),
        ("val_d2", "explained variance", "max", 0.0),
        ("val_qwk", "agreement beyond chance", "max", 0.0),
        ("val_MatthewsCorrCoef", "agreement beyond chance", "max", 0.0),
        ("val_PearsonCorrCoef", "correlation", "max", 0.0),
    ],
)
@pytest.mark.parametrize("unit", ["share", "per cent"])
def test_shares(name: str, kind: str, better: Any, baseline: float | None, unit: str) -> None:
    times = 1.0 if unit == "share" else 100.0
    found = fact(name, [times * x for x in SHARES])
    assert found == Metric(kind, better, unit, times, None if baseline is None else times * baseline, times)


@pytest.mark.parametrize(
    ("name", "kind", "unit"),
    [
        ("val_loss", "loss", ""),
        ("val_nll_loss", "negative log-likelihood", "nats"),
        ("val_cross_entropy", "cross-entropy", "nats"),
        ("val_mse_loss", "squared error", "target squared"),
        ("val_rmse", "root of the squared error", "target"),
        ("val_root_mean_squared_error", "root of the squared error", "target"),
        ("val_mean_squared_error", "squared error", "target squared"),
        ("val_huber_loss", "absolute error", "target"),
        ("val_focal_loss", "other loss", ""),
        ("val_focal_cross_entropy", "other loss", ""),
    ],
)
def test_losses(name: str, kind: str, unit: str) -> None:
    roles = resolve(Run.from_dict({"id": "r", "metrics": {name: [[0, 2.0], [1, 1.0]]}}), Settings())
    assert (roles.facts["val_loss"].kind, roles.facts["val_loss"].unit) == (kind, unit)


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        ({"loss": "mse"}, "squared error"),
        ({"loss": "CrossEntropyLoss"}, "cross-entropy"),
        ({"loss": "focal"}, "other loss"),
        ({"task": "regression"}, "squared error"),
        ({}, "loss"),
    ],
)
def test_what_the_name_of_a_loss_leaves_open_the_configuration_says(params: dict[str, Any], kind: str) -> None:
    assert fact("val_loss", [2.0, 1.0], params).kind == kind


def test_a_count_of_right_answers_is_no_accuracy() -> None:
    assert fact("val_correct", [9_000.0, 9_500.0]) == Metric("score", "max", whole=100.0)


def test_values_that_are_not_finite_say_nothing_of_the_unit() -> None:
    assert fact("val_accuracy", [float("nan"), float("inf"), 0.5]).unit == "share"


def test_an_explained_variance_far_below_zero_is_a_share() -> None:
    assert fact("val_r2", [-40.0, 0.2]).unit == "share"


def test_the_user_says_which_way_is_better() -> None:
    assert fact("val_accuracy", SHARES, directions={"val_accuracy": "min"}) == Metric("score", "min")


@pytest.mark.parametrize("name", ["val_neg_error", "val_neg_mean_squared_error", "val_neg_wer"])
def test_a_negated_metric_has_no_best_and_no_unit(name: str) -> None:
    found = fact(name, [-0.5, -0.4, -0.3])
    assert (found.better, found.best, found.unit) == ("max", None, "")


def test_accuracy_among_the_first_few_is_another_thing() -> None:
    assert fact("val_top5_acc", SHARES).kind == "top-k accuracy"
    assert fact("val_top1_error", SHARES).better == "min"
    assert fact("val_precision_recall_auc", SHARES).kind == "average precision"


@pytest.mark.parametrize(
    ("name", "values", "whole"),
    [
        ("val_neg_mean_squared_error", [-10.0, -4.0], 1.0),
        ("val_score", [0.1, 0.9], 1.0),
        ("val_score", [10.0, 90.0], 100.0),
        ("val_wer", [0.5, 0.2], 1.0),
    ],
)
def test_what_is_whole_is_one_or_a_hundred_by_the_values(name: str, values: list[float], whole: float) -> None:
    assert fact(name, values).whole == whole


@pytest.mark.parametrize(
    ("name", "kind"),
    [("val_top_1_acc", "accuracy"), ("val_top_3_acc", "top-k accuracy"), ("val_accuracy_top5", "top-k accuracy")],
)
def test_which_of_the_first_few_are_counted(name: str, kind: str) -> None:
    assert fact(name, SHARES).kind == kind


@pytest.mark.parametrize(
    ("name", "kind", "better"),
    [
        ("poisson-nloglik", "loss", "min"),
        ("cox-nloglik", "loss", "min"),
        ("tweedie-nloglik@1.5", "loss", "min"),
        ("val_brier_score", "score", "min"),
        ("HammingDistance", "score", "min"),
        ("cindex", "score", "max"),
    ],
)
def test_which_way_is_better_by_the_names_of_metric_libraries(name: str, kind: str, better: str) -> None:
    reading = read_metric(name)
    assert reading is not None
    assert (reading.kind, reading.facts.better) == (kind, better)
