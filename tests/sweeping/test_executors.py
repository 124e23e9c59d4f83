from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tracker_diag.sweeping.executors import EngineError, WorkerLostError, threads
from tracker_diag.sweeping.flow import completed, read_ahead
from tracker_diag.sweeping.local import Here, Processes
from tracker_diag.sweeping.open_engine import POOL_PAYS_FROM, open_engine

MANY = POOL_PAYS_FROM


def square(x: int) -> int:
    return x * x


def fail_at_three(x: int) -> int:
    if x == 3:
        raise ValueError("three")
    return x


def where(_: int) -> int:
    return os.getpid()


def die_at_three(x: int) -> int:
    if x == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return x


def die_once(marker: str) -> str:
    """Kill the worker the first time, so that all it held is lost."""
    if not marker:
        return marker
    path = Path(marker)
    if path.exists():
        path.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    return marker


def test_few_calls_are_done_here_and_many_by_processes() -> None:
    with open_engine("local", calls=MANY - 1, workers=2) as engine:
        assert isinstance(engine, Here)
        assert {pid for _, pid in completed(engine, where, range(5))} == {os.getpid()}
    with open_engine("local", calls=MANY, workers=2) as engine:
        assert isinstance(engine, Processes)
        assert os.getpid() not in {pid for _, pid in completed(engine, where, range(20))}


@pytest.mark.parametrize("calls", [1, MANY])
def test_each_item_comes_back_once_with_its_result_or_its_error(calls: int) -> None:
    with open_engine("local", calls=calls, workers=2) as engine:
        outcomes = dict(completed(engine, fail_at_three, range(30)))
    error = outcomes.pop(3)
    assert isinstance(error, ValueError)
    assert outcomes == {x: x for x in range(30) if x != 3}


def test_items_are_taken_no_faster_than_results() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for i in range(1000):
            taken.append(i)
            yield i

    with threads(2) as engine:
        results = completed(engine, square, items(), ahead=5)
        for _ in range(10):
            next(results)
        assert len(taken) <= 15


def test_a_worker_that_dies_loses_nothing(tmp_path: Path) -> None:
    marker = tmp_path / "once"
    marker.touch()
    items = ["", str(marker), *(f"{tmp_path}/none-{i}" for i in range(40))]
    with open_engine("local", calls=MANY, workers=2) as engine:
        outcomes = list(completed(engine, die_once, items))
    assert sorted(outcomes) == sorted((x, x) for x in items)
    assert not marker.exists()


def test_only_the_call_that_kills_its_worker_fails() -> None:
    with open_engine("local", calls=MANY, workers=2) as engine:
        outcomes = dict(completed(engine, die_at_three, range(40)))
    assert isinstance(outcomes.pop(3), WorkerLostError)
    assert outcomes == {x: x for x in range(40) if x != 3}


def test_workers_end_with_a_parent_that_is_killed() -> None:
    script = (
        "import os, time\n"
        "from tracker_diag.sweeping.flow import completed\n"
        "from tracker_diag.sweeping.open_engine import open_engine\n"
        "from tests.sweeping.test_executors import where\n"
        "if __name__ == '__main__':\n"
        "    with open_engine('local', calls=10_000, workers=2) as engine:\n"
        "        print(*{pid for _, pid in completed(engine, where, range(50))}, flush=True)\n"
        "        time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    workers = [int(pid) for pid in parent.stdout.readline().split()]
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert workers
    deadline = time.monotonic() + 10
    while any(_alive(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_alive(pid) for pid in workers)


def test_reading_ahead_keeps_the_order_and_the_bound() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for i in range(100):
            taken.append(i)
            yield i

    ahead = read_ahead(items(), 4)
    assert [next(ahead) for _ in range(10)] == list(range(10))
    assert len(taken) <= 15
    ahead.close()  # type: ignore[attr-defined]
    assert not [t for t in threading.enumerate() if t.name.startswith("tracker-diag-read")]


def test_an_error_while_reading_ahead_comes_after_what_was_read() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("gone")

    ahead = read_ahead(items(), 4)
    assert [next(ahead), next(ahead)] == [1, 2]
    with pytest.raises(OSError, match="gone"):
        next(ahead)


def test_engines_that_cannot_be_used_say_so() -> None:
    with pytest.raises(EngineError, match="--engine spark: choose local or dask"), open_engine("spark", calls=1):
        pass
    with (
        pytest.raises(EngineError, match="--scheduler needs --engine dask"),
        open_engine("local", calls=1, scheduler="tcp://x:1"),
    ):
        pass
    with (
        pytest.raises(EngineError, match="no Dask scheduler answers at nonsense"),
        open_engine("dask", calls=1, scheduler="nonsense"),
    ):
        pass


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
