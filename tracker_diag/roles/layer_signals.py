"""What was logged of each layer: norms of gradients, weights and updates, dead and saturated units.

Own keys come first (``tracker_diag.core.signals``). Read beside them, by the names that these write:

- ``wandb.watch`` and W&B's Keras callback, ``gradients/<parameter>`` and ``parameters/<parameter>``: histograms, of
  which the adapter gives ``…/norm``
- Lightning, ``grad_2.0_norm/<parameter>`` and before 1.6 ``grad_2.0_norm_<parameter>``; ``_step`` and ``_epoch`` behind
- Ignite, ``grads_norm/<parameter>``, ``weights_norm/<parameter>``, and its histograms ``grads/…``, ``weights/…``
- Composer, ``l2_norm/grad/<parameter>``, ``l2_norm/param/…``, ``l2_norm/update/…``, ``l2_norm_ratio/update_param/…``
- Keras's TensorBoard callback, ``<layer>/kernel/histogram``
- what people write themselves, ``grad_norm/<layer>``, ``Gradients/<parameter>_norm``, ``<parameter>/grad_norm``

Norms other than the Euclidean one, as ``grad_inf_norm``, are left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from tracker_diag.core.run import Series
from tracker_diag.core.signals import PREFIX
from tracker_diag.roles.metric_names import read_plain
from tracker_diag.stats.arrays import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class LayerSignals:
    """What was logged of the layers.

    Each mapping holds series by layer, those of weight and bias as one; empty where nothing was logged. They are in
    the order of the network where the names tell it, else in that of the names. A series that was computed bears the
    layer's name, one that was logged its own.

    Attributes
    ----------
    gradient_norms : mapping of str to Series
        L2 norms of the gradient, by layer.
    gradient_norm : Series or None
        That of the whole network: as logged, else the root of the sum of squares over the parameters at the steps at
        which all of them were logged.
    weight_norms : mapping of str to Series
        L2 norms of the weights.
    update_ratios : mapping of str to Series
        Norm of a step over the norm of the weights.
    dead, saturated : mapping of str to Series
        Shares of units, in [0, 1].
    ordered : bool
        Whether the order of `gradient_norms` is certain to be the network's: own keys say it, and names that differ in
        numbers alone, but for an embedding before and a head behind them.
    """

    gradient_norms: Mapping[str, Series]
    gradient_norm: Series | None
    weight_norms: Mapping[str, Series]
    update_ratios: Mapping[str, Series]
    dead: Mapping[str, Series]
    saturated: Mapping[str, Series]
    ordered: bool


#: Kinds of figures, which own keys have too, save the norms of weights and of updates.
_GRADIENT, _RATIO, _DEAD, _SATURATED = "grad_norm", "update_ratio", "dead", "saturated"
_WEIGHT, _UPDATE = "weight_norm", "update_norm"

_NORM = r"(?:(?:l2|2|2\.0)[_-])?norms?"
_GRADIENTS, _WEIGHTS = r"grad(?:ient)?s?", r"(?:param|parameter|weight)s?"
_OVER = rf"update[_-](?:to[_-])?{_WEIGHTS}"
#: Kind and how its names begin; what stands behind is the layer. A measured norm comes before that of a histogram.
_BEGINNINGS = (
    (_GRADIENT, rf"(?:layer[_-]|l2[_-])?{_GRADIENTS}[_-]{_NORM}|l2_norm/grad"),
    (_WEIGHT, rf"{_WEIGHTS}[_-]{_NORM}|l2_norm/param"),
    (_UPDATE, rf"updates?[_-]{_NORM}|l2_norm/update"),
    (_RATIO, rf"update[_-]ratios?|{_OVER}[_-]ratios?|l2_norm_ratio/update_param"),
    (_DEAD, r"dead[_-](?:neuron|unit|relu)s?(?:[_-](?:ratio|fraction|share)s?)?"),
    (_SATURATED, r"saturated[_-](?:neuron|unit)s?(?:[_-](?:ratio|fraction|share)s?)?"),
)
_FORMS = tuple(
    (kind, form, re.compile(rf"(?:^|(?<=/))(?:{pattern})\Z", re.IGNORECASE | re.DOTALL))
    for kind, form, pattern in (
        *((kind, 0, rf"(?:{beginning})[/.](?P<layer>.+)") for kind, beginning in _BEGINNINGS),
        (_GRADIENT, 1, rf"{_GRADIENTS}/(?P<layer>.+)/norm"),
    )
)
#: The same for names that need a parameter to be told from others: ``grad_norm_clip``, ``train/grad_norm``,
#: ``weights/class_1`` as a histogram.
_PARAMETER_FORMS = tuple(
    (kind, form, re.compile(rf"(?:{pattern})\Z", re.IGNORECASE | re.DOTALL))
    for kind, form, pattern in (
        (_WEIGHT, 1, rf"(?:^|(?<=/)){_WEIGHTS}/(?P<layer>.+)/norm"),
        (_GRADIENT, 2, rf"(?:^|(?<=/)){_GRADIENTS}[_-]{_NORM}_(?P<layer>[^/]+)"),
        (_GRADIENT, 3, rf"(?:^|(?<=/)){_GRADIENTS}/(?P<layer>.+)_norm"),
        (_GRADIENT, 4, rf"^(?P<layer>.+)/{_GRADIENTS}[_-]{_NORM}"),
        (_WEIGHT, 4, rf"^(?P<layer>.+)/{_WEIGHTS}[_-]{_NORM}"),
        (_WEIGHT, 5, r"^(?P<layer>.+)/histogram/norm"),
    )
)
#: One of these is in every name that any form fits.
_TELLING = ("norm", "ratio", "dead", "saturated", "update")

#: Parameters of PyTorch's, Keras's, Flax's and Haiku's layers; a bare ``fc1_weight`` has lost its dot to a tracker.
_PARAMETER = re.compile(
    r"(?:(?:^|[./|])(?:(?:weight|bias)(?:_(?:ih|hh|hr)_l\d+(?:_reverse)?|_[gv])?|weights|biases|gamma|beta|scale|w|b"
    r"|(?:recurrent_|depthwise_|pointwise_)?kernel|parametrizations\.\w+\.original\d)|(?<=[^./|])_(?P<glued>weight|bias))"
    r"(?::\d+|_\d+)?(?:\.gradient)?(?P<level>_step|_epoch)?\Z",
    re.IGNORECASE,
)
_BUFFERS = re.compile(r"(?:^|[./|])(?:(?:running|moving)_(?:mean|var|variance)|num_batches_tracked)(?:[:_]\d+)?\Z")
#: Words of what is said of all layers together, or is another figure than the one the name begins with.
_MIDDLING = frozenset(["mean", "avg", "average", "median", "std", "var", "variance", "min", "max", "sum"])
_CLIPPING = frozenset(["clip", "clipped", "unclipped", "clipping", "preclip", "postclip", "threshold"])
_NO_LAYER = _MIDDLING | _CLIPPING | {"total", "global", "overall", "count", "pct", "percent", "ratio"}
#: The same, where they are all that a name says.
_ALONE = ("all", "norm", "inf", "two", "before", "after", "pre", "post", "step", "epoch")
#: The cost of a name up to which it is that of the whole gradient's norm: of words that say more, only outer ones.
_MOST_COST = 0.5
#: Names that are longer are not read: those of deep networks have a hundred letters.
_LONGEST = 500

_FIRST = frozenset(["input", "stem", "embed", "embedding", "embeddings", "patch_embed", "embed_tokens", "wte", "wpe"])
_LAST = frozenset(["head", "heads", "classifier", "fc", "fc_out", "lm_head", "logits", "output", "predictions"])
_NUMBERS = re.compile(r"(\d+)")
#: Name of a network that is one layer: its parameters have nothing before them.
_ONE_LAYER = "model"


_Source = tuple[str, int, str, str]
"""Kind of figure, form of the name, what stands before it, and whether it is of epochs."""


@dataclass(frozen=True, slots=True)
class _Figure:
    """A name, understood; the parameter is empty where it names none."""

    source: _Source
    layer: str
    parameter: str


_Parameters = Mapping[str, Mapping[str, Series]]
"""Series by layer and parameter."""


def layer_signals(metrics: Mapping[str, Series]) -> LayerSignals:
    """Gather what was logged of each layer, under own names or those of other tools.

    Of each kind one source is read: own keys, else the writer that tells of most parameters, so that norms that were
    logged twice are not added up. Of two networks with names of their own that is the larger one. A source with a value
    that its kind cannot have (logarithms of norms, counts of units) is none.

    Parameters
    ----------
    metrics : mapping of str to Series
        As a run has them.

    Returns
    -------
    LayerSignals
        Whatever the names: nothing is raised.
    """
    own = own_layers(metrics)
    logged = {name: series for name, series in metrics.items() if len(series) and not name.startswith(PREFIX)}
    figures = {name: _read(name) for name in sorted(logged)}
    foreign = _foreign(logged, {name: figure for name, figure in figures.items() if figure is not None})
    whole = metrics.get(PREFIX + _GRADIENT)
    if whole is None or not len(whole):
        whole = _whole({name: logged[name] for name, figure in figures.items() if figure is None})
    gradients = foreign.get(_GRADIENT, {})
    found = {kind: _joined(foreign.get(kind, {})) for kind in (_GRADIENT, _WEIGHT)}
    found[_RATIO] = _weights_alone(foreign.get(_RATIO, {})) or _ratios(
        foreign.get(_UPDATE, {}), foreign.get(_WEIGHT, {})
    )
    found |= {kind: _weights_alone(foreign.get(kind, {})) for kind in (_DEAD, _SATURATED)}
    found = {kind: own.get(kind) or _in_order(layers) for kind, layers in found.items()}
    return LayerSignals(
        gradient_norms=found[_GRADIENT],
        gradient_norm=_over_parameters(gradients) if whole is None else whole,
        weight_norms=found[_WEIGHT],
        update_ratios=found[_RATIO],
        dead=found[_DEAD],
        saturated=found[_SATURATED],
        ordered=_tell_places(metrics) if _GRADIENT in own else _differ_in_numbers(found[_GRADIENT]),
    )


def own_layers(metrics: Mapping[str, Series]) -> dict[str, dict[str, Series]]:
    """Gather the series of own keys by signal and layer; layers bear their places where their names are not enough."""
    found: dict[str, dict[str, Series]] = defaultdict(dict)
    for name, series in metrics.items():
        kind, _, label = name.removeprefix(PREFIX).partition("/")
        if name.startswith(PREFIX) and label and len(series):
            found[kind][label] = series
    labels = {label for layers in found.values() for label in layers}
    names = {label: _without_place(label) for label in labels}
    if len(set(names.values())) < len(labels):
        names = {label: label for label in labels}
    return {
        kind: {names[label]: layers[label] for label in sorted(layers, key=_natural)} for kind, layers in found.items()
    }


def _tell_places(metrics: Mapping[str, Series]) -> bool:
    beginning = f"{PREFIX}{_GRADIENT}/"
    labels = (name.removeprefix(beginning) for name in metrics if name.startswith(beginning))
    return all(_without_place(label) != label for label in labels)


def _without_place(label: str) -> str:
    place, _, name = label.partition(".")
    return name if place.isdecimal() and name else label


def _foreign(metrics: Mapping[str, Series], figures: Mapping[str, _Figure]) -> dict[str, _Parameters]:
    """By kind, what the source tells that tells of most parameters; of equal ones a measured norm, and of steps."""
    sources: dict[_Source, dict[str, dict[str, Series]]] = defaultdict(lambda: defaultdict(dict))
    sizes: dict[_Source, int] = defaultdict(int)
    spoilt: set[_Source] = set()
    for name, figure in figures.items():
        series, key = metrics[name], figure.source
        sources[key][figure.layer].setdefault(figure.parameter, series)
        sizes[key] += 1
        if (series.values < 0).any() or (key[0] in (_DEAD, _SATURATED) and (series.values > 1).any()):
            spoilt.add(key)
    best: dict[str, _Parameters] = {}
    for key in sorted(sources, key=lambda key: (-sizes[key], key)):
        if key not in spoilt and not (key[0] in (_DEAD, _SATURATED) and _may_count(sources[key])):
            best.setdefault(key[0], sources[key])
    return best


def _may_count(layers: _Parameters) -> bool:
    """Whether shares that are all 0 or 1 may be counts of units: one dead unit is not a dead layer."""
    values = np.concatenate([series.values for several in layers.values() for series in several.values()])
    return bool((values == 1).any() and ((values == 0) | (values == 1) | ~np.isfinite(values)).all())


def _read(name: str) -> _Figure | None:
    lowered = name.lower()
    if len(name) > _LONGEST or not any(word in lowered for word in _TELLING):
        return None
    for kind, form, pattern in _FORMS:
        fit = pattern.search(name)
        if fit is not None:
            return _figure(kind, form, name[: fit.start()], fit["layer"])
    for kind, form, pattern in _PARAMETER_FORMS:
        fit = pattern.search(name)
        if fit is not None and (figure := _figure(kind, form, name[: fit.start()], fit["layer"])) is not None:
            parameter = _PARAMETER.search(fit["layer"])
            # As one word of several it is none: grad_norm_scale, grad_norm_loss_weight.
            if parameter is not None and not parameter["glued"] and (form == 1 or parameter.start()):
                return figure
    return None


def _figure(kind: str, form: int, before: str, text: str) -> _Figure | None:
    if _BUFFERS.search(text):
        return None
    parameter = _PARAMETER.search(text)
    if parameter is None:
        words = [word for word in re.split(r"[\W_]+", text.lower()) if word]
        no_layer = not words or _NO_LAYER.intersection(words) or text.lower() in _ALONE
        return None if no_layer else _Figure((kind, form, before, ""), text, "")
    level = parameter["level"] or ""
    name = text[parameter.start() :].removesuffix(level).strip("./|_")
    # Of equal sources the first in this order is read: what was logged at steps.
    source = (kind, form, before, "epoch" if level.lower() == "_epoch" else "")
    return _Figure(source, text[: parameter.start()] or _ONE_LAYER, name)


def _whole(metrics: Mapping[str, Series]) -> Series | None:
    """The norm of the whole gradient as it was logged; of several the one that the roles of metrics take."""
    fitting = []
    for name, series in metrics.items():
        cost = dict(read_plain(name)).get("gradient_norm")
        middling = name.lower().rpartition("/")[2] in _MIDDLING
        if cost is not None and cost <= _MOST_COST and not middling and not (series.values < 0).any():
            fitting.append(((cost, -len(series), len(name), name), series))
    return min(fitting, key=lambda x: x[0])[1] if fitting else None


def _over_parameters(gradients: _Parameters) -> Series | None:
    """The norm over all parameters; None where layers are logged, which need not be all there are."""
    if not gradients or any("" in parameters for parameters in gradients.values()):
        return None
    return _root_sum_squares("gradient norm", [one for several in gradients.values() for one in several.values()])


def _joined(layers: _Parameters) -> dict[str, Series]:
    found = {}
    for layer, parameters in layers.items():
        several = list(parameters.values())
        joined = several[0] if len(several) == 1 else _root_sum_squares(layer, several)
        found[layer] = joined if joined is not None else max(several, key=len)
    return found


def _weights_alone(layers: _Parameters) -> dict[str, Series]:
    """Ratios and shares, which cannot be added: of each layer that of its weights."""
    return {layer: parameters[min(parameters, key=_after_weights)] for layer, parameters in layers.items()}


def _after_weights(parameter: str) -> tuple[bool, str]:
    # Bias, biases, beta and b stand beside weight, kernel, gamma and w.
    return parameter.lower().startswith("b"), parameter


def _ratios(updates: _Parameters, weights: _Parameters) -> dict[str, Series]:
    found = {}
    moved, weighed = _joined(updates), _joined(weights)
    for layer in moved.keys() & weighed.keys():
        steps = np.intersect1d(moved[layer].steps, weighed[layer].steps, assume_unique=True)
        if steps.size:
            update, weight = (_at(series, steps) for series in (moved[layer], weighed[layer]))
            with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
                found[layer] = Series(layer, steps, update / weight)
    return found


def _root_sum_squares(name: str, several: Sequence[Series]) -> Series | None:
    """Norm of what has these norms, at the steps that all of them have; None where there is no such step."""
    first = several[0]
    same = all(np.array_equal(first.steps, series.steps) for series in several)
    steps = first.steps if same else reduce(_common, (series.steps for series in several))
    if not steps.size:
        return None
    # A sum of squares would overflow long before the norm does.
    with np.errstate(over="ignore", invalid="ignore"):
        total = reduce(np.hypot, (_at(series, steps) for series in several))
    return Series(name, steps, total, first.seconds if same else None)


def _common(a: FloatArray, b: FloatArray) -> FloatArray:
    return np.intersect1d(a, b, assume_unique=True)


def _at(series: Series, steps: FloatArray) -> FloatArray:
    return series.values if series.steps is steps else series.values[np.searchsorted(series.steps, steps)]


def _in_order(layers: Mapping[str, Series]) -> dict[str, Series]:
    return {layer: layers[layer] for layer in sorted(layers, key=_place)}


def _place(layer: str) -> tuple[tuple[int, tuple[tuple[int, int, str], ...]], ...]:
    """Where a layer stands: at each level of its name embeddings first and heads last, numbers as numbers between."""
    return tuple((_rank(part), _natural(part)) for part in re.split(r"[./|]", layer))


def _rank(part: str) -> int:
    return -1 if part.lower() in _FIRST else 1 if part.lower() in _LAST else 0


def _natural(text: str) -> tuple[tuple[int, int, str], ...]:
    # Digits beyond those of any layer's number are a text: to read them takes time, and Python refuses at 4,300.
    parts = _NUMBERS.split(text)
    return tuple((0, int(p), p) if p.isdecimal() and len(p) < 20 else (1, 0, p) for p in parts)


def _differ_in_numbers(layers: Mapping[str, Series]) -> bool:
    """Whether at either end and between them there is one name at most, save for its numbers."""
    # Keras's first layer of a kind has no number: dense, dense_1.
    names = {re.sub(r"_?\d+", "", layer) for layer in layers}
    ranks = [next((rank for rank, _ in _place(name) if rank), 0) for name in names]
    return bool(ranks) and len(ranks) == len(set(ranks))
