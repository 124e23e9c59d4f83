"""The network of a run, from the model that it logged: its last one, of which only heads of files are read.

MLflow 3 puts a model beside the runs of its experiment, and the run names it; MLflow 2 put it among the artifacts of
the run, and described it in a tag. No listing says of which framework a model is, so what is asked for is decided by
what else is known of the run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from tracker_diag.adapters import disk
from tracker_diag.adapters.base import TrackerError
from tracker_diag.adapters.mlflow.artifacts import Artifacts
from tracker_diag.adapters.mlflow.record import Record
from tracker_diag.core.foreign_json import read_json
from tracker_diag.core.model import InvalidModelError, Model
from tracker_diag.models.archive import ArchiveError, member
from tracker_diag.models.keras_config import read_keras
from tracker_diag.models.merged import merged
from tracker_diag.models.mlmodel import LARGEST as LARGEST_MLMODEL
from tracker_diag.models.mlmodel import read_mlmodel

LARGEST_CONFIG = 4 * disk.MIB
"""Bytes of the description of a network in Keras's file."""
LARGEST_HEAD = LARGEST_CONFIG + disk.MIB
"""Bytes of Keras's file that are asked for: the description lies before the weights."""
LARGEST_NETWORK = 250_000_000
"""Parameters, 1 GB of them, of a network whose file a server is still asked for."""
_KERAS, _MLMODEL = "data/model.keras", "MLmodel"
_HISTORY = "mlflow.log-model.history"
# A path below the artifacts of the run, which never leads out of them.
_FOLDER = re.compile(r"(?!.*\.\./)(?![/.])(?:[\w. ()+@=-]{1,100}/){1,10}")
_TREES = frozenset({"sklearn", "xgboost", "lightgbm", "catboost", "spark", "h2o"})
_OF_ESTIMATORS = frozenset({"estimator_class", "estimator_name"})
_OF_BOOSTING = "num_boost_round"
_OF_KERAS = frozenset({"initial_epoch", "validation_batch_size"})
_KERAS_TABLE = re.compile(r"Layer \(type\)")
_LIGHTNING_TABLE = re.compile(r"\| *Name *\| *Type *\|")
_TOTAL = re.compile(r"Total params\D{0,10}([\d,]{1,30})")


@dataclass(frozen=True, slots=True)
class Logged:
    """Where the last logged model of a run lies.

    Attributes
    ----------
    id : str or None
        By which it is found beside the runs; None where it lies among the run's own artifacts.
    folder : str
        Below its own artifacts or those of the run; empty, or ends in a slash.
    flavors : frozenset of str
        As MLflow calls the kinds of models; empty where nothing tells them.
    """

    id: str | None
    folder: str = ""
    flavors: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be read of a logged model.

    Attributes
    ----------
    files : tuple of str
        The one that says most first; no other is read where a file costs a request.
    is_keras : bool
        Whether it is known to be Keras's, so that a missing file is worth saying.
    """

    files: tuple[str, ...]
    is_keras: bool = False


def last_logged(record: Record) -> Logged | None:
    """Find the model that a run logged last; None where it has none."""
    if record.models:
        return Logged(record.models[-1])
    try:
        history = read_json(record.tags.get(_HISTORY) or "null")
    except ValueError:
        return None
    entry = history[-1] if isinstance(history, list) and history else None
    described = entry if isinstance(entry, dict) else {}
    folder, flavors = described.get("artifact_path"), described.get("flavors")
    if not isinstance(folder, str) or not _FOLDER.fullmatch(f"{folder}/"):
        return None
    return Logged(None, f"{folder}/", frozenset(flavors) if isinstance(flavors, dict) else frozenset())


def wanted(summary: str | None, flavors: Collection[str], params: Collection[str], tags: Collection[str]) -> Wanted:
    """Decide what is read of a logged model, from what is known without asking for anything.

    Parameters
    ----------
    summary : str or None
        Text of the run's model summary.
    flavors : collection of str
        Of the model, where they are known.
    params, tags : collection of str
        Names of the run's.
    """
    if "keras" in flavors:
        return Wanted((_KERAS, _MLMODEL), is_keras=True)
    if _TREES.intersection(flavors):
        return Wanted(())
    # TensorFlow's flavor stands for files of several forms, of which Keras's is one.
    if flavors and "tensorflow" not in flavors:
        return Wanted((_MLMODEL,))
    if _KERAS_TABLE.search(summary or "") or set(params) >= _OF_KERAS:
        return Wanted((_KERAS, _MLMODEL), is_keras=True)
    # Of these, the parameters that were logged say all.
    if _OF_ESTIMATORS.intersection(tags) or _OF_BOOSTING in params:
        return Wanted(())
    if _LIGHTNING_TABLE.search(summary or ""):
        return Wanted((_MLMODEL,))
    return Wanted((_KERAS, _MLMODEL))


def read_logged(artifacts: Artifacts, record: Record, names: Collection[str], summary: str | None) -> Model | None:
    """Describe the network of a run by its last logged model.

    Parameters
    ----------
    artifacts : Artifacts
        Of the run. Where a file costs a request, one is read at most.
    record : Record
        The run.
    names : collection of str
        What lies at the root of its artifacts.
    summary : str or None
        Text of its model summary.

    Returns
    -------
    Model or None
        With a note on each file that cannot be read, is too large to be asked for, or is missing though the model is
        known to be Keras's; None where there is nothing to say.
    """
    logged = last_logged(record)
    if logged is None:
        return None
    chosen = wanted(summary, logged.flavors, record.params.keys(), record.tags.keys())
    if logged.id is None and logged.folder.partition("/")[0] not in names:
        return _missing(chosen)
    files = chosen.files if artifacts.is_here else chosen.files[:1]
    if not artifacts.is_here and _KERAS in files and _parameters(summary) > LARGEST_NETWORK:
        # A server that answers with a part of a file may first have copied all of it from its store.
        return _unread(_KERAS, "its network is too large to have the server copy it")
    return merged(_read(artifacts, logged, name, chosen) for name in files)


def unreachable(record: Record, error: TrackerError) -> Model | None:
    """Say that a network is described where nothing can be read; None unless it is known to be there."""
    logged = last_logged(record)
    if logged is None or not wanted(None, logged.flavors, record.params.keys(), record.tags.keys()).is_keras:
        return None
    return _unread(_KERAS, str(error))


def _read(artifacts: Artifacts, logged: Logged, name: str, chosen: Wanted) -> Model | None:
    most, take, read = _READERS[name]
    try:
        place = artifacts if logged.id is None else artifacts.of_model(logged.id)
        content = place.head(logged.folder + name, most, take)
        if content is not None:
            return read(content)
    except ArchiveError as error:
        return Model(notes=(f"{name} {error}",))
    except InvalidModelError as error:
        where = f"{error.place}: " if error.place else ""
        return Model(notes=(f"{name}: {where}{error.problem}",))
    except TrackerError as error:
        return _unread(name, str(error))
    return _missing(chosen) if name == _KERAS else None


def _missing(chosen: Wanted) -> Model | None:
    return _unread(_KERAS, "the model has no such file") if chosen.is_keras else None


def _unread(name: str, why: str) -> Model:
    return Model(notes=(f"{name} was not read: {why}",))


def _config(parts: Iterable[bytes]) -> bytes:
    return member(parts, "config.json", LARGEST_CONFIG)


def _signature(content: bytes) -> Model:
    if len(content) > LARGEST_MLMODEL:
        raise InvalidModelError("", f"more than {LARGEST_MLMODEL:,} bytes")
    return read_mlmodel(content)


_READERS: Mapping[str, tuple[int, Callable[[Iterator[bytes]], bytes], Callable[[bytes], Model]]] = {
    _KERAS: (LARGEST_HEAD, _config, read_keras),
    _MLMODEL: (LARGEST_MLMODEL + 1, b"".join, _signature),
}


def _parameters(summary: str | None) -> int:
    """How many numbers a file holds, those of the optimizer among them; 0 where that is not said."""
    found = _TOTAL.search(summary or "")
    return int(found[1].replace(",", "") or 0) if found else 0
