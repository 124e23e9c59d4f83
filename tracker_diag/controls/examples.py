"""One set of examples, whatever holds it: how many, some of them, their labels, and noise for their inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracker_diag.controls.noise_inputs import Drawn, as_array, in_form_of, noise, values_in

_TARGETS = frozenset({"y", "label", "labels", "target", "targets", "class", "classes", "outcome"})
_MOST_READ, _MOST_VALUES, _FEWEST_READ = 1000, 20_000_000, 20
"""Examples of a data set that are read to learn what its inputs are like: fewer, where all of them hold more values."""


class Examples(Sequence[Any]):
    """Some of the examples of a data set, read when they are asked for, with or without their inputs.

    A loader of PyTorch takes it as it takes any data set with a length and an index.

    Parameters
    ----------
    source : object
        What has a length and gives an example by its number.
    index : sequence of int
        Which of them.
    target : tuple of str
        Keys that hold labels, of examples that are mappings.
    drawn : Drawn, optional
        Noise for the inputs.
    """

    def __init__(self, source: Any, index: Sequence[int], target: tuple[str, ...], drawn: Drawn | None = None) -> None:
        self._source, self._index, self._target, self._drawn = source, index, target, drawn

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return Examples(self._source, self._index[number], self._target, self._drawn)
        row = int(self._index[number])
        example = self._source[row]
        if self._drawn is None:
            return example
        return _with_input(example, self._drawn.like(input_of(example, self._target), row), self._target)


def is_frame(part: Any) -> bool:
    """Whether it is a table of pandas."""
    return hasattr(part, "iloc") and hasattr(part, "columns")


def is_dataset(part: Any) -> bool:
    """Whether it holds examples by number, and is no array, table, mapping or tuple."""
    if hasattr(part, "shape") or isinstance(part, tuple | Mapping | str | bytes):
        return False
    return hasattr(part, "__len__") and hasattr(part, "__getitem__") and not hasattr(part, "iloc")


def is_set(part: Any) -> bool:
    """Whether it is one set of examples, with inputs and labels."""
    if isinstance(part, tuple):
        return len(part) > 1 and all(_is_columns(each) for each in part)
    if isinstance(part, Mapping):
        return bool(part) and all(_is_columns(each) for each in part.values())
    return is_frame(part) or is_dataset(part)


def _is_columns(part: Any) -> bool:
    if isinstance(part, Mapping | tuple):
        each: Iterable[Any] = part.values() if isinstance(part, Mapping) else part
        return bool(part) and all(_is_columns(one) for one in each)
    if getattr(part, "shape", None) == ():
        return False
    return hasattr(part, "shape") or isinstance(part, list)


def names_target(names: Iterable[Any], target: tuple[str, ...]) -> bool:
    """Whether some of these names hold labels."""
    return bool(_targets(names, target))


def _targets(names: Iterable[Any], target: tuple[str, ...]) -> list[Any]:
    return [name for name in names if (name in target if target else str(name).lower() in _TARGETS)]


def _told_apart(names: Iterable[Any], target: tuple[str, ...]) -> tuple[list[Any], list[Any]]:
    """Names of inputs, and of labels."""
    names = list(names)
    labels = _targets(names, target)
    if not labels or len(labels) == len(names):
        shown = ", ".join(str(name)[:40] for name in names[:8])
        raise TypeError(f"cannot tell which of {shown} are labels: name them, target='…'")
    return [name for name in names if name not in labels], labels


def size(part: Any) -> int:
    """Count the examples of a set, or the rows of a column."""
    if isinstance(part, tuple):
        return size(part[0])
    if isinstance(part, Mapping):
        return size(next(iter(part.values())))
    return int(part.shape[0]) if hasattr(part, "shape") else len(part)


def taken(part: Any, index: NDArray[np.intp], target: tuple[str, ...]) -> Any:
    """Take some examples of a set; of the same form."""
    if is_dataset(part) and not isinstance(part, list):
        return Examples(part, index.tolist(), target)
    return _rows(part, index)


def _rows(part: Any, index: NDArray[np.intp]) -> Any:
    return _over(part, lambda column: [column[i] for i in index] if isinstance(column, list) else _at(column, index))


def _at(column: Any, index: NDArray[np.intp]) -> Any:
    return column.iloc[index] if hasattr(column, "iloc") else column[index]


def _over(part: Any, change: Callable[[Any], Any]) -> Any:
    """Change each column of what may be nested."""
    if isinstance(part, Mapping):
        return {key: _over(value, change) for key, value in part.items()}
    if isinstance(part, tuple):
        return _tuple_like(part, [_over(value, change) for value in part])
    return change(part)


def _tuple_like(like: Any, parts: list[Any]) -> Any:
    return type(like)(*parts) if hasattr(like, "_fields") else type(like)(parts)


def with_noise(part: Any, rng: np.random.Generator, target: tuple[str, ...]) -> Any:
    """Give a set with noise for its inputs, of the same form; labels are kept.

    Raises
    ------
    TypeError
        If it cannot be told what is an input and what a label.
    """
    if isinstance(part, tuple):
        return _tuple_like(part, [_noisy(part[0], rng), *part[1:]])
    if isinstance(part, Mapping):
        inputs, _ = _told_apart(part, target)
        return {key: _noisy(value, rng) if key in inputs else value for key, value in part.items()}
    if is_frame(part):
        inputs, _ = _told_apart(part.columns, target)
        return part.assign().pipe(_noisy_columns, inputs, rng)
    most = max(_FEWEST_READ, _MOST_VALUES // max(1, values_in(input_of(part[0], target))))
    drawn = Drawn.of([input_of(part[row], target) for row in _read(part, most)], int(rng.integers(2**31)))
    replaced = Examples(part, range(size(part)), target, drawn)
    return list(replaced) if isinstance(part, list) else replaced


def _noisy(column: Any, rng: np.random.Generator) -> Any:
    return _over(column, lambda each: _noisy_column(each, rng))


def _noisy_column(column: Any, rng: np.random.Generator) -> Any:
    if is_frame(column):
        return _noisy_columns(column, list(column.columns), rng)
    if hasattr(column, "iloc"):
        return _noisy_series(column, rng)
    return in_form_of(column, noise(as_array(column), rng))


def _noisy_columns(frame: Any, names: Sequence[Any], rng: np.random.Generator) -> Any:
    made = frame.copy()
    for name in names:
        made[name] = _noisy_series(frame[name], rng)
    return made


def _noisy_series(column: Any, rng: np.random.Generator) -> Any:
    if column.dtype.kind == "f":
        values = noise(column.to_numpy(dtype=np.float64, na_value=np.nan), rng)
        return type(column)(values, index=column.index, name=column.name).astype(column.dtype)
    return column.iloc[rng.permutation(len(column))].set_axis(column.index)


def _read(part: Any, most: int = _MOST_READ) -> list[int]:
    """Numbers of examples, spread evenly, that tell what the others are like."""
    rows = size(part)
    return [int(row) for row in np.unique(np.linspace(0, rows - 1, min(rows, most, _MOST_READ)).astype(int))]


def input_of(example: Any, target: tuple[str, ...]) -> Any:
    """Give the input of an example: its first part, or what has no name of a label.

    Raises
    ------
    TypeError
        If the example has no label.
    """
    if isinstance(example, Mapping):
        inputs, _ = _told_apart(example, target)
        return {name: example[name] for name in inputs}
    if isinstance(example, tuple | list) and len(example) > 1:
        return example[0]
    raise TypeError(f"an example is a {type(example).__name__}, not (input, label) or a mapping: pass transform=")


def _with_input(example: Any, made: Any, target: tuple[str, ...]) -> Any:
    if isinstance(example, Mapping):
        return {**example, **made}
    return _tuple_like(example, [made, *example[1:]])


def labels(part: Any, target: tuple[str, ...]) -> tuple[NDArray[np.intp], NDArray[Any]] | None:
    """Read the labels of a set, of at most 1,000 examples where each has to be read for its own.

    Returns
    -------
    tuple of ndarray of int, shape (m,), and ndarray, shape (m,) or (m, outputs), or None
        Numbers of the examples and their labels; None where they cannot be read as one array.
    """
    try:
        values, rows = _labels(part, target)
        array = as_array(values)
    except (TypeError, ValueError, KeyError):
        return None
    if array.ndim > 1:
        array = array.reshape(len(array), -1)
        array = array[:, 0] if array.shape[1] == 1 else array
    if array.dtype.kind not in "biufOUS" or array.ndim == 0 or len(array) != len(rows):
        return None
    return np.asarray(rows, dtype=np.intp), array


def _labels(part: Any, target: tuple[str, ...]) -> tuple[Any, Sequence[int]]:
    if isinstance(part, tuple):
        return part[1], range(size(part))
    if isinstance(part, Mapping) or is_frame(part):
        names = part.columns if is_frame(part) else part
        return part[_told_apart(names, target)[1][0]], range(size(part))
    rows = _read(part)
    examples = [part[row] for row in rows]
    if isinstance(examples[0], Mapping):
        name = _told_apart(examples[0], target)[1][0]
        return [example[name] for example in examples], rows
    for example in examples:
        input_of(example, target)
    return [example[1] for example in examples], rows
