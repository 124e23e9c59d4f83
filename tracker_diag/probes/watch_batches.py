"""Looks at the first batches of a loader, and says what is wrong with them before any network is trained on them."""

from __future__ import annotations

import argparse
import math
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracker_diag.core.dataset import Dataset, read_profile
from tracker_diag.core.finding import Severity
from tracker_diag.core.numbers import figure, times
from tracker_diag.core.numbers import share as percent
from tracker_diag.core.profile_schema import Target
from tracker_diag.probes.batch_facts import (
    BatchLog,
    agreement_by_chance,
    centred_ranks,
    example_hashes,
    fingerprint,
    labels_of,
    non_finite_share,
    order_of_classes,
    order_of_numbers,
    split_batch,
)
from tracker_diag.stats.arrays import FloatArray

#: Seconds after which progress is shown, and columns of the table.
SHOWN_AFTER, WIDTH = 2.0, 80
#: Batches whose hashes, and examples whose labels are kept, and classes that are told apart where batches are compared.
BATCHES_KEPT, KEPT, TOLD_APART = 10_000, 20_000, 100
#: Orders that are drawn to see what chance does, and standard deviations from it that no chance explains.
SHUFFLES, BEYOND = 200, 6.0
#: The same between batches in a row, of which there are fewer, and such batches that are needed, of so many examples.
BEYOND_BATCHES, BATCHES_IN_A_ROW, IN_A_BATCH = 4.0, 8, 16
#: Agreement of neighbours beyond chance, and share of the batches that hold one label beyond it, that matter.
ORDER, SINGLE = 0.2, 0.1
#: Standard deviations of a share of single-label batches; where chance makes none, as many batches.
BEYOND_SINGLE = 5.0
#: Examples of one label from which on the other classes together come to less than 1%, with odds of 20,000 to 1, and
#: from which on it is worth a word.
ONE_LABEL, ONE_LABEL_SAID = 1000, 100
#: Sizes of inputs, of their features beside each other, and of targets: those of the rules.
LARGE, APART, WIDE = 10.0, 100.0, 100.0
#: Size of the values that are not zero, below which inputs were scaled twice: pictures divided by 255 two times.
SMALL = 0.01
#: Share of zeros from which on the size of a feature is how often it occurs.
SPARSE = 0.5
#: Rows from which features are compared.
ROWS = 8
#: Share of the examples that equal the first of their batch, from which on the input is constant.
CONSTANT = 0.99
#: Examples of the most for each of the least frequent class that are worth a word, and a warning; and classes up to
#: which it is one.
IMBALANCED, FAR_IMBALANCED, FEW_CLASSES = 10.0, 100.0, 20
#: Classes up to which counts are compared.
COUNTED = 500
#: Ratio of sizes, standard deviations between means, and half the sum of the differences of class shares, from which on
#: batches contradict a profile.
OTHER_SIZE, OTHER_MEAN, OTHER_SHARES = 5.0, 3.0, 0.2
#: Probability of a chance that is ruled out.
RULED_OUT = 1e-6


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the batches.

    Attributes
    ----------
    code, name : str
        Of the rule that says the same of a run.
    severity : Severity
        How much it matters.
    message : str
        What was seen, with its numbers.
    advice : str
        What to do.
    """

    code: str
    name: str
    severity: Severity
    message: str
    advice: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was checked, what was found, what is expected, and whether it fits."""

    what: str
    figure: str
    usual: str
    ok: bool


@dataclass(frozen=True, slots=True)
class BatchesReport:
    """What the first batches of a loader are like; ``str`` gives a table, 80 columns wide.

    Attributes
    ----------
    problems : tuple of Problem
        Most serious first.
    rows : tuple of Row
        Everything that was checked.
    batches : int
        Number of batches drawn.
    failed : bool
        Whether the loader raised, or gave nothing that could be read.
    """

    problems: tuple[Problem, ...]
    rows: tuple[Row, ...]
    batches: int
    failed: bool

    @property
    def exit_code(self) -> int:
        """3 if the loader failed, 1 if a problem is a warning or an error, else 0."""
        if self.failed:
            return 3
        return int(any(p.severity.rank >= Severity.WARNING.rank for p in self.problems))

    def __str__(self) -> str:
        found = _times(len(self.problems), "problem", "problems") if self.problems else "no problem found"
        head = f"{_times(self.batches, 'batch', 'batches')}: {found}"
        lines = [head, ""]
        lines += [f"{'checked':<24}{'found':<24}{'expected':<24}"] if self.rows else []
        lines += [
            f"{_cut(row.what)}{_cut(row.figure)}{_cut(row.usual)}{'ok' if row.ok else 'problem'}" for row in self.rows
        ]
        for p in self.problems:
            said = f"{p.code} {p.name} ({p.severity}): {p.message}; {p.advice}."
            lines += ["", *textwrap.wrap(said, WIDTH, subsequent_indent="  ")]
        return "\n".join(line.rstrip() for line in lines)


def _cut(text: str) -> str:
    return f"{text[:23]:<24}"


@dataclass(frozen=True, slots=True, eq=False)
class _Watched:
    """What is kept of the batches: figures, hashes, and labels until they are judged."""

    drawn: int
    error: str | None
    figures: Mapping[str, float]
    hashes: tuple[int, ...]
    examples: tuple[tuple[int, ...], ...]
    labels: tuple[FloatArray, ...]
    counts: Counter[float]
    classes: bool
    one_each: bool
    lost_inputs: int
    lost_labels: int
    bytes_only: bool
    rows: int


@dataclass(frozen=True, slots=True)
class _Check:
    """A line of the table, and the problem where it is one."""

    row: Row
    problem: Problem | None = None


def watch_batches(
    loader: Iterable[Any],
    *,
    batches: int = 200,
    classes: int | None = None,
    profile: Mapping[str, Any] | None = None,
) -> BatchesReport:
    """Look at the first batches of a loader as a network gets them.

    Parameters
    ----------
    loader : iterable
        Of batches: ``(inputs, targets)``, mappings with labels, or inputs alone; of PyTorch, Keras, TensorFlow, JAX,
        NumPy, or lists. It may be endless. Whatever it raises is reported, and so is what cannot be read.
    batches : int, optional
        How many are drawn at most.
    classes : int, optional
        Number of classes; labels from 0 to one less are then the only ones that are right.
    profile : mapping, optional
        What ``tracker_diag.profile_data`` gave; batches that contradict it are reported.

    Returns
    -------
    BatchesReport
        Figures alone: nothing of the data is kept.

    Raises
    ------
    ValueError
        If `batches` or `classes` is below 1.

    Notes
    -----
    An order of the labels and batches of one label are held against 200 random orders of the labels that were seen,
    so that classes of different frequency, small batches and few batches raise no alarm by themselves. Of each batch,
    at most 64 examples and 4,096 values are measured; only NaN and infinite values are looked for in all.

    Examples
    --------
    >>> from tracker_diag.probes.watch_batches import watch_batches
    >>> inputs = [[0.1, 1.2], [0.3, -0.8], [-1.1, 0.4], [0.9, -0.2]]
    >>> report = watch_batches([(inputs, [0, 1, 1, 5])], classes=3)
    >>> report.exit_code, report.problems[0].message
    (1, 'labels go from 0 to 5, but 3 classes are declared')
    """
    for name, value in (("batches", batches), ("classes", classes)):
        if value is not None and value < 1:
            raise ValueError(f"{name}={value}: give 1 or more")
    seen = _watch(loader, batches)
    checks = [_drawn(seen)]
    readable = seen.rows > 0 or bool(seen.labels)
    if readable:
        checks += [*_of_inputs(seen), *_of_labels(seen, classes)]
        if profile is not None:
            disordered = any(c.problem is not None and c.problem.code in ("DS204", "DS205") for c in checks)
            checks += _against(seen, read_profile(profile), disordered)
    problems = sorted((c.problem for c in checks if c.problem is not None), key=lambda p: -p.severity.rank)
    failed = seen.error is not None or not readable
    return BatchesReport(tuple(problems), tuple(c.row for c in checks), seen.drawn, failed)


def _watch(loader: Iterable[Any], batches: int) -> _Watched:
    log = BatchLog()
    drawn = kept = rows = lost_inputs = lost_labels = 0
    hashes: list[int] = []
    examples: list[tuple[int, ...]] = []
    labels: list[FloatArray] = []
    counts: Counter[float] = Counter()
    numbers, one_each, bytes_only = False, True, True
    error = None
    with _drawing(loader) as draw, _progress(batches) as advance:
        while drawn < batches:
            try:
                batch = next(draw)
            except StopIteration:
                break
            except (Exception, SystemExit) as raised:  # noqa: BLE001  a loader may raise anything; it is what is asked
                error = f"{type(raised).__name__}: {_said(raised)}"
                break
            drawn += 1
            inputs, targets = split_batch(batch)
            log.add(inputs, targets)
            hashed = fingerprint(inputs, targets)
            if hashed is not None and len(hashes) < BATCHES_KEPT:
                hashes.append(hashed)
                examples.append(example_hashes(inputs))
                rows += len(examples[-1])
                lost_inputs += non_finite_share(inputs) > 0
                bytes_only &= str(getattr(inputs, "dtype", "")).endswith("uint8")
            found = None if targets is None else labels_of(targets)
            if found is not None:
                lost_labels += found.non_finite > 0
                numbers |= found.kind == "numbers"
                one_each &= found.one_each
                if not numbers:
                    counts.update(found.values.tolist())
                if kept < KEPT and found.values.size:
                    labels.append(found.values)
                    kept += found.values.size
            advance(drawn)
    return _Watched(
        drawn=drawn,
        error=error,
        figures=log.figures(),
        hashes=tuple(hashes),
        examples=tuple(examples),
        labels=tuple(labels),
        counts=counts,
        classes=not numbers,
        one_each=one_each,
        lost_inputs=lost_inputs,
        lost_labels=lost_labels,
        bytes_only=bytes_only,
        rows=rows,
    )


def _said(error: BaseException) -> str:
    """First line of what an exception says; where it hands on that of a worker, the last line too."""
    lines = str(error).strip().splitlines() or ["no message"]
    handed_on = any("Traceback" in line for line in lines[1:])
    return lines[0][:200] + (f" {lines[-1].strip()[:200]}" if handed_on else "")


@contextmanager
def _drawing(loader: Iterable[Any]) -> Iterator[Iterator[Any]]:
    """The loader's batches; what raises, raises when the first is drawn. Closes the loader's own iterator."""

    def drawn() -> Iterator[Any]:
        yield from loader

    draw = drawn()
    try:
        yield draw
    finally:
        with suppress(Exception):
            draw.close()  # type: ignore[attr-defined]


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr, once it has taken two seconds."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    shown = Progress(console=console, transient=True, disable=not console.is_terminal)
    task = shown.add_task("batches", total=total)
    begin = time.monotonic()

    def advance(done: int) -> None:
        shown.update(task, completed=done)
        if time.monotonic() - begin > SHOWN_AFTER:
            shown.start()

    try:
        yield advance
    finally:
        # Stopped before it was started, it would leave an empty line.
        if shown.live.is_started:
            shown.stop()


def _check(what: str, figure: str, usual: str, problem: Problem | None = None) -> _Check:
    return _Check(Row(what, figure, usual, problem is None or problem.severity.rank < Severity.WARNING.rank), problem)


def _drawn(seen: _Watched) -> _Check:
    message = None
    advice = "check the path of the data and the code that makes the batches"
    if seen.error is not None:
        message = f"loader raised {seen.error} after {_times(seen.drawn, 'batch', 'batches')}"
        advice = "load that batch alone, in one process, to find the cause"
    elif not seen.drawn:
        message = "no batch came from the loader"
    elif not seen.rows and not seen.labels:
        message = f"no array of numbers in {_times(seen.drawn, 'batch', 'batches')}"
    problem = None if message is None else Problem("DS214", "empty-or-wrong-data", Severity.ERROR, message, advice)
    return _check("batches drawn", f"{seen.drawn:,}", "1 or more", problem)


def _of_inputs(seen: _Watched) -> list[_Check]:
    if not seen.rows:
        return []
    checks = [_constant(seen), _finite(seen), _repeated(seen)]
    if "input_mean" in seen.figures:
        checks.append(_scale(seen))
        if "input_scale_ratio" in seen.figures and seen.rows >= ROWS and seen.figures["input_zeros"] < SPARSE:
            checks.append(_feature_scales(seen.figures["input_scale_ratio"]))
    return checks


def _constant(seen: _Watched) -> _Check:
    low, high = seen.figures.get("input_min"), seen.figures.get("input_max")
    same = seen.figures.get("input_same")
    message = None
    if low is not None and low == high and seen.rows > 1:
        message = f"all input values checked are {figure(low, 4)}"
    elif same is not None and same >= CONSTANT:
        message = f"{percent(same)} of the examples equal the first example of their batch"
    advice = "look at one batch as the network gets it: minimum, maximum, and one example"
    problem = None if message is None else Problem("DS201", "constant-input", Severity.ERROR, message, advice)
    return _check("equal inputs in a batch", "-" if same is None else percent(same), "hardly any", problem)


def _finite(seen: _Watched) -> _Check:
    lost = max(seen.lost_inputs, seen.lost_labels)
    problem = None
    if lost:
        both = (("inputs", seen.lost_inputs), ("labels", seen.lost_labels))
        where = " and ".join(f"{what} in {count:,}" for what, count in both if count)
        problem = Problem(
            "PP304",
            "non-finite-input",
            Severity.ERROR,
            f"NaN or infinite {where} of {_times(seen.drawn, 'batch', 'batches')}",
            "find the column or file they come from, and fill or drop these values",
        )
    return _check("NaN or infinite in", f"{lost:,} of {seen.drawn:,} batches", "none", problem)


def _scale(seen: _Watched) -> _Check:
    mean, std = _moments_seen(seen, "input")
    size = math.hypot(mean, std)
    of_those = size / math.sqrt(max(1e-12, 1 - seen.figures["input_zeros"]))
    problem = None
    if size > LARGE or 0 < of_those < SMALL:
        problem = Problem(
            "PP301",
            "unscaled-inputs",
            Severity.INFO if seen.bytes_only else Severity.WARNING,
            f"inputs have mean {figure(mean)} and standard deviation {figure(std)}, from "
            f"{figure(seen.figures['input_min'])} to {figure(seen.figures['input_max'])}",
            "standardise them (mean 0, std 1) with the statistics of the training set, unless the first layer does",
        )
    return _check("mean ± std of inputs", f"{mean:.3g} ± {std:.3g}", "about 0 ± 1", problem)


def _moments_seen(seen: _Watched, of: str) -> tuple[float, float]:
    """Mean and deviation of inputs or targets; what a double cannot hold is infinite."""
    return seen.figures.get(f"{of}_mean", math.inf), seen.figures.get(f"{of}_std", math.inf)


def _feature_scales(ratio: float) -> _Check:
    problem = None
    if ratio >= APART:
        problem = Problem(
            "PP302",
            "mixed-feature-scales",
            Severity.WARNING,
            f"largest feature is {times(ratio)} as large as the smallest (root mean square)",
            "standardise each feature (mean 0, std 1), unless its scale carries its importance",
        )
    return _check("feature sizes", f"ratio {figure(ratio)}", f"below {APART:g}", problem)


def _repeated(seen: _Watched) -> _Check:
    hashes = seen.hashes
    again = len(hashes) - len(set(hashes))
    figure = f"{again:,} of {len(hashes):,}"
    period = _round(hashes)
    if period:
        problem = None
        if all(a == b for a, b in zip(hashes, hashes[period:], strict=False)) and len(hashes) >= 2 * period:
            problem = Problem(
                "DS202",
                "repeated-batch",
                Severity.INFO,
                f"the same {period:,} batches come again in the same order, probably a new epoch",
                "reshuffle the data each epoch",
            )
        return _check("repeated batches", figure, f"epochs of {period:,}", problem)
    problem = None
    if again and not _repeats_by_chance(hashes, seen.examples):
        problem = Problem(
            "DS202",
            "repeated-batch",
            Severity.WARNING,
            f"{again:,} of {_times(len(hashes), 'batch equals', 'batches equal')} an earlier one",
            "check for workers that all read the same files, an index that never advances, or a seed that is reset",
        )
    return _check("repeated batches", figure, "few, by chance", problem)


def _round(hashes: Sequence[int]) -> int | None:
    """Number of batches after which the same set of batches comes again, and again; None where they do not."""
    first: set[int] = set()
    for hashed in hashes:
        if hashed in first:
            break
        first.add(hashed)
    period = len(first)
    if period < 2 or period == len(hashes):
        return None
    rounds = [hashes[i : i + period] for i in range(0, len(hashes), period)]
    return period if all(set(r) <= first and len(set(r)) == len(r) for r in rounds) else None


def _repeats_by_chance(hashes: Sequence[int], examples: Sequence[tuple[int, ...]]) -> bool:
    """Whether batches are no more often equal than equal examples make them.

    Where two examples are equal with probability c, two batches of n are with c^n. c is taken from the different
    batches alone, or batches that come again would explain themselves. Of batches of one example, equal ones in a row
    are counted: examples that are drawn with replacement come again, but not at once.
    """
    n = len(hashes)
    counts = Counter(hashes)
    rows = int(np.median([len(e) for e in examples]))
    if rows < 2:
        by_chance = agreement_by_chance(np.array(list(counts.values()))) or 0.0
        in_a_row = sum(a == b for a, b in pairwise(hashes))
        spread = math.sqrt(max(1.0, (n - 1) * by_chance * (1 - by_chance)))
        return len(counts) > 1 and in_a_row - (n - 1) * by_chance < BEYOND * spread
    different = dict(zip(hashes, examples, strict=True))
    single = Counter(h for e in different.values() for h in e)
    expected = n * (n - 1) / 2 * (agreement_by_chance(np.array(list(single.values()))) or 0.0) ** rows
    equal = sum(c * (c - 1) // 2 for c in counts.values())
    return equal <= 3 * expected + BEYOND * math.sqrt(expected)


def _of_labels(seen: _Watched, classes: int | None) -> list[_Check]:
    if not seen.labels:
        return []
    if not seen.classes:
        return [_targets(seen), *([_order(seen)] if seen.one_each else [])]
    checks = [_label_range(seen, classes)]
    if seen.one_each:
        checks += [_imbalance(seen.counts), *_single(seen), _order(seen)]
    return checks


def _label_range(seen: _Watched, classes: int | None) -> _Check:
    low, high = min(seen.counts), max(seen.counts)
    # Segmentation leaves pixels out by 255.
    beyond = [v for v in seen.counts if classes is not None and v >= classes and (seen.one_each or v != 255)]
    signs = classes is None and set(seen.counts) <= {-1.0, 1.0}
    message, severity = None, Severity.ERROR
    if classes is not None and (beyond or low < 0):
        message = f"labels go from {low:g} to {high:g}, but {_times(classes, 'class is', 'classes are')} declared"
        message += " (counted from 1?)" if low == 1 and high == classes else ""
    elif low < 0 and not signs:
        message, severity = f"lowest label is {low:g}", Severity.WARNING
    advice = "number the classes from 0, use the ignore index of the loss, and pass regression targets as floats"
    problem = None if message is None else Problem("DS214", "empty-or-wrong-data", severity, message, advice)
    usual = f"0 to {classes - 1:,}" if classes is not None else "0 or more"
    return _check("labels", f"{low:g} to {high:g}, {len(seen.counts):,} seen", usual, problem)


def _imbalance(counts: Counter[float]) -> _Check:
    most, least = max(counts.values()), min(counts.values())
    ratio = most / least
    problem = None
    if 1 < len(counts) <= COUNTED:
        from scipy import stats

        # The rarest of many classes is rare by chance too.
        at_most = float(stats.chi2.isf(0.001 / len(counts), 2 * (least + 1))) / 2
        if most >= IMBALANCED * at_most:
            grave = most >= FAR_IMBALANCED * at_most and len(counts) <= FEW_CLASSES
            problem = Problem(
                "DS206",
                "class-imbalance",
                Severity.WARNING if grave else Severity.INFO,
                f"{most:,} examples of the most frequent class, {least:,} of the rarest ({ratio:,.0f} to 1)",
                "weight the loss by inverse class frequency or sample the classes evenly, and log balanced accuracy",
            )
    return _check("class imbalance", f"{ratio:,.3g} to 1", f"less than {FAR_IMBALANCED:g} to 1", problem)


def _single(seen: _Watched) -> list[_Check]:
    """Batches of one label, against what shuffling the labels makes of them."""
    n = sum(b.size for b in seen.labels)
    advice = "shuffle inputs and labels together each epoch; a shuffle buffer must be larger than a class"
    if len(seen.counts) == 1:
        problem = None
        if n >= ONE_LABEL_SAID:
            problem = Problem(
                "DS205",
                "single-label-batches",
                Severity.WARNING if n >= ONE_LABEL else Severity.INFO,
                f"all {n:,} labels seen are {next(iter(seen.counts)):g}: the data is sorted by label or has one class",
                advice,
            )
        return [_check("one-label batches", "all", "-", problem)]
    batches = [b for b in seen.labels if b.size > 1]
    if not batches:
        return []
    starts = np.cumsum([0, *(b.size for b in batches[:-1])])
    values = np.concatenate(batches)

    def share(order: FloatArray) -> float:
        return float(np.mean(np.minimum.reduceat(order, starts) == np.maximum.reduceat(order, starts)))

    seen_share = share(values)
    mean, deviation = _by_chance(values, share)
    problem = None
    if seen_share - mean >= max(SINGLE, BEYOND_SINGLE * max(deviation, 1 / len(batches))):
        problem = Problem(
            "DS205",
            "single-label-batches",
            Severity.WARNING,
            f"{percent(seen_share)} of {_times(len(batches), 'batch has', 'batches have')} only one label, "
            f"{percent(mean)} would if shuffled",
            advice,
        )
    return [_check("one-label batches", percent(seen_share), f"{percent(mean)} if shuffled", problem)]


def _by_chance(values: FloatArray, statistic: Callable[[FloatArray], float]) -> tuple[float, float]:
    """Mean and standard deviation of a statistic over random orders of the values, with a fixed seed."""
    rng = np.random.default_rng(0)
    drawn = [statistic(rng.permutation(values)) for _ in range(SHUFFLES)]
    return float(np.mean(drawn)), float(np.std(drawn))


def _order(seen: _Watched) -> _Check:
    """Whether neighbours are alike, and batches in a row too.

    A sampler that fills each batch with a few of each class makes the first so and not the second. Neighbours are held
    against orders of all labels, batches against orders of the batches.
    """
    stream = np.concatenate(seen.labels)
    if seen.classes:
        order = order_of_classes([stream], agreement_by_chance(np.array(list(Counter(stream.tolist()).values()))))
        values = stream

        def alike(order: FloatArray) -> float:
            return float(np.count_nonzero(order[1:] == order[:-1]))
    else:
        order = order_of_numbers([stream])
        values = centred_ranks(stream)

        def alike(order: FloatArray) -> float:
            return float(np.dot(order[1:], order[:-1]))

    if order is None:
        return _check("neighbouring labels", "-", "about 0")
    problem = None
    if order >= ORDER:
        mean, deviation = _by_chance(values, alike)
        beyond = (alike(values) - mean) / deviation if deviation else 0.0
        if beyond >= BEYOND and _batches_alike(seen) >= BEYOND_BATCHES:
            problem = Problem(
                "DS204",
                "unshuffled",
                Severity.WARNING,
                f"labels of neighbouring examples agree {percent(order)} of the way from chance to always "
                f"({beyond:,.0f} standard deviations above shuffled data, {stream.size - 1:,} pairs), and successive "
                "batches are similar",
                "shuffle inputs and labels together each epoch",
            )
    return _check("neighbouring labels", f"{order:.2f}", f"below {ORDER:g}", problem)


def _batches_alike(seen: _Watched) -> float:
    """How alike batches in a row are, in standard deviations from what other orders of the same batches show."""
    groups: list[list[FloatArray]] = [[]]
    for batch in seen.labels:
        if sum(b.size for b in groups[-1]) >= IN_A_BATCH:
            groups.append([])
        groups[-1].append(batch)
    if len(groups) < BATCHES_IN_A_ROW:
        return 0.0
    sizes = [sum(b.size for b in g) for g in groups]
    profiles = _class_shares(seen, sizes) if seen.classes else _mean_ranks(seen, sizes)
    profiles = profiles - profiles.mean(axis=0)

    def likeness(order: NDArray[Any]) -> float:
        return float((profiles[order[1:]] * profiles[order[:-1]]).sum())

    as_they_came = np.arange(len(groups), dtype=np.float64)
    mean, deviation = _by_chance(as_they_came, lambda order: likeness(order.astype(np.intp)))
    return (likeness(as_they_came.astype(np.intp)) - mean) / deviation if deviation else 0.0


def _class_shares(seen: _Watched, sizes: Sequence[int]) -> FloatArray:
    """Share of each of the most frequent classes in each group of examples, shape (groups, classes)."""
    stream = np.concatenate(seen.labels)
    common = [value for value, _ in seen.counts.most_common(TOLD_APART)]
    starts = np.cumsum([0, *sizes[:-1]])
    return np.stack([np.add.reduceat((stream == v).astype(np.float64), starts) for v in common], axis=1) / np.array(
        sizes, dtype=np.float64
    ).reshape(-1, 1)


def _mean_ranks(seen: _Watched, sizes: Sequence[int]) -> FloatArray:
    """Mean rank of the numbers of each group of examples, shape (groups, 1)."""
    ranks = centred_ranks(np.concatenate(seen.labels))
    starts = np.cumsum([0, *sizes[:-1]])
    return (np.add.reduceat(ranks, starts) / np.array(sizes, dtype=np.float64)).reshape(-1, 1)


def _targets(seen: _Watched) -> _Check:
    mean, std = _moments_seen(seen, "target")
    problem = None
    if math.hypot(mean, std) >= WIDE or 0 < std <= 1 / WIDE:
        problem = Problem(
            "PP309",
            "unscaled-targets",
            Severity.WARNING,
            f"targets have mean {figure(mean)} and standard deviation {figure(std)}",
            "standardise the targets (mean 0, std 1) with the training set, and undo it in predictions",
        )
    return _check("mean ± std of targets", f"{mean:.3g} ± {std:.3g}", "about 0 ± 1", problem)


def _against(seen: _Watched, data: Dataset, disordered: bool) -> list[_Check]:
    """Where the batches contradict the profile of the data."""
    checks = []
    found = _moments_of(data)
    if found is not None and "input_mean" in seen.figures:
        checks.append(_other_moments("inputs", _moments_seen(seen, "input"), found))
    target = data.target
    if seen.labels and target.kind == "regression" and target.mean is not None and target.variance:
        stream = np.concatenate(seen.labels)
        now = (float(stream.mean()), float(stream.std()))
        # Sorted targets are not those of the whole set.
        if not disordered and stream.size >= 2 * IN_A_BATCH:
            checks.append(_other_moments("targets", now, (target.mean, math.sqrt(target.variance))))
    if seen.labels and seen.classes and target.kind == "classification":
        checks += _other_classes(seen, target, disordered)
    return checks


def _contradicts(what: str, figure: str, usual: str, message: str | None, severity: Severity) -> _Check:
    advice = "profile the data as it is fed to the network, and check that inputs and labels stay paired"
    problem = None if message is None else Problem("DS203", "label-mismatch", severity, message, advice)
    return _check(what, figure, usual, problem)


def _moments_of(data: Dataset) -> tuple[float, float] | None:
    """Mean and deviation of all inputs of a profile; None where it does not describe all columns as numbers."""
    features = [(f.mean, f.std) for f in data.features if f.kind != "category"]
    if not features or len(features) != (data.columns.count or len(features)):
        return None
    means = np.array([m for m, s in features if m is not None and s is not None])
    stds = np.array([s for m, s in features if m is not None and s is not None])
    if means.size < len(features):
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        variance = float(np.mean(stds**2)) + float(np.var(means))
    return float(means.mean()), math.sqrt(variance)


def _other_moments(what: str, now: tuple[float, float], profiled: tuple[float, float]) -> _Check:
    (mean, std), (old_mean, old_std) = now, profiled
    other_size = max(std, old_std) >= OTHER_SIZE * min(std, old_std) and max(std, old_std) > 0
    message = None
    if other_size or abs(mean - old_mean) >= OTHER_MEAN * max(std, old_std):
        message = (
            f"{what} have mean {figure(mean)} and standard deviation {figure(std)} in the batches, "
            f"{figure(old_mean)} and {figure(old_std)} in the profile"
        )
    usual = f"{old_mean:.3g} ± {old_std:.3g}"
    return _contradicts(f"{what} and the profile", f"{mean:.3g} ± {std:.3g}", usual, message, Severity.WARNING)


def _other_classes(seen: _Watched, target: Target, disordered: bool) -> list[_Check]:
    low, high = target.smallest_label, target.largest_label
    now = f"{min(seen.counts):g} to {max(seen.counts):g}"
    message = None
    if low is not None and high is not None and (min(seen.counts) < low or max(seen.counts) > high):
        message = f"labels go from {now} in the batches, from {low} to {high} in the profile"
    elif target.n_classes is not None and len(seen.counts) > target.n_classes:
        message = f"{len(seen.counts):,} classes in the batches, {target.n_classes:,} in the profile"
    usual = "-" if low is None or high is None else f"{low} to {high}"
    checks = [_contradicts("labels and the profile", now, usual, message, Severity.WARNING)]
    if message is None and not disordered and seen.one_each and target.class_counts:
        shares = _other_shares(seen.counts, target.class_counts)
        checks += [] if shares is None else [shares]
    return checks


def _other_shares(counts: Counter[float], profiled: Mapping[str, int]) -> _Check | None:
    """Compare the shares of the classes, by the G-test; None where their names are no numbers."""
    from scipy import stats

    now = np.array([counts.get(float(name), 0) for name in profiled if _is_number(name)], dtype=np.float64)
    total = sum(profiled.values())
    if now.size < len(profiled) or now.sum() < sum(counts.values()) or not total or now.size < 2:
        return None
    old = np.array(list(profiled.values()), dtype=np.float64) / total
    share = now / now.sum()
    apart = float(np.abs(share - old).sum()) / 2
    held = (now > 0) & (old > 0)
    g = 2 * float((now[held] * np.log(share[held] / old[held])).sum())
    message = None
    severity = Severity.WARNING
    if apart >= OTHER_SHARES and float(stats.chi2.sf(g, now.size - 1)) < RULED_OUT:
        message = f"class shares differ by {percent(apart)} between batches and profile"
        if _from_even(share) < _from_even(old) / 2:
            message += ", as if classes were sampled evenly"
            severity = Severity.INFO
    found, usual = f"{percent(apart)} off the profile", f"below {percent(OTHER_SHARES)}"
    return _contradicts("class shares", found, usual, message, severity)


def _from_even(shares: FloatArray) -> float:
    return float(np.abs(shares - 1 / shares.size).sum()) / 2


def _is_number(name: str) -> bool:
    return name.removeprefix("-").isdecimal()


def _times(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"


def _made(address: str) -> Iterable[Any]:
    """The loader at ``package.module:name``; a callable is called when the first batch is drawn."""
    module, _, name = address.partition(":")
    found = getattr(import_module(module), name)
    if hasattr(found, "__iter__") or not callable(found):
        return found  # type: ignore[no-any-return]

    def batches() -> Iterator[Any]:
        yield from found()

    return batches()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tracker_diag.probes.watch_batches",
        description="Check the first batches of a data loader, as the network gets them.",
        epilog="""\
example:
  python -m tracker_diag.probes.watch_batches train:make_loader --classes 10

Exit codes: 0 nothing wrong; 1 a warning or an error; 2 wrong usage, or no such module or name;
3 the loader raised, or gave nothing that can be read.""",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "loader",
        metavar="package.module:name",
        help="package.module:name of a loader, or of a function without arguments that returns one",
    )
    parser.add_argument("--batches", type=int, default=200, metavar="N", help="most batches to draw (default: 200)")
    parser.add_argument("--classes", type=int, metavar="K", help="number of classes; labels must then be 0 to K - 1")
    given = parser.parse_args(arguments)
    if given.batches < 1 or (given.classes is not None and given.classes < 1):
        parser.error("--batches and --classes: give 1 or more")
    if not all(given.loader.partition(":")):
        parser.error(f"{given.loader}: write package.module:name")
    sys.path.insert(0, str(Path.cwd()))
    try:
        loader = _made(given.loader)
    except Exception as error:  # noqa: BLE001  a module that is imported may raise anything
        said = (str(error).splitlines() or [""])[0][:200]
        parser.error(f"{given.loader} cannot be imported: {type(error).__name__}: {said}")
    report = watch_batches(loader, batches=given.batches, classes=given.classes)
    print(report)
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main())
