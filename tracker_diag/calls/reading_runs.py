"""``read`` and ``read_all``: runs from a tracker, a file or a folder."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from tracker_diag.adapters.registry import recognise
from tracker_diag.core.outgoing import clean
from tracker_diag.core.run import Run
from tracker_diag.reading import on_disk, tracked
from tracker_diag.reading.file_format import ReadingError

_FORMS = (
    "give a run ID or URL, a run object of mlflow or wandb, or the path of a file or folder; "
    "for data in memory, use tracker_diag.diagnose"
)


def read(x: object, *, tracking_uri: str | None = None) -> Run:
    r"""Read one run, from wherever it is.

    Nothing is written, no code is run that a file holds (pickles are never opened), and no link is followed that was
    found in a folder.

    Parameters
    ----------
    x : str, path, or a run of ``mlflow`` or ``wandb``
        The id of an MLflow run; ``entity/project/run`` of W&B; the address of either, as a browser shows it; or a path
        to a CSV (wide or long), JSON, Lightning's ``metrics.csv``, Hugging Face's ``trainer_state.json``, Ultralytics'
        ``results.csv``, event files of TensorBoard, a run of ``mlruns`` or a folder of an offline run of W&B. Settings
        that lie beside the curves (``hparams.yaml``, ``args.yaml``, ``config.json``) become parameters. A text is a
        path where a file or folder of that name exists.
    tracking_uri : str, optional
        Where the run is, if x is an id; by default what the tracker's own environment says.

    Returns
    -------
    Run
        What :func:`diagnose` takes.

    Raises
    ------
    TypeError
        If x is neither a text, a path nor a run.
    ReadingError
        If there is no such file, it cannot be read, or it holds several runs; a ValueError.
    TrackerError
        If the tracker cannot be reached, refuses, or has no such run.
    LocationError
        If x has no form that is known; a ValueError.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tracker_diag import diagnose, read
    >>> epochs = range(1, 31)
    >>> rows = [f"{epoch},{2 / epoch},{2 / epoch + 0.002 * epoch**2}" for epoch in epochs]
    >>> _ = Path("log.csv").write_text("\n".join(["epoch,loss,val_loss", *rows]))
    >>> run = read("log.csv")
    >>> run.id, len(run.metrics["val_loss"]), diagnose(run).verdict
    ('log', 30, 'overfitting')
    """
    runs = read_all(x, tracking_uri=tracking_uri)
    if len(runs) > 1:
        named = ", ".join(repr(clean(run.id, 40)) for run in runs[:3]) + (", …" if len(runs) > 3 else "")
        raise ReadingError(f"{clean(_shown(x))} holds {len(runs)} runs ({named}): use tracker_diag.read_all")
    return runs[0]


def read_all(x: object, *, tracking_uri: str | None = None) -> tuple[Run, ...]:
    r"""Read all runs of a folder, a file or a store.

    Below a folder, each ``metrics.csv``, ``results.csv``, ``trainer_state.json`` and folder of event files is a run;
    where there is none of these, each CSV and JSON that lies in the folder itself is one. Checkpoints of one training
    are one run. A run that cannot be read is left out and told in the log, as long as another one can.

    Parameters
    ----------
    x : str, path, or a run of ``mlflow`` or ``wandb``
        As for :func:`read`; also ``mlruns``, an ``mlflow.db``, a ``wandb`` folder, ``lightning_logs`` and the like.
    tracking_uri : str, optional
        As for :func:`read`.

    Returns
    -------
    tuple of Run
        In the order of their places; at least one. Each is called by its place below the folder.

    Raises
    ------
    TypeError, ReadingError, TrackerError, LocationError
        As for :func:`read`.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tracker_diag import read_all
    >>> Path("logs").mkdir()
    >>> for name in ("a", "b"):
    ...     _ = Path(f"logs/{name}.csv").write_text("epoch,loss\n1,0.9\n2,0.7\n")
    >>> [run.id for run in read_all("logs")]
    ['a', 'b']
    """
    if isinstance(x, str):
        if not x.strip():
            raise ReadingError(f"the name of the run is empty: {_FORMS}")
        path = _path(x)
        if path is None:
            return tracked.read_tracked(tracked.located(x, tracking_uri))
        return _read_path(path)
    if isinstance(x, PathLike):
        return _read_path(Path(x).expanduser())
    where = recognise(x)
    if where is None:
        raise TypeError(f"cannot read {type(x).__name__}: {_FORMS}")
    if tracking_uri is not None and where.folder is None:
        return tracked.read_tracked(tracked.located(where.run_id or "", tracking_uri))
    return tracked.read_tracked(where)


def _path(text: str) -> Path | None:
    """A text that is a path: of what exists, or of a form that names no run."""
    if "://" in text or text.startswith("runs:/"):
        return None
    path = Path(text).expanduser()
    try:
        if path.exists():
            return path
    except (OSError, ValueError):
        return None
    return path if text.startswith(("/", "./", "../", "~")) or "." in path.suffix else None


def _read_path(path: Path) -> tuple[Run, ...]:
    try:
        known = path.exists()
    except (OSError, ValueError):
        known = False
    if not known:
        raise ReadingError(f"no file or folder '{clean(path)}': check the path")
    where = recognise(path)
    if where is not None:
        return tracked.read_tracked(where)
    return on_disk.read_folder(path) if path.is_dir() else on_disk.read_file(path)


def _shown(x: object) -> str:
    return str(x) if isinstance(x, str | PathLike) else type(x).__name__
