"""Which versions are tried, and an environment for each."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin


@dataclass(frozen=True)
class Version:
    """A release of a tracker's client (and server), and what goes with it.

    Attributes
    ----------
    package : str
        ``mlflow`` or ``wandb``.
    label : str
        As the matrix names it; the newest release of that series is taken.
    python : str
        A Python that the release was made for.
    pins : tuple of str
        Upper bounds that the release does not state itself, without which it does not start.
    """

    package: str
    label: str
    python: str = "3.11"
    pins: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Of the environment."""
        return f"{self.package}-{self.label}"

    @property
    def requirements(self) -> tuple[str, ...]:
        """What is installed."""
        release = self.package if self.label == NEWEST else f"{self.package}=={self.label}.*"
        return (release, *self.pins, *(_DRIVERS if self.package == "mlflow" else ()))


NEWEST = "newest"
_DRIVERS = ("psycopg2-binary",)
_OLD = ("setuptools<70", "numpy<2")
_MAPPERS = ("sqlalchemy<2.1",)

VERSIONS = (
    Version("mlflow", "1.30", "3.10", _OLD),
    Version("mlflow", "2.3", "3.10", _OLD),
    Version("mlflow", "2.9", "3.10", _OLD),
    Version("mlflow", "2.16", "3.10", _OLD),
    Version("mlflow", "2.22", pins=_MAPPERS),
    Version("mlflow", "3.1", pins=_MAPPERS),
    Version("mlflow", "3.5", pins=_MAPPERS),
    Version("mlflow", "3.9"),
    Version("mlflow", NEWEST),
    Version("wandb", "0.15", "3.10", (*_OLD, "protobuf<5")),
    Version("wandb", "0.17", "3.10", _OLD),
    Version("wandb", "0.18", pins=("numpy",)),
    Version("wandb", "0.21", pins=("numpy",)),
    Version("wandb", "0.24", pins=("numpy",)),
    Version("wandb", NEWEST, pins=("numpy",)),
)


def python_of(version: Version, root: Path) -> Path:
    """Make the environment of a version below ``root``, unless it is there; gives its Python.

    Raises
    ------
    SystemExit
        If it cannot be made; says why.
    """
    place = root / version.name
    python = place / "bin" / "python"
    done = place / "installed"
    if not done.exists():
        # Pythons that pyenv holds are on nobody's PATH but its own.
        kept = sorted(str(path) for path in Path.home().glob(".pyenv/versions/*/bin"))
        found = {**os.environ, "PATH": os.pathsep.join([os.environ.get("PATH", ""), *kept])}
        _uv(["venv", "--clear", "--python", version.python, str(place)], found)
        _uv(["pip", "install", "--python", str(python), *version.requirements], found)
        done.touch()
    return python


def release(python: Path, package: str) -> str:
    """Tell which release an environment holds."""
    code = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def _uv(arguments: list[str], env: dict[str, str]) -> None:
    done = subprocess.run([find_uv_bin(), *arguments], env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"uv {' '.join(arguments[:2])} failed: {done.stderr.strip()[-2000:]}")
