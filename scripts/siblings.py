"""Whether the other runs of an experiment say what is wrong with a run.

Trains sweeps of small networks (scikit-learn) on several tasks: rate, weight decay, batch, width, depth and optimiser,
crossed or drawn at random. Logs them with the real clients to a real MLflow server, into a folder of W&B offline runs,
and to a W&B server on the loopback interface; lets `tracker-diag sweep` diagnose them; reads the tags back, and holds
them against labels by intervention: what changing one factor alone brings, on a validation and on a test set.

    scripts/siblings                          print the tables (six minutes on two cores)
    scripts/siblings --each                   and every run that was answered wrongly
    scripts/siblings --experiment decay       only this one; may be repeated
    scripts/siblings --keep FOLDER            leave the stores there, to be looked at
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_LOGGING_LEVEL": "ERROR", "GIT_PYTHON_REFRESH": "quiet"}
os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"

from scripts.accuracy import table
from scripts.crossed import EXPERIMENTS, Case, cases
from tracker_diag import Run, diagnose
from tracker_diag.report.tags import tags

ROOT = Path(__file__).resolve().parents[1]
#: What a sound run may be told: that it was still getting better.
TOLERATED = ("too-few-epochs", "too-few-updates")


@dataclass(frozen=True)
class Answer:
    """What the tags say of a run."""

    verdict: str
    severity: str
    cause: str

    @property
    def severe(self) -> bool:
        """Whether somebody is asked to change something."""
        return self.severity in ("warning", "error")


def into_mlflow(uri: str, logged: Sequence[Case]) -> dict[str, str]:
    """Log with MLflow's client, an experiment each; gives ids of the server's runs by those of the cases."""
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

    client = MlflowClient(uri)
    experiments = {case.experiment.name: "" for case in logged}
    experiments = {name: client.create_experiment(name) for name in experiments}
    ids = {}
    for case in logged:
        run = client.create_run(experiments[case.experiment.name], run_name=case.id)
        stamp = run.info.start_time
        metrics = [
            Metric(name, value, stamp + 1000 * epoch, epoch)
            for epoch, row in enumerate(case.rows)
            for name, value in row.items()
        ]
        params = [Param(name, str(value)) for name, value in case.params.items()]
        client.log_batch(run.info.run_id, metrics=metrics, params=params)
        client.set_terminated(run.info.run_id)
        ids[case.id] = run.info.run_id
    return ids


def into_wandb(logged: Sequence[Mapping[str, Any]]) -> None:
    """Log with W&B's client, a project each; where to, its environment says."""
    import wandb

    for case in logged:
        run = wandb.init(project=case["project"], id=case["id"], name=case["id"], config=case["params"])
        for epoch, row in enumerate(case["rows"]):
            run.log(row, step=epoch)
        run.finish()


def _wandb_process(logged: Sequence[Case], home: Path, env: Mapping[str, str]) -> None:
    """A process of its own, so that the client finds one environment from its import on."""
    file = home / "runs.json"
    rows = [{"project": c.experiment.name, "id": c.id, "params": c.params, "rows": c.rows} for c in logged]
    file.write_text(json.dumps(rows), encoding="utf-8")
    _run([sys.executable, "-m", "scripts.siblings", "--log", str(file)], home, env)


def _sweep(words: Sequence[str], home: Path, env: Mapping[str, str]) -> None:
    _run([sys.executable, "-m", "tracker_diag", "sweep", *words], home, env)


def _run(command: Sequence[str], home: Path, env: Mapping[str, str]) -> None:
    done = subprocess.run(
        command, cwd=home, env={**env, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def by_mlflow(logged: Sequence[Case], home: Path) -> dict[str, Answer]:
    """Log to a real server, sweep, and read the tags."""
    from mlflow import MlflowClient

    from tests.mlflow_server import serving

    with serving(home) as uri:
        ids = into_mlflow(uri, logged)
        _sweep(["--tracking-uri", uri, "--all"], home, os.environ)
        client = MlflowClient(uri)
        return {case: answer(client.get_run(run).data.tags, "diag.") for case, run in ids.items()}


def by_wandb_folder(logged: Sequence[Case], home: Path) -> dict[str, Answer]:
    """Log offline, sweep the folder, and read what lies beside each run."""
    from tests.adapters.wandb.training import environment

    env = environment(home, WANDB_MODE="offline")
    _wandb_process(logged, home, env)
    _sweep(["--tracking-uri", str(home / "wandb"), "--all"], home, env)
    found = {}
    for log in home.glob("wandb/offline-run-*/run-*.wandb"):
        beside = json.loads((log.parent / "diagnosis" / "tags.json").read_text(encoding="utf-8"))
        found[log.stem.removeprefix("run-")] = answer(beside["tags"], "")
    return found


def by_wandb_server(logged: Sequence[Case], home: Path) -> dict[str, Answer]:
    """Log to a server on the loopback interface, sweep its projects, and read the summaries."""
    from tests.adapters.wandb.server import KEY, Server
    from tests.adapters.wandb.training import environment

    with Server() as server:
        env = environment(home, WANDB_BASE_URL=server.url, WANDB_API_KEY=KEY, WANDB_ENTITY="acme")
        _wandb_process(logged, home, env)
        projects = dict.fromkeys(f"acme/{case.experiment.name}" for case in logged)
        _sweep(["--tracker", "wandb", *itertools.chain(*(("--project", p) for p in projects))], home, env)
        stored = ((case.id, server.run(case.id, case.experiment.name)) for case in logged)
        return {name: answer(json.loads(run.summary), "diag/") for name, run in stored}


def alone(logged: Sequence[Case]) -> dict[str, Answer]:
    """What is said of each run without the others."""
    out = {}
    for case in logged:
        curves = {name: [[epoch, row[name]] for epoch, row in enumerate(case.rows)] for name in case.experiment.metrics}
        run = {"id": case.id, "params": case.params, "metrics": curves, "status": "FINISHED"}
        out[case.id] = answer(tags(diagnose(Run.from_dict(run))), "")
    return out


def answer(written: Mapping[str, str], prefix: str) -> Answer:
    """What stands in tags, or in the keys of a summary.

    Raises
    ------
    LookupError
        If a run was not diagnosed.
    """
    if f"{prefix}verdict" not in written:
        raise LookupError(f"no {prefix}verdict among {sorted(written)}")
    return Answer(*(str(written.get(prefix + name, "")) for name in ("verdict", "severity", "cause")))


def counted(logged: Sequence[Case], answers: Mapping[str, Answer]) -> tuple[str, ...]:
    """How many were answered how: missed, first cause right, false alarms, warned without anybody knowing."""
    said = [(case.label, answers[case.id]) for case in logged]
    faulty = [(known, told) for known, told in said if known.faulty]
    named = [(known, told) for known, told in faulty if known.causes]
    sound = [told for known, told in said if known.faulty is False]
    unknown = [told for known, told in said if known.faulty is None]
    return (
        str(len(said)),
        f"{sum(not told.severe for _, told in faulty)} of {len(faulty)}",
        f"{sum(told.cause in known.causes for known, told in named)} of {len(named)}",
        f"{sum(alarmed(told) for told in sound)} of {len(sound)}",
        f"{sum(told.severe for told in unknown)} of {len(unknown)}",
    )


def alarmed(told: Answer) -> bool:
    """Whether a sound run is warned of, other than for having been stopped early."""
    return told.severe and told.cause not in TOLERATED


def differing(answers: Mapping[str, Mapping[str, Answer]]) -> list[str]:
    """Ids of runs that are not answered the same everywhere."""
    ids = set().union(*answers.values())
    return sorted(i for i in ids if len({told.get(i) for told in answers.values()}) > 1)


def wrong(logged: Sequence[Case], answers: Mapping[str, Answer]) -> Iterator[str]:
    """A line for each run that was answered wrongly."""
    for case in logged:
        known, told = case.label, answers[case.id]
        missed = known.faulty and not (told.severe and (told.cause in known.causes or not known.causes))
        if missed or (known.faulty is False and alarmed(told)):
            said = f"{told.verdict}, {told.severity}, {told.cause or 'no cause'}"
            is_ = " or ".join(sorted(known.causes)) if known.faulty else "sound"
            yield f"{case.id} {case.params}: said {said}; is {is_}; ends at {case.trained.val[-1]:.4g}"


PLACES = {
    "MLflow server": by_mlflow,
    "W&B offline folder": by_wandb_folder,
    "W&B server": by_wandb_server,
}
COLUMNS = ("runs", "missed", "first cause right", "false alarms", "warned, nobody knows")


def main() -> int:
    """Read the options, train, log, sweep, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [e.name for e in EXPERIMENTS]
    parser.add_argument("--experiment", action="append", choices=names, help="only this one; may be repeated")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--each", action="store_true", help="print every run that was answered wrongly")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave the stores in this new folder")
    parser.add_argument("--log", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.log:
        into_wandb(json.loads(options.log.read_text(encoding="utf-8")))
        return 0
    logged = cases([e for e in EXPERIMENTS if e.name in (options.experiment or names)], options.processes)
    print(f"{len(logged)} runs trained", file=sys.stderr, flush=True)
    with contextlib.ExitStack() as stack:
        if options.keep:
            options.keep.mkdir(parents=True)
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        told = {}
        for i, (place, ask) in enumerate(PLACES.items()):
            home = folder.resolve() / f"store{i}"
            home.mkdir()
            told[place] = ask(logged, home)
            print(f"{place}: swept", file=sys.stderr, flush=True)
    show(logged, told, options.each)
    return 1 if differing(told) else 0


def show(logged: Sequence[Case], told: Mapping[str, Mapping[str, Answer]], each: bool) -> None:
    """Print the tables."""
    single, first = alone(logged), next(iter(told))
    print(
        table(
            ("diagnosed by", *COLUMNS),
            [("each run alone", *counted(logged, single))]
            + [(place, *counted(logged, answers)) for place, answers in told.items()],
        )
    )
    parts: dict[str, list[Case]] = defaultdict(list)
    for case in logged:
        parts[case.experiment.name].append(case)
    print(f"\nBy experiment, {first}; in brackets each run alone:\n")
    rows = [
        (
            name,
            *(
                f"{a} ({b})" if a != b else a
                for a, b in zip(counted(part, told[first]), counted(part, single), strict=True)
            ),
        )
        for name, part in parts.items()
    ]
    print(table(("experiment", *COLUMNS), rows))
    apart = differing(told)
    print(f"\nAnswers that differ between trackers: {len(apart)} of {len(logged)}.")
    for i in apart:
        print(f"- {i}: " + "; ".join(f"{place}: {answers.get(i)}" for place, answers in told.items()))
    if each:
        print()
        print("\n".join(f"- {line}" for line in wrong(logged, told[first])))


if __name__ == "__main__":
    sys.exit(main())
