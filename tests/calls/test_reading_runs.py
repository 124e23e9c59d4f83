"""``read`` and ``read_all``: what a text, a path and an object stand for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tracker_diag import ReadingError, read, read_all
from tracker_diag.adapters.locating import LocationError

TABLE = "epoch,loss\n1,0.9\n2,0.7\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    Path("log.csv").write_text(TABLE)


@pytest.mark.parametrize("x", ["log.csv", "./log.csv", "~/log.csv", Path("log.csv"), Path("~/log.csv"), ".", Path()])
def test_a_text_is_a_path_where_there_is_one(x: Any) -> None:
    assert len(read(x).metrics["loss"]) == 2


def test_a_folder_named_like_a_run_of_wandb_is_a_folder() -> None:
    Path("acme/vision").mkdir(parents=True)
    Path("acme/vision/log.csv").write_text(TABLE)
    assert [run.id for run in read_all("acme/vision")] == ["log"]


@pytest.mark.parametrize("x", ["none.csv", "./none", "/none/of/this", Path("none"), "~/none"])
def test_a_path_to_nothing_says_so(x: Any) -> None:
    with pytest.raises(ReadingError, match="no file or folder '"):
        read(x)


@pytest.mark.parametrize("x", [None, 5, ["log.csv"], {"loss": [1.0]}, object(), b"log.csv"])
def test_what_is_no_place_says_what_is(x: Any) -> None:
    with pytest.raises(TypeError, match=r"cannot read .*: give a run ID or URL") as error:
        read(x)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("x", ["", "  "])
def test_an_empty_text_names_nothing(x: str) -> None:
    with pytest.raises(ReadingError, match="the name of the run is empty"):
        read(x)


def test_a_name_of_no_known_form_says_which_there_are() -> None:
    with pytest.raises(LocationError, match="is not the name of a run; give"):
        read("a/b/c/d/e")
    with pytest.raises(ReadingError):
        read("log\0.csv")
