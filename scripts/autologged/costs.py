"""What logged models cost a dry sweep: requests, bytes and time, against another revision, in alternation."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import sqlalchemy as sa

from scripts.autologged.wire import counting
from scripts.fill_mlflow import START, fill
from scripts.sweeping import Measured, serving

HERE = Path(__file__).parents[2]
WITHOUT, WITH = "without a model", "with a model"
_COLUMNS = (
    *("runs", "code", "requests a run", "kB a run", "s", "processor ms a run: sweep + server"),
    *("× the first code's: s, processor", "× without a model: s, processor"),
)


@dataclass(frozen=True)
class Left:
    """What the autologging of one network left.

    Attributes
    ----------
    summary : Path
        Among the artifacts of the run.
    model : Path
        The folder of the artifacts of its model.
    """

    summary: Path
    model: Path


@dataclass(frozen=True)
class Place:
    """A store full of runs.

    Attributes
    ----------
    uri : str
    server : psutil.Process or None
    """

    uri: str
    server: psutil.Process | None = None


def measure(runs: int, rounds: int, against: str | None, left: Left) -> None:
    """Measure servers and local databases with and without models, and print a table of each."""
    with contextlib.ExitStack() as stack:
        trees = {"now": HERE}
        if against:
            trees = {"before": stack.enter_context(_exported(against)), **trees}
        for kind, full in (("server", _served), ("database", local)):
            with contextlib.ExitStack() as stores:
                places = {}
                for name in (WITHOUT, WITH):
                    folder = Path(stores.enter_context(tempfile.TemporaryDirectory()))
                    print(f"filling a {kind} with {runs:,} runs {name} …", file=sys.stderr, flush=True)
                    places[name] = stores.enter_context(full(folder, runs, left if name == WITH else None))
                print(f"\n{kind}, {runs:,} runs, medians of {rounds} rounds\n\n{_table(places, trees, rounds, runs)}")


def _table(places: dict[str, Place], trees: dict[str, Path], rounds: int, runs: int) -> str:
    ways = [(name, when) for name in places for when in trees]
    passed = {way: _passed(places[way[0]], trees[way[1]], runs) for way in ways}
    seen: dict[tuple[str, str], list[Measured]] = defaultdict(list)
    for i in range(rounds):
        # Whichever comes first in a round meets colder caches: the order turns.
        for name, when in ways[i % len(ways) :] + ways[: i % len(ways)]:
            seen[name, when].append(_dry(places[name], trees[when]))
            print(f"  round {i + 1}: {name}, {when}: {seen[name, when][-1].seconds:.1f} s", file=sys.stderr, flush=True)
    first = next(iter(trees))
    rows = [f"| {' | '.join(_COLUMNS)} |", f"|{'---|' * len(_COLUMNS)}"]
    for way in ways:
        these, same, bare = seen[way], seen[way[0], first], seen[WITHOUT, first]
        own, served = (1000 * _median(these, part) / runs for part in ("own", "server"))
        ratios = (f"{_ratio(these, base, 'seconds')}, {_ratio(these, base, 'all')}" for base in (same, bare))
        cells = (*way, *passed[way], f"{_median(these, 'seconds'):.1f}", f"{own:.1f} + {served:.1f}", *ratios)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _median(measured: list[Measured], part: str) -> float:
    return statistics.median(_part(m, part) for m in measured)


def _ratio(measured: list[Measured], base: list[Measured], part: str) -> str:
    """The median of the ratios within rounds: what slows a round slows both."""
    return f"{statistics.median(_part(m, part) / _part(b, part) for m, b in zip(measured, base, strict=True)):.2f}"


def _part(m: Measured, part: str) -> float:
    return {
        "seconds": m.seconds,
        "own": m.cpu + m.cpu_workers,
        "server": m.cpu_server,
        "all": m.cpu + m.cpu_workers + m.cpu_server,
    }[part]


def _passed(place: Place, tree: Path, runs: int) -> tuple[str, str]:
    """Requests and kilobytes a run of one dry sweep that is not timed."""
    if place.server is None:
        return "–", "–"
    with counting(place.uri) as (uri, traffic):
        _dry(replace(place, uri=uri), tree)
    return f"{traffic.requests / runs:.2f}", f"{(traffic.sent + traffic.received) / 1000 / runs:.1f}"


def _dry(place: Place, tree: Path) -> Measured:
    """Measure a dry sweep by the code of a tree, in a process of its own."""
    before = _cpu(place.server)
    command = [sys.executable, "-m", "scripts.sweeping", "--measure", "dry", place.uri]
    env = {**os.environ, "PYTHONPATH": str(tree)}
    answer = subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SystemExit(answer.stderr)
    return replace(Measured(**json.loads(answer.stdout)), cpu_server=_cpu(place.server) - before)


def _cpu(process: psutil.Process | None) -> float:
    if process is None:
        return 0.0
    return sum(sum(each.cpu_times()[:2]) for each in (process, *process.children(recursive=True)))


@contextlib.contextmanager
def _exported(revision: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        archive = subprocess.run(["git", "archive", revision], cwd=HERE, capture_output=True, check=True)
        subprocess.run(["tar", "-x", "-C", name], input=archive.stdout, check=True)
        yield Path(name)


@contextlib.contextmanager
def _served(folder: Path, runs: int, left: Left | None) -> Iterator[Place]:
    database = f"sqlite:///{folder / 'mlflow.db'}"
    with serving(folder, database) as (uri, process):
        _fill(uri, database, runs, left, None)
        yield Place(uri, process)


@contextlib.contextmanager
def local(folder: Path, runs: int, left: Left | None) -> Iterator[Place]:
    """Fill a database whose artifacts lie beside it; with ``left``, each run has logged a model."""
    database = f"sqlite:///{folder / 'mlflow.db'}"
    _fill(database, database, runs, left, folder / "artifacts")
    yield Place(database)


def _fill(uri: str, database: str, runs: int, left: Left | None, artifacts: Path | None) -> None:
    import mlflow

    client = mlflow.MlflowClient(uri)
    experiment = client.get_experiment(client.create_experiment("bench", artifacts and artifacts.as_uri()))
    ids = fill(database, experiment.experiment_id, experiment.artifact_location, runs)
    if left is not None:
        beside = Path(database.removeprefix("sqlite:///")).parent / "artifacts"
        folder = artifacts or beside / experiment.experiment_id
        _give_models(database, experiment.experiment_id, experiment.artifact_location, folder, ids, left)


def _give_models(database: str, experiment: str, location: str, folder: Path, ids: list[str], left: Left) -> None:
    """Give each run the summary, and a model of its own, as autologging does; the files are links to one file."""
    models, links = [], []
    for run in ids:
        model = f"m-{uuid.uuid4().hex}"
        for source, target in _copies(left, folder / run / "artifacts", folder / "models" / model / "artifacts"):
            target.parent.mkdir(parents=True, exist_ok=True)
            _link(source, target)
        models.append(
            {
                "model_id": model,
                "experiment_id": int(experiment),
                "name": "model",
                "artifact_location": f"{location}/models/{model}/artifacts",
                "creation_timestamp_ms": START,
                "last_updated_timestamp_ms": START,
                "status": 2,
                "lifecycle_stage": "active",
                "source_run_id": run,
            }
        )
        ends = {"source_id": run, "destination_id": model, "step": 0}
        links.append(
            {"input_uuid": uuid.uuid4().hex, "source_type": "RUN_OUTPUT", "destination_type": "MODEL_OUTPUT", **ends}
        )
    engine = sa.create_engine(database)
    tables = sa.MetaData()
    tables.reflect(engine, only=["logged_models", "inputs"])
    with engine.begin() as connection:
        connection.execute(tables.tables["logged_models"].insert(), models)
        connection.execute(tables.tables["inputs"].insert(), links)
    engine.dispose()


def _copies(left: Left, run: Path, model: Path) -> Iterator[tuple[Path, Path]]:
    yield left.summary, run / left.summary.name
    for path in left.model.rglob("*"):
        if path.is_file():
            yield path, model / path.relative_to(left.model)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        target.write_bytes(source.read_bytes())
