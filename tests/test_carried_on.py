"""What is extrapolated, beside what real curves did: floors, measured, and that the measuring can fail."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from scripts.accuracy import FAULTS, load, mean
from scripts.carried_on import Cut, cuts, fitted, outcome, report
from scripts.stretched import left, tasks, train
from tracker_diag.stats.extrapolation import DOUBT


@pytest.fixture(scope="module")
def found() -> list[Cut]:
    return [cut for record in load(FAULTS) for cut in cuts(record, "faults")]


def record(values: np.ndarray, metric: str = "val_loss") -> dict[str, object]:
    points = [[step, float(value)] for step, value in enumerate(values)]
    return {"id": "r", "group": "g", "metrics": {metric: points}, "truth": {"faulty": False}}


def test_the_interval_holds_what_real_curves_did(found: list[Cut]) -> None:
    outcomes = [outcome(cut, DOUBT) for cut in found]
    assert len(outcomes) > 1000
    assert mean(o.held for o in outcomes) >= 0.93
    assert mean(o.below for o in outcomes if o.told) <= 0.05


def test_without_doubt_it_does_not(found: list[Cut]) -> None:
    outcomes = [outcome(cut, 0.0) for cut in found]
    assert mean(o.below for o in outcomes if o.told) > 0.1


@pytest.mark.parametrize("task", ["digits", "shapes", "spirals", "surface"])
def test_no_task_is_left_behind(found: list[Cut], task: str) -> None:
    outcomes = [outcome(cut, DOUBT) for cut in found if cut.task == f"faults {task}"]
    assert mean(o.held for o in outcomes) >= 0.9
    assert mean(o.below for o in outcomes if o.told) <= 0.05


def test_a_line_is_cut_in_three_and_its_truth_is_what_it_fell() -> None:
    found = list(cuts(record(np.linspace(2.0, 1.0, 60))))
    assert [c.y.size for c in found] == [15, 20, 30]
    assert [c.truth for c in found] == pytest.approx([15 / 59, 20 / 59, 30 / 59])
    assert all(outcome(c, DOUBT).told and outcome(c, DOUBT).held for c in found)


def test_a_score_is_turned_and_a_rise_is_no_gain() -> None:
    risen = list(cuts(record(np.concatenate((np.linspace(0.2, 0.6, 20), np.linspace(0.6, 0.3, 20))), "val_accuracy")))
    assert risen[-1].truth < 0
    assert outcome(risen[-1], DOUBT).below


def test_what_blows_up_or_is_too_short_is_left_out() -> None:
    assert not list(cuts(record(np.linspace(2.0, 1.0, 9))))
    assert not list(cuts(record(np.append(np.linspace(2.0, 1.0, 30), np.nan))))


def test_the_doubt_is_fitted_on_the_other_tasks() -> None:
    turned = list(cuts(record(np.concatenate((np.linspace(2.0, 1.0, 20), np.linspace(1.0, 2.0, 20))))))[-1:]
    straight = list(cuts(record(np.linspace(2.0, 1.0, 60))))
    tried = {d: {"a": [outcome(c, d) for c in turned], "b": [outcome(c, d) for c in straight]} for d in (0.0, 0.5)}
    assert fitted(tried, {"a"}) == 0.0
    assert fitted(tried, {"b"}) == 0.5


def test_every_kind_has_its_line(found: list[Cut]) -> None:
    some = [*found[:40], *(dataclasses.replace(c, file="other", task="other x") for c in found[40:60])]
    lines = "\n".join(report(some))
    for name in ("5 to 7 points", "faults digits", "other x", "each task left out", "each file left out", "sound"):
        assert name in lines


def test_a_network_is_trained_as_its_schedule_says() -> None:
    task = tasks()[-1]
    held, annealed = (train(task, 0.01, 4, schedule, seed=0) for schedule in ("held", "cosine"))
    assert held.loss[-1] < held.loss[0]
    assert (held.rate == 0.01).all()
    assert annealed.rate[-1] < 0.01 * left("cosine", 0.9)
    again = train(task, 0.01, 4, "cosine", seed=0)
    assert np.array_equal(annealed.loss, again.loss)
