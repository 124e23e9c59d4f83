"""Watches a training by Hugging Face's Trainer: a callback.

One argument of ``Trainer``::

    from tracker_diag.probes.transformers import Watch

    Trainer(model, arguments, train_dataset=rows, callbacks=[Watch()]).train()
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from transformers import TrainerCallback

from tracker_diag.probes.batch_facts import split_batch
from tracker_diag.probes.hooks import Hook
from tracker_diag.probes.sinks import Log
from tracker_diag.probes.torch_training import Training
from tracker_diag.probes.watching import EVERY, Watching

#: What a batch holds beside what a network is to learn from.
_BESIDE = ("attention_mask", "token_type_ids", "position_ids", "num_items_in_batch", "return_dict")
#: Where a loss is said to be a mean over all batches of a step.
_SHARED = "num_items_in_batch"


class Watch(TrainerCallback):  # type: ignore[misc]
    """Logs what happens inside a network while a ``Trainer`` trains it, and diagnoses it as it goes on.

    What is logged stands in ``docs/how-to/callbacks.md``. The training's numbers do not change, no error of the watcher
    ends it, and the diagnosis works offline. Of several processes, the first one logs.

    Parameters
    ----------
    profile : mapping, optional
        What ``tracker_diag.profile_data`` says of the data; it is logged beside the run.
    log : callable, optional
        Takes ``(dict, step)``. Where absent, the run that is going in W&B or MLflow gets the figures.
    every : int
        Steps of the optimiser from one look to the next, at least; looks that take more than a hundredth of the time
        come later.
    live : bool
        Print a line at the first warning, and one at the first error, that the diagnosis gives.
    stop_on : {'error', None}
        End the training where it is lost.

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
        self._handles: list[Any] = []
        self._logged: tuple[dict[str, Any], int] = {}, 0
        self._first: _FirstLoss | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Describe the network, and begin to look."""
        self._close()
        model = kwargs.get("model")
        if not state.is_world_process_zero or model is None:
            return
        if self._watched is not None and self._watched is not model:
            # The step, and what was said, are those of one network: trials of a search share a callback.
            self._watching = Watching(**self._options)
        self._watched = model
        self._watching.guarded("the network", lambda: self._begin(args, model, kwargs.get("optimizer")))

    def _begin(self, args: Any, model: torch.nn.Module, optimizer: Any) -> None:
        live, first = self._watching.live, self._watching.schedule.step == 0
        live.params |= {
            "epochs": args.num_train_epochs,
            "batch_size": args.per_device_train_batch_size * args.gradient_accumulation_steps,
            "max_grad_norm": args.max_grad_norm,
            "warmup_steps": args.warmup_steps,
        }
        # Accelerate's optimiser holds the one that steps.
        inner = getattr(optimizer, "optimizer", optimizer)
        self._training = Training(self._watching, model, inner, scaler=getattr(optimizer, "scaler", None))
        # The first step of a schedule has a rate of 0; the run has that of the settings.
        live.params |= {"learning_rate": args.learning_rate}
        if self._training.hooks:
            self._handles.append(model.register_forward_pre_hook(Hook(self._enters), with_kwargs=True))
            if first:
                self._first = _FirstLoss(self._training)
                self._handles.append(model.register_forward_hook(Hook(self._leaves), with_kwargs=True))

    def _enters(self, module: torch.nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        training = self._training
        if training is None:
            return
        inputs, labels = _parts(args, kwargs)
        if not torch.is_grad_enabled():
            training.evaluates(inputs)
            return
        training.enters_network(inputs)
        if self._watching.schedule.batch_due:
            self._watching.batch(inputs, labels)

    def _leaves(self, module: torch.nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], output: Any) -> None:
        first = self._first
        if first is not None and torch.is_grad_enabled():
            self._watching.guarded("the first loss", lambda: first.add(module, kwargs, output))

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Tell the first loss: all batches of the first step have passed."""
        first, self._first = self._first, None
        if first is not None:
            self._watching.guarded("the first loss", first.tell)
            self._handles.pop().remove()

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Begin an epoch."""
        self._watching.new_epoch()

    def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Keep what the training logs, for the diagnosis."""
        if self._training is None:
            return
        self._watching.live.saw(*self._logged)
        self._logged = dict(kwargs.get("logs") or {}), state.global_step

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        """Diagnose what the logged metrics show so far, where no evaluation follows."""
        return self._diagnose(control) if args.eval_strategy == "no" else control

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        """Diagnose what the logged metrics show so far, if that is due."""
        return self._diagnose(control)

    def _diagnose(self, control: Any) -> Any:
        if self._training is not None:
            self._training.end_evaluation()
            logged, self._logged = self._logged, ({}, 0)
            self._watching.epoch(*logged)
            if self._watching.stopped is not None:
                control.should_training_stop = True
        return control

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Take all hooks away, and send what waits."""
        self._close()
        self._watching.end()

    def _close(self) -> None:
        training, self._training, self._first = self._training, None, None
        for handle in self._handles:
            handle.remove()
        self._handles = []
        if training is not None:
            training.close()


class _FirstLoss:
    """The loss of the first step, of all the batches whose gradients it adds up."""

    def __init__(self, training: Training) -> None:
        self._training = training
        self._losses: list[torch.Tensor] = []
        self._shared = False
        self._name = ""
        self._outputs: Any = None
        self._labels: Any = None

    def add(self, model: Any, kwargs: Mapping[str, Any], output: Any) -> None:
        """Add what a batch gives."""
        labels = kwargs.get("labels")
        loss: Any = output.get("loss") if isinstance(output, Mapping) else getattr(output, "loss", None)
        if labels is None or not torch.is_tensor(loss) or loss.numel() != 1:
            return
        self._losses.append(loss.detach())
        self._shared |= kwargs.get(_SHARED) is not None
        if self._outputs is None:
            kind = getattr(getattr(model, "config", None), "problem_type", None)
            self._outputs, self._labels = output["logits"].detach(), labels
            self._name = {
                "regression": "mse",
                "multi_label_classification": "binary_crossentropy",
            }.get(kind or ("regression" if labels.is_floating_point() else ""), "sparse_categorical_crossentropy")

    def tell(self) -> None:
        """Tell it, and what it is for answers that know nothing."""
        # Some networks divide by the examples of a step, others by those of a batch; for a single batch it is the same.
        if len(self._losses) == 1 or (self._losses and not self._shared):
            self._training.begins_with(torch.stack(self._losses).mean(), self._name, self._outputs, self._labels)


def _parts(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, Any]:
    """What a network is to learn from and what it should give, of all that it is called with."""
    if args:
        return args[0], kwargs.get("labels")
    inputs, labels = split_batch({name: value for name, value in kwargs.items() if name not in _BESIDE})
    return (next(iter(inputs.values())) if len(inputs) == 1 else inputs), labels
