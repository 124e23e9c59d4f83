"""What the evaluations of an epoch show: what reaches the network in them, and in which mode."""

from __future__ import annotations

from typing import Any

import torch

from tracker_diag.core.signals import key

#: Evaluations that are looked at, each time.
MOST = 2
#: Passes without gradients that a step of the training may ask for.
OF_A_STEP = 8
#: Examples of a batch, and values of a row of numbers, that an input is measured by.
_EXAMPLES, _VALUES = 64, 4_096


class Evaluations:
    """Those since they were last told."""

    def __init__(self) -> None:
        self._seen = self._passes = 0
        self._in_training_mode: list[bool] = []
        self._inputs: list[tuple[float, float]] = []

    @property
    def due(self) -> bool:
        """Whether the evaluation that comes is to be looked at."""
        return self._seen < MOST

    def passes(self) -> None:
        """Count a pass without gradients."""
        self._passes += 1

    def stepped(self) -> None:
        """Leave out what a step of the training asked the network without gradients: targets, labels of its own.

        Evaluations are passes that no step follows, or more of them than a step asks for.
        """
        if self._passes and self._passes <= OF_A_STEP:
            self._seen, self._in_training_mode, self._inputs = 0, [], []
        self._passes = 0

    def add(self, inputs: Any, in_training_mode: bool | None) -> None:
        """Add an evaluation.

        Parameters
        ----------
        inputs : object
            What reaches the network; measured where it is one tensor of real numbers.
        in_training_mode : bool or None
            Whether dropout or batch statistics are on; None where the network has neither.
        """
        self._seen += 1
        if in_training_mode is not None:
            self._in_training_mode.append(in_training_mode)
        if torch.is_tensor(inputs) and inputs.is_floating_point() and inputs.numel() > 1:
            some = inputs.detach().flatten(1)[:_EXAMPLES] if inputs.dim() > 1 else inputs.detach()[:_VALUES]
            self._inputs.append((float(some.float().mean()), float(some.float().std())))

    def figures(self) -> dict[str, float]:
        """Sum up, by key, what was added since this was last asked."""
        found = {}
        if self._in_training_mode:
            found[key("eval_in_training_mode")] = sum(self._in_training_mode) / len(self._in_training_mode)
        if self._inputs:
            means, deviations = zip(*self._inputs, strict=True)
            found[key("eval_input_mean")] = sum(means) / len(means)
            found[key("eval_input_std")] = sum(deviations) / len(deviations)
        self._seen, self._in_training_mode, self._inputs = 0, [], []
        return found
