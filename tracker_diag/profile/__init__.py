"""Describes a dataset in figures, for ``mlflow.log_dict(profile, "diagnosis/profile.json")``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracker_diag.core.dataset import read_profile as read_profile
from tracker_diag.core.profile_schema import Columns, Overlap, Profile, Side
from tracker_diag.profile.columns import aggregate, basics, describe, over_all, worth_describing
from tracker_diag.profile.images import images, nearly_equal
from tracker_diag.profile.relation import Asked, across, aims, asked, relation
from tracker_diag.profile.rows import hashes, overlap, side
from tracker_diag.profile.shift import corrected
from tracker_diag.profile.stream import gathered, is_stream
from tracker_diag.profile.table import Labels, Table, labels, table
from tracker_diag.profile.targets import codes, ordered, target


def profile_data(
    X: Any,
    y: Any = None,
    X_val: Any = None,
    y_val: Any = None,
    *,
    feature_names: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Describe a dataset in figures, as the network gets it: after scaling and encoding, not as it is stored.

    Parameters
    ----------
    X : array_like, shape (n, d), (n,), or images of shape (n, h, w), (n, h, w, c), (n, c, h, w)
        Training inputs as a numpy array, pandas frame or series, scipy sparse matrix, torch tensor, or lists. Images
        are described by channel. Texts are passed as a list, array, series or single column of a frame. Batches, such
        as a generator or a data loader, are read once: each is a pair (X, y) or X alone. A list of two items counts as
        a pair.
    y : array_like, shape (n,) or (n, outputs), optional
        Training targets: labels of any type, one-hot rows, several labels per example, or numbers.
    X_val, y_val : array_like, optional
        Validation inputs and targets, in the same forms.
    feature_names : sequence of str, optional
        Names of the columns, or of the channels of images. A frame has its own names.

    Returns
    -------
    dict
        Strict JSON data that follows the schema ``docs/reference/profile.schema.json``. It holds no example, no word of
        a text, no label except the names of classes, and no time.

    Raises
    ------
    ValueError
        If inputs and targets differ in length, if training and validation differ in columns, or if batches differ from
        each other. If an array cannot be read as numbers. If batches and targets are passed together.

    Notes
    -----
    Means, standard deviations, minima, maxima and counts of missing values of numbers use all examples, in chunks. For
    the rest, up to 2·10⁷ values or 200,000 examples are read. Larger data are sampled with a fixed seed, and
    ``rows_read`` says how many examples were read. Totals cover all columns; the 200 most informative ones are
    described one by one.

    Each described feature is tested for a difference between training and validation. Numbers are tested by
    Kolmogorov-Smirnov on up to 20,000 finite values of each side. Categories are tested by χ² on as many, with NaN as a
    category of its own. Channels of images are tested on the means of whole images. The null hypothesis is that all
    values were drawn independently from one distribution, so correlated neighbours (a time series) make p too small.
    The effective number of examples is n m / (n + m). P-values are corrected over all tested features
    (Benjamini-Hochberg).

    Examples
    --------
    >>> from tracker_diag import profile_data
    >>> profile = profile_data([[0.1, 1.0], [0.2, 2.0], [0.3, 5.0]], ["cat", "dog", "cat"])
    >>> profile["target"]["class_counts"]
    {'cat': 2, 'dog': 1}
    """
    train, train_y = _read(X, y, "X", "y", feature_names)
    val, val_y = (None, None) if X_val is None else _read(X_val, y_val, "X_val", "y_val", feature_names)
    if val is not None and val.columns.shape[1] != train.columns.shape[1] and val.rows and train.rows:
        raise ValueError(
            f"X has {train.columns.shape[1]} columns, but X_val has {val.columns.shape[1]}: pass the same columns"
        )
    aimed = target(train_y, val_y)
    single = train.single or (val is not None and val.single)
    train_hashes = hashes(train, single)
    val_hashes = None if val is None else hashes(val, single)
    known = train_y is not None and train_y.values.ndim == 1
    by_label = codes(train_y) if known and train_y is not None else None
    stats = over_all(basics(train.columns), train.scan)
    chosen = worth_describing(stats, train.kinds)
    numbered = aimed.kind == "regression" and aimed.variance is not None
    binned = codes(train_y, regression=numbered) if known and not train.image and train_y else None
    features, shift = corrected(describe(train, val, stats, chosen, binned))
    aim, val_aim = (None, None) if train_y is None else aims(train_y, val_y, aimed.kind)
    asked_train = asked(train, train_hashes, aim)
    asked_val = None if val is None or val_hashes is None else asked(val, val_hashes, val_aim)
    counted = side(train, train_hashes, by_label if aimed.kind == "classification" else None)
    more = {
        "features": features,
        "labels_sorted": ordered(aimed.order),
        "relation": relation(asked_train),
        "images": images(train, stats),
    }
    profile = Profile(
        kind="image" if train.image else "table" if train.texts is None else "text",
        train=counted.model_copy(update=more),
        validation=Side() if val is None or val_hashes is None else _validation(val, val_hashes, asked_val),
        columns=aggregate(stats, train.names, train.kinds, len(chosen)) if train.rows else Columns(count=0),
        target=aimed,
        overlap=Overlap() if val is None or val_hashes is None else _overlap(train, train_hashes, val, val_hashes),
        shift=shift,
        across=across(asked_train, asked_val),
    )
    plain: dict[str, Any] = profile.model_dump(mode="json", exclude_none=True)
    return plain


def _read(
    inputs: Any, targets: Any, name: str, targets_name: str, feature_names: Sequence[str] | None
) -> tuple[Table, Labels | None]:
    if not is_stream(inputs):
        read = table(inputs, name, feature_names)
        return read, None if targets is None else labels(targets, targets_name, read)
    if targets is not None:
        raise ValueError(f"{name} comes in batches: pass pairs (X, y) as batches, and no {targets_name}")
    return gathered(inputs, name, feature_names)


def _validation(val: Table, hashed: NDArray[np.int64], drawn: Asked | None) -> Side:
    described = images(val, over_all(basics(val.columns), val.scan)) if val.image else None
    return side(val, hashed, None).model_copy(update={"relation": relation(drawn), "images": described})


def _overlap(train: Table, train_hashes: NDArray[np.int64], val: Table, val_hashes: NDArray[np.int64]) -> Overlap:
    found = overlap(train_hashes, val_hashes, train)
    return found.model_copy(update={"nearly_equal": nearly_equal(train, val)})
