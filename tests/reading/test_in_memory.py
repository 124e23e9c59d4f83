"""One run or several, and what is neither."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tracker_diag import Run, diagnose
from tracker_diag.core.run import InvalidRunError
from tracker_diag.reading.in_memory import one_run, several_runs

LOSS = [0.9, 0.7]
FRAME = pd.DataFrame({"loss": LOSS})
TABLE = pd.DataFrame({"run": ["a", "a", "b"], "epoch": [1, 2, 1], "loss": [0.9, 0.7, 0.8]})


def ids(x: Any) -> list[str]:
    return [run.id for run in several_runs(x)]


def test_a_run_is_itself() -> None:
    run = Run.from_dict({"id": "x"})
    assert one_run(run) is run
    assert several_runs(run) == (run,)


@pytest.mark.parametrize(
    ("x", "said"),
    [
        ([FRAME, {"loss": LOSS}], ["run-0", "run-1"]),
        ((frame for frame in [FRAME, FRAME]), ["run-0", "run-1"]),
        ({"a": FRAME, "b": {"loss": LOSS}}, ["a", "b"]),
        ({1: {"loss": LOSS}, 2: {"loss": LOSS}}, ["1", "2"]),
        ({"a": [{"loss": 0.9}], "b": Run.from_dict({"id": "x"})}, ["a", "b"]),
        ({"x": TABLE}, ["x/a", "x/b"]),
        (TABLE, ["a", "b"]),
        (TABLE.groupby("run"), ["a", "b"]),
        (TABLE.groupby(["run", "epoch"]), ["a/1", "a/2", "b/1"]),
        ({"loss": LOSS, "val_loss": LOSS}, ["run"]),
        ({"loss": {0: 0.9}}, ["run"]),
        ({"loss": pd.Series(LOSS)}, ["run"]),
        ([{"step": 1, "loss": 0.9}, {"step": 2, "loss": 0.7}], ["run"]),
        ({"id": "z", "metrics": {"loss": LOSS}}, ["z"]),
        ([], []),
    ],
)
def test_what_stands_for_several_runs(x: Any, said: list[str]) -> None:
    assert ids(x) == said


def test_two_runs_of_one_id_are_told_apart_by_names() -> None:
    run = Run.from_dict({"id": "x"})
    with pytest.raises(InvalidRunError, match="two runs have the id 'x': name them"):
        several_runs([run, run])
    assert ids({"first": run, "second": run}) == ["first", "second"]


@pytest.mark.parametrize(
    "x",
    [None, 3, 2.5, True, b"x", object(), print, {1, 2}, [1, 2], [[1, 2]], np.zeros(3), np.zeros((2, 2)), Run, [], ""],
)
def test_what_is_nothing_of_these_says_what_is(x: Any) -> None:
    with pytest.raises(TypeError) as error:
        diagnose(x)
    assert "give a tracker_diag.Run; a pandas DataFrame" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "x", ["3f2a9c0011223344", "acme/vision/run1", "runs/log.csv", Path("log.csv"), "http://h:5000/#/x"]
)
@pytest.mark.parametrize("call", [one_run, several_runs])
def test_a_path_or_the_id_of_a_run_says_read(x: Any, call: Any) -> None:
    with pytest.raises(TypeError, match=r"is a path or a run ID: read it first with tracker_diag.read\('"):
        call(x)


def test_several_runs_say_diagnose_many() -> None:
    with pytest.raises(TypeError, match=r"a list of several runs: use tracker_diag.diagnose_many;"):
        diagnose([FRAME, FRAME])


@pytest.mark.parametrize(
    "x",
    [
        {"a": {"loss": LOSS}, "b": {"loss": LOSS}},
        {"train-1": {"loss": LOSS}, "train-2": {"loss": LOSS}},
        {"a": {"train": {"loss": LOSS}, "val": {"loss": LOSS}}, "b": {"loss": LOSS}},
        {"a": Run.from_dict({"id": "x"}), "b": Run.from_dict({"id": "x"})},
        {"a": FRAME, "b": FRAME},
    ],
)
def test_a_dict_of_several_runs_is_not_taken_for_one(x: Any) -> None:
    with pytest.raises(
        InvalidRunError, match=r"it holds 2 runs \('(a|train-1)', '\S+'\): use tracker_diag.diagnose_many"
    ):
        diagnose(x)
    assert len(ids(x)) == 2


@pytest.mark.parametrize(
    ("x", "names"),
    [
        ({"train": {"loss": LOSS}, "val": {"loss": LOSS}}, {"train/loss", "val/loss"}),
        ({"training": {"loss": LOSS}, "test_set": {"loss": LOSS}}, {"training/loss", "test_set/loss"}),
        ({"loss": {"train": LOSS, "val": LOSS}, "f": {"train": LOSS}}, {"loss/train", "loss/val", "f/train"}),
        ({"loss": {"mean": LOSS}, "accuracy": {"mean": LOSS}}, {"loss/mean", "accuracy/mean"}),
        ({"metrics": {"a": {"loss": LOSS}, "b": {"loss": LOSS}}}, {"a/loss", "b/loss"}),
        ({"a": {"loss": LOSS}}, {"a/loss"}),
    ],
)
def test_dicts_of_metrics_in_a_dict_are_one_run(x: Any, names: set[str]) -> None:
    assert set(one_run(x).metrics) == names


@pytest.mark.parametrize(("x", "said"), [([], "list is empty; give "), ("", "str is empty; give ")])
def test_what_is_empty_is_called_empty(x: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        diagnose(x)


class Touchy:
    """An object that answers no question."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


def test_an_object_that_fails_when_it_is_asked_is_nothing_of_these() -> None:
    with pytest.raises(TypeError, match="cannot diagnose Touchy; give "):
        diagnose(Touchy())


def test_what_never_ends_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker_diag.reading.cells.MOST_CELLS", 100)
    with pytest.raises(InvalidRunError, match="give a list"):
        diagnose({"loss": itertools.count()})


def test_what_a_text_holds_is_shown_and_not_obeyed() -> None:
    with pytest.raises(TypeError) as error:
        diagnose("a/b\n\x1b[31m")
    assert str(error.value).isprintable()
