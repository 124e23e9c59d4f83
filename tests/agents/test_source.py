from __future__ import annotations

import pytest

from tracker_diag.adapters.base import Query, UnknownRunError
from tracker_diag.adapters.locating import Location, LocationError
from tracker_diag.adapters.memory import MemoryAdapter
from tracker_diag.agents.arguments import Scope
from tracker_diag.agents.source import RefusedError, Source, find
from tracker_diag.core.run import Run
from tracker_diag.settings.settings import Settings

ID = "0123456789abcdef0123456789abcdef"


def source(where: Location, *projects: str) -> Source:
    return Source(where, projects, Settings, frozenset())


MLFLOW = source(Location("mlflow", uri="http://127.0.0.1:5000"))
WANDB = source(Location("wandb"), "us/vision")
FOLDER = source(Location("wandb", folder="wandb"))


@pytest.mark.parametrize(
    ("of", "text", "run_id"),
    [
        (MLFLOW, ID, ID),
        (MLFLOW, f"runs:/{ID}/model", ID),
        (MLFLOW, f"http://127.0.0.1:5000/#/experiments/1/runs/{ID}", ID),
        # Another host is not asked: what it would get are the credentials of this one.
        (MLFLOW, f"http://elsewhere.example/#/experiments/1/runs/{ID}", ID),
        (WANDB, "us/vision/3x7", "us/vision/3x7"),
        (WANDB, "3x7", "3x7"),
        (WANDB, "https://elsewhere.example/us/vision/runs/3x7", "us/vision/3x7"),
        (FOLDER, "3x7", "3x7"),
    ],
)
def test_a_run_is_looked_for_in_the_one_tracker(of: Source, text: str, run_id: str) -> None:
    assert of.location(text).run_id == run_id


@pytest.mark.parametrize("of", [MLFLOW, WANDB])
@pytest.mark.parametrize("text", ["/etc/passwd", "~/x.wandb", "file:///etc", "./wandb", "http://[", "a\nb/c/d/e", " "])
def test_no_file_is_opened_that_an_agent_names(of: Source, text: str) -> None:
    with pytest.raises(LocationError, match="is not the name of a run: give ") as caught:
        of.location(text)
    assert "\n" not in str(caught.value)


RUNS = [Run.from_dict({"id": run_id, "name": name}) for run_id, name in (("abcd1", "over"), ("abcd2", "under"))]


def found(text: str) -> str:
    return find(MemoryAdapter(RUNS), Location("memory", run_id=text), lambda *_: None).id


def test_a_run_is_found_by_id_name_or_the_beginning_of_its_id() -> None:
    assert [found(text) for text in ("abcd1", "under", "over")] == ["abcd1", "abcd2", "abcd1"]
    assert find(MemoryAdapter(RUNS[:1]), Location("memory", run_id="abcd"), lambda *_: None).id == "abcd1"
    with pytest.raises(UnknownRunError, match=r"several runs: give the ID of one, abcd1 \(over\b"):
        found("abcd")


@pytest.mark.parametrize("text", ["none", "abc", "a\nb"])
def test_a_run_that_is_not_there_is_said_in_words_for_an_agent(text: str) -> None:
    with pytest.raises(RefusedError, match=r"^no run has the name or ID '.*list_runs gives the IDs$") as caught:
        found(text)
    assert "URI" not in str(caught.value)


def test_a_scope_is_asked_for() -> None:
    assert MLFLOW.query(Scope(experiments=["a", "b*"]), limit=3) == Query(("a", "b*"), limit=3)
    assert MLFLOW.query(Scope(everything=True), since=1.0) == Query(everything=True, since=1.0)
    assert WANDB.query(Scope()) == Query(("us/vision",))
    assert WANDB.query(Scope(experiments=["us/text"])) == Query(("us/text",))
    assert WANDB.query(Scope(everything=True)) == Query(everything=True)
    with pytest.raises(RefusedError, match="no runs selected"):
        MLFLOW.query(Scope())
    with pytest.raises(RefusedError, match="leave one out"):
        MLFLOW.query(Scope(experiments=["a"], everything=True))
