"""What a sweep must survive: faults of the network, its own sudden death, other writers."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.faults.conftest import PLAN, RUNS, State, Store
from tests.faults.proxy import FAULTS, faulty
from tracker_diag.adapters.mlflow import connect
from tracker_diag.sweeping.sweep import WRITERS, Swept, sweep


def test_every_run_is_diagnosed_once_through_a_faulty_network(store: Store, undisturbed: tuple[State, str]) -> None:
    with faulty(store.uri, share=0.2, seed=7) as (uri, counts):
        swept = sweep(connect(uri), PLAN)
    assert (swept.failures, swept.error) == ((), "")
    assert len({row.id for row in swept.rows}) == len(swept.rows) == RUNS
    assert store.diagnoses() == undisturbed[0]
    assert all(counts[fault] for fault in FAULTS), counts
    assert sweep(connect(store.uri), PLAN).unchanged == RUNS


def test_killed_at_any_moment_nothing_is_half_done_and_the_next_sweep_completes_it(
    store: Store, undisturbed: tuple[State, str]
) -> None:
    rng = random.Random(11)
    caught = 0
    for _ in range(25):
        # --force, so that every sweep has all runs to write again, and the kill finds it at work.
        process = _start_sweep(store.uri, "--force")
        moment = time.monotonic() + rng.uniform(0.8, 2.8)
        while time.monotonic() < moment and process.poll() is None:
            assert store.half_done() == []
            time.sleep(0.02)
        caught += process.poll() is None
        process.kill()
        process.communicate()
        assert store.half_done() == []
    assert caught >= 15
    assert sweep(connect(store.uri), PLAN).failures == ()
    assert store.diagnoses() == undisturbed[0]


def test_two_sweeps_at_once_and_a_user_lose_nothing(store: Store, undisturbed: tuple[State, str]) -> None:
    import mlflow

    client = mlflow.MlflowClient(store.uri)
    ids = list(store.diagnoses())
    stop = threading.Event()
    written: dict[str, str] = {}

    def tag_as_a_user() -> None:
        for n in range(10_000):
            if stop.is_set():
                return
            run = ids[n % len(ids)]
            client.set_tag(run, "note", str(n))
            written[run] = str(n)

    def force() -> Swept:
        return sweep(connect(store.uri), replace(PLAN, force=True))

    with ThreadPoolExecutor(3) as pool:
        user = pool.submit(tag_as_a_user)
        results = [future.result() for future in (pool.submit(force), pool.submit(force))]
        stop.set()
        user.result()
    assert [(len(r.rows), r.failures, r.error) for r in results] == [(RUNS, (), "")] * 2
    assert store.diagnoses() == undisturbed[0]
    assert written
    assert {run: client.get_run(run).data.tags["note"] for run in written} == written
    for run in written:
        client.delete_tag(run, "note")


def test_a_sweep_that_is_terminated_finishes_the_runs_in_hand(store: Store, undisturbed: tuple[State, str]) -> None:
    writes = threading.Event()
    with faulty(store.uri, share=0.0, writes=writes) as (uri, counts):
        process = _start_sweep(uri)
        while counts["held"] < WRITERS:
            assert process.poll() is None
            time.sleep(0.02)
        process.terminate()
        assert process.stderr
        assert process.stderr.readline() == "finishing the runs in progress\n"
        writes.set()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 143
    assert said.startswith("stopped: ")
    assert said.count("\n") == 1
    done = {run for run, (tags, _) in store.diagnoses().items() if "diag.fingerprint" in tags}
    assert {run for run, (tags, files) in store.diagnoses().items() if tags or files} == done
    assert WRITERS <= len(done) < RUNS
    assert len(sweep(connect(store.uri), PLAN).rows) == RUNS - len(done)
    assert store.diagnoses() == undisturbed[0]


def _start_sweep(uri: str, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tracker_diag", "sweep", "--all", "--artifacts", "all", "--tracking-uri", uri]
    return subprocess.Popen([*command, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def cluster() -> Iterator[tuple[str, list[int]]]:
    """A Dask cluster of two processes: its address, and their process ids."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as local,
        Client(local, set_as_default=False) as client,
    ):
        yield local.scheduler_address, list(client.run(_process_id).values())


def _process_id() -> int:
    import os

    return os.getpid()


def test_a_dask_worker_that_is_killed_in_the_middle_loses_nothing(
    store: Store, undisturbed: tuple[State, str], cluster: tuple[str, list[int]]
) -> None:
    import os
    import signal

    address, workers = cluster

    class KillAfterThree:
        seen = 0

        def listed(self, due: int, unchanged: int) -> None: ...

        def done(self, row: object) -> None:
            self.seen += 1
            if self.seen == 3:
                os.kill(workers[0], signal.SIGKILL)

        def failed(self, failure: object) -> None:
            raise AssertionError(failure)

    swept = sweep(connect(store.uri), replace(PLAN, engine="dask", scheduler=address), KillAfterThree())
    assert len(swept.rows) == RUNS
    assert store.diagnoses() == undisturbed[0]
