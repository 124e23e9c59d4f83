"""Layers of modules as torch prints them: ``(0): Linear(in_features=4, out_features=8, bias=True)``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import dropwhile, pairwise
from typing import Any

from tracker_diag.core.model import MAX_LAYERS
from tracker_diag.models.torch_modules import WHOLE, is_loss, network

#: Levels of modules in modules, and letters of one module's settings and of one of them; no network comes near.
DEEPEST, LONGEST, LONGEST_VALUE = 100, 10_000, 200

_MODULE = re.compile(
    r"(?:\((?P<name>[^()]{0,200})\): )?(?:(?P<count>\d{1,5}) x )?(?P<type>[A-Za-z_]\w{0,200})\((?P<rest>.*)"
)
_WHOLE_NUMBER = re.compile(r"[+-]?\d{1,18}")
_WORDS = {"True": True, "False": False, "None": None}
_CONTAINERS = ("Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict")
#: Names of the settings that torch prints without one, by how the name of the layer begins.
_UNNAMED = {
    ("Conv", "LazyConv"): ("in_channels", "out_channels"),
    ("BatchNorm", "SyncBatchNorm", "InstanceNorm", "LazyBatchNorm", "LazyInstanceNorm"): ("num_features",),
    ("LayerNorm", "RMSNorm"): ("normalized_shape",),
    ("GroupNorm",): ("num_groups", "num_channels"),
    ("LocalResponseNorm",): ("size",),
    ("Embedding",): ("num_embeddings", "embedding_dim"),
    ("LSTM", "GRU", "RNN"): ("input_size", "hidden_size"),
    ("Hardshrink", "Softshrink"): ("lambd",),
    ("ZeroPad", "ReflectionPad", "ReplicationPad", "CircularPad"): ("padding",),
}


def read_printed(text: str) -> dict[str, Any] | None:
    """Read the layers of a module as ``str(module)`` shows it.

    Parameters
    ----------
    text : str
        The summary; lines before and after the module are left out.

    Returns
    -------
    dict or None
        As ``read_model`` takes it; None where no whole module is printed.
    """
    rest = dropwhile(lambda pair: not _begins(*pair), pairwise([*text.splitlines(), ""]))
    found, closed = modules([line for line, _ in rest])
    return network(found) if closed else None


def _begins(line: str, following: str) -> bool:
    """Whether a module begins here: one that lists others, or one with settings, so that prose is none."""
    found = _MODULE.fullmatch(line)
    if found is None or found["name"] is not None:
        return False
    if not found["rest"]:
        return following[:1] in (" ", "\t") and following.lstrip()[:1] == "("
    return found["rest"].endswith(")") and len(_layer(found["type"], found["rest"][:-1])) > 1


def modules(lines: Sequence[str]) -> tuple[list[dict[str, Any]], bool]:
    """Read a module that begins with the first of some lines.

    Each line is looked at once, and no layer is added beyond those that are read.

    Parameters
    ----------
    lines : sequence of str
        As torch prints it.

    Returns
    -------
    list of dict
        Its layers, losses and metrics, those of modules in it given flat; at most one more than is read of a network.
    bool
        Whether all of it was there.
    """
    layers: list[dict[str, Any]] = []
    # Of each module that is still open: how often it is there, its type, where its layers begin, and whether they
    # count.
    opened: list[tuple[int, str, int, bool]] = []
    for i, line in enumerate(map(str.strip, lines)):
        found = _MODULE.fullmatch(line)
        within = not opened or opened[-1][3]
        if found is None:
            if line == ")" and opened:
                _close(layers, *opened.pop())
        elif not found["rest"]:
            whole = found["type"] in WHOLE or is_loss(found["type"])
            opened.append((int(found["count"] or 1), found["type"], len(layers), within and not whole))
            if within and whole:
                layers.append({"type": found["type"]})
        elif within and found["type"] not in _CONTAINERS and found["rest"].endswith(")"):
            layer = _layer(found["type"], found["rest"][:-1])
            layers += [layer] * min(int(found["count"] or 1), MAX_LAYERS + 1 - len(layers))
        if not opened:
            return layers, found is not None or i > 0
        if len(opened) > DEEPEST or len(layers) > MAX_LAYERS:
            break
    return layers, False


def _close(layers: list[dict[str, Any]], count: int, kind: str, start: int, counts: bool) -> None:
    if counts and len(layers) == start and kind not in _CONTAINERS:
        # It prints several lines of settings, and no module inside.
        layers.append({"type": kind})
    part = layers[start:]
    if part:
        room = MAX_LAYERS + 1 - len(layers)
        layers += (part * min(count - 1, room // len(part) + 1))[: max(room, 0)]


def _layer(kind: str, printed: str) -> dict[str, Any]:
    if len(printed) > LONGEST:
        return {"type": kind}
    settings: dict[str, Any] = {}
    unnamed = iter(next((names for starts, names in _UNNAMED.items() if kind.startswith(starts)), ()))
    for part in _parts(printed):
        name, equals, value = part.partition("=")
        if not equals or not name.isidentifier():
            name, value = next(unnamed, ""), part
        if name and (said := _value(value)) is not None:
            settings[name] = said
    return {**settings, "type": kind}


def _parts(text: str) -> Iterator[str]:
    """Split at the commas that stand in no brackets."""
    level = start = 0
    for i, letter in enumerate(text):
        if letter in "([{":
            level += 1
        elif letter in ")]}":
            level -= 1
        elif letter == "," and level == 0:
            yield text[start:i].strip()
            start = i + 1
    if text[start:].strip():
        yield text[start:].strip()


def _value(text: str) -> Any:
    text = text[:LONGEST_VALUE]
    if text in _WORDS:
        return _WORDS[text]
    if text[:1] == "(" and text[-1:] == ")":
        return [_number_or_text(part) for part in _parts(text[1:-1])]
    return _number_or_text(text)


def _number_or_text(text: str) -> Any:
    if _WHOLE_NUMBER.fullmatch(text):
        return int(text)
    try:
        return float(text)
    except ValueError:
        return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text
