"""Runs from what people hold in memory, whatever it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any

from tracker_diag.core.outgoing import clean
from tracker_diag.core.run import InvalidRunError, Run
from tracker_diag.reading.asked import told
from tracker_diag.reading.cells import as_number
from tracker_diag.reading.kind import Kind
from tracker_diag.reading.registry import all_kinds
from tracker_diag.roles.metric_names import read_metric
from tracker_diag.roles.words import read as read_words

PLAIN_ID = "run"
"""The id of a run that has none."""
MOST_RUNS = 100_000
_SIDES = frozenset({"train", "val", "test", "eval"})


class SeveralRunsError(InvalidRunError):
    """One run is needed, and there are several."""


def one_run(x: object) -> Run:
    """Read one run.

    Parameters
    ----------
    x : object
        A run, or of one of the kinds in ``reading/kinds``.

    Raises
    ------
    TypeError
        If it is of no such kind; lists those that there are.
    InvalidRunError
        If it is, and cannot be read.
    SeveralRunsError
        If it holds several runs.
    """
    runs = runs_of(x, PLAIN_ID)
    if len(runs) != 1:
        named = ", ".join(repr(clean(run.id, 40)) for run in runs[:3]) + (", …" if len(runs) > 3 else "")
        nested = '; for nested metrics of one run, give {"metrics": {…}}' if isinstance(x, Mapping) else ""
        raise SeveralRunsError("data", f"it holds {len(runs)} runs ({named}): use tracker_diag.diagnose_many{nested}")
    return runs[0]


def several_runs(x: object, what: str = PLAIN_ID) -> tuple[Run, ...]:
    """Read several runs: a table that names them, a mapping of names to runs, or a list of runs.

    Parameters
    ----------
    x : object
        Each run may be of any kind that :func:`one_run` takes. What is one run itself is a list of one.
    what : str
        What a run without an id is called; its number in the list follows.

    Raises
    ------
    TypeError
        If it is none of these.
    InvalidRunError
        If a run cannot be read, or two have one id.
    """
    if isinstance(x, Run):
        return (x,)
    if isinstance(x, Mapping) and _names_runs(x):
        return _unlike(_by_name(x))
    if _is_kind(x):
        return _unlike(list(runs_of(x, what)))
    if isinstance(x, str | bytes | PathLike) or not isinstance(x, Iterable):
        raise TypeError(_wrong(x))
    found: list[Run] = []
    for i, item in enumerate(x):
        if i >= MOST_RUNS:
            raise InvalidRunError(
                "runs", f"more than {MOST_RUNS:,} runs: use tracker_diag.sweep to read that many from a tracker"
            )
        # What groupby of pandas gives: the name, and the frame.
        if isinstance(item, tuple) and len(item) == 2 and _is_kind(item[1]):
            found.extend(_called(_label(item[0]), runs_of(item[1], _label(item[0]))))
        else:
            found.extend(runs_of(item, f"{what}-{i}"))
    return _unlike(found)


def runs_of(x: object, run_id: str) -> tuple[Run, ...]:
    """Read the runs of a thing that is most often one.

    Parameters
    ----------
    x : object
        A run, or of one of the kinds in ``reading/kinds``.
    run_id : str
        What a run without an id is called.

    Returns
    -------
    tuple of Run
        One; several where a table or a mapping names them.

    Raises
    ------
    TypeError
        If it is of no such kind.
    InvalidRunError
        If it is, and cannot be read.
    """
    if isinstance(x, Run):
        return (x,)
    if isinstance(x, Mapping) and len(x) > 1 and _names_runs(x) and not _nests_metrics(x):
        return tuple(_by_name(x))
    kind = _kind(x)
    if kind is None:
        raise TypeError(_wrong(x))
    return kind.read(x, run_id)


def _is_kind(x: object) -> bool:
    return isinstance(x, Run) or _kind(x) is not None


def _kind(x: object) -> Kind | None:
    # What an object of another library does when it is asked for an attribute is its own to choose.
    return next((kind for kind in all_kinds() if told(lambda kind=kind: kind.takes(x))), None)  # type: ignore[misc]


def _names_runs(x: Mapping[Any, Any]) -> bool:
    """Whether a mapping names runs, rather than metrics: each value is a run, a table, or a mapping of metrics."""
    if not x or (isinstance(x.get("metrics"), Mapping) and set(x) <= set(Run.__dataclass_fields__)):
        return False
    return all(
        _is_kind(inner) and not (isinstance(inner, Mapping) and _counts(inner)) and not _is_series(inner)
        for inner in x.values()
    )


def _nests_metrics(x: Mapping[Any, Any]) -> bool:
    """Whether mappings in a mapping are of one run: ``{"train": {"loss": […]}, …}``, ``{"loss": {"train": […]}, …}``.

    Two keys of one side, as ``train-1`` and ``train-2``, are names of runs.
    """
    if not all(isinstance(inner, Mapping) for inner in x.values()):
        return False
    outer = [str(key) for key in x]
    sides = [frozenset(read_words(name).words & _SIDES) for name in outer]
    if all(sides) and len(set(sides)) == len(sides):
        return True
    inner = {str(key) for each in x.values() for key in each}
    return all(map(read_metric, outer)) or all(read_words(name).words <= _SIDES for name in inner)


def _by_name(x: Mapping[Any, Any]) -> list[Run]:
    return [run for name, inner in x.items() for run in _called(str(name), runs_of(inner, str(name)))]


def _counts(x: Mapping[Any, Any]) -> bool:
    """Whether the keys are steps: ``{0: 0.9, 1: 0.7}`` is one metric."""
    return bool(x) and all(as_number(key) is not None for key in x)


def _is_series(x: object) -> bool:
    return type(x).__name__ == "Series"


def _called(name: str, runs: tuple[Run, ...]) -> list[Run]:
    """Runs by the name that they were given; those of a table that names several have their own after it."""
    if len(runs) == 1:
        return [replace(run, id=name, name=run.name or name) for run in runs]
    return [replace(run, id=f"{name}/{run.id}") for run in runs]


def _label(name: object) -> str:
    parts = name if isinstance(name, tuple) else (name,)
    return "/".join(map(str, parts))


def _unlike(runs: list[Run]) -> tuple[Run, ...]:
    seen: set[str] = set()
    for run in runs:
        if run.id in seen:
            shown = clean(run.id, 80)
            raise InvalidRunError(
                "runs", f"two runs have the id {shown!r}: name them, as in {{'first': run, 'second': run}}"
            )
        seen.add(run.id)
    return tuple(runs)


_LIKE_A_PLACE = re.compile(r"[/\\:.]|\A[0-9a-f]{8,}\Z|\A[\w-]+\Z")


def _wrong(x: object) -> str:
    forms = "; ".join(["a tracker_diag.Run", *(kind.form for kind in all_kinds())])
    if isinstance(x, PathLike) or (isinstance(x, str) and _LIKE_A_PLACE.search(x)):
        shown = clean(str(x), 60)
        return (
            f"{shown!r} is a path or a run ID: read it first with tracker_diag.read({shown!r}); diagnose takes {forms}"
        )
    if isinstance(x, Sequence) and x and all(map(_is_kind, x)):
        return f"a {type(x).__name__} of several runs: use tracker_diag.diagnose_many; diagnose takes {forms}"
    home = type(x).__module__.partition(".")[0]
    if home in ("mlflow", "wandb"):
        return f"a run object of {home}: read it first with tracker_diag.read(run); diagnose takes {forms}"
    if isinstance(x, Sequence) and not x:
        return f"{type(x).__name__} is empty; give {forms}"
    return f"cannot diagnose {type(x).__name__}; give {forms}"
