"""Watches a training of Keras: a callback for ``fit``.

One argument of ``fit``::

    from tracker_diag.probes.keras import Watch

    model.fit(x, y, validation_split=0.2, epochs=20, callbacks=[Watch()])
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Literal, Protocol

import keras
import numpy as np

from tracker_diag.core.model import plain_model
from tracker_diag.core.signals import MOST_LAYERS, key, layer_label
from tracker_diag.models.keras_config import read_keras
from tracker_diag.probes.keras_layers import activation_of, own_weights, parts
from tracker_diag.probes.sinks import Log
from tracker_diag.probes.watching import EVERY, Watching

#: Settings of an optimiser that are plain numbers, by which a diagnosis knows them.
_SETTINGS = ("momentum", "weight_decay", "clipnorm", "global_clipnorm", "clipvalue", "gradient_accumulation_steps")
#: Weights of a layer whose step is followed.
_MOST_WEIGHTS = 4_096


class Watch(keras.callbacks.Callback):  # type: ignore[misc]
    """Logs what happens inside a network while ``fit`` trains it, and diagnoses it as it goes on.

    What is logged stands in ``docs/how-to/callbacks.md``. The training's numbers do not change, no error of the watcher
    ends it, and the diagnosis works offline. Keras shows gradients, activations and batches on PyTorch alone; on
    TensorFlow and JAX only the network's description, its updates and its curves are looked at.

    Parameters
    ----------
    profile : mapping, optional
        What ``tracker_diag.profile_data`` says of the data; it is logged beside the run.
    log : callable, optional
        Takes ``(dict, step)``. Where absent, the run that is going in W&B or MLflow gets the figures.
    every : int
        Batches from one look to the next, at least; looks that take more than a hundredth of the time come later.
    live : bool
        Print a line at the first warning, and one at the first error, that the diagnosis gives.
    stop_on : {'error', None}
        End the training where it is lost, as ``EarlyStopping`` does.

    Raises
    ------
    ValueError
        If ``every`` is less than 1, or ``stop_on`` is neither 'error' nor None.
    """

    def __init__(
        self,
        *,
        profile: Mapping[str, Any] | None = None,
        log: Log | None = None,
        every: int = EVERY,
        live: bool = True,
        stop_on: Literal["error"] | None = None,
    ) -> None:
        super().__init__()
        self._options: dict[str, Any] = {
            "profile": profile,
            "log": log,
            "every": every,
            "live": live,
            "stop_on": stop_on,
        }
        self._watching = Watching(**self._options)
        self._watched: Any = None
        self._steps: _Steps | None = None

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Describe the network, and begin to look."""
        self._close()
        if self._watched is not None and self._watched is not self._model:
            # The step, and what was said, are those of one network: folds of a cross-validation share a callback.
            self._watching = Watching(**self._options)
        first, self._watched = self._watched is not self._model, self._model
        if first:
            self._watching.guarded("the network", self._describe)
        self._watching.guarded("the network", self._begin)

    def _describe(self) -> None:
        model = self.model
        said = plain_model(read_keras(json.dumps(keras.saving.serialize_keras_object(model)).encode()))
        said["trainable_parameters"] = sum(math.prod(v.shape) for v in model.trainable_variables)
        self._watching.describe(said)
        self._watching.live.params |= _settings(model.optimizer) | {
            name: value for name, value in (self.params or {}).items() if name in ("epochs", "steps") and value
        }

    def _begin(self) -> None:
        model = self.model
        backend = keras.backend.backend()
        if backend == "torch":
            from tracker_diag.probes.keras_torch import TorchSteps

            loss = (self._watching.live.model or {}).get("loss")
            self._steps = TorchSteps(self._watching, model, loss, activation_of(model))
            return
        self._watching.warn(
            "backend",
            f"Keras on {backend}: only updates and curves are measured; the torch backend gives all",
        )
        self._steps = _Updates(self._watching, self)

    # Not on_train_batch_end: Keras calls that of its own callbacks in a thread beside the training, as long as nobody
    # else has one.
    def on_train_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Tell of the batch that has ended, and look at the one that comes if that is due."""
        steps = self._steps
        if steps is not None:
            self._watching.guarded("the batch", steps.begin_batch)

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Look at the first batches of an evaluation."""
        steps = self._steps
        if steps is not None:
            self._watching.guarded("the evaluation", steps.begin_evaluation)

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Tell what was seen of an evaluation."""
        steps = self._steps
        if steps is not None:
            self._watching.guarded("the evaluation", steps.end_evaluation)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Begin an epoch."""
        self._watching.new_epoch()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Diagnose what the curves show so far, if that is due."""
        steps = self._steps
        if steps is not None:
            self._watching.guarded("the batch", steps.end_batch)
        self._watching.epoch(logs or {}, epoch)
        if self._watching.stopped is not None:
            self._model.stop_training = True

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Take all hooks away, and send what waits."""
        self._close()
        self._watching.end()

    def _close(self) -> None:
        steps, self._steps = self._steps, None
        if steps is not None:
            self._watching.guarded("the batch", steps.close)


class _Steps(Protocol):
    """What follows the batches of one call of ``fit``."""

    def begin_batch(self) -> None: ...
    def end_batch(self) -> None: ...
    def begin_evaluation(self) -> None: ...
    def end_evaluation(self) -> None: ...
    def close(self) -> None: ...


class _Updates:
    """The steps of a training whose gradients are out of reach: the weights before an update and after it."""

    def __init__(self, watching: Watching, watch: Watch) -> None:
        self._watching, self._watch = watching, watch
        self._began = False
        self._before: list[Any] | None = None
        self._several = max(1, int(getattr(watch.model, "steps_per_execution", 1) or 1))
        found = [(layer.name, own) for layer in parts(watch.model) if _has_kernel(own := own_weights(layer))]
        last = len(found) - 1
        places = sorted({i * last // (MOST_LAYERS - 1) for i in range(MOST_LAYERS)}) if last >= MOST_LAYERS else None
        self._weights = [(layer_label(i, found[i][0]), found[i][1]) for i in places or range(len(found))]

    def begin_batch(self) -> None:
        """End the step before, and keep the weights if this one is to be looked at."""
        self.end_batch()
        self._began = True
        # Several updates without a pause are no step.
        if self._watching.schedule.due and self._several == 1:
            self._before = self._now()

    def end_batch(self) -> None:
        """Tell the step that has ended."""
        if not self._began:
            return
        self._began = False
        self._watching.schedule.step += self._several
        if self._before is None:
            return
        before, self._before = self._before, None
        figures = {}
        for (label, _), old, new in zip(self._weights, before, self._now(), strict=True):
            size = float(np.linalg.norm(old))
            if size > 0:
                figures[key("update_ratio", label)] = float(np.linalg.norm(new - old)) / size
        self._watching.send(figures, self._watching.schedule.step)
        self._watching.schedule.looked()

    def _now(self) -> list[Any]:
        # JAX holds the weights elsewhere while it trains; asking the callback for its model brings them back.
        _ = self._watch.model
        return [np.concatenate([_some(variable) for variable in own]) for _, own in self._weights]

    def begin_evaluation(self) -> None:
        """End the step before it."""
        self.end_batch()

    def end_evaluation(self) -> None:
        """Nothing was seen of it."""

    def close(self) -> None:
        """End the step that is going."""
        self.end_batch()


def _has_kernel(weights: list[Any]) -> bool:
    return any(len(variable.shape) > 1 for variable in weights)


def _some(variable: Any) -> Any:
    """A copy of some of a variable's numbers, spread evenly."""
    values = np.asarray(keras.ops.convert_to_numpy(variable), dtype=np.float32).ravel()
    return values[:: max(1, values.size // _MOST_WEIGHTS)].copy()


def _settings(optimizer: Any) -> dict[str, Any]:
    """What an optimiser tells of itself, by the usual names of parameters."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    found = {name: getattr(inner, name, None) for name in _SETTINGS}
    rate = float(keras.ops.convert_to_numpy(inner.learning_rate))
    told = {name: value for name, value in found.items() if isinstance(value, int | float) and value}
    return {"optimizer": type(inner).__name__.lower(), "learning_rate": rate, **told}
