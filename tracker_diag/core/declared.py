"""Datasets that a run declared as its inputs, as MLflow describes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from tracker_diag.core.profile_schema import MAX_ENTRIES

#: Sizes of a shape that are checked: no tensor has more dimensions.
MAX_DIMENSIONS = 9

_SIDES = {"train": ("train", "fit"), "validation": ("val", "eval", "dev"), "test": ("test",)}


@dataclass(frozen=True, slots=True)
class Input:
    """A dataset that the run declared as an input (``mlflow.log_input``).

    Attributes
    ----------
    side : str
        ``train``, ``validation``, ``test``, or empty.
    digest : str
        As the tracker made it: equal for equal data.
    rows, columns : int or None
        How many there are, where its profile says so.
    types : mapping of str to str
        Column name to type, where the schema names columns.
    outputs : int or None
        Numbers that make up the target of one example: 1 for a column of labels, k for k columns; None for targets of
        more dimensions, for several targets, and where nothing is said of them.
    evaluated : bool
        Whether it was declared as evaluated on: autologging says that of everything but the training set, and of the
        training set too where its curve is asked for.
    """

    side: str
    digest: str
    rows: int | None
    columns: int | None
    types: Mapping[str, str]
    outputs: int | None = None
    evaluated: bool = False


def read_input(data: Mapping[str, Any]) -> Input:
    """Read a declared dataset, whatever it holds.

    Parameters
    ----------
    data : mapping
        One of ``Run.datasets``; its ``profile`` and ``schema`` as MLflow writes them.
    """
    context = _text(data.get("context")).lower()
    side = next((s for s, starts in _SIDES.items() if context.startswith(starts)), "")
    profile = data.get("profile")
    profile = profile if isinstance(profile, Mapping) else {}
    shapes = _shapes(profile.get("features_shape"))
    rows = profile.get("num_rows")
    if rows is None and shapes:
        rows = shapes[0][0]
    columns = sum(s[1] if len(s) == 2 else 1 for s in shapes) if all(len(s) <= 2 for s in shapes) and shapes else None
    schema = data.get("schema")
    schema = schema if isinstance(schema, Mapping) else {}
    listed = schema.get("mlflow_colspec")
    types = {
        c["name"]: _text(c.get("type"))
        for c in (listed[:MAX_ENTRIES] if isinstance(listed, list) else ())
        if isinstance(c, Mapping) and isinstance(c.get("name"), str)
    }
    return Input(
        side,
        _text(data.get("digest")),
        rows if _is_count(rows) else None,
        columns,
        types,
        _outputs(profile.get("targets_shape")),
        context.startswith("eval"),
    )


def told_apart(inputs: Iterable[Input], validated: bool) -> tuple[Input, ...]:
    """Count the training set among the training data, where autologging declared it as evaluated on besides.

    XGBoost and LightGBM are given the training set among those to evaluate, to draw its curve. Beside another one it is
    no validation set; alone it is one if there are validation curves, which nothing else can have fed.

    Parameters
    ----------
    inputs : iterable of Input
        All that a run declared.
    validated : bool
        Whether the run has validation curves.
    """
    known = tuple(inputs)
    train = {i.digest for i in known if i.side == "train" and i.digest}
    others = any(i.side == "validation" and i.digest not in train for i in known)
    if validated and not others:
        return known
    return tuple(replace(i, side="train") if i.evaluated and i.digest in train else i for i in known)


def rows_of(inputs: Iterable[Input], side: str) -> int | None:
    """Count the examples of a side, a dataset that was declared twice once; None where no input says how many."""
    counted: dict[object, int] = {}
    for i, one in enumerate(inputs):
        if one.side == side and one.rows is not None:
            counted.setdefault(one.digest or i, one.rows)
    return sum(counted.values()) if counted else None


def _shapes(shape: Any) -> list[list[int]]:
    """The shapes of one array, or of each of several that have names."""
    several = list(islice(shape.values(), MAX_ENTRIES)) if isinstance(shape, Mapping) else [shape]
    return [s for s in several if isinstance(s, list) and s and all(_is_count(n) for n in s[:MAX_DIMENSIONS])]


def _outputs(shape: Any) -> int | None:
    several = _shapes(shape)
    if len(several) != 1 or (isinstance(shape, Mapping) and len(shape) > 1) or len(several[0]) > 2:
        return None
    return several[0][1] or None if len(several[0]) == 2 else 1


def _text(value: Any) -> str:
    """A text as it is; anything else, which may be nested too deeply to be written as one, is none."""
    return value if isinstance(value, str) else ""


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**15
