"""The graph that ``wandb.watch`` leaves: one node a module, in the order in which they were called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tracker_diag.core.foreign_json import read_json
from tracker_diag.core.model import MAX_LAYERS, InvalidModelError, Model, read_model
from tracker_diag.models.torch_modules import is_loss, network
from tracker_diag.models.torch_printed import modules

#: What wandb tells of a tensor with a single number.
_SINGLE_NUMBER: list[list[int]] = [[]]


def read_graph(data: bytes | Any) -> Model:
    """Read the graph of a network as ``wandb.watch(model, log_graph=True)`` and W&B's older Keras callback leave it.

    A graph of torch holds the modules that were called, without functions (``torch.relu``): that no activation is
    among its layers does not mean that there is none. Modules inside one that is not a plain container are given in
    the order in which they were defined. Frozen parameters are not told from others, and are counted.

    Parameters
    ----------
    data : bytes, or what JSON made of them
        The file's content.

    Returns
    -------
    Model
        Loss modules, and modules without parameters that gave a single number, such as metrics, are left out.

    Raises
    ------
    InvalidModelError
        If it is not such a graph.
    """
    if isinstance(data, bytes):
        try:
            data = read_json(data)
        except ValueError as error:
            raise InvalidModelError("", f"not JSON: {error}") from None
    if not isinstance(data, Mapping):
        raise InvalidModelError("", f"a mapping is needed, not {type(data).__name__}")
    nodes = data.get("nodes")
    if not isinstance(nodes, list):
        raise InvalidModelError("['nodes']", "a list of mappings is needed")
    if len(nodes) > MAX_LAYERS:
        raise InvalidModelError("['nodes']", f"more than {MAX_LAYERS:,} layers")
    for i, node in enumerate(nodes):
        if not isinstance(node, Mapping):
            raise InvalidModelError(f"['nodes'][{i}]", f"a mapping is needed, not {type(node).__name__}")
        if not isinstance(node.get("class_name"), str):
            raise InvalidModelError(f"['nodes'][{i}]['class_name']", "a text is needed")
    framework = data.get("format")
    if framework == "torch":
        return _of_torch(nodes)
    if framework == "keras":
        return _of_keras(nodes)
    raise InvalidModelError("['format']", "neither torch nor keras")


def _of_torch(nodes: Sequence[Mapping[str, Any]]) -> Model:
    found: list[dict[str, Any]] = []
    unread, shape = 0, None
    for node in nodes:
        printed, whole = modules(node["class_name"].splitlines())
        if node.get("output_shape") == _SINGLE_NUMBER and not node.get("parameters"):
            printed = [module for module in printed if is_loss(module["type"])]
        if network(printed) is not None:
            shape = _shape(node.get("output_shape"))
        found += printed
        if len(found) > MAX_LAYERS:
            break
        unread += not whole
    notes = [f"model graph: {unread:,} of {len(nodes):,} modules cannot be read"] if unread else []
    if len(found) > MAX_LAYERS:
        notes.append(f"model graph: only the first {MAX_LAYERS:,} layers were read")
    known = {"framework": "torch", "output_shape": shape, "trainable_parameters": _parameters(nodes)}
    return replace(read_model(known | (network(found) or {})), notes=tuple(notes))


def _of_keras(nodes: Sequence[Mapping[str, Any]]) -> Model:
    layers = []
    for node in nodes:
        shape = _shape(node.get("output_shape"))
        # The one kind of layer whose output says how wide it is, whatever it is fed.
        width = {"units": shape[-1]} if node["class_name"] == "Dense" and shape and shape[-1] else {}
        if node["class_name"] not in ("Sequential", "Functional", "Model", "InputLayer"):
            layers.append({"type": node["class_name"], **width})
    return read_model(
        {
            "framework": "keras",
            "layers": layers,
            "output_shape": _shape(nodes[-1].get("output_shape")) if nodes else None,
            "trainable_parameters": _parameters(nodes),
        }
    )


def _shape(value: Any) -> list[int | None] | None:
    """Read the shape of a single tensor, without the number of examples in it; None for any other."""
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    if not isinstance(value, list) or not value or not all(size is None or _is_size(size) for size in value):
        return None
    return [None, *value[1:]]


def _parameters(nodes: Sequence[Mapping[str, Any]]) -> int | None:
    """Count the parameters; None where a node does not tell its own."""
    total = 0
    for node in nodes:
        told = node.get("num_parameters")
        sizes = told if isinstance(told, list) else [told]
        if not all(_is_size(size) for size in sizes):
            return None
        total += sum(sizes)
    return total if nodes else None


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10**15
