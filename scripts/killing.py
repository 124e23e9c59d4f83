"""Sweeps a store again and again, kills each sweep at a random moment, and compares with an undisturbed one.

A kill counts only if the sweep had listed its runs and had not ended. Each sweep has all runs to write (``--force``).
After the last kill one more sweep runs, without ``--force``: tags and files must be those of an undisturbed sweep, all
that is the user's what it was, and no draft left.

    scripts/kills                          a hundred kills on sqlite and a hundred on mlruns: about two minutes
    scripts/kills --kills 5 --store mlruns
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from unittest.mock import patch

from scripts.fill_mlflow import curves, fill
from tracker_diag.adapters.disk import draft_name

RUNS = 24
POINTS = 60
STORES = ("sqlite", "mlruns")
OURS = ("report.json", "report.html", "suggested_config.yaml")


@dataclass(frozen=True)
class Store:
    """A store with runs in it.

    Attributes
    ----------
    uri : str
        Tracking URI.
    folder : Path
        Holds all of it, artifacts included, and nothing else.
    """

    uri: str
    folder: Path

    def ours(self) -> dict[str, bytes]:
        """Tags and files that a diagnosis writes, by a name each."""
        return {name: content for name, content in self._all() if _is_ours(name)}

    def users(self) -> dict[str, str]:
        """Hash of everything else, by name: a draft that was left behind would be among it."""
        return {name: hashlib.sha256(content).hexdigest() for name, content in self._all() if not _is_ours(name)}

    def _all(self) -> Iterator[tuple[str, bytes]]:
        for path in sorted(self.folder.rglob("*")):
            name = path.relative_to(self.folder).as_posix()
            if path.is_dir():
                # Folders of artifacts come into being with the first report, and go with the last.
                if path.name != "diagnosis" and "artifacts" not in path.parts[len(self.folder.parts) :]:
                    yield f"folder {name}", b""
            elif not name.startswith("mlflow.db"):
                yield name, path.read_bytes()
        database = self.folder / "mlflow.db"
        if database.exists():
            with closing(sqlite3.connect(database)) as connection:
                for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                    for row in sorted(map(repr, connection.execute(f'SELECT * FROM "{table}"'))):
                        yield f"{table} {row}", b""


def _is_ours(name: str) -> bool:
    return "diag." in name or name.rpartition("diagnosis/")[2] in OURS


@contextmanager
def store(kind: str, runs: int = RUNS) -> Iterator[Store]:
    """Make a store of that kind, and throw it away at the end."""
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

    with tempfile.TemporaryDirectory(prefix="kills-") as place:
        folder = Path(place)
        if kind == "sqlite":
            uri, artifacts = f"sqlite:///{folder / 'mlflow.db'}", str(folder / "artifacts")
            experiment = MlflowClient(uri).create_experiment("vision", artifacts)
            fill(uri, experiment, artifacts, runs, points=POINTS, metrics=("train_loss", "val_loss"))
        else:
            uri = str(folder)
            with patch.dict(os.environ, MLFLOW_ALLOW_FILE_STORE="true"):
                client = MlflowClient(uri)
                experiment = client.create_experiment("vision")
                for number in range(runs):
                    run = client.create_run(experiment).info.run_id
                    values = curves(number, POINTS)
                    metrics = [
                        Metric(name, float(value), 1000 * step, step)
                        for name in ("train_loss", "val_loss")
                        for step, value in enumerate(values[name])
                    ]
                    client.log_batch(run, metrics, [Param("lr", "0.01"), Param("epochs", str(POINTS))])
                    client.set_terminated(run)
        yield Store(uri, folder)


def sweep(uri: str, words: tuple[str, ...], told: Connection) -> None:
    """Sweep as the command line does, its log going to a pipe; what a killed process runs."""
    from tracker_diag.cli import app

    with (
        os.fdopen(os.dup(told.fileno()), "w", buffering=1) as log,
        Path(os.devnull).open("w") as nowhere,
        redirect_stderr(log),
        redirect_stdout(nowhere),
    ):
        command = ["sweep", "--all", "--artifacts", "all", "--tracking-uri", uri, "--log-format", "json", *words]
        app(command)


class Sweep:
    """A sweep in a process of its own, and what its log says."""

    def __init__(self, context: multiprocessing.context.ForkServerContext, uri: str, *words: str) -> None:
        ours, theirs = context.Pipe(duplex=False)
        self.process = context.Process(target=sweep, args=(uri, words, theirs))
        self.process.start()
        theirs.close()
        self._log = os.fdopen(os.dup(ours.fileno()), "r")
        ours.close()

    def wait_for(self, event: str) -> str:
        """Read the log up to a record of that event, or to its end; gives all that was read."""
        read = ""
        for line in self._log:
            read += line
            if f'"event": "{event}"' in line:
                break
        return read

    def kill(self) -> str:
        """Kill the process at once; gives what its log held that was not read before."""
        self.process.kill()
        self.process.join()
        rest = self._log.read()
        self._log.close()
        return rest

    def end(self) -> int | None:
        """Let the process end; its exit code."""
        self.wait_for("no such event")
        self.process.join()
        self._log.close()
        return self.process.exitcode


def survive(kind: str, kills: int, seed: int = 0) -> dict[str, object]:
    """Kill sweeps of a new store, sweep once more, and compare.

    Returns
    -------
    dict
        ``kills`` that found the sweep at work, ``tries``, whether the store is ``equal`` to one that was swept
        undisturbed, the ``differing`` names, and whether the user's data are ``untouched`` (drafts included).
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["tracker_diag.cli.sweep", "tracker_diag.sweeping.judge", "tracker_diag.report.tags"]
    )
    rng = random.Random(seed)
    with store(kind) as place:
        before = place.users()
        assert Sweep(context, place.uri).end() == 0
        undisturbed, untouched = place.ours(), place.users()
        first = Sweep(context, place.uri, "--force")
        first.wait_for("listed")
        begin = time.monotonic()
        first.wait_for("swept")
        length = time.monotonic() - begin
        first.end()
        done = tries = 0
        while done < kills:
            tries += 1
            running = Sweep(context, place.uri, "--force")
            running.wait_for("listed")
            time.sleep(rng.uniform(0, length))
            done += '"event": "swept"' not in running.kill()
            _progress(f"{kind}: {done} of {kills} kills")
        if kind == "mlruns":
            # Whether a kill leaves a draft is chance: one more, as a kill in the middle of writing tags leaves a run.
            tags = next(place.folder.glob("*/*/tags"))
            (tags / "diag.fingerprint").unlink(missing_ok=True)
            (tags.parent / draft_name()).write_bytes(b"half of a ta")
        left = len(before.items() ^ place.users().items())
        last = Sweep(context, place.uri).end()
        after = place.ours()
        differing = sorted(k for k in undisturbed.keys() | after.keys() if undisturbed.get(k) != after.get(k))
        return {
            "store": kind,
            "kills": done,
            "tries": tries,
            "last_exit_code": last,
            "left_behind_by_kills": left,
            "equal": not differing,
            "differing": differing[:10],
            "untouched": place.users() == untouched == before,
            "foreign": sorted(before.items() ^ place.users().items())[:10],
        }


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{text}  ")


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, help="a store (100)")
    parser.add_argument("--store", choices=STORES, help="one of them only")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (0)")
    chosen = parser.parse_args()
    found = [survive(kind, chosen.kills, chosen.seed) for kind in STORES if chosen.store in (None, kind)]
    for result in found:
        sys.stdout.write(f"{json.dumps(result)}\n")
    return 0 if all(r["equal"] and r["untouched"] and r["last_exit_code"] == 0 for r in found) else 1


if __name__ == "__main__":
    sys.exit(main())
