"""How a run ended: what it reached of what was planned, in the unit of its steps, and what ended it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tracker_diag import Run, Settings
from tracker_diag.engine.values import Values
from tracker_diag.evidence.ending import Ending
from tracker_diag.roles.resolve import resolve

Points = list[list[float]]


def curve(steps: Any, best: int | None = None) -> Points:
    """A curve that falls to its record number ``best``, the last by default, and rises from there."""
    steps = list(steps)
    best = len(steps) - 1 if best is None else best
    return [[float(step), 1.0 + abs(i - best) / 100] for i, step in enumerate(steps)]


def ended(metrics: dict[str, Points] | None = None, params: dict[str, Any] | None = None, **more: Any) -> Ending | None:
    run = Run.from_dict({"id": "r", "metrics": metrics or {}, "params": params or {}, **more})
    found: Ending | None = Values({"run": run, "roles": resolve(run, Settings()), "network": None}).get("ending")
    return found


def far(metrics: dict[str, Points], params: dict[str, Any], **more: Any) -> tuple[float, float, str] | None:
    found = ended(metrics, params, **more)
    assert found is not None
    return None if found.progress is None else (found.progress.reached, found.progress.planned, found.progress.unit)


@pytest.mark.parametrize("status", ["RUNNING", "SCHEDULED"])
def test_what_may_still_log_has_not_ended(status: str) -> None:
    assert ended({"loss": curve(range(5))}, {"epochs": 5}, status=status) is None


@pytest.mark.parametrize("name", ["epochs", "max_epochs", "num_train_epochs"])
@pytest.mark.parametrize("first", [0, 1])
def test_epochs_count_from_zero_or_one(name: str, first: int) -> None:
    loss = curve(range(first, first + 4))
    assert far({"loss": loss, "val_loss": loss}, {name: 50}) == (4, 50, "epoch")


def test_a_record_of_several_epochs_stands_for_all() -> None:
    assert far({"val_loss": curve(range(0, 50, 10))}, {"epochs": 50}) == (50, 50, "epoch")
    assert far({"val_loss": curve(range(10, 50, 10))}, {"epochs": 50}) == (40, 50, "epoch")


def test_the_curve_that_goes_farthest_counts() -> None:
    metrics = {"loss": curve(range(48)), "val_loss": curve(range(0, 30, 10))}
    assert far(metrics, {"epochs": 50}) == (48, 50, "epoch")


@pytest.mark.parametrize(
    ("values", "reached"),
    [
        ([0.5, 1.0, 1.5, 2.0], 2.0),  # as Hugging Face logs it
        ([0, 0, 1, 1], 2.0),  # as Lightning does
        ([1, 1, 2, 2], 2.0),
    ],
)
def test_a_logged_epoch_says_how_far_it_came(values: list[float], reached: float) -> None:
    steps = range(100, 500, 100)
    metrics = {"loss": curve(steps), "epoch": [[s, v] for s, v in zip(steps, values, strict=True)]}
    assert far(metrics, {"num_train_epochs": 8}) == (reached, 8, "epoch")


def test_updates_are_counted_where_the_batches_of_an_epoch_are_known() -> None:
    metrics, params = {"loss": curve(range(100, 1000, 100))}, {"epochs": 20}
    assert far(metrics, params) is None
    assert far(metrics, {**params, "n_train": 3200, "batch_size": 32}) == (900, 2000, "update")
    accumulated = {"n_train": 3200, "batch_size": 32, "gradient_accumulation": 4}
    assert far(metrics, {**params, **accumulated}) is None


@pytest.mark.parametrize("name", ["max_steps", "num_iterations", "total_steps"])
def test_planned_updates(name: str) -> None:
    assert far({"loss": curve(range(50, 550, 50))}, {name: 2000}) == (500, 2000, "update")


def test_records_by_ones_are_no_updates_unless_all_are_there() -> None:
    assert far({"loss": curve(range(50))}, {"max_steps": 2000}) is None
    assert far({"loss": curve(range(2000))}, {"max_steps": 2000}) == (2000, 2000, "update")


def test_steps_beyond_the_planned_length_are_of_another_unit() -> None:
    assert far({"loss": curve(range(0, 3000, 100))}, {"epochs": 20}) is None
    assert far({"loss": curve(range(0, 3000, 100))}, {"max_steps": 1000}) is None


def test_a_loss_of_steps_is_not_counted_in_epochs() -> None:
    assert far({"train_loss_step": curve(range(30))}, {"epochs": 50}) is None


def test_rounds_of_trees_and_no_folds() -> None:
    params = {"n_estimators": 500, "num_leaves": 31}
    assert far({"valid_0-l2": curve(range(120))}, params) == (120, 500, "round")
    assert far({"fold_val_rmse": curve(range(1, 5))}, params) is None


@pytest.mark.parametrize("planned", [None, "many", 0, -1, math.inf, math.nan])
def test_no_length_was_planned(planned: Any) -> None:
    found = ended({"loss": curve(range(5))}, {"epochs": planned})
    assert found is not None
    assert (found.share, found.complete, found.cut_short) == (None, False, None)


@pytest.mark.parametrize(("made", "complete"), [(44, False), (45, True), (50, True), (51, True)])
@pytest.mark.parametrize("status", ["FINISHED", "FAILED"])
def test_nine_tenths_of_the_way_are_all_of_it_whatever_the_status(made: int, complete: bool, status: str) -> None:
    found = ended({"loss": curve(range(made))}, {"epochs": 50}, status=status)
    assert found is not None
    assert (found.complete, found.cut_short) == (complete, not complete)
    assert found.share == min(1, made / 50)


@pytest.mark.parametrize(("status", "failed"), [("FINISHED", False), ("failed", True), ("KILLED", True)])
def test_the_status(status: str, failed: bool) -> None:
    found = ended(status=status)
    assert found is not None
    assert found.failed is failed


@pytest.mark.parametrize(
    "params",
    [{"patience": 6}, {"early_stopping_patience": 6}, {"EarlyStopping_patience": "6"}, {"early_stopping_rounds": 6}],
)
@pytest.mark.parametrize("waited", [4, 5, 6, 7, 8])
def test_patience_ended_a_run_that_ends_so_long_after_its_best(params: dict[str, Any], waited: int) -> None:
    found = ended({"loss": curve(range(30)), "val_loss": curve(range(30), 29 - waited)}, {**params, "epochs": 100})
    assert found is not None
    assert found.by_patience == (5 <= waited <= 7)
    # Something that was not logged may have been watched.
    assert found.cut_short == (False if found.by_patience else None)


def test_patience_is_counted_in_evaluations_or_in_steps() -> None:
    steps = range(0, 3000, 100)
    for patience in (5, 500):
        found = ended({"val_loss": curve(steps, 24)}, {"patience": patience})
        assert found is not None
        assert found.by_patience


def test_the_curve_that_is_watched_is_the_one_that_is_named() -> None:
    rising = [[s, -v] for s, v in curve(range(30), 23)]
    metrics = {"val_loss": curve(range(30), 12), "val_accuracy": rising}
    for monitor, patience in (("val_loss", 17), ("val_accuracy", 6)):
        for waits in (6, 17):
            found = ended(metrics, {"monitor": monitor, "patience": waits})
            assert found is not None
            assert found.by_patience == (waits == patience)


def test_what_improves_by_less_than_the_least_difference_does_not_count() -> None:
    creeping = [[float(i), 1.0 / (i + 1) if i < 10 else 0.1 - 1e-5 * (i - 9)] for i in range(20)]
    for least, stopped in ((0.0, False), (1e-3, True)):
        found = ended({"val_loss": creeping}, {"patience": 10, "min_delta": least})
        assert found is not None
        assert found.by_patience is stopped


def test_patience_ends_no_run_that_came_to_its_end() -> None:
    found = ended({"val_loss": curve(range(30), 23)}, {"patience": 6, "epochs": 30})
    assert found is not None
    assert not found.by_patience


def test_patience_of_the_schedule_and_a_switch_without_a_number_are_none() -> None:
    for params in ({"lr_patience": 6}, {"early_stopping": True}, {"patience": 0}):
        found = ended({"val_loss": curve(range(30), 23)}, params)
        assert found is not None
        assert not found.by_patience


@pytest.mark.parametrize(
    ("more", "stopped"),
    [
        ({"metrics": {"stopped_epoch": [[0, 23]]}}, True),
        ({"metrics": {"stopped_epoch": [[0, 0]]}}, False),
        ({"params": {"early_stopped": "True"}}, True),
        ({"params": {"early_stopped": False}}, False),
        ({"tags": {"stopped_early": "yes"}}, True),
        ({"tags": {"unstopped_epochs": "3"}}, False),
    ],
)
def test_what_says_that_it_was_stopped(more: dict[str, Any], stopped: bool) -> None:
    found = ended(**more)
    assert found is not None
    assert found.by_patience is stopped


@pytest.mark.parametrize(
    ("tags", "pruned"),
    [
        ({"state": "PRUNED"}, True),
        ({"optuna.trial.state": "TrialState.PRUNED"}, True),
        ({"pruned": "True"}, True),
        ({"pruned": "False"}, False),
        ({"state": "COMPLETE"}, False),
        ({"note": "the pruned network"}, False),
        ({"state": "unpruned"}, False),
    ],
)
def test_a_pruner(tags: dict[str, str], pruned: bool) -> None:
    found = ended({"loss": curve(range(5))}, {"epochs": 50}, tags=tags)
    assert found is not None
    assert found.pruned is pruned


def test_a_pruned_run_is_cut_short_though_no_length_is_known() -> None:
    found = ended({"loss": curve(range(5))}, tags={"state": "PRUNED"})
    assert found is not None
    assert found.cut_short is True


def test_a_pruned_network_is_no_pruned_run() -> None:
    found = ended(params={"pruned": True})
    assert found is not None
    assert not found.pruned
