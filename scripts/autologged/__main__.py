"""Whether what is read of logged models is what was trained, what is said of their data, and what reading costs.

Trains small networks of Keras, Lightning, Hugging Face, scikit-learn, XGBoost and LightGBM with their real autologging
into a real MLflow server, an SQLite database and a folder mlruns, reads each run back, and compares what is described
with the live network: the type, width, activation, initialisers, regularisers and so on of every layer, the loss, the
optimiser, the output's shape, the number of trainable parameters. The live side is taken from the attributes of the
objects that were trained, not from their serialised form.

    scripts/frameworks                          one line a run and store; about ten minutes on two cores
    scripts/frameworks --group keras            one group or several: keras, lightning, transformers, sklearn, boosting
    scripts/frameworks --store folder           one store or several: server, database, folder
    scripts/frameworks --evals                  instead: boosted trees with their usual evals; a leak is said where
                                                there is one, and nowhere else (DS213)
    scripts/frameworks --requests 1000          instead: requests, bytes and time of dry sweeps of so many runs, without
                                                models and with one of Keras in each
    scripts/frameworks --requests 1000 --against REVISION
                                                the same, beside the code of that revision, in alternation

Exit code: 0 if all is equal, 1 if anything differs or could not be trained, 2 for wrong usage or a missing framework.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.autologged.comparing import compare
from scripts.autologged.training import GROUPS, QUIET
from tests.mlflow_server import serving
from tracker_diag import diagnose
from tracker_diag.adapters.mlflow import connect
from tracker_diag.core.run import Run
from tracker_diag.models.described import described

STORES = ("server", "database", "folder")
LEAKAGE = "DS213"


def main() -> int:
    """Do what is asked for; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="scripts/frameworks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    groups = [group for group in GROUPS if group != "leakage"]
    parser.add_argument("--group", nargs="+", choices=groups, default=groups, metavar="GROUP")
    parser.add_argument("--store", nargs="+", choices=STORES, default=STORES, metavar="STORE")
    parser.add_argument(
        "--only", nargs="+", default=[""], metavar="TEXT", help="networks whose name holds one of these"
    )
    parser.add_argument("--evals", action="store_true", help="leakage in boosted trees, instead")
    parser.add_argument("--requests", type=int, metavar="N", help="what reading models costs N runs, instead")
    parser.add_argument("--against", metavar="REVISION", help="of git, beside which --requests measures")
    parser.add_argument("--rounds", type=int, default=3, help="of which --requests takes medians (3)")
    options = parser.parse_args()
    needed = ["leakage"] if options.evals else ["keras"] if options.requests else options.group
    missing = absent(needed)
    if missing:
        print(
            f"{', '.join(missing)}: not installed; .venv/bin/python -m pip install --group frameworks", file=sys.stderr
        )
        return 2
    os.environ.update(QUIET)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.requests:
            return _costs(folder, options.requests, options.rounds, options.against)
        with contextlib.ExitStack() as stack:
            stores = dict(_stores(stack, folder, ["database"] if options.evals else options.store))
            lines = (
                (judged if options.evals else compared)(line, stores[line["store"]])
                for group in needed
                for line in trained(group, stores, folder, options.only)
            )
            return _printed(lines, time.monotonic())


def absent(groups: Collection[str]) -> list[str]:
    """Tell which of the packages that groups need are not installed."""
    needed = dict.fromkeys(package for group in groups for package in GROUPS[group])
    return [package for package in needed if importlib.util.find_spec(package) is None]


def trained(
    group: str, stores: Mapping[str, str], folder: Path, only: Sequence[str] = ("",)
) -> Iterator[dict[str, Any]]:
    """Train a group in a process of its own, and give what it writes down, line by line as it comes."""
    to, said = folder / f"{group}.jsonl", folder / f"{group}.log"
    command = [sys.executable, "-m", "scripts.autologged.training", group, str(to)]
    command += [f"{name}={uri}" for name, uri in stores.items()] + ["--only", *only]
    here = os.pathsep.join(filter(None, (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH"))))
    to.touch()
    with said.open("wb") as log, to.open(encoding="utf-8") as lines:
        env = {**os.environ, **QUIET, "PYTHONPATH": here}
        with subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log) as process:
            try:
                left = ""
                while True:
                    ended = process.poll() is not None
                    *whole, left = (left + lines.read()).split("\n")
                    yield from map(json.loads, whole)
                    if ended:
                        break
                    time.sleep(0.2)
            finally:
                process.terminate()
    if process.returncode:
        failed = said.read_text(errors="replace")[-2000:]
        yield {"group": group, "name": "", "store": next(iter(stores)), "failed": f"the training ended: {failed}"}


def compared(line: Mapping[str, Any], uri: str) -> tuple[str, bool]:
    """Read a run back and compare it; gives a text, and whether all is equal."""
    run, place = _read(line, uri), _place(line)
    if isinstance(run, str):
        return f"{place}  {run}", False
    found = compare(line["trained"], described(run), run.params)
    if not found.differences:
        return f"{place}  {found.facts:3} facts, all equal", True
    several = "".join(f"\n    {difference}" for difference in found.differences)
    return f"{place}  {found.facts:3} facts, {len(found.differences)} differ:{several}", False


def judged(line: Mapping[str, Any], uri: str) -> tuple[str, bool]:
    """Diagnose a run; gives a text, and whether a leak is said just where there is one."""
    run, place = _read(line, uri), _place(line)
    if isinstance(run, str):
        return f"{place}  {run}", False
    leaks, accused = line["trained"]["leaks"], any(finding.code == LEAKAGE for finding in diagnose(run).findings)
    is_so, said = ("leaks" if leaks else "sound"), ("a leak is said" if accused else "no leak is said")
    return f"{place}  {is_so}, {said}{'' if accused == leaks else ': WRONG'}", accused == leaks


def _read(line: Mapping[str, Any], uri: str) -> Run | str:
    if "failed" in line:
        return f"not trained: {line['failed']}"
    with contextlib.closing(connect(uri)) as adapter:
        (run,) = adapter.load_runs([line["run"]])
    return run if isinstance(run, Run) else f"not read: {run}"


def _place(line: Mapping[str, Any]) -> str:
    return f"{line['group']:12}  {line['store']:8}  {line['name']:38}"


def _printed(lines: Iterator[tuple[str, bool]], begin: float) -> int:
    good = bad = 0
    for text, equal in lines:
        good, bad = good + equal, bad + (not equal)
        print(text, flush=True)
    print(f"\n{good + bad} runs: {good} as they should be, {bad} not; {time.monotonic() - begin:.0f} s")
    return 0 if good and not bad else 1


def _stores(stack: contextlib.ExitStack, folder: Path, wanted: Collection[str]) -> Iterator[tuple[str, str]]:
    for name in wanted:
        place = folder / name
        place.mkdir()
        if name == "server":
            print("starting a server …", file=sys.stderr, flush=True)
            yield name, stack.enter_context(serving(place))
        else:
            yield name, f"sqlite:///{place / 'mlflow.db'}" if name == "database" else str(place / "mlruns")


def _costs(folder: Path, runs: int, rounds: int, against: str | None) -> int:
    from scripts.autologged.costs import Left, measure

    print("training a network of Keras …", file=sys.stderr, flush=True)
    stores = {"database": f"sqlite:///{folder / 'mlflow.db'}"}
    (line,) = trained("keras", stores, folder, ["ordinary"])
    if "failed" in line:
        print(line["failed"], file=sys.stderr)
        return 1
    (model,) = (folder / "artifacts" / "models").glob("m-*/artifacts")
    measure(runs, rounds, against, Left(folder / "artifacts" / line["run"] / "artifacts" / "model_summary.txt", model))
    return 0


if __name__ == "__main__":
    sys.exit(main())
