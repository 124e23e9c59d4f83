"""The examples of watched trainings: each runs, and its run is read back with what was watched."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.copies import ROOT
from tracker_diag import diagnose
from tracker_diag.adapters.mlflow import connect
from tracker_diag.core.finding import Severity
from tracker_diag.core.run import Run

#: What each needs, and figures that its run holds.
EXAMPLES = {
    "pytorch": (["torch"], ["diag/grad_norm", "diag/initial_loss", "diag/label_order", "val_accuracy"]),
    "keras_on_torch": (
        ["torch", "keras"],
        ["diag/grad_norm", "diag/initial_loss", "diag/eval_in_training_mode", "val_loss"],
    ),
    "lightning_fit": (["torch", "lightning"], ["diag/grad_norm", "diag/clip_ratio", "diag/target_std", "val_loss"]),
    "transformers_trainer": (
        ["torch", "transformers", "accelerate"],
        ["diag/grad_norm", "diag/initial_loss", "diag/classes_seen", "eval_loss"],
    ),
    "scikit_learn": (["sklearn"], ["train_loss", "val_accuracy"]),
}
#: Examples that leave a profile of their data beside the run.
PROFILED = ("pytorch", "scikit_learn")


def trained(name: str, folder: Path) -> Run:
    """Run an example into a store of its own, and read its run."""
    uri = f"sqlite:///{folder}/mlflow.db"
    environment = os.environ | {
        "MLFLOW_TRACKING_URI": uri,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": str(ROOT),
        # Networks this small are slower on several threads.
        "OMP_NUM_THREADS": "1",
    }
    script = ROOT / "examples" / "watched" / f"{name}.py"
    done = subprocess.run(
        [sys.executable, script], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "could not be measured" not in done.stderr
    (run,) = connect(uri).load_runs([done.stdout.split()[-1]])
    assert isinstance(run, Run)
    return run


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_watched_training_is_read_back_and_is_sound(name: str, tmp_path: Path) -> None:
    needed, expected = EXAMPLES[name]
    if missing := [library for library in needed if find_spec(library) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    run = trained(name, tmp_path)
    assert set(expected) <= set(run.metrics)
    assert (run.profile is not None) == (name in PROFILED)
    assert diagnose(run).severity.rank < Severity.ERROR.rank


def test_every_example_has_a_line_here() -> None:
    assert {path.stem for path in (ROOT / "examples" / "watched").glob("*.py")} == set(EXAMPLES)
