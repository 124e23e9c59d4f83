"""For tests of what is added: copies of the project, packages as pip lays them down, a fresh Python that sees them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]


def project(folder: Path) -> Path:
    """Copy the project, its tests and scripts included, into a folder that is made."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".*", "__pycache__", "mlruns"))
    for name in (".pre-commit-hooks.yaml", ".dockerignore"):
        shutil.copy(ROOT / name, folder)
    return folder


def install(site: Path, name: str, modules: Mapping[str, str], points: Mapping[str, Mapping[str, str]]) -> None:
    """Lay down a package as pip does: its modules, and the entry points that it declares by group."""
    for module, text in modules.items():
        (site / f"{module}.py").write_text(text, encoding="utf-8")
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = [
        line for group, named in points.items() for line in (f"[{group}]", *(f"{k} = {v}" for k, v in named.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def python(*arguments: str, first: Path | None = None, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a fresh Python that looks for modules in the folder ``first``, then in the project."""
    paths = [str(path) for path in (first, ROOT) if path is not None]
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        # What the outer pytest is told to run is not for a pytest within.
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTEST_ADDOPTS": "", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
