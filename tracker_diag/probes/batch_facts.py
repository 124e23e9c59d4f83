"""Facts of batches as a network gets them, from a bounded part of each, so that they can be had while it trains."""

from __future__ import annotations

import hashlib
import math
from collections import Counter, deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tracker_diag.stats.arrays import FloatArray

#: What is read of a batch: values, and examples.
VALUES, EXAMPLES = 4096, 64
#: Columns up to which each is measured by itself.
COLUMNS = 1000
#: Arrays of an input of several that are read.
LEAVES = 8
#: Names under which a mapping holds its labels.
LABEL_NAMES = ("labels", "label", "y", "target", "targets")
#: Label of what a loss leaves out.
PADDING = -100
#: Batches of an epoch that are remembered, examples whose labels are, and different labels that are counted.
BATCHES, LABELS, DISTINCT = 10_000, 2_000, 1_000
#: Shuffled batches that are drawn of each size, and sizes that are drawn.
DRAWS, SIZES = 64, 4

Kind = Literal["classes", "numbers"]


@dataclass(frozen=True, slots=True)
class InputFacts:
    """Figures of the inputs of one batch, over at most 64 examples and about 4,096 values.

    Attributes
    ----------
    mean, std, min, max : float
        Of the finite values, in their own unit; NaN where none is finite.
    zeros, non_finite : float
        Shares of the values.
    same : float or None
        Share of the other examples that equal the first exactly; None for a single example.
    scale_ratio : float or None
        Largest root mean square of a column over the smallest, of values other than 0, for tables of up to 1,000
        columns. Columns of nothing but zeros and ones are left out: the size of an indicator is its frequency.
    tokens : bool
        Whether the values are whole numbers that stand for something, as token ids do: no size is to be asked of them.
    """

    mean: float
    std: float
    min: float
    max: float
    zeros: float
    non_finite: float
    same: float | None
    scale_ratio: float | None
    tokens: bool


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """The labels of one batch; those that a loss leaves out (-100) are not among them.

    Attributes
    ----------
    values : ndarray of float, shape (m,)
        The finite ones, at most 4,096: class numbers, or numbers to be met.
    kind : {"classes", "numbers"}
        Classes are whole-number, boolean and one-hot targets, and real ones that are all 0 or 1.
    one_each : bool
        Whether each example has one: so that their order is the order of examples.
    non_finite : float
        Share of the targets that are NaN or infinite.
    """

    values: FloatArray
    kind: Kind
    one_each: bool
    non_finite: float


@dataclass(frozen=True, slots=True)
class LabelFacts:
    """Figures of the labels of one batch.

    Attributes
    ----------
    kind : {"classes", "numbers"}
        As in ``Labels``.
    n, distinct : int
        Finite labels, and different ones among them.
    top_share : float
        Share of the most frequent label.
    entropy : float
        Of the label shares, in nats.
    min, max, mean, std : float
        Of the finite labels.
    non_finite : float
        Share of the targets that are NaN or infinite.
    """

    kind: Kind
    n: int
    distinct: int
    top_share: float
    entropy: float
    min: float
    max: float
    mean: float
    std: float
    non_finite: float


def split_batch(batch: Any) -> tuple[Any, Any]:
    """Tell inputs and targets of a batch apart.

    Parameters
    ----------
    batch : object
        ``(inputs, targets)`` and what may follow them; a mapping or a named tuple with labels under ``labels``,
        ``label``, ``y``, ``target`` or ``targets``; or inputs alone.

    Returns
    -------
    (object, object)
        Inputs, and targets or None; twice None where the batch cannot be looked into.
    """
    try:
        return _split(batch)
    except Exception:  # noqa: BLE001  whatever a loader gives, training goes on
        return None, None


def _split(batch: Any) -> tuple[Any, Any]:
    if isinstance(batch, tuple) and set(LABEL_NAMES) & set(fields := getattr(batch, "_fields", ())):
        batch = dict(zip(fields, batch, strict=True))
    if isinstance(batch, Mapping):
        name = next((n for n in LABEL_NAMES if n in batch), None)
        return {k: v for k, v in batch.items() if k != name}, None if name is None else batch[name]
    if isinstance(batch, tuple) and batch:
        return batch[0], batch[1] if len(batch) > 1 else None
    # A list of lists is a batch of rows; what collates examples puts arrays into its list.
    if isinstance(batch, list) and 1 < len(batch) <= 3 and any(map(_is_part, batch[:2])):
        return batch[0], batch[1]
    return (batch[0] if isinstance(batch, list) and len(batch) == 1 and _is_part(batch[0]) else batch), None


def _is_part(value: Any) -> bool:
    return isinstance(value, Mapping) or bool(getattr(value, "shape", ()))


@lru_cache(maxsize=256)
def _slices(shape: tuple[int, ...], whole_rows: bool) -> tuple[slice, ...]:
    """Strided slices that leave at most 64 examples and 4,096 values of an array, its middle rather than its edges."""
    lengths = [min(shape[0], EXAMPLES), *shape[1:]]
    while math.prod(lengths) > VALUES:
        inner = max(range(1, len(shape)), key=lambda i: lengths[i], default=0)
        longest = 0 if whole_rows or not inner or lengths[inner] == 1 else inner
        lengths[longest] = -(-lengths[longest] // 2)
    steps = [-(-full // kept) for full, kept in zip(shape, lengths, strict=True)]
    return tuple(slice((step - 1) // 2, None, step) for step in steps)


def _read(leaf: Any) -> tuple[NDArray[Any], tuple[int, ...]] | None:
    """A small contiguous copy of an array on the processor, and its whole shape; None for what is no such array."""
    try:
        on_device = hasattr(leaf, "detach")
        source = leaf.detach() if on_device else np.asarray(leaf)
        shape = tuple(source.shape)
        if not shape or 0 in shape:
            return None
        part = source[_slices(shape, len(shape) == 2 and shape[1] <= COLUMNS)]
        array = _on_processor(part) if on_device else part
        if array.dtype.name == "bfloat16":
            array = array.astype(np.float32)
        return (np.ascontiguousarray(array), shape) if array.dtype.kind in "fiub" else None
    except Exception:  # noqa: BLE001  whatever a loader gives, training goes on
        return None


def _on_processor(tensor: Any) -> NDArray[Any]:
    """Move a tensor of PyTorch, or a part of one."""
    array: NDArray[Any]
    try:
        array = tensor.cpu().numpy()
    except TypeError:
        # NumPy has no bfloat16.
        array = tensor.float().cpu().numpy()
    return array


def _leaves(inputs: Any) -> list[Any]:
    """The arrays of an input, at most eight."""
    if isinstance(inputs, Mapping):
        inputs = tuple(inputs.values())
    if not isinstance(inputs, tuple | list) or not any(map(_is_part, inputs[:LEAVES])):
        return [inputs]
    shapes = {tuple(getattr(each, "shape", ())) for each in inputs[:EXAMPLES]}
    if all(len(shape) == 3 and shape[0] <= 4 for shape in shapes):
        # Pictures that were not made one array: each is an example.
        return [] if len(shapes) > 1 else [np.stack([np.asarray(_read(each)[0]) for each in inputs[:EXAMPLES]])]  # type: ignore[index]
    return [leaf for part in inputs[:LEAVES] for leaf in (_leaves(part) if _is_nested(part) else [part])][:LEAVES]


def _is_nested(part: Any) -> bool:
    return isinstance(part, Mapping | tuple | list)


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """What was read of an input: arrays of the same number of examples, of one kind, and their whole shapes."""

    arrays: tuple[NDArray[Any], ...]
    shapes: tuple[tuple[int, ...], ...]

    @property
    def tokens(self) -> bool:
        return all(a.dtype.kind in "iub" and a.dtype.itemsize > 1 and a.ndim <= 2 for a in self.arrays)


def _sample(inputs: Any) -> _Sample | None:
    try:
        leaves = _leaves(inputs)
    except Exception:  # noqa: BLE001  whatever a loader gives, training goes on
        return None
    read = [found for leaf in leaves if (found := _read(leaf)) is not None]
    if len(read) > 1:
        # Beside numbers, whole numbers are masks and positions.
        read = [r for r in read if r[0].dtype.kind == "f"] or read
        read = [r for r in read if r[1][0] == read[0][1][0]]
        rows = min(len(r[0]) for r in read)
        read = [(r[0][:rows], r[1]) for r in read]
    return _Sample(tuple(r[0] for r in read), tuple(r[1] for r in read)) if read else None


@dataclass(frozen=True, slots=True, eq=False)
class _Moments:
    """What of a sample's values can be added up over batches."""

    n: int
    finite: int
    mean: float
    squares: float
    low: float
    high: float
    zeros: int
    same: float | None
    columns: FloatArray | None
    """Of each column the sum, the sum of squares, and how many values are not 0; shape (3, columns)."""


def _moments(sample: _Sample) -> _Moments:
    rows = [a.reshape(len(a), -1) for a in sample.arrays]
    table = rows[0] if len(rows) == 1 else np.concatenate(rows, axis=1)
    x = table.astype(np.float64).ravel()
    n = count = x.size
    with np.errstate(all="ignore"):
        mean = float(np.add.reduce(x)) / n
        values = x
        if not math.isfinite(mean):
            values = x[np.isfinite(x)]
            count = values.size
            mean = float(np.add.reduce(values)) / count if count else math.nan
        away = values - mean
        squares = float(np.dot(away, away))
        by_column = None
        if all(len(shape) == 2 for shape in sample.shapes) and table.shape[1] <= COLUMNS and not sample.tokens:
            columns = x.reshape(table.shape)
            if count < n:
                columns = np.where(np.isfinite(columns), columns, 0.0)
            by_column = np.stack(
                [np.add.reduce(columns), np.add.reduce(columns * columns), np.count_nonzero(columns, axis=0)]
            )
    return _Moments(
        n=n,
        finite=count,
        mean=mean,
        squares=squares,
        low=float(np.minimum.reduce(values)) if count else math.nan,
        high=float(np.maximum.reduce(values)) if count else math.nan,
        zeros=n - int(np.count_nonzero(x)),
        same=_same(table),
        columns=by_column,
    )


def _same(table: NDArray[Any]) -> float | None:
    if len(table) < 2:
        return None
    # Most often the first value tells.
    alike = np.flatnonzero(table[1:, 0] == table[0, 0])
    if not alike.size:
        return 0.0
    return float(np.count_nonzero((table[1:][alike] == table[0]).all(axis=1))) / (len(table) - 1)


def _scale_ratio(columns: FloatArray) -> float | None:
    sums, squares, counts = columns
    # x² = x for 0 and 1 alone.
    some = (squares != sums) & (squares > 0)
    # A column that is 0 most of the time is seldom used, and no smaller for that.
    sizes = squares[some] / counts[some]
    if sizes.size < 2:
        return None
    ratio = math.sqrt(float(sizes.max()) / float(sizes.min()))
    return ratio if math.isfinite(ratio) else None


def facts_of(inputs: Any) -> InputFacts | None:
    """Describe the inputs of a batch in figures.

    Parameters
    ----------
    inputs : array_like, shape (n, ...), or a mapping or tuple of such
        Arrays of NumPy, PyTorch (on any device; what is read is chosen before it is moved), Keras, TensorFlow or JAX,
        or lists. Of several arrays, those of real numbers are read, or all where none is.

    Returns
    -------
    InputFacts or None
        None where nothing can be read: texts, objects, rows of different lengths, no examples.

    Examples
    --------
    >>> from tracker_diag.probes.batch_facts import facts_of
    >>> facts_of([[0.0, 100.0], [0.5, 300.0]]).max
    300.0
    """
    sample = _sample(inputs)
    if sample is None:
        return None
    seen = _moments(sample)
    ratio = None
    if seen.columns is not None:
        ratio = _scale_ratio(seen.columns)
    return InputFacts(
        mean=seen.mean,
        std=math.sqrt(seen.squares / seen.finite) if seen.finite else math.nan,
        min=seen.low,
        max=seen.high,
        zeros=seen.zeros / seen.n,
        non_finite=1 - seen.finite / seen.n,
        same=seen.same,
        scale_ratio=ratio,
        tokens=sample.tokens,
    )


def labels_of(targets: Any) -> Labels | None:
    """Read the labels of a batch; None where there are none that can be read.

    Parameters
    ----------
    targets : array_like, shape (n,), (n, outputs) or (n, ...)
        Of several arrays, the first is read. One-hot rows become the numbers of their classes.
    """
    array = _label_array(targets)
    if array is None:
        return None
    if array.ndim > 1 and array.size == len(array):
        array = array.reshape(-1)
    whole = array.dtype.kind in "iub"
    if array.ndim == 2 and array.shape[1] > 1 and bool(((array == 0) | (array == 1)).all()):
        if not bool((array.sum(axis=1) == 1).all()):
            # Several labels an example: not one of them is the example's.
            return None
        array, whole = array.argmax(axis=1), True
    flat = array.reshape(-1).astype(np.float64)
    if whole:
        flat = flat[flat != PADDING]
        return Labels(flat, "classes", array.ndim == 1, 0.0) if flat.size else None
    finite = np.isfinite(flat)
    kept = flat if finite.all() else flat[finite]
    binary = bool(kept.size) and array.ndim == 1 and bool(((kept == 0) | (kept == 1)).all())
    return Labels(kept, "classes" if binary else "numbers", array.ndim == 1, 1 - kept.size / flat.size)


def _label_array(targets: Any) -> NDArray[Any] | None:
    """The first array of the targets, of which about 4,096 values in order are read; None if there is none."""
    try:
        if isinstance(targets, tuple | list) and targets and isinstance(targets[0], Mapping):
            return None
        leaf = targets
        while isinstance(leaf, Mapping) or (isinstance(leaf, tuple | list) and leaf and _is_part(leaf[0])):
            leaf = next(iter(leaf.values())) if isinstance(leaf, Mapping) else leaf[0]
        on_device = hasattr(leaf, "detach")
        source = leaf.detach() if on_device else np.asarray(leaf)
        shape = tuple(source.shape)
        if not shape or 0 in shape:
            return None
        part = _spread(source, shape)
        array = _on_processor(part) if on_device else part
        if array.dtype.name == "bfloat16":
            array = array.astype(np.float32)
        return array if array.dtype.kind in "fiub" else None
    except Exception:  # noqa: BLE001  whatever a loader gives, training goes on
        return None


def _spread(source: Any, shape: tuple[int, ...]) -> Any:
    """A part of an array that keeps neighbours beside each other: stretches of it, evenly spread.

    The first examples alone would be those of one class where a large batch is sorted; every tenth, where ten classes
    take turns.
    """
    inner = math.prod(shape[1:])
    if inner > VALUES:
        return source[_slices(shape, whole_rows=False)]
    rows = VALUES // inner
    if shape[0] <= rows:
        return source
    stretches = max(1, min(EXAMPLES, rows // 2))
    apart = shape[0] // stretches
    of_each = source[: stretches * apart].reshape(stretches, apart, *shape[1:])[:, : rows // stretches]
    return of_each.reshape(-1, *shape[1:])


def facts_of_labels(targets: Any) -> LabelFacts | None:
    """Describe the labels of a batch in figures.

    Parameters
    ----------
    targets : array_like, shape (n,), (n, outputs) or (n, ...)
        As ``labels_of`` takes them; -100 is left out.

    Returns
    -------
    LabelFacts or None
        None where no label can be read, or none is finite.
    """
    labels = labels_of(targets)
    if labels is None or not labels.values.size:
        return None
    values = labels.values
    counts = np.unique(values, return_counts=True)[1]
    with np.errstate(all="ignore"):
        return LabelFacts(
            kind=labels.kind,
            n=values.size,
            distinct=counts.size,
            top_share=float(counts.max()) / values.size,
            entropy=_entropy(counts),
            min=float(values.min()),
            max=float(values.max()),
            mean=float(values.mean()),
            std=float(values.std()),
            non_finite=labels.non_finite,
        )


def _entropy(counts: NDArray[np.integer[Any]]) -> float:
    shares = counts[counts > 0] / counts.sum()
    return abs(float(np.dot(shares, np.log(shares))))


def fingerprint(inputs: Any, targets: Any) -> int | None:
    """Hash a batch from a bounded part of it: inputs, targets, shapes.

    Two batches of the same examples in another order count as different ones: to sort them would cost more than all
    the rest. Two that differ only where nothing is read count as equal.

    Parameters
    ----------
    inputs, targets : object
        As ``facts_of`` and ``labels_of`` take them; targets may be None.

    Returns
    -------
    int or None
        64 bits, the same in every process; None where the inputs cannot be read.
    """
    sample = _sample(inputs)
    return None if sample is None else _hash(sample, _label_array(targets))


def _hash(sample: _Sample, labels: NDArray[Any] | None) -> int:
    digest = hashlib.blake2b(repr(sample.shapes).encode(), digest_size=8)
    for array in sample.arrays:
        digest.update(array.data)
    if labels is not None:
        digest.update(np.ascontiguousarray(labels).data)
    return int.from_bytes(digest.digest(), "big")


def example_hashes(inputs: Any) -> tuple[int, ...]:
    """Hash each of the up to 64 examples that are read of a batch; equal within one process for equal examples."""
    sample = _sample(inputs)
    if sample is None:
        return ()
    return tuple(hash(tuple(a[i].tobytes() for a in sample.arrays)) for i in range(len(sample.arrays[0])))


def non_finite_share(data: Any) -> float:
    """Share of all values, not of a part of them, that are NaN or infinite; 0 where nothing can be read.

    Parameters
    ----------
    data : object
        As ``facts_of`` takes it.
    """
    bad = total = 0
    try:
        for leaf in _leaves(data):
            array = _on_processor(leaf.detach()) if hasattr(leaf, "detach") else np.asarray(leaf)
            if array.dtype.kind == "f":
                bad, total = bad + int(np.count_nonzero(~np.isfinite(array))), total + array.size
    except Exception:  # noqa: BLE001  whatever a loader gives, the others are looked at
        return 0.0
    return bad / total if total else 0.0


class BatchLog:
    """Figures of batches, added one by one; memory and cost are bounded, whatever the batches and however many.

    ``figures`` sums up what was added since it was last called. Nothing rests on two calls of ``add`` being of
    neighbouring batches, so that batches may be left out.

    Examples
    --------
    >>> from tracker_diag.probes.batch_facts import BatchLog
    >>> log = BatchLog()
    >>> for labels in ([0, 0, 1, 1], [0, 1, 0, 1]):
    ...     log.add([[0.0], [1.0], [2.0], [3.5]], labels)
    >>> figures = log.figures()
    >>> figures["label_top_share"], figures["classes_seen"], figures["input_max"]
    (0.5, 2.0, 3.5)
    """

    def __init__(self) -> None:
        self._epoch: dict[int, None] = {}
        self._counts: Counter[float] = Counter()
        self._numbers = self._overfull = False
        self._reset()

    def _reset(self) -> None:
        self._added = self._hashed = self._repeated = 0
        self._n = self._finite = self._zeros = self._token_n = 0
        self._mean = self._squares = 0.0
        self._low, self._high = math.inf, -math.inf
        self._same, self._compared = 0.0, 0
        self._columns: FloatArray | None = None
        self._labelled = self._per_example = 0
        self._top_shares = self._entropies = self._lost_labels = 0.0
        self._label_low, self._label_high = math.inf, -math.inf
        self._label_n = 0
        self._label_mean = self._label_squares = 0.0
        self._sizes: Counter[int] = Counter()
        self._recent: deque[FloatArray] = deque()
        self._kept = 0

    def new_epoch(self) -> None:
        """Begin an epoch: batches may come again."""
        self._epoch.clear()

    def add(self, inputs: Any, targets: Any = None) -> None:
        """Add one batch; whatever it is, nothing is raised.

        Parameters
        ----------
        inputs, targets : object
            As ``facts_of`` and ``labels_of`` take them.
        """
        self._added += 1
        sample = _sample(inputs)
        array = None if targets is None else _label_array(targets)
        if sample is not None:
            self._add_hash(_hash(sample, array))
            self._add_inputs(sample)
        labels = None if array is None else labels_of(array)
        if labels is not None:
            self._add_labels(labels)

    def _add_hash(self, hashed: int) -> None:
        self._hashed += 1
        if hashed in self._epoch:
            self._repeated += 1
            return
        self._epoch[hashed] = None
        if len(self._epoch) > BATCHES:
            del self._epoch[next(iter(self._epoch))]

    def _add_inputs(self, sample: _Sample) -> None:
        seen = _moments(sample)
        if seen.same is not None:
            self._same, self._compared = self._same + seen.same, self._compared + 1
        if sample.tokens:
            self._token_n += seen.n
            return
        self._n, self._zeros = self._n + seen.n, self._zeros + seen.zeros
        if seen.finite:
            self._mean, self._squares, self._finite = _joined(
                (self._mean, self._squares, self._finite), (seen.mean, seen.squares, seen.finite)
            )
            self._low, self._high = min(self._low, seen.low), max(self._high, seen.high)
        if seen.columns is None:
            return
        if self._columns is None:
            self._columns = seen.columns
        elif self._columns.shape == seen.columns.shape:
            with np.errstate(over="ignore"):
                self._columns = self._columns + seen.columns

    def _add_labels(self, labels: Labels) -> None:
        values, n = labels.values, labels.values.size
        self._labelled += 1
        self._lost_labels += labels.non_finite
        self._numbers |= labels.kind == "numbers"
        if not n:
            return
        counted = Counter(values.tolist())
        top = max(counted.values()) / n
        self._top_shares += top
        self._entropies += math.log(n) - math.fsum(c * math.log(c) for c in counted.values()) / n
        self._label_low = min(self._label_low, min(counted))
        self._label_high = max(self._label_high, max(counted))
        with np.errstate(all="ignore"):
            mean = float(np.add.reduce(values)) / n
            away = values - mean
            of_batch = (mean, float(np.dot(away, away)), n)
        self._label_mean, self._label_squares, self._label_n = _joined(
            (self._label_mean, self._label_squares, self._label_n), of_batch
        )
        if not self._overfull and not self._numbers:
            self._counts.update(counted)
            self._overfull = len(self._counts) > DISTINCT
        self._per_example += labels.one_each
        if labels.one_each:
            self._sizes[n] += 1
            self._recent.append(values[:LABELS])
            self._kept += self._recent[-1].size
            while self._kept > LABELS and len(self._recent) > 1:
                self._kept -= self._recent.popleft().size

    def figures(self) -> dict[str, float]:
        """Sum up the batches that were added since the last call, and begin anew.

        Returns
        -------
        dict
            What is not known is left out: of token ids all that asks for their size, of numbers all that asks for
            classes. ``label_order`` is the agreement of neighbours within batches beyond chance, (a - c)/(1 - c), over
            the last 2,000 examples, and for numbers the autocorrelation of their ranks; chance is that of the labels
            counted so far. What would be expected of shuffled batches (``…_expected``) is the mean of 64 drawn without
            replacement, with a fixed seed, from the same counts.
        """
        found: dict[str, float | None] = {"batches_added": self._added} | self._of_inputs() | self._of_labels()
        if self._hashed:
            found["batches_repeated"] = self._repeated / self._hashed
        self._reset()
        return {name: float(value) for name, value in found.items() if value is not None and math.isfinite(value)}

    def _of_inputs(self) -> dict[str, float | None]:
        found: dict[str, float | None] = {}
        if self._compared:
            found["input_same"] = self._same / self._compared
        if self._n + self._token_n:
            found["input_non_finite"] = (self._n - self._finite) / (self._n + self._token_n)
        if self._finite:
            found |= {
                "input_mean": self._mean,
                "input_std": math.sqrt(self._squares / self._finite),
                "input_min": self._low,
                "input_max": self._high,
                "input_zeros": self._zeros / self._n,
                "input_scale_ratio": None if self._columns is None else _scale_ratio(self._columns),
            }
        return found

    def _of_labels(self) -> dict[str, float | None]:
        if not self._labelled:
            return {}
        found: dict[str, float | None] = {
            "label_non_finite": self._lost_labels / self._labelled,
            "label_min": self._label_low,
            "label_max": self._label_high,
            "label_order": self._order(),
        }
        if self._numbers:
            if self._label_n:
                found["target_mean"] = self._label_mean
                found["target_std"] = math.sqrt(self._label_squares / self._label_n)
            return found
        found["label_top_share"] = self._top_shares / self._labelled
        found["label_entropy"] = self._entropies / self._labelled
        if not self._overfull:
            found["classes_seen"] = len(self._counts)
            if self._per_example == self._labelled:
                expected = _shuffled(np.array(sorted(self._counts.values())), self._sizes)
                found["label_top_share_expected"], found["label_entropy_expected"] = expected
        return found

    def _order(self) -> float | None:
        if self._numbers:
            return order_of_numbers(self._recent)
        chance = None if self._overfull else agreement_by_chance(np.array(list(self._counts.values())))
        return order_of_classes(self._recent, chance)


def _joined(one: tuple[float, float, int], other: tuple[float, float, int]) -> tuple[float, float, int]:
    """Mean, sum of squares about it, and count, of two parts together (Chan et al. 1983)."""
    n = one[2] + other[2]
    apart = other[0] - one[0]
    return one[0] + apart * other[2] / n, one[1] + other[1] + apart * apart * one[2] * other[2] / n, n


def agreement_by_chance(counts: NDArray[np.integer[Any]]) -> float | None:
    """Probability that two different examples have the same label; None for fewer than two examples.

    Parameters
    ----------
    counts : ndarray of int, shape (k,)
        Examples of each class.
    """
    n = float(counts.sum())
    return float((counts * (counts - 1.0)).sum()) / (n * (n - 1)) if n > 1 else None


def order_of_classes(batches: Collection[FloatArray], chance: float | None) -> float | None:
    """Agreement of neighbours within batches beyond chance: 0 when shuffled, 1 when sorted.

    Parameters
    ----------
    batches : collection of ndarray, shape (n_i,)
        Labels in the order of the examples.
    chance : float or None
        Agreement of two examples taken at random.

    Returns
    -------
    float or None
        (a - c)/(1 - c); None where no batch has two examples, or all agree by chance.
    """
    pairs = sum(b.size - 1 for b in batches)
    if chance is None or chance >= 1 or not pairs:
        return None
    agree = sum(int(np.count_nonzero(b[1:] == b[:-1])) for b in batches) / pairs
    return (agree - chance) / (1 - chance)


def order_of_numbers(batches: Collection[FloatArray]) -> float | None:
    """Autocorrelation of the ranks of neighbours within batches, about the mean rank of all (Bartels 1982).

    Parameters
    ----------
    batches : collection of ndarray, shape (n_i,)
        Numbers in the order of the examples.

    Returns
    -------
    float or None
        None where no batch has two examples, or all numbers are one.
    """
    sizes = [b.size for b in batches]
    pairs = sum(size - 1 for size in sizes)
    if not pairs:
        return None
    ranks = centred_ranks(np.concatenate(list(batches)))
    variance = float(np.dot(ranks, ranks)) / ranks.size
    if variance <= 0:
        return None
    within = np.split(ranks, np.cumsum(sizes)[:-1])
    return math.fsum(float(np.dot(r[1:], r[:-1])) for r in within) / pairs / variance


def centred_ranks(values: FloatArray) -> FloatArray:
    """Rank values, and subtract the mean rank; shape (n,). Equal values share the mean of their ranks."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: FloatArray = (np.cumsum(counts) - (counts - 1) / 2)[place] - (values.size + 1) / 2
    return ranks


def _shuffled(counts: NDArray[np.integer[Any]], sizes: Counter[int]) -> tuple[float | None, float | None]:
    """Top share and entropy of batches of these sizes when the labels are shuffled."""
    rng = np.random.default_rng(0)
    top = spread = weight = 0.0
    total = int(counts.sum())
    for size, times in sizes.most_common(SIZES):
        if size > total:
            continue
        drawn = rng.multivariate_hypergeometric(counts, size, size=DRAWS, method="marginals")
        top += times * float(drawn.max(axis=1).mean()) / size
        spread += times * math.fsum(map(_entropy, drawn)) / DRAWS
        weight += times
    return (top / weight, spread / weight) if weight else (None, None)
