"""The command line as a process of its own: what it imports, and what signals do."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

HEAVY = (
    *("mlflow", "wandb", "numpy", "scipy", "pandas", "jinja2", "sqlalchemy", "requests"),
    *("distributed", "apprise", "mcp"),
)


COMMAND = [sys.executable, "-m", "tracker_diag"]
# From whatever folder a test works in, installed or not.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


def _start(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    )


def _start_schedule(uri: str, stderr: IO[str]) -> subprocess.Popen[bytes]:
    words = ["sweep", "--all", "--tracking-uri", uri, "--every", "1s", "--log-format", "json"]
    return subprocess.Popen([*COMMAND, *words], stderr=stderr, env=ENVIRONMENT)


@pytest.mark.parametrize("words", [["--help"], ["sweep", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    script = (
        "import sys\n"
        "from tracker_diag.cli import main\n"
        f"sys.argv = ['tracker-diag', *{words!r}]\n"
        "try:\n    main()\n"
        f"finally:\n    print(*[m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)\n"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=ENVIRONMENT, check=True)
    assert answer.stdout
    assert answer.stderr.strip() == ""


def test_the_module_runs(store: str) -> None:
    process = _start("sweep", "--all", "--tracking-uri", store)
    said, complained = process.communicate(timeout=120)
    assert (process.returncode, complained) == (0, "")
    assert "7 diagnosed" in said


def test_worker_processes_know_what_was_typed() -> None:
    script = (
        "from tracker_diag.core.outgoing import clean, keep_secret\n"
        "from tracker_diag.sweeping.open_engine import open_engine\n"
        "keep_secret('//bob:hunter2@h')\n"
        "with open_engine('local', calls=1000, workers=2) as engine:\n"
        "    print(engine.submit(clean, 'a net of hunter2').result())\n"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=ENVIRONMENT, check=True)
    assert answer.stdout == "a net of …\n"


def test_a_reader_that_leaves_is_no_error() -> None:
    process = _start("rules")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(60) == 0


@pytest.fixture
def silent_server() -> Iterator[tuple[str, threading.Event]]:
    """A server that takes requests and never answers; the event is set once it was asked."""
    asked = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    taken = []

    def take() -> None:
        while True:
            try:
                taken.append(listener.accept()[0])
            except OSError:
                return
            asked.set()

    thread = threading.Thread(target=take)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()
    for connection in taken:
        connection.close()


def test_ctrl_c_is_one_line_and_exit_code_130(silent_server: tuple[str, threading.Event]) -> None:
    uri, asked = silent_server
    process = _start("diagnose", "--run-id", "0" * 32, "--tracking-uri", uri)
    assert asked.wait(60)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "interrupted\n")
    assert process.returncode == 130


def test_a_second_ctrl_c_ends_a_sweep_whose_server_does_not_answer(silent_server: tuple[str, threading.Event]) -> None:
    uri, asked = silent_server
    process = _start("sweep", "--all", "--tracking-uri", uri)
    assert asked.wait(60)
    process.send_signal(signal.SIGINT)
    assert process.stderr
    assert process.stderr.readline() == "finishing the runs in progress; press Ctrl-C again to stop at once\n"
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=10) == ("", "interrupted\n")
    assert process.returncode == 130


def test_a_scheduled_sweep_ends_with_sigterm(store: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as stderr:
        process = _start_schedule(store, stderr)
        deadline = time.monotonic() + 60
        while _swept(log) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.terminate()
        assert process.wait(60) == 0
    events = [json.loads(line) for line in log.read_text().splitlines()]
    runs = [event["runs"] for event in events if event["event"] == "swept"]
    assert [(r["diagnosed"], r["unchanged"]) for r in runs[:3]] == [(7, 0), (0, 7), (0, 7)]


def test_a_schedule_outlives_a_tracker_that_is_away(tmp_path: Path, store: str) -> None:
    database = Path(store.removeprefix("sqlite:///"))
    away = database.rename(tmp_path / "away.db")
    log = tmp_path / "log"
    with log.open("w") as stderr:
        process = _start_schedule(store, stderr)
        deadline = time.monotonic() + 60
        while "error: " not in log.read_text() and time.monotonic() < deadline:
            time.sleep(0.05)
        away.rename(database)
        while _swept(log) < 1 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.terminate()
        assert process.wait(60) == 0
    assert "Traceback" not in log.read_text()
    assert _swept(log) >= 1


def _swept(log: Path) -> int:
    return log.read_text().count('"event": "swept"')
