"""``trainer_state.json`` as the Trainer of Hugging Face wrote it, in the folder of each checkpoint."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.reading.trained import KEPT
from tracker_diag import ReadingError, read, read_all


class Spring:
    """What does something when a pickle of it is read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("sprung"),)


def test_checkpoints_are_one_run_of_which_the_last_tells_the_most() -> None:
    (run,) = read_all(KEPT / "transformers")
    assert run.id == "transformers"
    assert run.metrics["eval_loss"].steps.tolist() == [6, 12, 18, 24]
    assert (run.params["max_steps"], run.params["model_type"]) == (24, "bert")


def test_a_checkpoint_alone_is_read_as_it_was() -> None:
    assert read(KEPT / "transformers" / "checkpoint-12").metrics["eval_loss"].steps.tolist() == [6, 12]
    path = KEPT / "transformers" / "checkpoint-12" / "trainer_state.json"
    assert read(path).metrics["eval_loss"].steps.tolist() == [6, 12]
    assert read(path).id == "transformers"


def test_the_state_that_was_saved_at_the_end_comes_last(tmp_path: Path) -> None:
    shutil.copytree(KEPT / "transformers", tmp_path, dirs_exist_ok=True)
    shutil.copy(tmp_path / "checkpoint-6" / "trainer_state.json", tmp_path)
    assert read(tmp_path).metrics["eval_loss"].steps.tolist() == [6]


def test_a_pickle_beside_it_is_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(KEPT / "transformers" / "checkpoint-6" / "trainer_state.json", tmp_path)
    (tmp_path / "training_args.bin").write_bytes(pickle.dumps(Spring()))
    assert len(read(tmp_path).metrics["loss"]) == 2
    assert not Path("sprung").exists()


@pytest.mark.parametrize("data", [[], {}, {"log_history": 5}, {"log_history": []}, {"log_history": [5]}])
def test_what_is_no_state_says_so(tmp_path: Path, data: Any) -> None:
    path = tmp_path / "trainer_state.json"
    path.write_text(json.dumps(data))
    with pytest.raises(ReadingError, match=r"trainer_state.json: "):
        read(path)
