"""Facts of images: their size and range, and which are nearly equal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tracker_diag.core.profile_schema import Images
from tracker_diag.profile.columns import Basics
from tracker_diag.profile.scan import CHUNK
from tracker_diag.profile.table import Table, channels_last
from tracker_diag.stats.arrays import FloatArray

#: Height and width of a thumbnail.
SMALL = 8
#: Images of training and of validation that are compared.
TRAINING, VALIDATION = 20_000, 2000
#: Difference of two thumbnails below which they are nearly equal, as a share of that of two drawn at random.
EQUAL = 0.05


def images(data: Table, stats: Basics) -> Images | None:
    """Describe the images of one side; None where they are none.

    Parameters
    ----------
    data : Table
        The side.
    stats : Basics
        Of its channels.
    """
    if not data.image or not data.values.size:
        return None
    height, width, channels = channels_last(np.empty((1, *data.shape), dtype=bool)).shape[-3:]
    # Every channel has as many pixels, but for those that are not finite.
    with np.errstate(over="ignore", invalid="ignore"):
        known = np.isfinite(stats.mean)
        if not known.any():
            return Images(height=height, width=width, channels=channels)
        mean = stats.mean[known].mean()
        std = np.sqrt((stats.std[known] ** 2 + (stats.mean[known] - mean) ** 2).mean())
    return Images(
        height=height,
        width=width,
        channels=channels,
        low=_number(stats.low[known].min()),
        high=_number(stats.high[known].max()),
        mean=_number(mean),
        std=_number(std),
    )


def nearly_equal(train: Table, validation: Table) -> float | None:
    """Share of the validation images that have a nearly equal one in training.

    Two images are nearly equal if their 8 × 8 thumbnails differ by less than 5% of the difference of two random
    training images (as a root mean square). This finds the same image after recompression, scaling or added noise, but
    not after another exposure.

    Parameters
    ----------
    train, validation : Table
        The two sides; up to 20,000 and 2,000 of their images are compared, and the share is scaled up by the share of
        training that was.

    Returns
    -------
    float or None
        At most 1; None if images differ in size, or if all look the same.
    """
    if not train.image or train.shape != validation.shape or not train.values.size or not validation.values.size:
        return None
    if len(train.shape) > 3:
        return None
    here, there = thumbnails(train, TRAINING), thumbnails(validation, VALIDATION)
    pairs = np.random.default_rng(0).integers(here.shape[0], size=(2, 1000))
    middle = here.mean(axis=0)
    here, there = here - middle, there - middle
    usual = float(np.median(((here[pairs[0]] - here[pairs[1]]) ** 2).sum(axis=1)))
    if usual <= 0:
        return None
    size = (here**2).sum(axis=1)
    least = np.array([(size - 2 * here @ one + one @ one).min() for one in there])
    return float(min(1.0, (least < EQUAL**2 * usual).mean() * train.rows / here.shape[0]))


def thumbnails(data: Table, count: int) -> NDArray[np.float64]:
    """Average the fields of an 8 × 8 grid, by channel; shape (up to count, grid × channels)."""
    some = np.linspace(0, data.values.shape[0] - 1, min(count, data.values.shape[0])).astype(np.intp)
    # Few at a time: a copy of all of them may be as large as what was read.
    step = max(1, CHUNK // data.values.shape[1])
    parts = [_shrunk(data.values[some[i : i + step]].reshape(-1, *data.shape)) for i in range(0, some.size, step)]
    return np.concatenate(parts)


def _shrunk(part: FloatArray) -> FloatArray:
    pictures: FloatArray = channels_last(part)
    # Beyond 1e150 a square is no number any more.
    pictures = np.where(np.abs(pictures) < 1e150, pictures, 0.0)
    for axis in (1, 2):
        length = pictures.shape[axis]
        starts = np.arange(min(SMALL, length)) * length // min(SMALL, length)
        sizes = np.diff(np.append(starts, length)).reshape([-1 if a == axis else 1 for a in range(4)])
        pictures = np.add.reduceat(pictures, starts, axis=axis) / sizes
    return pictures.reshape(pictures.shape[0], -1)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
