"""All that may be chosen about a training, and done to it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Setup:
    """A training's settings; the last block is what is done to it in secret, and logged nowhere.

    Attributes
    ----------
    layers : int
        Layers with weights, the output among them.
    init : str
        ``default`` (PyTorch's), ``he``, ``xavier``, ``zeros``, or ``normal`` with the deviation ``init_std``.
    output_activation : str
        ``none``, or ``softmax`` in front of a loss that takes logits.
    wrong_labels : float
        Share of the examples, on all sides, whose target is another's.
    spread : float
        The features are multiplied by powers of ten between its negative half and its whole.
    magnified : float
        And all of them by this.
    hidden_bias : float
        What is added to the hidden units' first biases, unless an initialiser sets them.
    sorted : bool
        Whether the training examples lie in the order of their targets.
    """

    lr: float
    epochs: int
    batch_size: int
    n_train: int
    hidden_units: int
    layers: int
    optimizer: str = "adam"
    momentum: float = 0.0
    dropout: float = 0.0
    weight_decay: float = 0.0
    grad_clip: float = 0.0
    activation: str = "relu"
    output_activation: str = "none"
    init: str = "default"
    init_std: float = 0.0
    scaler: str = "standard"
    shuffle: bool = True
    class_weight: str = "none"

    wrong_labels: float = 0.0
    spread: float = 0.0
    magnified: float = 1.0
    hidden_bias: float = 0.0
    sorted: bool = False
