"""Where runs lie on disk: ``wandb/[offline-]run-<time>-<id>/run-<id>.wandb``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tracker_diag.adapters.base import UnknownRunError

# Marks a segment that ``annotate`` wrote, so that it is not taken for training.
ANNOTATION_MARK = "annotation.json"
_HOMES = ("wandb", ".wandb")


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The segments of one run.

    Attributes
    ----------
    id : str
    logs : tuple of Path
        Transaction logs, oldest segment first.
    annotations : tuple of Path
        Folders of segments that hold a diagnosis.
    """

    id: str
    logs: tuple[Path, ...]
    annotations: tuple[Path, ...] = ()

    @property
    def home(self) -> Path:
        """The folder of the first segment: it stays the same when the run is resumed."""
        return self.logs[0].parent

    @property
    def diagnosis(self) -> Path:
        """Where the diagnosis of the run lies."""
        return self.home / "diagnosis"

    @property
    def changed(self) -> float:
        """When the run last wrote, seconds since the epoch."""
        return max(log.stat().st_mtime for log in self.logs)


def find_runs(path: Path) -> dict[str, RunFolder]:
    """Find the runs in a folder, by id.

    Parameters
    ----------
    path : Path
        A ``wandb/`` folder, a folder that holds one, a run's folder, or a log. For a run's folder the run's other
        segments, which lie beside it, belong to it.

    Raises
    ------
    UnknownRunError
        If there is none.
    """
    if not path.exists():
        raise UnknownRunError(f"{path}: no such folder")
    if path.is_file():
        path = path.parent
    path = path.resolve()
    own = _logs(path)
    if own:
        near = _scan(path.parent)
        return {_run_id(log): near.get(_run_id(log), RunFolder(_run_id(log), (log,))) for log in own}
    for home in (path, *(path / name for name in _HOMES)):
        runs = _scan(home) if home.is_dir() else {}
        if runs:
            return runs
    raise UnknownRunError(
        f"{path}: no W&B run here; name a run's folder, the wandb/ folder, or the folder that holds it"
    )


def _scan(home: Path) -> dict[str, RunFolder]:
    logs: dict[str, list[Path]] = {}
    annotations: dict[str, list[Path]] = {}
    # latest-run is a link to one of the others.
    folders = (f for f in home.iterdir() if not f.is_symlink() and f.name.startswith(("offline-run-", "run-")))
    for folder in sorted((f for f in folders if f.is_dir()), key=lambda f: f.name.partition("run-")[2]):
        for log in _logs(folder):
            if (folder / ANNOTATION_MARK).exists():
                annotations.setdefault(_run_id(log), []).append(folder)
            else:
                logs.setdefault(_run_id(log), []).append(log)
    return {
        run_id: RunFolder(run_id, tuple(found), tuple(annotations.get(run_id, ()))) for run_id, found in logs.items()
    }


def _logs(folder: Path) -> list[Path]:
    return sorted(folder.glob("run-*.wandb")) if folder.is_dir() else []


def _run_id(log: Path) -> str:
    return log.name.removeprefix("run-").removesuffix(".wandb")
