"""Whether a rule that finds nothing in a run changes what is said of it: it must not.

python -m scripts.independence RUNS.jsonl[.gz] …    every rule that finds nothing, in every run (a quarter of a
                                                    second each), is left out in turn
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tracker_diag import Run, Settings, diagnose
from tracker_diag.core.report import Report
from tracker_diag.rules.registry import all_rules
from tracker_diag.rules.rule import ABSTENTION
from tracker_diag.rules.verdicts import GOOD_FIT

PARTS = ("verdict", "severity", "summary", "findings", "causes", "next_evidence", "cost")


def dependences(run: Run, settings: Settings | None = None) -> list[str]:
    """Say of each rule that finds nothing what changes where it is left out, and the same of a dataset of no words.

    Parameters
    ----------
    run : Run
    settings : Settings, optional
    """
    settings = settings or Settings()
    report = diagnose(run, settings)
    said = answer(report)
    # Of a run without a verdict the rule on a good fit says what is missing for one; where a cause names the verdict,
    # it has found the curves alone to pass for a good fit, and that is no longer said.
    by_cause = any(f.name == report.verdict and "cause" in f.evidence for f in report.findings)
    judges = {GOOD_FIT} if report.verdict == ABSTENTION or by_cause else set()
    speaks = {f.code for f in report.findings} | judges
    silent = [r for r in all_rules().values() if r.code not in speaks and r.name not in speaks]
    changed = []
    for rule in silent:
        without = settings.model_copy(update={"ignore": (*settings.ignore, rule.name, *rule.also)})
        changed += [f"without {rule.name}: {part}" for part in differing(said, answer(diagnose(run, without)))]
    if not run.datasets and run.profile is None:
        more = replace(run, datasets=({"name": "data", "digest": "1a2b"},))
        changed += [f"with a dataset of no words: {part}" for part in differing(said, answer(diagnose(more, settings)))]
    return changed


def answer(report: Report) -> dict[str, Any]:
    """What a report says of the run; what was skipped aside."""
    data = report.to_dict()
    return {name: data[name] for name in PARTS}


def differing(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Names and values of the parts that differ."""
    return [f"{name}: {before[name]} became {after[name]}"[:500] for name in before if before[name] != after[name]]


def labelled(path: Path) -> Iterator[Run]:
    """The runs of a file of labelled ones, one a line."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            yield Run.from_dict({key: record[key] for key in Run.__dataclass_fields__ if key in record})


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    failed = 0
    for path in parser.parse_args(arguments).runs:
        runs = list(labelled(path))
        changed = {run.id: lines for run in runs if (lines := dependences(run))}
        failed += len(changed)
        print(f"{path.name}: {len(runs)} runs, {len(changed)} of them depend on a rule that finds nothing", flush=True)
        for name, lines in changed.items():
            print(f"  {name}: {lines[0]}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
