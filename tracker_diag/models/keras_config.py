"""The description of a network from the ``config.json`` of a ``.keras`` file, as Keras 2 and 3 write it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from tracker_diag.core.foreign_json import read_json
from tracker_diag.core.model import MAX_LAYERS, MAX_SETTINGS, InvalidModelError, Model, read_model

#: Models in models, and objects in the settings of objects, that are followed.
_DEEPEST, _DEEPEST_SETTING = 50, 4
#: Letters of a setting and entries of a list; what is longer is a vocabulary or code, not a setting.
_LONGEST = 200, 16
#: Settings that do not change training, or are said in another place.
_LEFT_OUT = {"name", "dtype", "trainable", "seed", "batch_input_shape", "batch_shape"}
_MODELS = {"Sequential", "Functional", "Model"}
#: Layers of Keras that give a tensor of the shape that they are given.
_KEEP_THE_SHAPE = {
    "Activation",
    "BatchNormalization",
    "Dropout",
    "ELU",
    "LayerNormalization",
    "LeakyReLU",
    "PReLU",
    "ReLU",
    "Softmax",
}


def read_keras(config: bytes) -> Model:
    """Read what Keras writes of a network into its file.

    Parameters
    ----------
    config : bytes
        The text of ``config.json``.

    Returns
    -------
    Model
        Its layers in the order of the file, but the one that gives the output last; nested models are given flat. The
        loss is as ``compile`` was told it. The first size of the
        output shape, that of the batch, is always None.

    Raises
    ------
    InvalidModelError
        Names the part that cannot be read.
    """
    try:
        data = read_json(config)
    except ValueError as error:
        raise InvalidModelError("", f"config.json cannot be read as JSON ({error})") from None
    kind, model = _kind_and_config(data, "")
    compiled = data.get("compile_config")
    compiled = compiled if isinstance(compiled, Mapping) else {}
    losses = _losses(compiled.get("loss"))
    outputs = len(_output_names(model)) or len(losses) or 1
    loss = losses[0] if outputs == len(losses) == 1 else None
    told = _inner(kind, model) is not None
    layers = list(islice(_flat(data, _Around()), MAX_LAYERS + 1)) if told else []
    found = read_model(
        {
            "framework": "keras",
            "layers": layers,
            "loss": _named(loss),
            "loss_settings": _settings_of(loss) | ({"custom": True} if _is_own(loss) else {}),
            "optimizer": _optimizer(compiled.get("optimizer")),
            "output_shape": _shape(data) if outputs == 1 else None,
            "outputs": outputs,
        }
    )
    if not told:
        return replace(found, notes=(f"config.json: {kind} is a subclassed model; Keras does not store its layers",))
    if len(found.layers) < len(layers):
        # Some of them would be worse than none: which is the last decides a lot.
        return replace(found, layers=(), notes=("config.json: too many layers to read",))
    return found


@dataclass(frozen=True, slots=True)
class _Around:
    """What holds for a layer because of where it lies."""

    place: str = ""
    level: int = 0
    frozen: bool = False
    wrapper: Mapping[str, Any] = field(default_factory=dict)


def _flat(entry: Any, around: _Around) -> Iterator[Mapping[str, Any]]:
    kind, config = _kind_and_config(entry, around.place)
    if around.level > _DEEPEST:
        raise InvalidModelError("['layers']", f"nested more than {_DEEPEST} levels deep")
    if kind == "InputLayer":
        return
    frozen = around.frozen or config.get("trainable") is False
    within = replace(around, level=around.level + 1, frozen=frozen)
    if (layers := _inner(kind, config)) is not None:
        for i, layer in enumerate(_in_order(layers, config)):
            yield from _flat(layer, replace(within, place=f"{around.place}['layers'][{i}]"))
    elif (wrapped := _wrapped(config)) is not None:
        key, layer = wrapped
        # Bidirectional holds the layer once more, turned round.
        plain = {name: value for name, value in config.items() if not _is_object(value)}
        wrapper: dict[str, Any] = {"wrapper": kind} | _beside("wrapper", _settings(plain))
        yield from _flat(layer, replace(within, place=f"{around.place}[{key!r}]", wrapper=wrapper))
    else:
        # What is said first is never cut off, and no setting of the same name takes its place.
        first: dict[str, Any] = {"type": kind, **around.wrapper, **({"trainable": False} if frozen else {})}
        yield first | _settings(config) | first


def _kind_and_config(entry: Any, place: str) -> tuple[str, Mapping[str, Any]]:
    if not _is_object(entry):
        raise InvalidModelError(place, "a mapping with a class_name and a config is needed")
    return entry["class_name"], entry["config"]


def _is_object(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and isinstance(kind := value.get("class_name"), str)
        and len(kind) <= _LONGEST[0]
        and isinstance(value.get("config"), Mapping)
    )


def _inner(kind: str, config: Mapping[str, Any]) -> Sequence[Any] | None:
    """The layers of a model, the cells of a stack; None where it is one layer, or does not tell them."""
    for key in ("layers", "cells"):
        found = config.get(key)
        if isinstance(found, list) and (kind in _MODELS or (found and all(map(_is_object, found)))):
            return found
    return None


def _wrapped(config: Mapping[str, Any]) -> tuple[str, Any] | None:
    return next(((key, config[key]) for key in ("layer", "cell") if _is_object(config.get(key))), None)


def _in_order(layers: Sequence[Any], config: Mapping[str, Any]) -> Sequence[Any]:
    names = set(_output_names(config))
    if len(names) != 1:
        return layers
    gives = [isinstance(layer, Mapping) and layer.get("name") in names for layer in layers]
    return [layer for last in (False, True) for layer, given in zip(layers, gives, strict=True) if given is last]


def _output_names(config: Mapping[str, Any]) -> list[str]:
    """The layer of each output tensor; none where the model does not say which they are."""
    found, left = [], [config.get("output_layers")]
    while left:
        value = left.pop()
        if isinstance(value, list) and value and isinstance(value[0], str):
            found.append(value[0])
        elif isinstance(value, list | Mapping):
            left += value.values() if isinstance(value, Mapping) else value
    return found


def _losses(value: Any) -> list[Any]:
    """The loss of each output, as far as ``compile`` was told them apart."""
    if isinstance(value, list):
        return value
    if isinstance(value, Mapping) and "class_name" not in value:
        return list(value.values())
    return [] if value is None else [value]


def _is_own(value: Any) -> bool:
    """Whether it is a function of the user's: those of Keras are written as their name alone."""
    return isinstance(value, Mapping) and value.get("class_name") in ("function", "__lambda__")


def _optimizer(value: Any) -> str | None:
    """The optimiser itself, where another one scales its loss."""
    inner = value["config"].get("inner_optimizer") if _is_object(value) else None
    return _named(inner) or _named(value)


def _named(value: Any) -> str | None:
    """What an object or a function goes by; None for what is neither."""
    if isinstance(value, str):
        return value if len(value) <= _LONGEST[0] else None
    if not isinstance(value, Mapping):
        return None
    kind, config = value.get("class_name"), value.get("config")
    if kind == "__lambda__" or (set(value) == {"value"} and isinstance(value["value"], list)):
        return "lambda"
    if kind == "function":
        return _named(config.rpartition(">")[2]) if isinstance(config, str) else None
    return kind if _is_object(value) else None


def _settings_of(value: Any, levels: int = _DEEPEST_SETTING) -> dict[str, Any]:
    return _settings(value["config"], levels) if _is_object(value) and value["class_name"] != "__lambda__" else {}


def _settings(config: Mapping[str, Any], levels: int = _DEEPEST_SETTING) -> dict[str, Any]:
    """Plain settings as they are; an object by its name, and beside it what it is configured with."""
    found: dict[str, Any] = {}
    if levels == 0:
        return found
    for key, value in islice(config.items(), MAX_SETTINGS):
        if key in _LEFT_OUT:
            continue
        if _is_plain(value) or (isinstance(value, list) and len(value) <= _LONGEST[1] and all(map(_is_plain, value))):
            found[key] = value
        elif isinstance(value, Mapping) and (name := _named(value)) is not None:
            found |= {key: name} | _beside(key, _settings_of(value, levels - 1))
    return found


def _beside(key: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{key}_config": settings} if settings else {}


def _is_plain(value: Any) -> bool:
    return isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= _LONGEST[0])


def _shape(model: Mapping[str, Any]) -> list[Any] | None:
    """The shape of what a model gives, where the layers at its end leave no doubt of it."""
    units = None
    within: Mapping[str, Any] | None = model
    while within is not None:
        config = within["config"]
        layers = _inner(within["class_name"], config)
        if layers is None or len(_output_names(config)) > 1:
            return None
        within = None
        for entry in reversed(_in_order(layers, config)):
            if not _is_object(entry):
                return None
            if _inner(entry["class_name"], entry["config"]) is not None:
                within = entry
                break
            if not _keeps_the_shape(entry):
                return None
            units = units or (entry["config"].get("units") if entry["class_name"] == "Dense" else None)
            if (given := _shape_given_to(entry)) is not None:
                return _with_units(given, units)
            if "output_layers" in config:
                # Not a sequence: the layer that is listed before need not be the one that leads to it.
                return None
    return None


def _keeps_the_shape(entry: Mapping[str, Any]) -> bool:
    """Whether a layer gives the shape that it is given, but for the last size of a Dense layer."""
    own = entry.get("registered_name") is None and str(entry.get("module", "keras")).startswith("keras")
    return own and entry["class_name"] in _KEEP_THE_SHAPE | {"Dense", "InputLayer"}


def _shape_given_to(entry: Mapping[str, Any]) -> list[Any] | None:
    config, nodes = entry["config"], entry.get("inbound_nodes") or []
    built = entry.get("build_config")
    if entry["class_name"] == "InputLayer":
        shape = config.get("batch_shape") or config.get("batch_input_shape")
    elif isinstance(nodes, list) and len(nodes) > 1:
        # Applied more than once, maybe to different shapes.
        return None
    elif isinstance(built, Mapping):
        shape = built.get("input_shape")
    else:
        shape = _shape_of_tensor(nodes)
    known = isinstance(shape, list) and shape and all(size is None or type(size) is int for size in shape)
    return shape if known else None


def _shape_of_tensor(nodes: Any) -> Any:
    """The shape of the one tensor that a layer of Keras 3 is called with."""
    try:
        return nodes[0]["args"][0]["config"]["shape"]
    except (LookupError, TypeError):
        return None


def _with_units(shape: list[Any], units: Any) -> list[Any] | None:
    sizes = shape[1:]
    if units is not None:
        if not sizes or type(units) is not int:
            return None
        sizes[-1] = units
    return [None, *sizes]
