"""The injected faults: what is done to a sound setup."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from scripts.remedies.setup import Setup
from scripts.remedies.tasks import Task


@dataclass(frozen=True)
class Fault:
    """One kind of fault.

    Attributes
    ----------
    name : str
        Of the rule that stands for it, where there is one.
    done : str
        What is done to the setup, in words.
    inject : callable
        From the sound setup and its task to the faulty setup.
    fits : callable
        Whether it can be injected into this task.
    """

    name: str
    done: str
    inject: Callable[[Setup, Task], Setup]
    fits: Callable[[Task], bool] = lambda task: True


def _sgd(setup: Setup, task: Task, **more: float) -> Setup:
    return replace(setup, optimizer="sgd", momentum=0.9, lr=task.sgd_rate, **more)  # type: ignore[arg-type]


def _classes(task: Task) -> bool:
    return task.n_classes is not None


def _table(task: Task) -> bool:
    return task.conv == 0


FAULTS = (
    Fault("learning-rate-too-high", "rate × 100", lambda s, t: replace(s, lr=100 * s.lr)),
    Fault("learning-rate-too-low", "rate ÷ 300", lambda s, t: replace(s, lr=s.lr / 300)),
    Fault("too-few-epochs", "rate ÷ 3, half the epochs",
          lambda s, t: replace(s, lr=s.lr / 3, epochs=s.epochs // 2)),
    Fault("batch-too-large", "the whole training set in one batch", lambda s, t: replace(s, batch_size=s.n_train)),
    Fault("batch-too-small-for-rate", "batches of 4 at 5 times the rate, a third of the epochs",
          lambda s, t: replace(s, batch_size=4, lr=5 * s.lr, epochs=max(10, s.epochs // 3))),
    Fault("gradient-clipping-masks-rate", "SGD, gradients clipped at a norm of 0.001",
          lambda s, t: _sgd(s, t, grad_clip=1e-3)),
    Fault("dropout-too-strong", "dropout 0.9", lambda s, t: replace(s, dropout=0.9)),
    Fault("weight-decay-too-strong", "weight decay 1", lambda s, t: replace(s, weight_decay=1.0)),
    Fault("no-regularisation", "60 examples, 4 times the units, 3 times the epochs, no regularisation",
          lambda s, t: replace(s, n_train=60, hidden_units=4 * s.hidden_units, epochs=3 * s.epochs, dropout=0.0,
                               weight_decay=0.0)),
    Fault("network-too-big-for-data", "150 examples, 512 units (64 channels), no regularisation",
          lambda s, t: replace(s, n_train=150, hidden_units=64 if t.conv else 512, epochs=2 * s.epochs, dropout=0.0,
                               weight_decay=0.0)),
    Fault("no-early-stopping", "a fifth of the examples, 10 times the epochs, no regularisation",
          lambda s, t: replace(s, n_train=s.n_train // 5, epochs=10 * s.epochs, dropout=0.0, weight_decay=0.0)),
    Fault("label-noise", "30% of the targets are other examples', twice the epochs, no regularisation",
          lambda s, t: replace(s, wrong_labels=0.3, epochs=2 * s.epochs, dropout=0.0, weight_decay=0.0)),
    Fault("too-few-hidden-units", "one unit a layer", lambda s, t: replace(s, hidden_units=1)),
    Fault("too-deep", "20 layers of tanh", lambda s, t: replace(s, layers=20, activation="tanh")),
    Fault("vanishing-gradients", "8 layers of sigmoid", lambda s, t: replace(s, layers=8, activation="sigmoid")),
    Fault("missing-nonlinearity", "no activation function", lambda s, t: replace(s, activation="linear")),
    Fault("dead-relu", "hidden units begin with biases of -20", lambda s, t: replace(s, hidden_bias=-20.0)),
    Fault("initialisation-zero", "all weights begin at zero", lambda s, t: replace(s, init="zeros")),
    Fault("initialisation-large", "weights begin with a deviation of 1",
          lambda s, t: replace(s, init="normal", init_std=1.0)),
    Fault("unscaled-inputs", "inputs 200 times as large, not standardised, SGD",
          lambda s, t: replace(_sgd(s, t), scaler="none", magnified=200.0)),
    Fault("mixed-feature-scales", "features in units from 0.1 to 100, not standardised",
          lambda s, t: replace(s, scaler="none", spread=2.0), _table),
    Fault("unshuffled", "sorted by target, not shuffled", lambda s, t: replace(s, sorted=True, shuffle=False)),
    Fault("output-loss-mismatch", "softmax before a loss that takes logits",
          lambda s, t: replace(s, output_activation="softmax"), _classes),
)  # fmt: skip


def sound(task: Task) -> Iterable[tuple[str, Setup]]:
    """Setups without a fault, some of them such as a checklist would frown on."""
    s = task.sound
    yield "as it is", s
    yield "SGD with momentum", _sgd(s, task)
    yield "tanh", replace(s, activation="tanh")
    yield "twice the units", replace(s, hidden_units=2 * s.hidden_units)
