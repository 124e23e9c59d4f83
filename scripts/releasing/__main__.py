from __future__ import annotations

import shutil
import sys
import tempfile
import venv
from pathlib import Path

from scripts.releasing.building import build, build_wheel, same, sdist_files
from scripts.releasing.steps import StepError, run, step
from scripts.releasing.trying import Installed, trials
from tracker_diag.core.version import __version__

TREE = Path(__file__).parents[2]
DIST = TREE / "dist"


def install_and_try(what: str, source: Path, environment: Path, folder: Path) -> None:
    """Install from a folder or a file in place of what was installed before, and try it."""
    pip = (environment / "bin" / "python", "-m", "pip", "--quiet", "--disable-pip-version-check")
    with step(f"Installing {what}"):
        run(*pip, "uninstall", "--yes", "tracker-diag", cwd=folder)
        run(*pip, "install", source, cwd=folder)
        run(environment / "bin" / "python", "-m", "pip", "check", cwd=folder)
    with step(f"Trying {what}") as said, tempfile.TemporaryDirectory(dir=folder) as work:
        said.extend(trials(Installed(environment, Path(work)), __version__))


def main() -> int:
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            with step("Building sdist and wheel") as said:
                shutil.rmtree(DIST, ignore_errors=True)
                built = build(TREE, DIST)
                said.append(f"{len(sdist_files(built.sdist))} files in {built.sdist.name}")
            with step("Checking them with twine"):
                run(sys.executable, "-m", "twine", "check", "--strict", built.sdist, built.wheel, cwd=TREE)
            with step("Comparing the wheel of the sdist with that of this folder") as said:
                said.append(f"the same {same(built.wheel, build_wheel(TREE, folder / 'tree'))} files")
            if sys.argv[1:] == ["--build-only"]:
                return 0
            # One environment for all three: what they need is in their metadata, which has been compared.
            environment = folder / "environment"
            with step("Making an empty environment"):
                venv.create(environment, with_pip=True)
            for what, source in {"this folder": TREE, "the wheel": built.wheel, "the sdist": built.sdist}.items():
                install_and_try(what, source, environment, folder)
    except StepError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


sys.exit(main())
