"""Watches a training of PyTorch Lightning: a callback for ``Trainer``.

One argument of ``Trainer``::

    from tracker_diag.probes.lightning import Watch

    lightning.Trainer(max_epochs=20, callbacks=[Watch()]).fit(model, loader)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch

from tracker_diag.core.signals import key
from tracker_diag.probes.batch_facts import split_batch
from tracker_diag.probes.sinks import Log, OfFunction, OfMlflow, OfWandb, Sink, find_sink
from tracker_diag.probes.torch_training import Training
from tracker_diag.probes.watching import EVERY, Watching

try:
    from lightning.pytorch.callbacks import Callback
except ModuleNotFoundError:
    from pytorch_lightning.callbacks import Callback


class Watch(Callback):  # type: ignore[misc]
    """Logs what happens inside a network while a ``Trainer`` trains it, and diagnoses it as it goes on.

    What is logged stands in ``docs/how-to/callbacks.md``. The training's numbers do not change, no error of the watcher
    ends it, and the diagnosis works offline. Of several processes the first one logs, and of several optimisers the
    first is followed.

    Parameters
    ----------
    profile : mapping, optional
        What ``tracker_diag.profile_data`` says of the data; it is logged beside the run.
    log : callable, optional
        Takes ``(dict, step)``. Where absent, the figures go to the trainer's logger for MLflow or W&B, else to the run
        that is going in one of them, else to the trainer's first logger.
    every : int
        Steps of the optimiser from one look to the next, at least; looks that take more than a hundredth of the time
        come later.
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
        self._training: Training | None = None
        self._first_loss = False

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Describe the network, and begin to look."""
        self._close()
        if not trainer.is_global_zero:
            return
        if self._watched is not None and self._watched is not pl_module:
            # The step, and what was said, are those of one network: folds of a cross-validation share a callback.
            self._watching = Watching(**self._options)
        self._watched = pl_module
        if self._options["log"] is None:
            self._watching.guarded("the loggers", lambda: self._find_loggers(trainer))
        self._watching.guarded("the network", lambda: self._begin(trainer, pl_module))

    def _find_loggers(self, trainer: Any) -> None:
        sink = sink_of(trainer.loggers, self._watching)
        if sink is not None:
            self._watching.into(sink)

    def _begin(self, trainer: Any, module: Any) -> None:
        optimizers = trainer.optimizers
        if not optimizers:
            return
        if len(optimizers) > 1:
            self._watching.warn(
                "optimisers", f"only the first of {len(optimizers)} optimisers, and what it trains, is measured"
            )
        losses = [m for m in module.modules() if isinstance(m, torch.nn.modules.loss._Loss)]
        live = self._watching.live
        live.params |= {"epochs": trainer.max_epochs} if (trainer.max_epochs or -1) > 0 else {}
        size = getattr(trainer.train_dataloader, "batch_size", None)
        live.params |= {"batch_size": size} if isinstance(size, int) else {}
        live.params |= {"gradient_clip_val": trainer.gradient_clip_val} if trainer.gradient_clip_val else {}
        first = optimizers[0]
        self._first_loss = not losses and self._watching.schedule.step == 0
        self._training = Training(
            self._watching,
            module,
            first,
            loss=losses[0] if len(losses) == 1 and self._watching.schedule.step == 0 else None,
            scaler=getattr(trainer.precision_plugin, "scaler", None),
            among=[p for group in first.param_groups for p in group["params"]] if len(optimizers) > 1 else None,
        )

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Begin an epoch."""
        self._watching.new_epoch()

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        """Look at a batch, as the training step gets it."""
        if self._training is not None and self._watching.schedule.batch_due:
            self._watching.batch(*split_batch(batch))

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Tell the first loss, where no module of the network computes it."""
        if self._first_loss and self._training is not None:
            self._first_loss = False
            self._watching.guarded("the first loss", lambda: self._begins_with(trainer, outputs))

    def _begins_with(self, trainer: Any, outputs: Any) -> None:
        loss: Any = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
        if torch.is_tensor(loss) and loss.numel() == 1:
            # Lightning divides it among the batches of a step.
            self._watching.send({key("initial_loss"): float(loss) * trainer.accumulate_grad_batches}, 0)

    def on_validation_batch_start(
        self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Look at the first batches of an evaluation."""
        if self._training is not None and not trainer.sanity_checking:
            self._training.evaluates(_first(split_batch(batch)[0]))

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Diagnose what the logged metrics show so far, if that is due; the epoch's validation is over by now."""
        if self._training is None:
            return
        self._watching.epoch(
            {name: float(value) for name, value in trainer.callback_metrics.items()}, trainer.current_epoch
        )
        if self._watching.stopped is not None:
            trainer.should_stop = True

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Take all hooks away, and send what waits."""
        self._close()
        self._watching.end()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Take all hooks away, and send what waits."""
        self._close()
        self._watching.end()

    def _close(self) -> None:
        training, self._training = self._training, None
        if training is not None:
            training.close()


def sink_of(loggers: Sequence[Any], watching: Watching) -> Sink | None:
    """Choose where figures go: a logger for MLflow or W&B, else the run that is going, else the first logger.

    Parameters
    ----------
    loggers : sequence of Logger
        The trainer's, by which it logs.
    watching : Watching
        Warns where figures are not taken.
    """
    by_name = {type(logger).__name__: logger for logger in reversed(loggers)}
    if "MLFlowLogger" in by_name:
        logger = by_name["MLFlowLogger"]
        return OfMlflow(logger.run_id, logger._tracking_uri, watching.warn)
    if "WandbLogger" in by_name:
        return OfWandb(by_name["WandbLogger"].experiment, watching.warn)
    going = find_sink(watching.warn)
    if going is not None or not loggers:
        return going
    return OfFunction(loggers[0].log_metrics, watching.warn)


def _first(inputs: Any) -> Any:
    """The only tensor of a batch's inputs, or the inputs as they are."""
    return next(iter(inputs.values())) if isinstance(inputs, Mapping) and len(inputs) == 1 else inputs
