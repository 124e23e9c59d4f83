"""Tries tracker-diag on stores made by other versions of MLflow and wandb, and prints what holds for each."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scripts.compatibility.environments import VERSIONS, Version, python_of, release
from scripts.compatibility.page import page
from scripts.compatibility.runs import runs, write
from scripts.compatibility.stores import KINDS, store
from scripts.compatibility.trial import HOLDS, Result, attempt

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ROOT / ".venv-versions"
AT_ONCE = 2


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/versions", description=__doc__)
    parser.add_argument("--only", metavar="NAME", help="versions whose name contains this, e.g. mlflow-2.16")
    parser.add_argument(
        "--store", choices=[kind for kinds in KINDS.values() for kind in kinds], help="this kind of store only"
    )
    parser.add_argument(
        "--docs", type=Path, metavar="FILE", help="also write the page to FILE (not with --only or --store)"
    )
    chosen = parser.parse_args()
    versions = [version for version in VERSIONS if not chosen.only or chosen.only in version.name]
    if not versions:
        parser.error(f"no version is called {chosen.only}: {', '.join(version.name for version in VERSIONS)}")
    if chosen.docs and (chosen.only or chosen.store):
        parser.error("--docs takes a run of all versions")
    begin = time.monotonic()
    releases: dict[str, str] = {}
    for version in versions:
        print(f"{version.name}: its environment …", file=sys.stderr)
        releases[version.name] = release(python_of(version, ENVIRONMENTS), version.package)
    trials = [(v, kind) for v in versions for kind in KINDS[v.package] if chosen.store in (None, kind)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(lambda trial: _try(*trial), trials))
    found = {(version.name, kind): result for (version, kind), result in zip(trials, results, strict=True)}
    text = page(found, releases)
    if chosen.docs:
        chosen.docs.write_text(text, encoding="utf-8")
    print(text)
    print(f"{len(trials)} stores in {(time.monotonic() - begin) / 60:.0f} minutes", file=sys.stderr)
    return 0 if all(cell in (HOLDS, "–") for result in results for cell in result.cells.values()) else 1


def _try(version: Version, kind: str) -> Result:
    python = ENVIRONMENTS / version.name / "bin" / "python"
    described = runs()
    with tempfile.TemporaryDirectory(prefix="versions-") as name:
        folder = Path(name)
        write(folder / "runs.json", described)
        try:
            with store(kind, python, folder, folder / "runs.json") as made:
                result = attempt(made, described, folder)
        # One store that cannot be tried is a cell of the matrix, not its end.
        except Exception as error:  # noqa: BLE001
            result = Result({"listed": f"{type(error).__name__}: {error}"})
    print(f"{version.name} {kind}: {json.dumps(result.cells, ensure_ascii=False)}", file=sys.stderr)
    print(f"  seconds {result.seconds}, requests {result.requests}", file=sys.stderr, flush=True)
    return result


if __name__ == "__main__":
    sys.exit(main())
