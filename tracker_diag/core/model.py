"""The description of a network: its layers, its loss, its output, as a framework or a logged model tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, takewhile
from operator import index
from typing import Any, SupportsIndex

from tracker_diag.core.plain import CUT, plain

#: Layers that are read of one model, and settings of one layer; no network has more that anybody described.
MAX_LAYERS, MAX_SETTINGS = 10_000, 100
#: More parameters than any network has.
MAX_COUNT = 10**18


class InvalidModelError(ValueError):
    """A description that cannot be read.

    Attributes
    ----------
    place : str
        Which part of it, as an access path: ``['layers'][3]``; empty for all of it.
    problem : str
    """

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"model{place}: {problem}")
        self.place, self.problem = place, problem


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer.

    Attributes
    ----------
    type : str
        As the framework calls it: ``Dense``, ``Linear``, ``BatchNorm2d`` and so on.
    settings : mapping of str to JSON value
        As the framework calls them: ``units``, ``filters``, ``activation``, ``rate``, ``kernel_initializer`` and so on.
    """

    type: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Model:
    """What is known of a network; all of it optional.

    Attributes
    ----------
    framework : str or None
        Its name: ``keras``, ``torch`` and so on.
    layers : tuple of Layer
        In the order of the source: of Keras with the output layer last, of PyTorch as they were made.
    loss, optimizer : str or None
        As the framework calls them.
    output_shape : tuple of int or None
        Of one batch; None stands for a size that is not fixed.
    trainable_parameters : int or None
        How many numbers training sets.
    loss_settings : mapping of str to JSON value
        As the framework calls them: ``from_logits``, ``label_smoothing`` and so on.
    outputs : int
        Tensors that it gives; of several, ``loss`` and ``output_shape`` speak of none.
    notes : tuple of str
        What could not be read of it, in words.
    """

    framework: str | None = None
    layers: tuple[Layer, ...] = ()
    loss: str | None = None
    optimizer: str | None = None
    output_shape: tuple[int | None, ...] | None = None
    trainable_parameters: int | None = None
    loss_settings: Mapping[str, Any] = field(default_factory=dict)
    outputs: int = 1
    notes: tuple[str, ...] = ()


def read_model(data: Any) -> Model:
    """Read the description of a network from plain data, as JSON holds it.

    Parameters
    ----------
    data : mapping
        All optional: ``framework``, ``loss`` and ``optimizer`` (texts), ``layers`` (a list of mappings with a ``type``
        and any settings), ``output_shape`` (a list of sizes or nulls), ``trainable_parameters`` (a count),
        ``loss_settings`` (a mapping), ``outputs`` (a count). Other keys are left out.

    Returns
    -------
    Model
        In bounded time: at most 10,000 layers, 100 settings of each, and 100,000 values in all.

    Raises
    ------
    InvalidModelError
        Names the part that cannot be read.
    """
    if not isinstance(data, Mapping):
        raise InvalidModelError("", f"a mapping is needed, not {type(data).__name__}")
    layers = data.get("layers")
    if layers is not None and not isinstance(layers, list | tuple):
        raise InvalidModelError("['layers']", "a list of mappings is needed")
    return Model(
        framework=_text(data, "framework"),
        layers=_layers(layers or ()),
        loss=_text(data, "loss"),
        optimizer=_text(data, "optimizer"),
        output_shape=_shape(data.get("output_shape")),
        trainable_parameters=_count("['trainable_parameters']", data.get("trainable_parameters")),
        loss_settings=_settings(data.get("loss_settings")),
        outputs=_count("['outputs']", data.get("outputs")) or 1,
    )


def described_in(data: Mapping[str, Any] | None, source: str) -> Model | None:
    """Read a description that training code left in a file.

    Parameters
    ----------
    data : mapping or None
        As ``read_model`` takes it; None where there is no file.
    source : str
        The file's name, for a note.

    Returns
    -------
    Model or None
        One that only says in a note what is wrong, where it cannot be read.
    """
    if data is None:
        return None
    try:
        return read_model(data)
    except InvalidModelError as error:
        return Model(notes=(f"{source} was ignored: {error}",))


def _layers(data: Sequence[Any]) -> tuple[Layer, ...]:
    # One pass over all layers, since the bound on values is one for all of them.
    known = plain([_bounded(layer) for layer in islice(data, MAX_LAYERS)])
    return tuple(_layer(i, layer) for i, layer in enumerate(takewhile(lambda layer: layer != CUT, known)))


def _settings(value: Any) -> Mapping[str, Any]:
    if value is not None and not isinstance(value, Mapping):
        raise InvalidModelError("['loss_settings']", f"a mapping is needed, not {type(value).__name__}")
    known: Mapping[str, Any] = plain(_bounded(value or {}))
    return known


def _bounded(layer: Any) -> Any:
    if not isinstance(layer, Mapping):
        return layer
    return {key: value for key, value in islice(layer.items(), MAX_SETTINGS + 1) if isinstance(key, str)}


def _layer(i: int, data: Any) -> Layer:
    if not isinstance(data, Mapping):
        raise InvalidModelError(f"['layers'][{i}]", f"a mapping is needed, not {type(data).__name__}")
    kind = data.get("type")
    if not isinstance(kind, str):
        raise InvalidModelError(f"['layers'][{i}]['type']", "a text is needed")
    return Layer(kind, {key: value for key, value in data.items() if key != "type"})


def _text(data: Mapping[str, Any], key: str) -> str | None:
    value = data.get(key)
    if value is not None and not isinstance(value, str):
        raise InvalidModelError(f"[{key!r}]", f"a text is needed, not {type(value).__name__}")
    return value


def _shape(value: Any) -> tuple[int | None, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        raise InvalidModelError("['output_shape']", "a list of sizes is needed")
    return tuple(_count(f"['output_shape'][{i}]", size) for i, size in enumerate(islice(value, MAX_SETTINGS)))


def _count(place: str, value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, SupportsIndex) or not 0 <= index(value) <= MAX_COUNT:
        raise InvalidModelError(place, "a whole number is needed")
    return index(value)


def plain_model(model: Model) -> dict[str, Any]:
    """Give the description of a network as ``read_model`` takes it; what is not known is left out."""
    data = {
        "framework": model.framework,
        "layers": [{**layer.settings, "type": layer.type} for layer in model.layers],
        "loss": model.loss,
        "optimizer": model.optimizer,
        "output_shape": None if model.output_shape is None else list(model.output_shape),
        "trainable_parameters": model.trainable_parameters,
        "loss_settings": dict(model.loss_settings),
        "outputs": model.outputs,
    }
    return {key: value for key, value in data.items() if value not in (None, [], {})}
