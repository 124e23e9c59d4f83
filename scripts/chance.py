"""Whether the chance to end among the best comes true as often as it says.

Each run of the labelled experiments in turn is cut at a tenth, a quarter, a half and three quarters of its length and
is still going; all the others have ended, and are what a listing holds. ``told`` asks the rule (EX908) through
``diagnose`` and holds what it says against how the run did end; ``tables`` gives the reliability by decile, and the
Brier score beside that of always saying a quarter, by share of the run seen.

What was chosen by figures (the degrees of freedom, and how leaving out corrects the surface) was decided by the
experiments of ``DECIDED_BY``, with the other four in view. Those of ``--trained`` were asked once, when all stood.

    python -m scripts.chance                 ../shared/corpus/siblings.jsonl
    python -m scripts.chance --trained       the experiments of scripts/crossed.py (trains them: half a minute)
    python -m scripts.chance RUNS.jsonl ...  other experiments
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scripts.rates import table
from tracker_diag import Run, diagnose

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "siblings.jsonl"
#: Shares of the length at which a run is cut.
CUTS = (0.1, 0.25, 0.5, 0.75)
#: Experiments by which constants were chosen.
DECIDED_BY = frozenset({"optdigits-0", "friedman-one-0", "moons-0", "three-way-0"})
#: Always saying a quarter.
BASE = 0.25
READ = ("id", "params", "metrics", "status", "model_summary", "model", "datasets", "profile", "tags")
CODE = "EX908"


@dataclass(frozen=True)
class Told:
    """What was said of a run that was cut, and what came of it.

    Attributes
    ----------
    experiment, run_id : str
        Which one.
    cut : float
        Share of its length that was there.
    chance : float or None
        As the rule says; None where it says nothing.
    reason : str
        Why it says nothing.
    came_true : bool
        Whether its validation loss ended among the best quarter of the others; False where nothing was said.
    """

    experiment: str
    run_id: str
    cut: float
    chance: float | None
    reason: str
    came_true: bool


def load(path: Path) -> list[dict[str, Any]]:
    """Runs of a file, a line each."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def cut(record: Mapping[str, Any], share: float) -> Run:
    """A run of which only a share of its planned length has been logged, and which is still going.

    Steps count from 0, so that a share of n epochs are those below that share of n.
    """
    most = max(float(points[-1][0]) for points in record["metrics"].values()) + 1
    metrics = {
        name: [point for point in points if float(point[0]) + 1 <= share * most + 1e-9]
        for name, points in record["metrics"].items()
    }
    return Run.from_dict({**{k: record[k] for k in READ if k in record}, "metrics": metrics, "status": "RUNNING"})


def listed(record: Mapping[str, Any]) -> Run:
    """A sibling as a listing holds it: of its metrics only the last values."""
    last = {name: points[-1:] for name, points in record["metrics"].items()}
    return Run.from_dict({**{k: record[k] for k in READ if k in record}, "metrics": last})


def told(records: Sequence[Mapping[str, Any]], cuts: Iterable[float] = CUTS) -> Iterator[Told]:
    """Cut each run of an experiment in turn; siblings are all the others."""
    siblings = {record["id"]: listed(record) for record in records}
    for record in records:
        others = [run for run in siblings.values() if run.id != record["id"]]
        for share in cuts:
            report = diagnose(cut(record, share), siblings=others)
            found = next((f for f in report.findings if f.code == CODE), None)
            if found is None:
                reason = next((s.reason for s in report.skipped if s.code == CODE), "")
                yield Told(record["group"], record["id"], share, None, reason, False)
                continue
            ended = float(siblings[record["id"]].metrics[report.roles["val_loss"]].values[-1])
            true = ended <= found.evidence["bound"]
            yield Told(record["group"], record["id"], share, float(found.evidence["chance"]), "", bool(true))


def brier(chances: Sequence[float], came_true: Sequence[bool]) -> float:
    """Mean squared difference of what was said and what came: 0 is best."""
    return float(np.mean((np.array(chances) - np.array(came_true, dtype=float)) ** 2))


def by_decile(answers: Iterable[Told]) -> list[tuple[int, int, float, float]]:
    """Reliability: decile, how many answers lie there, their mean chance, and the share that came true."""
    parts: dict[int, list[Told]] = defaultdict(list)
    for answer in answers:
        if answer.chance is not None:
            parts[min(9, int(10 * answer.chance))].append(answer)
    return [
        (decile, len(part), float(np.mean([a.chance for a in part])), float(np.mean([a.came_true for a in part])))
        for decile, part in sorted(parts.items())
    ]


def tables(answers: Sequence[Told]) -> Iterator[str]:
    """By share of the run seen, then by decile."""
    rows = []
    for share in sorted({a.cut for a in answers}):
        asked = [a for a in answers if a.cut == share]
        said = [a for a in asked if a.chance is not None]
        truth = [a.came_true for a in said]
        chances = [a.chance for a in said if a.chance is not None]
        row = [f"{share:.0%}", str(len(asked)), str(len(said))]
        if said:
            row += [f"{np.mean(chances):.2f}", f"{np.mean(truth):.2f}"]
            row += [f"{brier(chances, truth):.3f}", f"{brier([BASE] * len(said), truth):.3f}"]
        rows.append(row + ["–"] * (7 - len(row)))
    yield table(("seen", "runs", "told", "mean chance", "came true", "Brier", "Brier of a quarter"), rows)
    yield table(
        ("chance", "told", "mean chance", "came true"),
        [(f"{d / 10:.1f}–{(d + 1) / 10:.1f}", str(n), f"{p:.2f}", f"{t:.2f}") for d, n, p, t in by_decile(answers)],
    )


def trained() -> list[dict[str, Any]]:
    """The runs of ``scripts/crossed.py``, trained one after the other; each says how many epochs it takes."""
    from scripts.crossed import EXPERIMENTS, setups, train

    records = []
    for experiment in EXPERIMENTS:
        for i, setup in enumerate(setups(experiment)):
            found, values = train(setup), asdict(setup)
            params = {"epochs": setup.epochs, **{name: values[factor] for factor, name in experiment.names.items()}}
            curves = zip(experiment.metrics, (found.train, found.val), strict=True)
            records.append(
                {
                    "id": f"{experiment.name}{i:03d}",
                    "group": experiment.name,
                    "params": {name: str(value) for name, value in params.items()},
                    "metrics": {name: [[step, float(y)] for step, y in enumerate(curve)] for name, curve in curves},
                }
            )
    return records


def main() -> None:
    """Print the tables."""
    names = sys.argv[1:]
    paths = [Path(name) for name in names] if names != ["--trained"] else []
    paths = paths if names else [CORPUS]
    if missing := [path for path in paths if not path.is_file()]:
        sys.exit(f"not there: {missing[0]}")
    records = [record for path in paths for record in load(path)] if paths else trained()
    experiments: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        experiments[record["group"]].append(record)
    answers = [answer for several in experiments.values() for answer in told(several)]
    decided = [a for a in answers if a.experiment in DECIDED_BY]
    others = [a for a in answers if a.experiment not in DECIDED_BY]
    for title, part in (("Constants were chosen by", decided), ("Others", others)):
        if part:
            print(f"\n### {title}: {', '.join(sorted({a.experiment for a in part}))}\n")
            print("\n\n".join(tables(part)))


if __name__ == "__main__":
    main()
