"""Kinds of faults of data, preprocessing, initialisation, gradients and batches, and sound practice that looks odd."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from scripts.probing.setup import Array, Fault, Setup


def _blank(setup: Setup, random: np.random.Generator) -> Setup:
    return setup.but(x=np.zeros_like(setup.x), x_val=np.zeros_like(setup.x_val))


def _half_blank(setup: Setup, random: np.random.Generator) -> Setup:
    x = setup.x.copy()
    x[random.random(len(x)) < 0.8] = 0
    return setup.but(x=x)


def _shuffled_labels(setup: Setup, random: np.random.Generator) -> Setup:
    return setup.but(y=random.permutation(setup.y))


def _noisy_labels(setup: Setup, random: np.random.Generator) -> Setup:
    wrong = random.random(len(setup.y)) < 0.45
    return setup.but(y=np.where(wrong, random.permutation(setup.y), setup.y))


def _same_batch(setup: Setup, random: np.random.Generator) -> Setup:
    def batches(now: Setup, random: np.random.Generator) -> Iterator[tuple[Array, Array]]:
        for _ in range(len(now.x) // now.batch_size):
            yield now.x[: now.batch_size], now.y[: now.batch_size]

    return setup.but(batches=batches)


def _sorted(setup: Setup, random: np.random.Generator) -> Setup:
    order = np.argsort(setup.y, kind="stable")

    def batches(now: Setup, random: np.random.Generator) -> Iterator[tuple[Array, Array]]:
        for start in range(0, len(now.x), now.batch_size):
            yield now.x[start : start + now.batch_size], now.y[start : start + now.batch_size]

    return setup.but(x=setup.x[order], y=setup.y[order], batches=batches)


def _one_label_each(setup: Setup, random: np.random.Generator) -> Setup | None:
    if setup.kind == "regression":
        return None

    def batches(now: Setup, random: np.random.Generator) -> Iterator[tuple[Array, Array]]:
        parts = []
        for label in np.unique(now.y):
            rows = random.permutation(np.flatnonzero(now.y == label))
            parts += [rows[i : i + now.batch_size] for i in range(0, len(rows) - 1, now.batch_size)]
        for i in random.permutation(len(parts)):
            yield now.x[parts[i]], now.y[parts[i]]

    return setup.but(batches=batches, rate=setup.rate * 3)


def _raw_inputs(setup: Setup, random: np.random.Generator) -> Setup:
    return setup.but(x=setup.x * 90 + 130, x_val=setup.x_val * 90 + 130)


def _mixed_scales(setup: Setup, random: np.random.Generator) -> Setup | None:
    if setup.x.ndim > 2:
        return None
    scales = np.where(np.arange(setup.x.shape[1]) % 2, 1.0, 2e3).astype(np.float32)
    return setup.but(x=setup.x * scales, x_val=setup.x_val * scales)


def _missing(setup: Setup, random: np.random.Generator) -> Setup:
    x = setup.x.copy()
    x[random.random(len(x)) < 0.01] = np.nan
    return setup.but(x=x)


def _other_preprocessing(setup: Setup, random: np.random.Generator) -> Setup:
    return setup.but(x_val=setup.x_val * 4 + 2)


def _raw_targets(setup: Setup, random: np.random.Generator) -> Setup | None:
    return setup.but(y=setup.y * 900 + 4000, y_val=setup.y_val * 900 + 4000) if setup.kind == "regression" else None


def _zeros(weights: Sequence[Array], random: np.random.Generator) -> list[Array]:
    return [np.zeros_like(w) for w in weights]


def _huge(weights: Sequence[Array], random: np.random.Generator) -> list[Array]:
    return [random.normal(size=w.shape).astype(np.float32) if w.ndim > 1 else w for w in weights]


def _tiny(weights: Sequence[Array], random: np.random.Generator) -> list[Array]:
    return [(0.003 * random.normal(size=w.shape)).astype(np.float32) if w.ndim > 1 else w * 0 for w in weights]


def _dead(weights: Sequence[Array], random: np.random.Generator) -> list[Array]:
    # The bias of the last hidden layer: a step that was too long leaves it so.
    found = [w.copy() for w in weights]
    found[-3] = found[-3] - 30
    return found


def _far_biases(weights: Sequence[Array], random: np.random.Generator) -> list[Array]:
    return [w if w.ndim > 1 or i == len(weights) - 1 else w + 25 for i, w in enumerate(weights)]


def _vanishing(setup: Setup, random: np.random.Generator) -> Setup:
    return setup.but(hidden=(32,) * 8, activation="sigmoid")


def _tight_clip(setup: Setup, random: np.random.Generator) -> Setup:
    return setup.but(optimizer="sgd", rate=0.05, momentum=0.9, clip=2e-4, decay=0.0)


def _kept_gradients(setup: Setup, random: np.random.Generator) -> Setup:
    return setup.but(zero_gradients=False, optimizer="sgd", rate=0.05, decay=0.0)


def _leak(setup: Setup, random: np.random.Generator) -> Setup:
    count = int(0.7 * len(setup.x_val))
    rows = random.choice(len(setup.x), count, replace=False)
    x_val, y_val = setup.x_val.copy(), setup.y_val.copy()
    x_val[:count], y_val[:count] = setup.x[rows], setup.y[rows]
    # Examples few enough to be learned by heart, so that the leak deceives.
    keep = np.concatenate([rows, np.setdiff1d(np.arange(len(setup.x)), rows)[:50]])
    return setup.but(x=setup.x[keep], y=setup.y[keep], x_val=x_val, y_val=y_val, epochs=4 * setup.epochs)


def _dropout_in_evaluation(setup: Setup, random: np.random.Generator) -> Setup:
    return setup.but(dropout=0.5, train_mode_in_evaluation=True)


def _noise_for_input(setup: Setup, random: np.random.Generator) -> Setup:
    draw = random.normal(size=(len(setup.x) + len(setup.x_val), *setup.x.shape[1:])).astype(np.float32)
    return setup.but(x=draw[: len(setup.x)], x_val=draw[len(setup.x) :])


def _copies(setup: Setup, random: np.random.Generator) -> Setup:
    rows = random.choice(40, len(setup.x))
    return setup.but(x=setup.x[rows], y=setup.y[rows])


FAULTS = (
    Fault("blank inputs", ("constant-input",), _blank),
    Fault("four fifths of the examples blank", ("corrupt-or-duplicate-examples", "constant-input"), _half_blank),
    Fault("labels shuffled apart", ("label-mismatch",), _shuffled_labels),
    Fault("wrong labels, 45%", ("label-noise",), _noisy_labels),
    Fault("the same batch again and again", ("repeated-batch",), _same_batch),
    Fault("sorted by label, not shuffled", ("unshuffled",), _sorted),
    Fault("one label in each batch", ("single-label-batches",), _one_label_each),
    Fault("raw inputs", ("unscaled-inputs",), _raw_inputs),
    Fault("columns of other scales", ("mixed-feature-scales",), _mixed_scales),
    Fault("missing values", ("non-finite-input",), _missing),
    Fault("validation preprocessed otherwise", ("preprocessing-mismatch",), _other_preprocessing),
    Fault("raw targets", ("unscaled-targets",), _raw_targets),
    Fault("all weights 0", ("unscaled-initialisation",), lambda s, r: s.but(initial=_zeros)),
    Fault("weights N(0, 1)", ("unscaled-initialisation",), lambda s, r: s.but(initial=_huge, hidden=(64,) * 5)),
    Fault("weights N(0, 0.003)", ("unscaled-initialisation",), lambda s, r: s.but(initial=_tiny, hidden=(64,) * 5)),
    Fault("dead units", ("dead-relu",), lambda s, r: s.but(initial=_dead)),
    Fault("saturated units", ("saturated-activations",), lambda s, r: s.but(activation="tanh", initial=_far_biases)),
    Fault("eight sigmoid layers", ("vanishing-gradients",), _vanishing),
    Fault("a clip that sets the step", ("gradient-clipping-masks-rate",), _tight_clip),
    Fault("gradients kept", ("gradients-accumulate",), _kept_gradients, ("torch",)),
    Fault("validation holds training examples", ("train-validation-overlap",), _leak),
    Fault("dropout in evaluation", ("evaluation-in-training-mode",), _dropout_in_evaluation),
    # Noise in place of all inputs is both: features that tell nothing, and no relation to be learned.
    Fault("noise in place of inputs", ("irrelevant-features", "random-relation"), _noise_for_input),
    Fault("forty examples, copied", ("corrupt-or-duplicate-examples",), _copies),
)


def _within_unit(setup: Setup, random: np.random.Generator) -> Setup:
    low, high = setup.x.min(), setup.x.max()
    return setup.but(
        x=(setup.x - low) / (high - low), x_val=(setup.x_val - low) / (high - low), epochs=2 * setup.epochs
    )


def _balanced(setup: Setup, random: np.random.Generator) -> Setup | None:
    if setup.kind == "regression":
        return None

    def batches(now: Setup, random: np.random.Generator) -> Iterator[tuple[Array, Array]]:
        rows = [random.permutation(np.flatnonzero(now.y == label)) for label in np.unique(now.y)]
        for _ in range(len(now.x) // now.batch_size):
            each = np.concatenate([random.choice(r, now.batch_size // len(rows) + 1) for r in rows])[: now.batch_size]
            yield now.x[each], now.y[each]

    return setup.but(batches=batches)


SOUND = (
    Fault("sound", (), lambda s, r: s),
    Fault("inputs within 0 and 1", (), _within_unit),
    Fault("a balanced sampler", (), _balanced),
    Fault("tanh units", (), lambda s, r: s.but(activation="tanh")),
    Fault("batch normalisation", (), lambda s, r: s.but(batch_norm=True)),
    Fault("a usual clip", (), lambda s, r: s.but(clip=1.0)),
    Fault("small batches", (), lambda s, r: s.but(batch_size=16, rate=s.rate / 2)),
)
