"""Starts training scripts in processes of their own, apart from this machine's accounts and settings."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

SCRIPT = Path(__file__).parent / "scripts" / "training.py"


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a user who has only what is named here, and no wandb process to join."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("WANDB", "NETRC", "PYTEST"))}
    folders = {f"WANDB_{name}_DIR": str(home / name.lower()) for name in ("CACHE", "CONFIG", "DATA", "ARTIFACT")}
    home.mkdir(parents=True, exist_ok=True)
    return {
        **kept,
        **folders,
        "WANDB_DIR": str(home),
        "HOME": str(home),
        "WANDB_SILENT": "true",
        "WANDB_CONSOLE": "off",
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_DISABLE_GIT": "true",
        "WANDB_X_DISABLE_STATS": "true",
        "WANDB_X_DISABLE_META": "true",
        **more,
    }


def train(*runs: str, home: Path, env: Mapping[str, str]) -> dict[str, list[dict[str, float]]]:
    """Train, wait, and say what was logged: run id to rows of numbers with their ``_step``."""
    truth = home / "truth.json"
    finish([sys.executable, str(SCRIPT), str(truth), *runs], home=home, env=env)
    return json.loads(truth.read_text())


def finish(command: list[str], *, home: Path, env: Mapping[str, str]) -> str:
    """Run a command to its end; its output is the message if it fails."""
    done = subprocess.run(command, cwd=home, env=dict(env), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@contextlib.contextmanager
def training(run: str, *, home: Path, env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A training that goes on; on leaving, it and its wandb process are killed without notice."""
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), str(home / "truth.json"), run],
        cwd=home,
        env=dict(env),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
