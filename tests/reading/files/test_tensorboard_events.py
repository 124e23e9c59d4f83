"""Event files as PyTorch's writer wrote them, read by TensorBoard's own package."""

from __future__ import annotations

import builtins
import os
import shutil
import struct
from pathlib import Path
from typing import Any

import pytest

from tests.reading.trained import KEPT
from tracker_diag import ReadingError, diagnose, read, read_all


def test_a_folder_is_a_run_with_its_hyperparameters() -> None:
    pytest.importorskip("tensorboard")
    run = read(KEPT / "tensorboard" / "first")
    assert run.id == "first"
    assert run.params == {"lr": 0.1, "optimizer": "sgd", "nesterov": True}
    assert run.metrics["loss/val"].steps.tolist() == list(range(12))
    assert run.metrics["loss/train"].seconds is not None
    assert run.metrics["best"].values.tolist() == [pytest.approx(0.4)]
    assert diagnose(run).verdict == "overfitting"


def test_two_parts_beside_each_other_are_one_run() -> None:
    pytest.importorskip("tensorboard")
    runs = {run.id: run for run in read_all(KEPT / "tensorboard")}
    assert list(runs) == ["first", "second"]
    assert set(runs["second"].metrics) == {"train/epoch_loss", "val/epoch_loss"}
    assert read(KEPT / "tensorboard" / "second").metrics.keys() == runs["second"].metrics.keys()


def test_a_file_alone_is_read_as_it_is() -> None:
    pytest.importorskip("tensorboard")
    (path,) = (KEPT / "tensorboard" / "second" / "train").iterdir()
    assert set(read(path).metrics) == {"epoch_loss"}


def test_a_file_that_ends_in_the_middle_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    (path,) = (KEPT / "tensorboard" / "second" / "train").iterdir()
    (tmp_path / path.name).write_bytes(path.read_bytes()[:-60])
    assert 0 < len(read(tmp_path).metrics["epoch_loss"]) < 12


@pytest.mark.parametrize("content", [b"", b"garbage", os.urandom(4096), struct.pack("<QI", 2**60, 0) + b"x" * 100])
def test_a_damaged_file_says_so(tmp_path: Path, content: bytes) -> None:
    pytest.importorskip("tensorboard")
    (tmp_path / "events.out.tfevents.1.host").write_bytes(content)
    with pytest.raises(ReadingError, match=r"no scalars in its event files|cannot read it"):
        read(tmp_path)


def test_without_tensorboard_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("tensorboard."):
            raise ModuleNotFoundError(name)
        return real(name, *rest)

    shutil.copytree(KEPT / "tensorboard" / "first", tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ReadingError, match=r"pip install 'tracker-diag\[tensorboard\]'"):
        read(tmp_path)
