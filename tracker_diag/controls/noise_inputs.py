"""Noise that looks like the inputs of a data set, column by column, and says nothing about its labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


def as_array(column: Any) -> NDArray[Any]:
    """Read a column as an array of NumPy: an array of any library, a tensor, a list of rows.

    Raises
    ------
    TypeError
        If it is sparse.
    """
    if hasattr(column, "toarray"):
        raise TypeError("a sparse matrix cannot be replaced by noise: pass transform=, or call .toarray() first")
    if hasattr(column, "detach"):
        column = column.detach().cpu()
        # NumPy has no bfloat16.
        column = column.float() if "bfloat16" in str(column.dtype) else column
    if isinstance(column, list) and column and hasattr(column[0], "detach"):
        return np.stack([as_array(one) for one in column])
    return np.asarray(column)


def in_form_of(like: Any, values: NDArray[Any]) -> Any:
    """Give values the type of what they stand for: tensor, list, number, or array of the same dtype."""
    if hasattr(like, "new_tensor"):
        return like.new_tensor(values)
    if isinstance(like, list):
        return values.tolist()
    if hasattr(like, "dtype"):
        return values.astype(like.dtype, copy=False)
    return type(like)(values.item()) if values.ndim == 0 else values


def noise(values: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Draw noise of the same shape, dtype, and mean and standard deviation of each column.

    A column is a position of the example, along all axes but the first. Real numbers are drawn from a normal
    distribution; whole numbers, words and everything else are permuted within their column, each by itself, so that
    counts, codes and tokens stay what they may be.

    Parameters
    ----------
    values : ndarray, shape (n, …)
        One example a row; what is not finite is left out of mean and deviation.
    rng : numpy.random.Generator
        The source of the noise.

    Returns
    -------
    ndarray, shape (n, …)
        Of the same dtype.
    """
    if values.size == 0:
        return values
    flat = values.reshape(len(values), -1)
    if values.dtype.kind != "f":
        return rng.permuted(flat, axis=0).reshape(values.shape)
    made = np.empty_like(flat)
    whole = _whole(flat)
    made[:, whole] = rng.permuted(flat[:, whole], axis=0)
    mean, spread = _moments(flat[:, ~whole])
    made[:, ~whole] = mean + spread * rng.standard_normal((len(flat), mean.size))
    return made.reshape(values.shape)


def _whole(flat: NDArray[Any]) -> NDArray[np.bool_]:
    finite = np.isfinite(flat)
    return np.asarray((~finite | (flat == np.round(flat))).all(axis=0), dtype=np.bool_)


def _moments(flat: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    finite = np.isfinite(flat)
    mean = np.mean(flat, axis=0, where=finite, dtype=np.float64)
    spread = np.std(flat, axis=0, where=finite, dtype=np.float64)
    return np.asarray(mean), np.asarray(spread)


@dataclass(frozen=True, eq=False)
class Drawn:
    """What inputs of single examples are like, to draw others from.

    Attributes
    ----------
    pool : object
        In the nesting of an input: for each of its parts, those of the examples that were read.
    seed : int
        Noise for the same example is the same each time that it is asked for.
    """

    pool: Any
    seed: int

    @classmethod
    def of(cls, inputs: Sequence[Any], seed: int) -> Drawn:
        """Learn it from some inputs."""
        return cls(_pooled(list(inputs)), seed)

    def like(self, value: Any, row: int) -> Any:
        """Draw an input in the form of this one, which is that of example ``row``."""
        return _drawn(value, self.pool, np.random.default_rng([self.seed, row]))


@dataclass(frozen=True, eq=False)
class _Numbers:
    """Values of a part of the inputs, and what they are like.

    Attributes
    ----------
    values : ndarray, shape (m, d)
        An example a row, flattened; all values in one column where examples differ in shape.
    shape : tuple of int, or None
        That of all examples; None where they differ.
    whole : ndarray of bool, shape (d,)
        Columns of whole numbers.
    mean, spread : ndarray, shape (d,)
        Of the columns.
    """

    values: NDArray[Any]
    shape: tuple[int, ...] | None
    whole: NDArray[np.bool_]
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]

    @classmethod
    def of(cls, arrays: list[NDArray[Any]]) -> _Numbers:
        same = len({each.shape for each in arrays}) == 1
        rows = [each.ravel() for each in arrays]
        values = np.stack(rows) if same else np.concatenate(rows)[:, None]
        whole = _whole(values) if values.dtype.kind == "f" else np.ones(values.shape[1], dtype=np.bool_)
        mean, spread = np.zeros(values.shape[1]), np.zeros(values.shape[1])
        mean[~whole], spread[~whole] = _moments(values[:, ~whole])
        return cls(values, arrays[0].shape if same else None, whole, mean, spread)

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[Any]:
        """Draw values in this shape: column by column, or, where shapes differ, all from the same."""
        size = int(np.prod(shape))
        column = np.arange(size) if shape == self.shape else rng.integers(self.values.shape[1], size=size)
        picked = self.values[rng.integers(len(self.values), size=size), column]
        if self.whole.all():
            return picked.reshape(shape)
        drawn = self.mean[column] + self.spread[column] * rng.standard_normal(size)
        return np.where(self.whole[column], picked, drawn).astype(picked.dtype).reshape(shape)


def values_in(value: Any) -> int:
    """Count the numbers that an input holds."""
    if isinstance(value, Mapping | tuple):
        return sum(map(values_in, value.values() if isinstance(value, Mapping) else value))
    return int(as_array(value).size) if _is_numeric(value) else 0


def _pooled(inputs: list[Any]) -> Any:
    first = inputs[0]
    if isinstance(first, Mapping):
        return {key: _pooled([each[key] for each in inputs]) for key in first}
    if isinstance(first, tuple):
        return [_pooled([each[i] for each in inputs]) for i in range(len(first))]
    if not _is_numeric(first):
        return inputs
    return _Numbers.of([as_array(each) for each in inputs])


def _is_numeric(value: Any) -> bool:
    if isinstance(value, str | bytes) or not (hasattr(value, "dtype") or isinstance(value, list | int | float)):
        return False
    return as_array(value).dtype.kind in "biuf"


def _drawn(value: Any, pool: Any, rng: np.random.Generator) -> Any:
    if isinstance(value, Mapping):
        return {key: _drawn(part, pool[key], rng) for key, part in value.items()}
    if isinstance(value, tuple):
        return tuple(_drawn(part, each, rng) for part, each in zip(value, pool, strict=True))
    if not isinstance(pool, _Numbers):
        # A text or a picture: that of another example.
        return pool[int(rng.integers(len(pool)))]
    return in_form_of(value, pool.draw(as_array(value).shape, rng))
