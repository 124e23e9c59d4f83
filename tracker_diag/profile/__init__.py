"""Describes a dataset in figures, for ``mlflow.log_dict(profile, "diagnosis/profile.json")``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tracker_diag.core.dataset import read_profile as read_profile
from tracker_diag.core.profile_schema import Columns, Overlap, Profile, Side
from tracker_diag.profile.columns import aggregate, basics, describe, worth_describing
from tracker_diag.profile.rows import hashes, overlap, side
from tracker_diag.profile.table import Table, labels, table
from tracker_diag.profile.targets import codes, ordered, target


def profile_data(
    X: Any,
    y: Any = None,
    X_val: Any = None,
    y_val: Any = None,
    *,
    feature_names: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Describe a dataset as it is fed to the network: after scaling and encoding, not as it lies on disk.

    Parameters
    ----------
    X : array_like, shape (n, d), (n,), or images of shape (n, h, w), (n, h, w, c), (n, c, h, w)
        Training inputs: numpy array, pandas frame or series, scipy sparse matrix, torch tensor, or lists. Images are
        described by channel.
    y : array_like, shape (n,) or (n, outputs), optional
        Training targets: labels of any type, one-hot rows, or numbers.
    X_val, y_val : array_like, optional
        The validation side.
    feature_names : sequence of str, optional
        Names of the columns, or of the channels of images; a frame brings its own.

    Returns
    -------
    dict
        Strict JSON data, by the schema ``docs/profile.schema.json``. It holds no example, no label but the classes'
        names, and no time.

    Raises
    ------
    ValueError
        If inputs and targets differ in length, the two sides in columns, or an array cannot be read as numbers.

    Notes
    -----
    The cost is O(rows × columns) up to 2·10⁷ values; beyond that, examples are sampled with a fixed seed, and
    ``rows_read`` says how many were read. All columns enter the aggregates; the 200 that are most worth it are
    described.

    Examples
    --------
    >>> from tracker_diag import profile_data
    >>> profile = profile_data([[0.1, 1.0], [0.2, 2.0], [0.3, 5.0]], ["cat", "dog", "cat"])
    >>> profile["target"]["class_counts"]
    {'cat': 2, 'dog': 1}
    """
    train = table(X, "X", feature_names)
    train_y = None if y is None else labels(y, "y", train)
    val = None if X_val is None else table(X_val, "X_val", feature_names)
    val_y = None if y_val is None or val is None else labels(y_val, "y_val", val)
    if val is not None and val.columns.shape[1] != train.columns.shape[1] and val.rows and train.rows:
        raise ValueError(f"X has {train.columns.shape[1]} columns and X_val {val.columns.shape[1]}: pass the same ones")
    aimed = target(train_y, val_y)
    single = train.single or (val is not None and val.single)
    train_hashes = hashes(train, single)
    known = train_y is not None and train_y.values.ndim == 1
    by_label = codes(train_y) if known and train_y is not None else None
    stats = basics(train.columns)
    chosen = worth_describing(stats, train.kinds)
    binned = codes(train_y, regression=aimed.kind == "regression") if known and not train.image and train_y else None
    features = describe(train, val, stats, chosen, binned)
    counted = side(train, train_hashes, by_label if aimed.kind == "classification" else None)
    profile = Profile(
        kind="image" if train.image else "table",
        train=counted.model_copy(update={"features": features, "labels_sorted": ordered(aimed.order)}),
        validation=Side() if val is None else _validation(val, hashes(val, single)),
        columns=aggregate(stats, train.names, train.kinds, len(chosen)) if train.rows else Columns(count=0),
        target=aimed,
        overlap=Overlap() if val is None else overlap(train_hashes, hashes(val, single), train),
    )
    plain: dict[str, Any] = profile.model_dump(mode="json", exclude_none=True)
    return plain


def _validation(val: Table, hashed: Any) -> Side:
    return side(val, hashed, None)
