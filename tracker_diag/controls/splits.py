"""A user's data as sets of examples: the training set first, what is held out after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracker_diag.controls.examples import is_dataset, is_frame, is_set, names_target, size

_TRAIN = ("train", "training")
_HELD_OUT = ("val", "valid", "validation", "dev", "eval", "test", "testing")


@dataclass(frozen=True, slots=True)
class Split:
    """Sets of examples, and how data are made of them again.

    Attributes
    ----------
    sets : tuple
        The training set first; held-out sets after it, where there are any.
    rebuild : callable
        Gives data of the form they came in, from as many sets.
    """

    sets: tuple[Any, ...]
    rebuild: Callable[[Sequence[Any]], Any]


def split(data: Any, target: tuple[str, ...]) -> Split:
    """Tell the sets that data hold.

    Parameters
    ----------
    data : object
        One set of examples; a mapping of sides (``{"train": …, "val": …}``) or of names with a side (``X_train``,
        ``y_train``, ``X_val``, ``y_val``); a tuple of sets (``((X, y), (X_val, y_val))``); or four arrays, in the order
        of Keras (X, y, X_val, y_val) or of scikit-learn (X, X_val, y, y_val), told by their lengths.
    target : tuple of str
        Columns or keys that hold labels; empty where their names say so.

    Raises
    ------
    TypeError
        If they have none of these forms; says what to pass.
    """
    if isinstance(data, Mapping):
        found = _of_sides(data) or _of_names(data)
        if found is not None:
            return found
    if isinstance(data, tuple):
        if len(data) == 4 and all(hasattr(part, "shape") for part in data):
            return _of_four(data)
        if len(data) > 1 and _are_sets(data, target):
            return Split(data, lambda sets: type_of(data)(sets))
    if is_set(data):
        return Split((data,), lambda sets: sets[0])
    raise TypeError(
        f"data of type {type(data).__name__} cannot be split: pass (X, y), a mapping or frame with a column of "
        "labels, a sequence of (input, label), a data set with len() and indexing, several of these as "
        "{'train': …, 'val': …}, or a function of your own as transform="
    )


def type_of(data: tuple[Any, ...]) -> Callable[[Sequence[Any]], Any]:
    """How a tuple of this type is made; a named one takes its parts one by one."""
    kind: Any = type(data)
    return (lambda parts: kind(*parts)) if hasattr(data, "_fields") else (lambda parts: kind(parts))


def _of_sides(data: Mapping[str, Any]) -> Split | None:
    sides = {key: str(key).lower() for key in data}
    train = [key for key, side in sides.items() if side in _TRAIN]
    held = [key for key, side in sides.items() if side in _HELD_OUT]
    if len(train) != 1 or len(held) + 1 != len(data) or not all(map(is_set, data.values())):
        return None
    keys = [*train, *held]
    return Split(tuple(data[key] for key in keys), lambda sets: dict(zip(keys, sets, strict=True)))


def _of_names(data: Mapping[str, Any]) -> Split | None:
    """Arrays whose names end, or begin, in a side; those of no side belong to the training set."""
    parted = {key: _name_and_side(str(key)) for key in data}
    sides = list(dict.fromkeys(side for _, side in parted.values()))
    if not any(side in _HELD_OUT for side in sides):
        return None
    train = next((side for side in sides if side in _TRAIN), "")
    order = [train, *(side for side in sides if side in _HELD_OUT)]
    keys = [{name: key for key, (name, its) in parted.items() if its == side} for side in order]
    if not keys[0] or sum(map(len, keys)) != len(data):
        return None

    def rebuilt(sets: Sequence[Any]) -> dict[Any, Any]:
        named = {key: part[name] for names, part in zip(keys, sets, strict=True) for name, key in names.items()}
        return {key: named[key] for key in data}

    return Split(tuple({name: data[key] for name, key in names.items()} for names in keys), rebuilt)


def _name_and_side(name: str) -> tuple[str, str]:
    for first, last in (name.rpartition("_")[::2], name.partition("_")[::-2]):
        if first and last.lower() in (*_TRAIN, *_HELD_OUT):
            return first, last.lower()
    return name, ""


def _of_four(data: tuple[Any, ...]) -> Split:
    rows, shapes = [size(part) for part in data], [tuple(part.shape[1:]) for part in data]
    keras = rows[0] == rows[1] and rows[2] == rows[3] and shapes[0] == shapes[2] and shapes[1] == shapes[3]
    sklearn = rows[0] == rows[2] and rows[1] == rows[3] and shapes[0] == shapes[1] and shapes[2] == shapes[3]
    if keras == sklearn:
        raise TypeError("four arrays: cannot tell which belong together: pass ((X, y), (X_val, y_val))")
    order = (0, 1, 2, 3) if keras else (0, 2, 1, 3)
    x, y, x_val, y_val = (data[i] for i in order)

    def rebuilt(sets: Sequence[Any]) -> Any:
        parts = [sets[0][0], sets[0][1], sets[1][0], sets[1][1]]
        return type_of(data)([parts[order.index(i)] for i in range(4)])

    return Split(((x, y), (x_val, y_val)), rebuilt)


def _are_sets(parts: tuple[Any, ...], target: tuple[str, ...]) -> bool:
    """Whether these are sets of examples, rather than the inputs and the labels of one."""
    first = parts[0]
    if is_frame(first):
        same = all(is_frame(part) and list(part.columns) == list(first.columns) for part in parts)
        return same and names_target(first.columns, target)
    if isinstance(first, Mapping):
        same = all(isinstance(part, Mapping) and part.keys() == first.keys() for part in parts)
        return same and names_target(first, target)
    return all(is_dataset(part) or (isinstance(part, tuple) and is_set(part)) for part in parts)
