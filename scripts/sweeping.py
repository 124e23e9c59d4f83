"""Measures sweeps on real MLflow stores: speed against the loop a user writes, and scale."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import requests

from scripts.fill_mlflow import METRICS, fill
from tracker_diag.adapters.base import Query
from tracker_diag.adapters.mlflow import connect
from tracker_diag.cli.console import hush
from tracker_diag.settings.settings import Settings
from tracker_diag.sweeping.plan import Plan
from tracker_diag.sweeping.sweep import sweep

EVERYTHING = Query(everything=True)
WAYS = {
    "pull": "pull alone",
    "dry": "sweep --dry-run",
    "write": "sweep",
    "again": "sweep, nothing new",
    "cold": "the same, with the import of MLflow's client",
}


@dataclass(frozen=True)
class Measured:
    """One way through a store: how many runs, seconds of the clock and of processors, how much memory."""

    runs: int
    seconds: float
    cpu: float = 0.0
    cpu_workers: float = 0.0
    cpu_server: float = 0.0
    megabytes_start: float = 0.0
    megabytes_peak: float = 0.0
    megabytes_workers: float = 0.0

    @property
    def rate(self) -> float:
        """Runs a second."""
        return self.runs / self.seconds


def main() -> None:
    """Run the benchmark, or one measurement in a process of its own."""
    parser = argparse.ArgumentParser(prog="scripts/bench_sweep", description=__doc__)
    parser.add_argument("--runs", type=int, default=1000, help="runs in the store (1000)")
    parser.add_argument("--sample", type=int, default=30, help="runs on which the user's loop is measured (30)")
    parser.add_argument("--stores", default="sqlite,postgresql", help="what the server stands on (sqlite,postgresql)")
    parser.add_argument("--scale", metavar="N,N,…", help="instead: time and memory at so many runs, local sqlite")
    parser.add_argument("--measure", nargs=2, metavar=("WAY", "URI"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        hush()
        print(json.dumps(measure_here(*options.measure).__dict__))
    elif options.scale:
        scale([int(n) for n in options.scale.split(",")])
    else:
        for store in options.stores.split(","):
            if store == "postgresql" and shutil.which("postgres") is None:
                print("\nPostgreSQL: no binary on this machine, not measured")
                continue
            speed(store, options.runs, options.sample)


def speed(store: str, runs: int, sample: int) -> None:
    """Measure every way through a server, and through its database where that is a file."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = f"sqlite:///{folder / 'mlflow.db'}"
        if store == "postgresql":
            from tests.postgres import serving_postgres

            database = stack.enter_context(serving_postgres())
            database = database.replace("postgresql://", "postgresql+psycopg2://")
        uri, server = stack.enter_context(serving(folder, database))
        _fill(uri, database, runs)
        print(f"\n## Server on {store}, {runs:,} runs × {len(METRICS)} metrics × 100 steps\n")
        compare(uri, sample, least=8, least_dry=15, server=server)
    if store == "sqlite":
        with tempfile.TemporaryDirectory() as name:
            # A store of its own: the artifacts of the server's runs lie behind the server.
            database = f"sqlite:///{Path(name) / 'mlflow.db'}"
            _fill(database, database, runs, artifacts=Path(name) / "artifacts")
            print(f"\n## Local sqlite store, {runs:,} runs × {len(METRICS)} metrics × 100 steps\n")
            compare(database, sample, least=25, least_dry=25)


def compare(uri: str, sample: int, least: float, least_dry: float, server: psutil.Process | None = None) -> None:
    """Measure the user's loop and every way of ours, and print them against each other."""
    rows = [("loop of a user", _with_server(server, lambda: users_loop(uri, sample)))]
    rows += [(name, _with_server(server, lambda way=way: measure(way, uri))) for way, name in WAYS.items()]
    table(rows)
    goals(dict(zip(("loop", *WAYS), (m for _, m in rows), strict=True)), least, least_dry)


def scale(sizes: list[int]) -> None:
    """Measure full sweeps of a growing local store."""
    print("| runs | s | runs/s | MB at the start | peak above it, MB | workers, MB | nothing new, s |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = f"sqlite:///{folder / 'mlflow.db'}"
        filled = 0
        for size in sorted(sizes):
            _fill(database, database, size - filled, first=filled, artifacts=folder / "artifacts")
            filled = size
            m, again = measure("force", database), measure("again", database)
            above = m.megabytes_peak - m.megabytes_start
            print(
                f"| {size:,} | {m.seconds:.1f} | {m.rate:.0f} | {m.megabytes_start:.0f} | {above:.0f} "
                f"| {m.megabytes_workers:.0f} | {again.seconds:.2f} |",
                flush=True,
            )


def measure(way: str, uri: str) -> Measured:
    """Measure in a process of its own, so that no measurement inherits memory or imports of another."""
    command = [sys.executable, "-m", "scripts.sweeping", "--measure", way, uri]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SystemExit(answer.stderr)
    return Measured(**json.loads(answer.stdout))


def measure_here(way: str, uri: str) -> Measured:
    """Go one way through a store: pull, dry, write, again, cold, force."""
    import tracker_diag.engine  # noqa: F401 - imports are not what is measured, as in the user's loop

    if way != "cold":
        import mlflow.utils.rest_utils  # noqa: F401 - a server is asked through it
    adapter = connect(uri)
    start = psutil.Process().memory_info().rss
    with _watching() as seen:
        begin, cpu = time.perf_counter(), time.process_time()
        if way == "pull":
            runs = sum(1 for _ in adapter.load_runs([listing.id for listing in adapter.list_runs(EVERYTHING)]))
        else:
            swept = sweep(adapter, Plan(EVERYTHING, Settings(), write=way != "dry", force=way == "force"))
            if swept.failures or swept.error:
                raise SystemExit(f"{swept.error} {swept.failures[:3]}")
            runs = swept.unchanged if way in ("again", "cold") else len(swept.rows)
        seconds = time.perf_counter() - begin
    return Measured(
        runs,
        seconds,
        cpu=time.process_time() - cpu,
        cpu_workers=max(seen.cpu),
        megabytes_start=start / 1e6,
        megabytes_peak=max(seen.own) / 1e6,
        megabytes_workers=max(seen.workers) / 1e6,
    )


def users_loop(uri: str, sample: int) -> Measured:
    """Read and tag runs as people do with MLflow's client; measured on a sample, a run at a time costs the same."""
    import mlflow

    client = mlflow.MlflowClient(uri)
    ids = [experiment.experiment_id for experiment in client.search_experiments()]
    begin, cpu = time.perf_counter(), time.process_time()
    runs = client.search_runs(ids, max_results=sample)
    for run in runs:
        for key in run.data.metrics:
            client.get_metric_history(run.info.run_id, key)
        client.set_tag(run.info.run_id, "looked_at", "yes")
    return Measured(len(runs), time.perf_counter() - begin, cpu=time.process_time() - cpu)


def table(rows: list[tuple[str, Measured]]) -> None:
    """Print what was measured."""
    loop = rows[0][1].rate
    print("| way | runs | s | runs/s | × the loop | processor ms a run: this process, its workers, the server |")
    print("|---|---|---|---|---|---|")
    for name, m in rows:
        cpu = " + ".join(f"{1000 * x / m.runs:.1f}" for x in (m.cpu, m.cpu_workers, m.cpu_server))
        print(f"| {name} | {m.runs:,} | {m.seconds:.2f} | {m.rate:.1f} | {m.rate / loop:.1f} | {cpu} |")
    print(f"\nLoad average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors.")


def goals(m: dict[str, Measured], least: float, least_dry: float) -> None:
    """Print each goal and whether it is met."""
    loop = m["loop"].rate
    over_pull, new = m["dry"].seconds / m["pull"].seconds, m["again"].seconds / m["write"].seconds
    for text, value, met in (
        (f"sweep ≥ {least} × the loop", m["write"].rate / loop, m["write"].rate >= least * loop),
        (f"dry run ≥ {least_dry} × the loop", m["dry"].rate / loop, m["dry"].rate >= least_dry * loop),
        ("dry run ≤ 1.4 × the pull", over_pull, over_pull <= 1.4),
        ("nothing new ≤ 3% of a sweep", new, new <= 0.03),
    ):
        print(f"- {text}: {value:.3g} ({'met' if met else 'missed'})")


@contextlib.contextmanager
def serving(folder: Path, database: str) -> Iterator[tuple[str, psutil.Process]]:
    """Serve a store with MLflow's default workers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    uri = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", database, "--artifacts-destination", str(folder / "artifacts")]
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **quiet}, stdout=log, stderr=log, start_new_session=True)
    try:
        for _ in range(1200):
            with contextlib.suppress(requests.RequestException):
                if requests.get(f"{uri}/health", timeout=2).ok:
                    break
            time.sleep(0.1)
        yield uri, psutil.Process(process.pid)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _fill(uri: str, database: str, runs: int, first: int = 0, artifacts: Path | None = None) -> None:
    import mlflow

    client = mlflow.MlflowClient(uri)
    experiment = client.get_experiment_by_name("bench")
    if experiment is None:
        experiment = client.get_experiment(client.create_experiment("bench", artifacts and artifacts.as_uri()))
    fill(database, experiment.experiment_id, experiment.artifact_location, runs, first=first)


def _with_server(server: psutil.Process | None, way: Callable[[], Measured]) -> Measured:
    if server is None:
        return way()
    before = _cpu(server)
    measured = way()
    return replace(measured, cpu_server=_cpu(server) - before)


def _cpu(process: psutil.Process) -> float:
    return sum(sum(each.cpu_times()[:2]) for each in (process, *process.children(recursive=True)))


@dataclass(frozen=True)
class Seen:
    """Samples: memory of this process and of its workers, processor seconds of the workers."""

    own: list[int]
    workers: list[int]
    cpu: list[float]


@contextlib.contextmanager
def _watching() -> Iterator[Seen]:
    """Sample the memory of this process, and memory and processor time of those it started."""
    seen = Seen([psutil.Process().memory_info().rss], [0], [0.0])
    over = threading.Event()

    def look() -> None:
        me = psutil.Process()
        while not over.wait(0.1):
            seen.own.append(me.memory_info().rss)
            with contextlib.suppress(psutil.Error):
                children = me.children(recursive=True)
                seen.workers.append(sum(child.memory_info().rss for child in children))
                seen.cpu.append(sum(sum(child.cpu_times()[:2]) for child in children))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


if __name__ == "__main__":
    main()
