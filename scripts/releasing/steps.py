"""Steps that print one line each, and stop at the first that fails."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


class StepError(Exception):
    """A step failed; the message is what a person needs to see."""


@contextmanager
def step(what: str) -> Iterator[list[str]]:
    """Print what is done, how long it took, and what is put into the list that the step is given.

    Raises
    ------
    StepError
        If the step fails.
    """
    started = time.monotonic()
    print(f"{what} …", end="", flush=True)
    said: list[str] = []
    try:
        yield said
    except BaseException:
        print(" failed", flush=True)
        raise
    print(f" {' '.join([*said, f'({time.monotonic() - started:.0f} s)'])}", flush=True)


def run(
    *command: str | Path, cwd: Path, code: int = 0, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command of which nothing is seen unless it ends with another exit code.

    Raises
    ------
    StepError
        If the exit code is another one; the message holds all that the command printed.
    """
    done = subprocess.run(
        command, cwd=cwd, env=dict(os.environ if env is None else env), capture_output=True, text=True, check=False
    )
    if done.returncode != code:
        words = " ".join(map(str, command))
        raise StepError(f"{words}\nexit code {done.returncode}, not {code}\n{done.stdout}{done.stderr}")
    return done
