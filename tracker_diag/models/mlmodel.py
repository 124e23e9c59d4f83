"""The description of a network from the ``MLmodel`` file that MLflow writes beside each logged model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import yaml

from tracker_diag.core.foreign_json import read_json
from tracker_diag.core.model import InvalidModelError, Model, read_model

#: Bytes of a file; the signature of a table of ten thousand columns takes less.
LARGEST = 2**20
#: Levels, and parts as a parser counts them; an ordinary file has five, and a hundred.
_DEEPEST, _MOST_PARTS = 20, 20_000
#: Flavours that are called otherwise than their framework is elsewhere.
_FRAMEWORKS = {"pytorch": "torch"}
#: The flavour that every model has which Python can load, whatever made it.
_ANY = "python_function"
#: Every scalar is a text: nothing is constructed from what somebody else wrote.
_Loader: type[Any] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def read_mlmodel(text: bytes) -> Model:
    """Read an ``MLmodel`` file.

    Parameters
    ----------
    text : bytes
        All of the file.

    Returns
    -------
    Model
        Its framework, and the shape of its output where the signature names one tensor; a signature that cannot be read
        is left out, with a note.

    Raises
    ------
    InvalidModelError
        Names the part that cannot be read.
    """
    data = _yaml(text)
    flavors = data.get("flavors")
    if not isinstance(flavors, Mapping):
        raise InvalidModelError("['flavors']", "a mapping is needed")
    signature = data.get("signature")
    outputs, notes = _outputs(signature) if isinstance(signature, Mapping) else ([], ())
    shapes = [output["tensor-spec"].get("shape") for output in outputs if _is_tensor(output)]
    model = read_model(
        {
            "framework": next((_FRAMEWORKS.get(x, x) for x in flavors if x != _ANY), _ANY if flavors else None),
            "output_shape": _sizes(shapes[0]) if len(shapes) == 1 else None,
            "outputs": len(shapes) or 1,
        }
    )
    return replace(model, notes=notes)


def _yaml(text: bytes) -> Mapping[str, Any]:
    if len(text) > LARGEST:
        raise InvalidModelError("", f"larger than {LARGEST // 2**20} MiB")
    try:
        _check(text)
        data = yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, UnicodeError) as error:
        raise InvalidModelError("", f"it is not YAML ({getattr(error, 'problem', None) or 'no text'})") from None
    if not isinstance(data, Mapping):
        raise InvalidModelError("", "not a mapping")
    return data


def _check(text: bytes) -> None:
    """Refuse what could grow, or recurse, when it is built: event by event, before anything is."""
    level = 0
    for count, event in enumerate(yaml.parse(text, Loader=_Loader)):
        if isinstance(event, yaml.AliasEvent):
            raise InvalidModelError("", "holds an alias")
        level += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if level > _DEEPEST:
            raise InvalidModelError("", f"nested more than {_DEEPEST} levels deep")
        if count > _MOST_PARTS:
            raise InvalidModelError("", "holds too many values")


def _outputs(signature: Mapping[str, Any]) -> tuple[list[Any], tuple[str, ...]]:
    """What the signature says of each output, and what could not be read of it."""
    said = signature.get("outputs")
    if said in (None, "null", ""):
        return [], ()
    try:
        outputs = read_json(said) if isinstance(said, str) else None
    except ValueError:
        outputs = None
    return (outputs, ()) if isinstance(outputs, list) else ([], ("MLmodel: its signature is not JSON",))


def _is_tensor(output: Any) -> bool:
    """Whether it is a tensor; a column of a table is not, and has no shape."""
    return isinstance(output, Mapping) and isinstance(output.get("tensor-spec"), Mapping)


def _sizes(shape: Any) -> Any:
    return [None if size == -1 else size for size in shape] if isinstance(shape, list) else shape
