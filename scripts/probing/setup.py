"""All that a training of `scripts/probes` is made of, for both frameworks; a fault is another one of these."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Batches = Callable[["Setup", np.random.Generator], Iterator[tuple[Array, Array]]]
Initial = Callable[[Sequence[Array], np.random.Generator], Sequence[Array]]


def shuffled(setup: Setup, random: np.random.Generator) -> Iterator[tuple[Array, Array]]:
    """One epoch of batches as a sound loader gives them: all examples once, in a new order."""
    order = random.permutation(len(setup.x))
    for start in range(0, len(order), setup.batch_size):
        rows = order[start : start + setup.batch_size]
        if len(rows) > 1:
            yield setup.x[rows], setup.y[rows]


@dataclass(frozen=True)
class Setup:
    """One training.

    Attributes
    ----------
    x, y, x_val, y_val : ndarray
        As they are fed to the network: x float32 of shape (n, features) or (n, channels, height, width); y int64 labels
        of shape (n,) or float32 targets of shape (n,).
    kind : {'classification', 'regression'}
        Cross-entropy from logits, or mean squared error.
    outputs : int
        Classes, or 1.
    network : {'mlp', 'cnn'}
        ``cnn``: two convolutions of 16 and 32 filters with pooling, then the hidden layers.
    hidden : tuple of int
        Units of the dense hidden layers.
    activation : {'relu', 'tanh', 'sigmoid'}
    batch_norm : bool
        After every hidden layer.
    dropout : float
        After every hidden layer.
    initial : callable or None
        Takes the weights of all layers with weights in order, as [kernel, bias, kernel, bias, …] (kernels of shape
        (inputs, units), of convolutions (inputs, filters, height, width) flattened to (inputs·height·width, filters)),
        and a generator; gives the weights to begin with, of the same shapes.
    optimizer : {'sgd', 'adam'}
    rate, momentum, decay : float
    clip : float or None
        Norm at which the whole gradient is clipped.
    batch_size, epochs : int
    batches : callable
        Gives the batches of one epoch; what reaches the network in training.
    zero_gradients : bool
        False: they are never zeroed (PyTorch alone; Keras always does).
    train_mode_in_evaluation : bool
        Validation is computed with dropout and batch statistics on.
    seed : int
    name_rate : bool
        Whether rate, batch size, epochs and so on are logged as parameters (some teams log nothing).
    """

    x: Array
    y: Array
    x_val: Array
    y_val: Array
    kind: Literal["classification", "regression"]
    outputs: int
    network: Literal["mlp", "cnn"] = "mlp"
    hidden: tuple[int, ...] = (64, 32)
    activation: Literal["relu", "tanh", "sigmoid"] = "relu"
    batch_norm: bool = False
    dropout: float = 0.0
    initial: Initial | None = None
    optimizer: Literal["sgd", "adam"] = "adam"
    rate: float = 1e-3
    momentum: float = 0.0
    decay: float = 0.0
    clip: float | None = None
    batch_size: int = 32
    epochs: int = 20
    batches: Batches = shuffled
    zero_gradients: bool = True
    train_mode_in_evaluation: bool = False
    seed: int = 0
    name_rate: bool = True

    def but(self, **changes: Any) -> Setup:
        """The same with some things changed."""
        return replace(self, **changes)


@dataclass(frozen=True)
class Task:
    """What is learned, soundly.

    Attributes
    ----------
    name : str
    make : callable
        Takes a seed; gives the sound setup, and inputs and targets of an independent test set as the sound network
        would be fed them: ``(setup, x_test, y_test)``.
    """

    name: str
    make: Callable[[int], tuple[Setup, Array, Array]]


@dataclass(frozen=True)
class Fault:
    """A kind of fault: an intervention into a sound setup.

    Attributes
    ----------
    name : str
        Of the kind.
    causes : tuple of str
        Names of the catalogue that are right for it, the first the best; usually one. Several only where the
        intervention itself is both (said in a comment).
    inject : callable
        Takes a sound setup and a generator; gives the faulty one, or None where it does not apply to that task.
    frameworks : tuple of str
        Where it can be injected.
    """

    name: str
    causes: tuple[str, ...]
    inject: Callable[[Setup, np.random.Generator], Setup | None]
    frameworks: tuple[str, ...] = ("torch", "keras")
