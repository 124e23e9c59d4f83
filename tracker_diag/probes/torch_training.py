"""A network of PyTorch and its optimiser while they train: each look at a step, told as it ends.

What loops written by hand, Lightning and Hugging Face's Trainer have in common: all of them end in ``optimizer.step``.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import torch

from tracker_diag.core.signals import key
from tracker_diag.probes.evaluations import Evaluations
from tracker_diag.probes.first_loss import baseline
from tracker_diag.probes.hooks import Hook
from tracker_diag.probes.torch_description import activation_of, describe, weight_scales
from tracker_diag.probes.torch_step import Look, layers_of, left_out, modules_of, normalisations
from tracker_diag.probes.watching import Watching

#: Modules that do something else in training than in evaluation.
_CHANGE_IN_TRAINING = (torch.nn.modules.dropout._DropoutNd, torch.nn.modules.batchnorm._BatchNorm)


class Training:
    """What is trained, looked at from its optimiser's steps.

    Parameters
    ----------
    watching : Watching
        Says when to look, and takes the figures.
    model : torch.nn.Module
        What is trained. Of a compiled one the modules are not looked into.
    optimizer : torch.optim.Optimizer
        Its ``step`` counts the steps.
    loss : torch.nn.Module, optional
        The loss as a module: the first loss is then compared with that of knowing nothing.
    scaler : torch.amp.GradScaler, optional
        Of mixed precision.
    among : collection of Parameter, optional
        Those that are looked at; where absent, all of the network.

    Attributes
    ----------
    hooks : bool
        Whether modules may be hooked.
    """

    def __init__(
        self,
        watching: Watching,
        model: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        *,
        loss: torch.nn.Module | None = None,
        scaler: Any = None,
        among: Collection[torch.Tensor] | None = None,
    ) -> None:
        self._watching, self._model, self._optimizer, self._scaler = watching, model, optimizer, scaler
        # A hook inside a compiled network would compile it anew.
        self.hooks = not _compiled(model)
        self._evaluations = Evaluations()
        self._look: Look | None = None
        self._looked_at = watching.schedule.step
        self._handles: list[Any] = []
        watching.guarded("the network", lambda: self._begin(loss, among))

    def _begin(self, loss: torch.nn.Module | None, among: Collection[torch.Tensor] | None) -> None:
        model, optimizer, watching = self._model, self._optimizer, self._watching
        wanted = None if among is None else set(map(id, among))
        named = (
            (name, module, own if wanted is None else [p for p in own if id(p) in wanted])
            for name, module, own in modules_of(model)
        )
        self._layers = layers_of(named)
        self._trained = [p for p in model.parameters() if p.requires_grad and (wanted is None or id(p) in wanted)]
        self._norms = normalisations(model)
        self._random = [module for module in model.modules() if isinstance(module, _CHANGE_IN_TRAINING)]
        self._scale = self._scale_now()
        watching.describe(describe(model, optimizer, loss))
        watching.live.params |= settings(optimizer)
        if watching.schedule.step == 0:
            watching.send(weight_scales(self._layers, activation_of(model)), 0)
        self._handles.append(optimizer.register_step_post_hook(self._stepped))
        if loss is not None:
            self._loss_handle = loss.register_forward_hook(Hook(self._first_loss))
            self._handles.append(self._loss_handle)
        if watching.schedule.due:
            self._arm()

    def _arm(self) -> None:
        self._look = Look(self._layers, self._trained, self._norms, hooks=self.hooks, guarded=self._watching.guarded)
        self._before = self._optimizer.register_step_pre_hook(self._steps)

    def _steps(self, _: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any] | None:
        place = next((i for i, value in enumerate(args[1:], 1) if callable(value)), None)
        closure = kwargs.get("closure") if place is None else args[place]
        if not callable(closure):
            self._take_gradients()
            return None

        # The gradients are made, and clipped, inside the step.
        def looked_at() -> Any:
            result = closure()
            self._take_gradients()
            return result

        if place is None:
            return args, {**kwargs, "closure": looked_at}
        return (*args[:place], looked_at, *args[place + 1 :]), kwargs

    def _take_gradients(self) -> None:
        if self._look is not None:
            self._watching.guarded("the gradients", self._look.before_update)

    def _stepped(self, *_: Any) -> None:
        schedule = self._watching.schedule
        schedule.step += 1
        self._evaluations.stepped()
        if self._look is not None:
            self._watching.guarded("the step", self._tell)
        if self._look is None and schedule.due:
            self._watching.guarded("the step", self._arm)

    def _tell(self) -> None:
        look, self._look = self._look, None
        self._before.remove()
        if look is None:
            return
        look.close()
        scale, step = self._scale_now(), self._watching.schedule.step
        figures = look.figures(scale)
        if scale is not None and self._scale is not None:
            without = left_out(self._scale, scale)
            figures |= {key("loss_scale"): scale, key("skipped_steps"): without / (step - self._looked_at + without)}
        self._scale, self._looked_at = scale, step
        self._watching.log(figures)
        self._watching.schedule.looked()

    def _scale_now(self) -> float | None:
        return None if self._scaler is None else float(self._scaler.get_scale())

    @property
    def looks(self) -> bool:
        """Whether the step that comes is looked at."""
        return self._look is not None

    def enters_network(self, first: Any) -> None:
        """Take note of the network's own input in training, whose zeros are no dead units."""
        if self._look is not None:
            self._look.enters_network(first)

    def evaluates(self, inputs: Any) -> None:
        """Look at an evaluation, unless enough of them were since they were last told.

        Parameters
        ----------
        inputs : object
            What reaches the network.
        """
        self._evaluations.passes()
        if self._evaluations.due:
            mode = any(module.training for module in self._random) if self._random else None
            self._watching.guarded("the evaluation", lambda: self._evaluations.add(inputs, mode))

    def end_evaluation(self) -> None:
        """Tell what was seen of evaluations."""
        watching = self._watching
        watching.guarded("the evaluation", lambda: watching.send(self._evaluations.figures(), watching.schedule.step))

    def _first_loss(self, module: torch.nn.Module, args: tuple[Any, ...], result: Any) -> None:
        self._loss_handle.remove()
        self._watching.guarded("the first loss", lambda: self.begins_with(result, type(module).__name__, *args[:2]))

    def begins_with(self, loss: Any, name: str, outputs: Any, targets: Any) -> None:
        """Tell the first loss, and what it is for answers that know nothing.

        Parameters
        ----------
        loss : Tensor
            A single number.
        name : str
            As ``baseline`` takes it.
        outputs, targets : Tensor
            What the network gives and what it should give.
        """
        figures = {key("initial_loss"): float(loss.detach())}
        known = baseline(name, outputs.detach().float().cpu().numpy(), targets.detach().cpu().numpy())
        if known is not None:
            figures[key("baseline_loss")] = known
        self._watching.send(figures, 0)

    def close(self) -> None:
        """Tell what was seen, and take all hooks away."""
        self.end_evaluation()
        if self._look is not None:
            self._look.close()
            self._before.remove()
            self._look = None
        for handle in self._handles:
            handle.remove()
        self._handles = []


def settings(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """What an optimiser tells of itself, by the usual names of parameters."""
    group = optimizer.param_groups[0]
    names = {"lr": "learning_rate", "momentum": "momentum", "weight_decay": "weight_decay"}
    found = {said: group[name] for name, said in names.items() if isinstance(group.get(name), int | float)}
    return {"optimizer": type(optimizer).__name__.lower(), **found}


def _compiled(model: torch.nn.Module) -> bool:
    return any(hasattr(m, "_orig_mod") or getattr(m, "_compiled_call_impl", None) is not None for m in model.modules())
