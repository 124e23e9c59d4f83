"""What one step of a network of PyTorch shows: gradients, updates, activations, the statistics of normalisations.

Nothing is computed that the training would not compute: hooks look at what passes, and are gone after the step. No
random number is drawn, no tensor of the training is changed, and figures leave the device once a step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from tracker_diag.core.signals import MOST_LAYERS, key, layer_label
from tracker_diag.probes.hooks import Hook

#: Weights of a layer whose step is followed, and values of an input that are looked at.
MOST_WEIGHTS, MOST_VALUES = 4_096, 1_000_000
#: Distance from the flat ends of tanh and sigmoid within which a value lies at one.
AT_THE_END = 0.02
#: Examples from which on a unit that is 0 for all of them says something.
FEWEST_EXAMPLES = 8
#: Share by which the norm behind the clip has to be smaller, and by which sums in another order may differ.
ROUNDING = 1e-3
#: The share of powers of two by which a scaler multiplies, apart from which a ratio is no scale.
EXACT = 1e-5
#: Least power of two that is a scale and no clip.
FEWEST_BITS = 4


@dataclass(frozen=True, slots=True, eq=False)
class WatchedLayer:
    """A layer whose figures are logged.

    Attributes
    ----------
    label : str
        In keys.
    module : torch.nn.Module
        What is called with the layer's input.
    weight : torch.nn.Parameter
        Its largest parameter of two dimensions or more.
    parameters : tuple of torch.nn.Parameter
        All of its own that are trained.
    """

    label: str
    module: torch.nn.Module
    weight: torch.Tensor
    parameters: tuple[torch.Tensor, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Normalisation:
    """A batch normalisation with running statistics.

    Attributes
    ----------
    label : str
        In keys.
    module : torch.nn.Module
        What is called with the layer's input.
    mean, variance : torch.Tensor, shape (units,)
        The running ones, which training changes in place.
    eps : float
        What is added to a variance before its root.
    axis : int
        Along which the units lie.
    """

    label: str
    module: torch.nn.Module
    mean: torch.Tensor
    variance: torch.Tensor
    eps: float
    axis: int


def layers_of(named: Iterable[tuple[str, torch.nn.Module, Sequence[torch.Tensor]]]) -> tuple[WatchedLayer, ...]:
    """Choose the layers that are watched.

    Parameters
    ----------
    named : iterable of (str, Module, sequence of Parameter)
        Name, module and own parameters of each part of a network, in its order. Parameters that were met before
        (shared ones) count for the part that has them first.

    Returns
    -------
    tuple of WatchedLayer
        Those with a trained parameter of two dimensions, at most ``MOST_LAYERS``: the first, the last, and others
        evenly between them.
    """
    met: set[int] = set()
    found: list[tuple[str, torch.nn.Module, torch.Tensor, tuple[torch.Tensor, ...]]] = []
    for name, module, parameters in named:
        own = tuple(p for p in parameters if p.requires_grad and id(p) not in met)
        met.update(map(id, own))
        if matrices := [p for p in own if p.dim() > 1 and p.numel()]:
            found.append((name, module, max(matrices, key=lambda p: p.numel()), own))
    last = len(found) - 1
    places = (
        range(len(found)) if last < MOST_LAYERS else sorted({i * last // (MOST_LAYERS - 1) for i in range(MOST_LAYERS)})
    )
    return tuple(WatchedLayer(layer_label(i, found[i][0]), *found[i][1:]) for i in places)


def modules_of(model: torch.nn.Module) -> Iterable[tuple[str, torch.nn.Module, list[torch.Tensor]]]:
    """Name, module and own parameters of each module of a network, as ``layers_of`` takes them."""
    for name, module in model.named_modules():
        yield name or type(module).__name__, module, list(module.parameters(recurse=False))


class Look:
    """A look at one training step, from before its forward pass to after its update.

    Parameters
    ----------
    layers : sequence of WatchedLayer
        As ``layers_of`` chooses them.
    trained : sequence of Tensor
        All parameters that are trained.
    norms : sequence of Normalisation
        Those with running statistics.
    hooks : bool
        Whether modules may be hooked: not those that are compiled, which a hook would compile anew.
    guarded : callable
        Does something beside the training, so that what it raises ends nothing; as ``Watching.guarded``.
    clips : bool
        Whether a gradient that is smaller at the step than behind the backward pass was clipped: not where the
        optimiser itself clips, or adds up gradients.
    """

    def __init__(
        self,
        layers: Sequence[WatchedLayer],
        trained: Sequence[torch.Tensor],
        norms: Sequence[Normalisation],
        *,
        hooks: bool,
        guarded: Callable[[str, Callable[[], None]], None],
        clips: bool = True,
    ) -> None:
        self._layers, self._trained, self._norms, self._guarded = layers, trained, norms, guarded
        self._before = [[_some(p) for p in layer.parameters] for layer in layers]
        self._seen: dict[str, list[torch.Tensor]] = {}
        self._clip: dict[str, torch.Tensor] = {}
        self._norms_of: tuple[torch.Tensor, list[torch.Tensor]] | None = None
        self._input: int | None = None
        self._handles: list[Any] = []
        if hooks:
            self._hook(clips)

    def _hook(self, clips: bool) -> None:
        for layer in self._layers:
            hook = self._beside("the activations", partial(self._enters, layer.label))
            self._handles.append(layer.module.register_forward_pre_hook(Hook(hook)))
        for norm in self._norms:
            hook = self._beside("the normalisations", partial(self._normalised, norm))
            self._handles.append(norm.module.register_forward_pre_hook(Hook(hook)))
        if self._layers and clips:
            weight = max((layer.weight for layer in self._layers), key=lambda w: w.numel())
            self._handles.append(weight.register_hook(self._beside("the gradients", self._arrives)))
            accumulated = self._beside("the gradients", self._accumulated)
            self._handles.append(weight.register_post_accumulate_grad_hook(accumulated))

    def _beside(self, what: str, look: Callable[..., None]) -> Callable[..., None]:
        def hook(*given: Any) -> None:
            self._guarded(what, lambda: look(*given))

        return hook

    def enters_network(self, first: torch.Tensor | None) -> None:
        """Take note of the network's own input, whose zeros are no dead units."""
        try:
            self._input = first.data_ptr() if isinstance(first, torch.Tensor) else None
        except RuntimeError:
            # Tensors that stand for others (vmap, sparse ones) have no place in memory.
            self._input = None

    def _enters(self, label: str, module: Any, args: tuple[Any, ...]) -> None:
        given: Any = args[0] if args else None
        if (
            not torch.is_tensor(given)
            or not given.is_floating_point()
            or given.dim() < 2
            or not torch.is_grad_enabled()
        ):
            return
        if given.data_ptr() == self._input or (self._input is None and label == self._layers[0].label):
            return
        with torch.no_grad():
            values = given.detach()
            axis = 1 if channels_first(module) else given.dim() - 1
            if values.numel() > MOST_VALUES:
                values = values[:: math.ceil(values.numel() / MOST_VALUES)]
            others = [i for i in range(values.dim()) if i != axis]
            if values.numel() // max(values.shape[axis], 1) < FEWEST_EXAMPLES:
                return
            size = values.abs()
            highest = size.amax(dim=others)
            figures = torch.stack(
                [
                    (highest == 0).float().mean(),
                    values.amin().float(),
                    values.amax().float(),
                    (size > 1 - AT_THE_END).float().mean(),
                    (size < AT_THE_END).float().mean(),
                    (values == 0).float().mean(),
                ]
            )
        self._seen.setdefault(label, []).append(figures)

    def _normalised(self, norm: Normalisation, module: Any, args: tuple[Any, ...]) -> None:
        given: Any = args[0] if args else None
        if not torch.is_tensor(given) or not module.training or given.dim() < 2 or not torch.is_grad_enabled():
            return
        with torch.no_grad():
            values = given.detach().float()
            others = [i for i in range(values.dim()) if i != norm.axis % values.dim()]
            variance, mean = torch.var_mean(values, dim=others, correction=0)
            deviation = (variance + norm.eps).sqrt()
            running = (norm.variance.float() + norm.eps).sqrt()
            apart = ((norm.mean.float() - mean).abs() / deviation).mean()
            wider = (running / deviation).log().abs().mean()
        self._seen.setdefault(f"norm {norm.label}", []).append(torch.maximum(apart, wider))

    def _arrives(self, gradient: torch.Tensor) -> None:
        if "arrived" not in self._clip:
            self._clip["arrived"] = torch.linalg.vector_norm(gradient.detach().float())

    def _accumulated(self, weight: torch.Tensor) -> None:
        if weight.grad is not None and not weight.grad.is_sparse:
            norm = torch.linalg.vector_norm(weight.grad.detach().float())
            self._clip.setdefault("first", norm)
            self._clip["accumulated"] = norm

    def before_update(self, gradients: Sequence[torch.Tensor | None] | None = None) -> None:
        """Take the gradients as the optimiser gets them.

        Parameters
        ----------
        gradients : sequence of Tensor or None, optional
            Of all parameters that are trained, in their order; where absent, those that the parameters hold.
        """
        given = [p.grad for p in self._trained] if gradients is None else gradients
        having = [(p, g) for p, g in zip(self._trained, given, strict=True) if g is not None and not g.is_sparse]
        if not having:
            return
        with torch.no_grad():
            norms = dict(zip((id(p) for p, _ in having), torch._foreach_norm([g for _, g in having]), strict=True))
            device = having[0][0].device
            total = torch.linalg.vector_norm(torch.stack([n.float().to(device) for n in norms.values()]))
            by_layer = [
                torch.linalg.vector_norm(
                    torch.stack([norms[id(p)].float() for p in layer.parameters if id(p) in norms])
                )
                if any(id(p) in norms for p in layer.parameters)
                else torch.full((), math.nan)
                for layer in self._layers
            ]
            largest = max((layer.weight for layer in self._layers), key=lambda w: w.numel(), default=None)
            if largest is not None and id(largest) in norms:
                self._clip["given"] = norms[id(largest)].float()
        self._norms_of = (total, by_layer)

    def close(self) -> None:
        """Take all hooks away."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def figures(self, scale: float | None = None) -> dict[str, float]:
        """Tell what was seen, after the update.

        Parameters
        ----------
        scale : float, optional
            By which mixed precision multiplied the loss.

        Returns
        -------
        dict
            Figures by key.
        """
        self.close()
        found: dict[str, float] = {}
        with torch.no_grad():
            for layer, before in zip(self._layers, self._before, strict=True):
                size = _norm(before)
                step = _norm([_some(p) - b for p, b in zip(layer.parameters, before, strict=True)])
                self._seen[f"step {layer.label}"] = [torch.stack([step, size])]
        seen = {
            name: torch.stack([one.cpu() for one in several]).mean(0).tolist() for name, several in self._seen.items()
        }
        clip = {name: float(value) for name, value in self._clip.items()}
        ratio = clip_ratio(clip, scale)
        if ratio is not None:
            found |= {key("clip_ratio"): ratio, key("clipped"): float(ratio < 1 - ROUNDING)}
        if clip.get("arrived", 0.0) > 0 and "first" in clip and math.isfinite(clip["first"]):
            found[key("gradients_kept")] = float(abs(clip["first"] / clip["arrived"] - 1) > ROUNDING)
        if self._norms_of is not None:
            total, by_layer = self._norms_of
            times = 1 / (ratio or 1.0)
            found[key("grad_norm")] = float(total) * times
            for layer, norm in zip(
                self._layers, torch.stack([n.cpu() for n in by_layer]).tolist() if by_layer else [], strict=True
            ):
                if not math.isnan(norm) or not math.isfinite(float(total)):
                    found[key("grad_norm", layer.label)] = norm * times
        for name, values in seen.items():
            found |= _told(name, values)
        return found


def clip_ratio(norms: Mapping[str, float], scale: float | None) -> float | None:
    """Tell by what a gradient was multiplied between the backward pass and the step, other than by its scale.

    Parameters
    ----------
    norms : mapping
        Of one parameter's gradient: ``accumulated`` behind the backward pass, ``given`` to the optimiser.
    scale : float or None
        By which the loss was multiplied; where it is not known, a ratio that is exactly a power of two, 16 or more, is
        taken for one.
    """
    before, after = norms.get("accumulated", 0.0), norms.get("given")
    if after is None or not 0 < before < math.inf or not math.isfinite(after):
        return None
    ratio = after / before * (scale or 1.0)
    bits = -math.log2(ratio) if ratio > 0 else 0.0
    if scale is None and bits > FEWEST_BITS - 0.5 and abs(bits - round(bits)) < EXACT:
        return 1.0
    return min(ratio, 1.0) if ratio < 1 + ROUNDING else None


def left_out(before: float, now: float) -> float:
    """Tell the steps that mixed precision left out: its scale is halved at each.

    Parameters
    ----------
    before, now : float
        The scale at the last look and at this one.
    """
    return math.log2(before / now) if 0 < now < before else 0.0


def _told(name: str, values: Any) -> dict[str, float]:
    """Figures of one layer from what a hook kept."""
    kind, _, label = name.rpartition(" ")
    if kind == "norm":
        return {key("batch_norm_gap", label): values}
    if kind == "step":
        step, size = values
        return {key("update_ratio", label): step / size} if size > 0 else {}
    dead, low, high, far, near, zeros = values
    found = {key("dead", label): dead}
    if -1 <= low < 0 < high <= 1:
        found[key("saturated", label)] = far
    elif low >= 0 and high <= 1 and (zeros == 0 or high == 1):
        # A sigmoid is never exactly 0 unless it is saturated beyond what its precision shows.
        found[key("saturated", label)] = min(1.0, far + near)
        found[key("dead", label)] = 0.0
    return found


def _norm(several: Sequence[torch.Tensor]) -> torch.Tensor:
    return torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(one) for one in several]))


def _some(weight: torch.Tensor) -> torch.Tensor:
    """A copy of some of a layer's weights, spread evenly."""
    values = weight.detach()
    values = (
        values.reshape(-1)
        if values.is_contiguous()
        else values[: max(1, MOST_WEIGHTS // max(1, values[0].numel()))].flatten()
    )
    return values[:: max(1, values.numel() // MOST_WEIGHTS)].float().clone()


def channels_first(module: Any) -> bool:
    """Whether the units that a layer is given lie along the second axis."""
    return "Conv" in type(module).__name__ and getattr(module, "data_format", "channels_first") == "channels_first"


def normalisations(model: torch.nn.Module) -> tuple[Normalisation, ...]:
    """Batch normalisations with running statistics; at most ``MOST_LAYERS``."""
    found = [
        (name, module)
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm) and module.running_mean is not None
    ]
    return tuple(
        Normalisation(layer_label(i, name), module, module.running_mean, module.running_var, module.eps, 1)
        for i, (name, module) in enumerate(found[:MOST_LAYERS])
    )
