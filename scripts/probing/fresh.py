"""A task, faults and sound practice written without a look at the rules: what the rules were not made for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from .setup import Array, Batches, Fault, Initial, Setup, Task

# ---------------------------------------------------------------------------------------------------------------------
# The task: which kind of heartbeat a noisy trace of one lead shows.


def _beats(count: int, random: np.random.Generator, samples: int = 48) -> tuple[Array, Array]:
    """Traces of one beat each: P wave, QRS complex and T wave as bumps whose place, width and height vary."""
    time = np.linspace(0.0, 1.0, samples)[None, :]
    kinds = random.choice(5, size=count, p=[0.32, 0.17, 0.17, 0.17, 0.17])

    def bump(centre: Array, width: Array, height: Array) -> Array:
        shape: Array = height[:, None] * np.exp(-0.5 * ((time - centre[:, None]) / width[:, None]) ** 2)
        return shape

    def about(value: float, spread: float) -> Array:
        return value * (1.0 + spread * random.standard_normal(count))

    lag = 0.025 * random.standard_normal(count)
    p_height = about(0.34, 0.15) * np.where(kinds == 1, 0.0, 1.0)  # 1: no P wave
    p_place = about(0.24, 0.05) - np.where(kinds == 4, 0.10, 0.0)  # 4: conducted late
    broad = np.where(kinds == 2, 1.9, 1.0)  # 2: a broad complex
    t_height = about(0.40, 0.2) * np.where(kinds == 3, -0.6, 1.0)  # 3: T wave upside down
    trace = bump(p_place + lag, about(0.030, 0.15), p_height)
    trace += bump(0.41 + lag, about(0.013, 0.1) * broad, about(-0.20, 0.3))
    trace += bump(0.45 + lag, about(0.016, 0.1) * broad, about(1.00, 0.15))
    trace += bump(0.50 + lag, about(0.016, 0.1) * broad, about(-0.30, 0.3))
    trace += bump(0.72 + lag, about(0.060, 0.15), t_height)
    trace *= about(1.0, 0.15)[:, None]
    wander = 0.08 * random.standard_normal((count, 1)) * np.sin(2.0 * np.pi * (time + random.random((count, 1))))
    return trace + wander + 0.06 * random.standard_normal(trace.shape), kinds.astype(np.int64)


def _heartbeats(seed: int) -> tuple[Setup, Array, Array]:
    random = np.random.default_rng([seed, 5309])
    x, y = _beats(4000, random)
    x_val, y_val = _beats(1500, random)
    x_test, y_test = _beats(2000, random)
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    x, x_val, x_test = (((part - mean) / deviation).astype(np.float32) for part in (x, x_val, x_test))
    setup = Setup(
        x,
        y,
        x_val,
        y_val,
        "classification",
        5,
        hidden=(64, 32),
        dropout=0.25,
        optimizer="sgd",
        rate=0.01,
        momentum=0.9,
        batch_size=32,
        epochs=35,
        seed=seed,
    )
    return setup, x_test, y_test


TASKS: tuple[Task, ...] = (Task("heartbeats", _heartbeats),)

# ---------------------------------------------------------------------------------------------------------------------
# What faults and sound practice are made of.


def _in_order(keys: Callable[[Setup], Array], buffer: int) -> Batches:
    """Batches of examples in the order of a key, drawn from a buffer of so many batches, the same way each epoch."""

    def batches(setup: Setup, random: np.random.Generator) -> Iterator[tuple[Array, Array]]:
        place = np.argsort(np.argsort(keys(setup), kind="stable"))
        order = np.argsort(place + random.uniform(0.0, buffer * setup.batch_size, len(place)))
        for start in range(0, len(order) - 1, setup.batch_size):
            rows = order[start : start + setup.batch_size]
            if len(rows) > 1:
                yield setup.x[rows], setup.y[rows]

    return batches


def _target(setup: Setup) -> Array:
    return setup.y


def _main_direction(setup: Setup) -> Array:
    """The first principal component of the inputs: which device, site or lighting an example comes from, say."""
    flat = setup.x.reshape(len(setup.x), -1).astype(np.float64)
    flat = flat - flat.mean(axis=0)
    _, vectors = np.linalg.eigh(flat.T @ flat)
    component: Array = flat @ vectors[:, -1]
    return component


def _then(first: Initial | None, second: Initial) -> Initial:
    """The initialisation of a setup, if it has one of its own, and a change to it."""

    def initial(weights: Sequence[Array], random: np.random.Generator) -> Sequence[Array]:
        return second(list(weights if first is None else first(weights, random)), random)

    return initial


# ---------------------------------------------------------------------------------------------------------------------
# Faults.
#
# A fault of a pipeline that validation and use share (imputation, scaling) changes x_val as it changes x. What it costs
# is read from validation, whose targets are sound: inputs prepared soundly would not fit such a network at all.


def _row_dropped_on_one_side(setup: Setup, random: np.random.Generator) -> Setup:
    """A bad record was dropped from the inputs but not from the labels: from there on all are one apart."""
    order = random.permutation(len(setup.x))
    x, y = setup.x[order], setup.y[order]
    bad = int(random.uniform(0.15, 0.3) * len(x))
    return setup.but(x=np.delete(x, bad, axis=0), y=y[:-1].copy())


def _second_annotator(setup: Setup, random: np.random.Generator) -> Setup:
    """A second annotator did 55% of the rows, training and validation alike, and is wrong in most of them.

    Classes are taken for the next one; of a regression the targets are read off by eye, with the spread of the targets.
    """

    def annotated(y: Array) -> Array:
        second = random.random(len(y)) < 0.55
        if setup.kind == "classification":
            wrong = second & (random.random(len(y)) < 0.75)
            return np.where(wrong, (y + 1) % setup.outputs, y).astype(y.dtype)
        error = 2.0 * setup.y.std() * random.standard_normal(len(y))
        return (y + np.where(second, error, 0.0)).astype(y.dtype)

    return setup.but(y=annotated(setup.y), y_val=annotated(setup.y_val))


def _same_shard(setup: Setup, random: np.random.Generator) -> Setup:
    """Every worker opens shard 0: as many rows as expected, but a thirtieth of the examples, each thirty times over."""
    kept = random.permutation(len(setup.x))[: max(len(setup.x) // 30, setup.batch_size)]
    rows = np.resize(kept, len(setup.x))
    return setup.but(x=setup.x[rows], y=setup.y[rows])


def _small_shuffle_buffer(setup: Setup, _: np.random.Generator) -> Setup:
    """The files lie sorted by the target; they are shuffled, but within a buffer of two batches."""
    return setup.but(batches=_in_order(_target, 2))


def _inverted_imputation(setup: Setup, random: np.random.Generator) -> Setup:
    """Imputation with its mask upside down: the mean of the column for all that was there, not for the suspect 2%."""
    mean = setup.x.mean(axis=0, keepdims=True)

    def imputed(x: Array) -> Array:
        return np.where(random.random(x.shape) < 0.02, x, mean).astype(x.dtype)

    return setup.but(x=imputed(setup.x), x_val=imputed(setup.x_val))


def _divided_twice(setup: Setup, _: np.random.Generator) -> Setup:
    """The reader of the data set scales already; a leftover division by 255 follows, here and in validation."""
    return setup.but(x=setup.x / np.float32(255), x_val=setup.x_val / np.float32(255))


def _columns_in_other_unit(setup: Setup, random: np.random.Generator) -> Setup | None:
    """Columns added to the table after the scaler was written are missed by it: one in eight is in thousandths."""
    if setup.x.ndim != 2:
        return None
    columns = random.permutation(setup.x.shape[1])[: max(1, setup.x.shape[1] // 8)]
    unit = np.ones(setup.x.shape[1], dtype=np.float32)
    unit[columns] = 1000.0
    return setup.but(x=setup.x * unit, x_val=setup.x_val * unit)


def _layout_of_training(setup: Setup, _: np.random.Generator) -> Setup | None:
    """Training and validation come from two readers.

    Of tables one sorts the columns by name (f1, f10, f11, f2, …), the other by number; of images one gives (width,
    height), the other (height, width).
    """
    if setup.x.ndim == 4:
        if setup.x.shape[2] != setup.x.shape[3]:
            return None
        return setup.but(x=np.ascontiguousarray(setup.x.transpose(0, 1, 3, 2)))
    columns = sorted(range(setup.x.shape[1]), key=lambda column: str(column + 1))
    if columns == list(range(len(columns))):
        return None
    return setup.but(x=np.ascontiguousarray(setup.x[:, columns]))


def _prior_bias_everywhere(setup: Setup, _: np.random.Generator) -> Setup | None:
    """The bias of -log(99) meant for the last layer of a detector is set by a loop over all layers."""
    if setup.activation != "relu" or setup.batch_norm:
        return None

    def initial(weights: Sequence[Array], _: np.random.Generator) -> Sequence[Array]:
        return [w if w.ndim > 1 else np.full_like(w, -np.log(99.0)) for w in weights]

    return setup.but(initial=_then(setup.initial, initial))


def _fan_upside_down(setup: Setup, _: np.random.Generator) -> Setup | None:
    """He's formula upside down, a deviation of sqrt(fan_in / 2), in the head alone: the last two layers."""
    if setup.batch_norm:
        return None

    def initial(weights: Sequence[Array], random: np.random.Generator) -> Sequence[Array]:
        changed = list(weights)
        for layer in (-4, -2):
            kernel = changed[layer]
            drawn = np.sqrt(kernel.shape[0] / 2.0) * random.standard_normal(kernel.shape)
            changed[layer] = drawn.astype(kernel.dtype)
        return changed

    return setup.but(initial=_then(setup.initial, initial))


def _clip_for_sums(setup: Setup, _: np.random.Generator) -> Setup:
    """The norm of the gradient is clipped at 1 / n, from the days when the loss was a sum divided by hand.

    With momentum and a rate that is sound without the clip: Adam would undo it.
    """
    sgd = setup if setup.optimizer == "sgd" else setup.but(optimizer="sgd", rate=0.02, momentum=0.9)
    return sgd.but(clip=1.0 / len(setup.x))


def _sources_in_turn(setup: Setup, _: np.random.Generator) -> Setup:
    """Batch normalisation, and the examples are read source by source (device, site, lighting), not by the target.

    Either alone does no harm; together the running statistics are those of the sources read last.
    """
    return setup.but(batch_norm=True, batches=_in_order(_main_direction, 1))


FAULTS: tuple[Fault, ...] = (
    Fault("row-dropped-on-one-side", ("label-mismatch",), _row_dropped_on_one_side),
    Fault("second-annotator", ("label-noise",), _second_annotator),
    Fault("same-shard", ("corrupt-or-duplicate-examples",), _same_shard),
    Fault("small-shuffle-buffer", ("unshuffled",), _small_shuffle_buffer),
    Fault("inverted-imputation", ("constant-input",), _inverted_imputation),
    Fault("divided-twice", ("unscaled-inputs",), _divided_twice),
    Fault("columns-in-other-unit", ("mixed-feature-scales",), _columns_in_other_unit),
    Fault("layout-of-training", ("preprocessing-mismatch",), _layout_of_training),
    Fault("prior-bias-everywhere", ("dead-relu",), _prior_bias_everywhere),
    Fault("fan-upside-down", ("unscaled-initialisation",), _fan_upside_down),
    Fault("clip-for-sums", ("gradient-clipping-masks-rate",), _clip_for_sums),
    Fault("sources-in-turn", ("batch-norm-statistics",), _sources_in_turn),
)

# ---------------------------------------------------------------------------------------------------------------------
# Sound practice that looks odd.


def _quiet_output(setup: Setup, _: np.random.Generator) -> Setup | None:
    """The last layer begins at zero: the first loss is then the uninformed one. (It slows convolutions.)"""
    if setup.network == "cnn":
        return None

    def initial(weights: Sequence[Array], _: np.random.Generator) -> Sequence[Array]:
        return [*weights[:-2], np.zeros_like(weights[-2]), np.zeros_like(weights[-1])]

    return setup.but(initial=_then(setup.initial, initial))


def _balanced_sampler(setup: Setup, _: np.random.Generator) -> Setup:
    """A weighted sampler, with replacement: classes alike often (of a regression: quarters of the target)."""
    kinds = setup.y
    if setup.kind == "regression":
        kinds = np.searchsorted(np.quantile(setup.y, [0.25, 0.5, 0.75]), setup.y)
    weight = 1.0 / np.bincount(kinds)[kinds]
    weight = weight / weight.sum()

    def batches(setup: Setup, random: np.random.Generator) -> Iterator[tuple[Array, Array]]:
        for _ in range(len(setup.x) // setup.batch_size):
            rows = random.choice(len(setup.x), size=setup.batch_size, p=weight)
            yield setup.x[rows], setup.y[rows]

    return setup.but(batches=batches)


def _small_batches(setup: Setup, _: np.random.Generator) -> Setup:
    """Batches of a quarter, with the rate that goes with them."""
    part = max(setup.batch_size // 4, 4)
    ratio = part / setup.batch_size
    rate = setup.rate * (ratio if setup.optimizer == "sgd" else ratio**0.5)
    return setup.but(batch_size=part, rate=rate)


def _sorted_within_batches(setup: Setup, random: np.random.Generator) -> Setup:
    """Shuffled once, for good, and each batch handed over in the order of the target."""
    fixed = random.permutation(len(setup.x))

    def batches(setup: Setup, _: np.random.Generator) -> Iterator[tuple[Array, Array]]:
        for start in range(0, len(fixed), setup.batch_size):
            rows = fixed[start : start + setup.batch_size]
            if len(rows) > 1:
                rows = rows[np.argsort(setup.y[rows], kind="stable")]
                yield setup.x[rows], setup.y[rows]

    return setup.but(batches=batches)


def _repeats_and_a_loose_clip(setup: Setup, random: np.random.Generator) -> Setup:
    """One row in thirty twice, as in many a table, and a clip that is there for accidents alone."""
    again = random.permutation(len(setup.x))[: len(setup.x) // 30]
    x, y = np.concatenate([setup.x, setup.x[again]]), np.concatenate([setup.y, setup.y[again]])
    return setup.but(x=x, y=y, clip=10.0)


SOUND: tuple[Fault, ...] = (
    Fault("quiet-output", (), _quiet_output),
    Fault("balanced-sampler", (), _balanced_sampler),
    Fault("small-batches", (), _small_batches),
    Fault("sorted-within-batches", (), _sorted_within_batches),
    Fault("repeats-and-a-loose-clip", (), _repeats_and_a_loose_clip),
)
