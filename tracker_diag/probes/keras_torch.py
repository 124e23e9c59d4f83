"""What a training of Keras on PyTorch shows: its steps, its batches, its evaluations.

Keras leaves the gradients of a step where PyTorch has them until the next step begins, and clips them inside its
optimiser: a look ends when the next batch begins, and what was clipped follows from the settings.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch

from tracker_diag.core.signals import MOST_LAYERS, key, layer_label
from tracker_diag.probes.evaluations import Evaluations
from tracker_diag.probes.first_loss import baseline
from tracker_diag.probes.hooks import Hook
from tracker_diag.probes.keras_layers import own_weights, parts
from tracker_diag.probes.torch_description import weight_scales
from tracker_diag.probes.torch_step import ROUNDING, Look, Normalisation, layers_of, left_out
from tracker_diag.probes.watching import Watching

#: Layers whose kernel has its inputs and units along other axes than a plain one.
_OTHER_KERNELS = ("EinsumDense", "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D")
#: Layers that do something else in training than in evaluation, and of how many the mode in evaluation is looked at.
_CHANGE_IN_TRAINING, _MODES = ("Dropout", "BatchNormalization", "GaussianNoise", "GaussianDropout"), 4


class TorchSteps:
    """The steps of one call of ``fit``.

    Parameters
    ----------
    watching : Watching
        Says when to look, and takes the figures.
    model : keras.Model
        Built and compiled.
    loss : str or None
        What the loss of its one output is called; None where it has several.
    activation : str or None
        What its hidden layers apply.
    """

    def __init__(self, watching: Watching, model: Any, loss: str | None, activation: str | None) -> None:
        self._watching, self._model, self._loss = watching, model, loss
        # The settings of the optimiser itself, where another one scales its loss.
        self._optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
        self._evaluations = Evaluations()
        self._look: Look | None = None
        self._accumulated: list[torch.Tensor] | None = None
        self._handles: list[Any] = []
        self._inputs: Any = None
        self._began = self._first_loss_told = False
        # What is compiled must not be hooked, nor called in another way: it would be compiled anew.
        self._hooks = not model.jit_compile
        layers = list(parts(model))
        self._layers = layers_of((layer.name, layer, [v.value for v in own_weights(layer)]) for layer in layers)
        self._trained = [v.value for v in model.trainable_variables]
        self._random = [layer for layer in layers if _is(layer, _CHANGE_IN_TRAINING)][:_MODES]
        self._norms = _normalisations(layers)
        self._scale, self._looked_at = _loss_scale(model.optimizer), watching.schedule.step
        if watching.schedule.step == 0:
            plain = [layer for layer in self._layers if type(layer.module).__name__ not in _OTHER_KERNELS]
            watching.send(weight_scales(plain, activation, units_last=True), 0)

    def begin_batch(self) -> None:
        """End what was seen of the batch before, and see whether this one is to be looked at."""
        self.end_batch()
        self._unhook()
        self._began = True
        schedule = self._watching.schedule
        if schedule.due and self._updates():
            if self._optimizer.gradient_accumulation_steps:
                self._accumulated = [v.value.clone() for v in self._optimizer._accumulated_gradients]
            self._look = Look(
                self._layers,
                self._trained,
                self._norms,
                hooks=self._hooks,
                guarded=self._watching.guarded,
                clips=False,
            )
        if self._hooks and (self._look is not None or schedule.batch_due):
            self._handles.append(self._model.register_forward_pre_hook(Hook(self._enters)))
            self._wrap_loss()

    def end_batch(self) -> None:
        """Tell what was seen of the batch that has ended: its gradients and its update are still there."""
        if not self._began:
            return
        self._began = False
        self._unhook()
        if self._inputs is not None:
            # A training step of the user's own that computes its loss in another way.
            self._watching.batch(self._inputs, None)
            self._inputs = None
        self._watching.schedule.step += 1
        if self._look is not None:
            self._tell(self._look)

    def _updates(self) -> bool:
        """Whether the batch that comes ends in an update: not where gradients are added up first."""
        steps = self._optimizer.gradient_accumulation_steps
        return not steps or (int(self._optimizer._iterations) + 1) % steps == 0

    def _enters(self, _: Any, args: tuple[Any, ...]) -> None:
        if self._inputs is None and args and torch.is_grad_enabled():
            self._inputs = args[0]
            if self._look is not None:
                self._look.enters_network(args[0])

    def _wrap_loss(self) -> None:
        compute = self._model.compute_loss

        def looked_at(x: Any = None, y: Any = None, y_pred: Any = None, *args: Any, **kwargs: Any) -> Any:
            loss = compute(x, y, y_pred, *args, **kwargs)
            weighted = (args[0] if args else kwargs.get("sample_weight")) is not None
            self._watching.guarded("the loss", lambda: self._loses(loss, x, y, y_pred, weighted))
            return loss

        # Not by setting the attribute, which Keras would keep among what a model consists of.
        self._model.__dict__["compute_loss"] = looked_at

    def _loses(self, loss: Any, x: Any, y: Any, y_pred: Any, weighted: bool) -> None:
        inputs, self._inputs = (x if self._inputs is None else self._inputs), None
        if self._watching.schedule.batch_due:
            self._watching.batch(inputs, y)
        if self._first_loss_told or self._watching.schedule.step:
            return
        self._first_loss_told = True
        figures = {key("initial_loss"): float(loss.detach()) - sum(float(p.detach()) for p in self._model.losses)}
        if self._loss is not None and not weighted:
            known = baseline(self._loss, y_pred.detach().float().cpu().numpy(), y.detach().cpu().numpy())
            if known is not None:
                figures[key("baseline_loss")] = known
        self._watching.send(figures, 0)

    def _gradients(self) -> list[torch.Tensor | None]:
        """The gradients as the optimiser gets them, before it clips."""
        found: list[torch.Tensor | None] = [p.grad for p in self._trained]
        scale = _loss_scale(self._model.optimizer)
        if scale is not None:
            found = [g if g is None else g / scale for g in found]
        if self._accumulated is not None:
            steps = self._optimizer.gradient_accumulation_steps
            found = [g if g is None else (g + a) / steps for g, a in zip(found, self._accumulated, strict=True)]
            self._accumulated = None
        return found

    def _tell(self, look: Look) -> None:
        self._look = None
        look.close()
        with torch.no_grad():
            gradients = self._gradients()
            look.before_update(gradients)
            figures = look.figures() | clipped(self._optimizer, gradients)
        scale, step = _loss_scale(self._model.optimizer), self._watching.schedule.step
        if scale is not None and self._scale is not None:
            share = left_out(self._scale, scale) / (step - self._looked_at)
            figures |= {key("loss_scale"): scale, key("skipped_steps"): min(1.0, share)}
        self._scale, self._looked_at = scale, step
        self._watching.log(figures)
        self._watching.schedule.looked()

    def begin_evaluation(self) -> None:
        """Look at the first batches of an evaluation."""
        self.end_batch()
        if not self._hooks or not self._evaluations.due:
            return
        modes: list[bool] = []
        given: list[Any] = []
        for layer in self._random:
            self._handles.append(
                layer.register_forward_hook(lambda *call: modes.append(_in_training_mode(*call)), with_kwargs=True)
            )
        self._handles.append(self._model.register_forward_pre_hook(lambda _, args: given.extend(args[:1])))

        def ends(*_: Any) -> None:
            mode = any(modes) if modes else None
            self._watching.guarded("the evaluation", lambda: self._evaluations.add(given[0] if given else None, mode))
            modes.clear()
            given.clear()
            if not self._evaluations.due:
                self._unhook()

        self._handles.append(self._model.register_forward_hook(ends))

    def end_evaluation(self) -> None:
        """Tell what was seen of evaluations."""
        self._unhook()
        self._watching.send(self._evaluations.figures(), self._watching.schedule.step)

    def close(self) -> None:
        """End what was seen, and take all hooks away."""
        self.end_batch()
        self._unhook()

    def _unhook(self) -> None:
        self._model.__dict__.pop("compute_loss", None)
        for handle in self._handles:
            handle.remove()
        self._handles = []


def clipped(optimizer: Any, gradients: Iterable[torch.Tensor | None]) -> dict[str, float]:
    """Tell by what an optimiser of Keras clips, from its settings; nothing where it does not clip.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        With ``clipnorm`` (of each variable), ``global_clipnorm`` or ``clipvalue``.
    gradients : iterable of Tensor or None
        Before clipping.
    """
    having = [g for g in gradients if g is not None]
    by_variable, of_all, by_value = optimizer.clipnorm, optimizer.global_clipnorm, optimizer.clipvalue
    if not having or not (by_variable or of_all or by_value):
        return {}
    norms = torch.stack([norm.float() for norm in torch._foreach_norm(having)])
    before = torch.linalg.vector_norm(norms)
    if by_variable:
        after = torch.linalg.vector_norm(norms.clamp(max=by_variable))
    elif of_all:
        after = before.clamp(max=of_all)
    else:
        cut = [g.clamp(-by_value, by_value) for g in having]
        after = torch.linalg.vector_norm(torch.stack([norm.float() for norm in torch._foreach_norm(cut)]))
    ratio = float(after / before)
    if not math.isfinite(ratio):
        return {}
    return {key("clip_ratio"): ratio, key("clipped"): float(ratio < 1 - ROUNDING)}


def _is(layer: Any, kinds: Sequence[str]) -> bool:
    """Whether a layer is of one of these classes, or of one made from them."""
    return any(kind.__name__ in kinds for kind in type(layer).__mro__)


def _in_training_mode(layer: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], given: Any) -> bool:
    """Whether a layer did in an evaluation what it does in training; of dropout its output says so."""
    if kwargs.get("training"):
        return True
    taken = args[0] if args else None
    if not _is(layer, ("Dropout",)) or not torch.is_tensor(taken) or not torch.is_tensor(given):
        return False
    return given is not taken and not torch.equal(given, taken)


def _loss_scale(optimizer: Any) -> float | None:
    """By what mixed precision multiplies the loss; None where nothing does."""
    scale = getattr(optimizer, "dynamic_scale", None)
    if scale is None:
        scale = getattr(optimizer, "initial_scale", None) or optimizer.loss_scale_factor
    return None if scale is None else float(scale)


def _normalisations(layers: Sequence[Any]) -> tuple[Normalisation, ...]:
    """Batch normalisations with running statistics that are trained; at most ``MOST_LAYERS``."""
    found = [layer for layer in layers if type(layer).__name__ == "BatchNormalization" and layer.trainable]
    return tuple(
        Normalisation(
            layer_label(i, layer.name),
            layer,
            layer.moving_mean.value,
            layer.moving_variance.value,
            layer.epsilon,
            layer.axis,
        )
        for i, layer in enumerate(found[:MOST_LAYERS])
    )
