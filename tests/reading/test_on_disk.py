"""Which files below a folder are runs, and which belong to one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.reading.trained import KEPT
from tracker_diag import ReadingError, read, read_all
from tracker_diag.reading import on_disk

TABLE = "epoch,loss\n1,0.9\n2,0.7\n"


def test_general_files_count_only_beside_nothing_else_and_only_in_the_folder_itself(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text(TABLE)
    (tmp_path / "a.json").write_text('{"loss": [0.9, 0.7]}')
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.csv").write_text("x,y\n1,2\n")
    assert [run.id for run in read_all(tmp_path)] == ["a", "b"]
    shutil.copytree(KEPT / "lightning", tmp_path / "logs")
    assert [run.id for run in read_all(tmp_path)] == ["logs/version_0"]


def test_what_lies_in_the_folder_of_a_run_belongs_to_it(tmp_path: Path) -> None:
    shutil.copytree(KEPT / "transformers", tmp_path / "out")
    shutil.copytree(KEPT / "tensorboard" / "first", tmp_path / "out" / "runs" / "Nov28")
    assert [run.id for run in read_all(tmp_path)] == ["out"]


def test_links_that_are_found_are_not_followed_and_one_that_is_named_is(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text(TABLE)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "metrics.csv").symlink_to(tmp_path / "secret.csv")
    (tmp_path / "logs" / "version_9").symlink_to(KEPT / "lightning")
    with pytest.raises(ReadingError, match="no runs found"):
        read_all(tmp_path / "logs")
    assert len(read(tmp_path / "logs" / "metrics.csv").metrics["loss"]) == 2


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "metrics.csv")
    with pytest.raises(ReadingError, match="not a regular file"):
        read(tmp_path)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "metrics.csv").open("wb") as file:
        file.truncate(300 * 2**20)
    with pytest.raises(ReadingError, match=r"314,572,800 bytes.* more than the .*268,435,456"):
        read(tmp_path)


def test_a_search_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_disk, "MOST_FILES", 3)
    for name in "abcd":
        (tmp_path / name).touch()
    with pytest.raises(ReadingError, match="more than 3 files"):
        read_all(tmp_path)


@pytest.mark.parametrize("name", ["model.pt", "training_args.bin", "notes.txt"])
def test_a_file_of_no_format_says_which_there_are(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(
        ReadingError, match=rf"{name}: unknown file format; readable are .*metrics.csv, .*CSV.*, and a wandb folder$"
    ):
        read(tmp_path / name)
