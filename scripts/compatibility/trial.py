"""What tracker-diag does with one store: the cells of the matrix."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scripts.compatibility.runs import logged
from scripts.compatibility.stores import Store, reports, users
from tracker_diag import diagnose
from tracker_diag.adapters.base import Adapter, Failure, Listing, Query
from tracker_diag.core.run import Run, Series

CELLS = {
    "listed": "all 36 runs, and not the deleted one",
    "complete": "every point, parameter and tag as it was logged, NaN and infinities included",
    "same findings": "verdict, findings and their sentences as for the runs before any store saw them",
    "filtered": "a filter chooses the runs that it chooses elsewhere",
    "written": "tags on every run, a report on each that is not green",
    "nothing new": "the next sweep writes nothing",
    "forced again": "`--force` writes all again",
    "cleaned": "no tag and no report is left",
    "untouched": "a filtered dry run changes no byte (PostgreSQL: no row); after `clean` the schema and all that is "
    "the user's are as before, and the version's own client reads it",
}
HOLDS = "✓"
_FILTER, _FILTERED = "params.lr = '0.01' and tags.team = 'vision'", 12
_COMMAND = [sys.executable, "-m", "tracker_diag"]


@dataclass
class Result:
    """What one store showed.

    Attributes
    ----------
    cells : dict
        Name to HOLDS, or what was seen instead.
    seconds, requests : dict
        Of each command; requests are of servers only.
    """

    cells: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)


def attempt(store: Store, described: list[dict[str, Any]], folder: Path) -> Result:
    """Read, sweep, sweep again, force and clean one store, and look at it in between."""
    result = Result()
    cells = result.cells
    tracker = "wandb" if Path(store.uri).name == "wandb" else "mlflow"
    wanted = {run["name"]: run for run in described}
    before, schema, stored = store.look(), store.schema(), store.bytes()

    options = [] if tracker == "wandb" else ["--filter", _FILTER]
    dry = _call(result, store, folder, "dry run", "sweep", "--all", "--dry-run", *options)
    expected = 36 if tracker == "wandb" else _FILTERED
    cells["filtered"] = _is(dry["judged"], expected) if tracker == "mlflow" else "–"
    untouched = {"bytes of a dry run": store.bytes() == stored}

    listings, loaded = _read(store.uri)
    cells["listed"] = _is(len(listings), len(wanted))
    cells["complete"] = _each({name: _missing(loaded.get(name), run, tracker) for name, run in wanted.items()})
    cells["same findings"] = _each({name: _other(loaded.get(name), run, tracker) for name, run in wanted.items()})

    swept = _call(result, store, folder, "sweep", "sweep", "--all")
    seen = store.look()
    green = sum(run["tags"].get("diag.severity") in ("ok", "info") for run in seen.values())
    tagged = sum("diag.fingerprint" in run["tags"] or "diag.verdict" in run["tags"] for run in seen.values())
    # Two files or three: a configuration is suggested where there is something to suggest.
    few = reports(seen) < 2 * (len(wanted) - green)
    cells["written"] = HOLDS if tagged == len(wanted) and not few else f"{tagged} tagged, {reports(seen)} files"
    if few and swept["said"]:
        cells["written"] = swept["said"]
    again = _call(result, store, folder, "again", "sweep", "--all")
    # Runs that still go are looked at by every sweep; that is two requests for all of them, not a write.
    cells["nothing new"] = HOLDS if store.look() == seen and again["judged"] <= 3 else f"{again['judged']} judged again"
    forced = _call(result, store, folder, "force", "sweep", "--all", "--force")
    same = list(map(_lasting, store.look().values())) == list(map(_lasting, seen.values()))
    cells["forced again"] = HOLDS if forced["judged"] == 36 and same else f"{forced['judged']} judged; same: {same}"
    cleaned = _call(result, store, folder, "clean", "clean", "--all", "--yes")
    after = store.look()
    left = reports(after), sum(any(key.startswith("diag.") for key in run["tags"]) for run in after.values())
    cells["cleaned"] = HOLDS if left == (0, 0) else f"{left[0]} files, {left[1]} tags left: {cleaned['said']}"
    untouched["schema"] = store.schema() == schema
    untouched["what is the user's"] = users(after) == users(before) == users(seen)
    cells["untouched"] = ", ".join(f"{what} changed" for what, same in untouched.items() if not same) or HOLDS
    return result


def _call(result: Result, store: Store, folder: Path, name: str, command: str, *options: str) -> dict[str, Any]:
    """Call tracker-diag as a user does; a traceback or another exit code than 0 ends the trial, but that of clean."""
    summary = folder / "summary.json"
    summary.unlink(missing_ok=True)
    told = ["--summary", str(summary)] if command == "sweep" else []
    working = folder / "elsewhere"
    working.mkdir(exist_ok=True)
    asked, begin = store.requests["none"], time.perf_counter()
    done = subprocess.run(
        [*_COMMAND, command, "--tracking-uri", store.uri, *options, *told],
        cwd=working,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "400"},
        capture_output=True,
        text=True,
        check=False,
    )
    result.seconds[name] = time.perf_counter() - begin
    result.requests[name] = store.requests["none"] - asked
    said = done.stdout + done.stderr
    last = said.strip().rpartition("\n")[2][-300:]
    if "Traceback" in said or (done.returncode and command != "clean"):
        raise RuntimeError(f"{command} {' '.join(options)} ended with {done.returncode}: {last}")
    if any(working.iterdir()):
        raise RuntimeError(f"{command} wrote into the working folder: {sorted(map(str, working.rglob('*')))[:5]}")
    figures = json.loads(summary.read_text()) if summary.exists() else {}
    reason = next((line for line in said.splitlines() if "could not be stored" in line), last)
    return {"judged": figures.get("runs", {}).get("diagnosed", -1), "said": reason}


def _read(uri: str) -> tuple[list[Listing], dict[str, Run]]:
    adapter = _adapter(uri)
    listings = [x for x in adapter.list_runs(Query(everything=True)) if isinstance(x, Listing)]
    loaded = list(adapter.load_runs([listing.id for listing in listings]))
    adapter.close()
    if failures := [run for run in loaded if isinstance(run, Failure)]:
        raise RuntimeError(f"{len(failures)} runs could not be read: {failures[0].reason}")
    return listings, {str(run.name): run for run in loaded if isinstance(run, Run)}


def _adapter(uri: str) -> Adapter:
    if Path(uri).name == "wandb":
        from tracker_diag.adapters import wandb

        return wandb.open_folder(uri)
    from tracker_diag.adapters import mlflow

    return mlflow.connect(uri)


def _missing(read: Run | None, run: Mapping[str, Any], tracker: str) -> str:
    """Say what of a run was not read as it was logged; empty where all was."""
    if read is None:
        return "not read"
    meant = _meant(run, tracker)
    # Clients before 2.4 know no datasets.
    if read.datasets and read.datasets != meant.datasets:
        return "dataset"
    for key in meant.params:
        if str(read.params.get(key)) != str(meant.params[key]):
            return f"parameter {key}"
    for key in meant.tags if tracker == "mlflow" else ():
        if read.tags.get(key) != meant.tags[key]:
            return f"tag {key}"
    found = read.metrics.keys() - _gradients(read).keys()
    if found != meant.metrics.keys():
        return f"metrics {sorted(found ^ meant.metrics.keys())}"
    if tracker == "wandb" and bool(_gradients(read)) != _is_nested(run):
        return "gradients"
    if differing := _differing(read.metrics, meant.metrics):
        return differing
    if tracker == "mlflow" and (read.model_summary != meant.model_summary or read.profile != meant.profile):
        return "what the training code left"
    return "" if read.status == meant.status else f"status {read.status}"


def _differing(read: Mapping[str, Series], meant: Mapping[str, Series]) -> str:
    for key, series in meant.items():
        if list(map(repr, series.values.tolist())) != list(map(repr, read[key].values.tolist())):
            return f"values of {key}"
        if series.steps.tolist() != read[key].steps.tolist():
            return f"steps of {key}"
    return ""


def _other(read: Run | None, run: Mapping[str, Any], tracker: str) -> str:
    if read is None:
        return "not read"
    meant = _meant(run, tracker)
    # Histograms of gradients are read as figures of them, which the runs before any store saw them do not have.
    meant = replace(meant, datasets=read.datasets, metrics={**meant.metrics, **_gradients(read)})
    return "" if _said(read) == _said(meant) else "another answer"


def _said(run: Run) -> object:
    report = diagnose(run)
    return report.verdict, report.summary, [(finding.code, finding.message) for finding in report.findings]


def _meant(run: Mapping[str, Any], tracker: str) -> Run:
    if tracker == "mlflow":
        return logged(dict(run))
    # No file and no time of its own goes with it.
    metrics = {key.replace("_", ".", 1) if _is_nested(run) else key: xs for key, xs in run["metrics"].items()}
    status = "FINISHED" if run["status"] == "FINISHED" else "FAILED"
    return logged({**run, "metrics": metrics, "status": status, "files": {}, "tags": {}})


def _is_nested(run: Mapping[str, Any]) -> bool:
    """Whether a W&B run logged its metrics as a part and a name, and histograms of gradients beside them."""
    return bool(run["number"] % 3 == 2)


def _gradients(run: Run) -> dict[str, Any]:
    return {key: series for key, series in run.metrics.items() if key.startswith("gradients/")}


def _lasting(run: Mapping[str, Any]) -> object:
    """What two sweeps of the same runs write alike: reports hold the time at which they were made."""
    tags = {key: text for key, text in run["tags"].items() if key != "diag.fingerprint"}
    return tags, sorted(entry[0] for entry in run["files"])


def _is(found: object, expected: object) -> str:
    return HOLDS if found == expected else str(found)


def _each(found: Mapping[str, str]) -> str:
    wrong = {name: what for name, what in found.items() if what}
    return f"not of {len(wrong)} runs; of {next(iter(wrong))!r}: {next(iter(wrong.values()))}" if wrong else HOLDS
