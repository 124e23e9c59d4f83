"""Layers from the table that ``model.summary()`` of Keras prints."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tracker_diag.core.plain import CUT
from tracker_diag.models.keras_table import table_of_keras_2, table_of_keras_3

#: Layers and models of Keras 2 and 3: names that were cut are completed from it.
_LAYERS = """
    Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D
    AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add AdditiveAttention AlphaDropout Attention Average
    AveragePooling1D AveragePooling2D AveragePooling3D BatchNormalization Bidirectional CategoryEncoding CenterCrop
    Concatenate Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D
    Cropping1D Cropping2D Cropping3D Dense DepthwiseConv1D DepthwiseConv2D Discretization Dot Dropout ELU EinsumDense
    Embedding Flatten Functional GRU GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D
    GlobalAveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization
    GroupedQueryAttention HashedCrossing Hashing Identity InputLayer IntegerLookup LSTM Lambda LayerNormalization
    LeakyReLU LocallyConnected1D LocallyConnected2D Masking MaxPooling1D MaxPooling2D MaxPooling3D Maximum Minimum
    MultiHeadAttention Multiply Normalization PReLU Permute RMSNormalization RNN RandomBrightness RandomContrast
    RandomCrop RandomFlip RandomHeight RandomRotation RandomTranslation RandomWidth RandomZoom ReLU RepeatVector
    Rescaling Reshape Resizing SeparableConv1D SeparableConv2D Sequential SimpleRNN SlicingOpLambda Softmax
    SpatialDropout1D SpatialDropout2D SpatialDropout3D SpectralNormalization StackedRNNCells StringLookup Subtract
    TFOpLambda TextVectorization ThresholdedReLU TimeDistributed UnitNormalization UpSampling1D UpSampling2D
    UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
"""
_UNITS = ("Dense", "LSTM", "GRU", "SimpleRNN")
_CONVOLUTION = re.compile(r"(?:Separable)?Conv(?:LSTM)?[123]D(?:Transpose)?")
_NAME_AND_TYPE = re.compile(r"([^()]{0,300})\(([^()]{0,300})(\)?)")
_NUMBER = re.compile(r"_\d{1,9}$")
_SHAPE = re.compile(r"\(([^()]{0,300})\)")
_SIZES = re.compile(r"\d{1,18}|None")
_COUNT = re.compile(r"\d[\d,]{0,24}")
_FED_BY = re.compile(rf"([A-Za-z_][^\s,'\[\]{CUT}]{{0,300}})(\[?)")


@dataclass(frozen=True, slots=True)
class _Row:
    """One layer as the table shows it; ``depth`` counts the models around it."""

    name: str
    type: str
    shapes: Sequence[Sequence[int | None]]
    parameters: int
    fed_by: str | None
    frozen: bool
    depth: int


def read_keras_summary(text: str) -> dict[str, Any] | None:
    """Read the layers of a table of Keras 2 or 3.

    Parameters
    ----------
    text : str
        The summary.

    Returns
    -------
    dict or None
        As ``read_model`` takes it; None where there is no such table. Nested models are given flat where the table
        shows what is in them.
    """
    cells = table_of_keras_3(text) or table_of_keras_2(text)
    # Tables of another tool have the same header; none of them has the type in brackets.
    if not any("(" in row.get("Layer (type)", "") for row in cells):
        return None
    rows = [_row(row) for row in cells]
    outermost = [row for row in rows if row.depth == 0]
    shapes = [shape for row in _giving(outermost) for shape in row.shapes or [()]]
    return {
        "framework": "keras",
        "layers": [_layer(row) for row in _flat(rows) if row.type != "InputLayer"],
        "output_shape": [None, *shapes[0][1:]] if len(shapes) == 1 and shapes[0] else None,
        "outputs": len(shapes),
    }


def _row(cells: Mapping[str, str]) -> _Row:
    said = cells["Layer (type)"]
    indented = said.lstrip(" └|")
    name, kind = _name_and_type(indented)
    count = _COUNT.search(cells.get("Param #", ""))
    return _Row(
        name=name,
        type=kind,
        shapes=[_sizes(shape) for shape in _SHAPE.findall(cells.get("Output Shape", ""))],
        parameters=int(count[0].replace(",", "")) if count else 0,
        fed_by=cells.get("Connected to"),
        frozen=cells.get("Trainable", "").strip() == "N",
        depth=len(said) - len(indented) if said.lstrip()[:1] in ("└", "|") else 0,
    )


def _name_and_type(said: str) -> tuple[str, str]:
    found = _NAME_AND_TYPE.match(said)
    if found is None:
        return said.strip(), CUT
    name, kind = found[1].strip(), found[2].strip()
    if found[3] and not kind.endswith(CUT):
        return name, kind
    return name, _completed(kind.rstrip(CUT), name) or kind.rstrip(CUT) + CUT


def _completed(start: str, name: str) -> str | None:
    """Find the only layer whose name begins so; where there are several, the one that the layer is named after."""
    known = [layer for layer in _LAYERS.split() if layer.startswith(start)]
    if len(known) > 1:
        own = _NUMBER.sub("", name).rstrip(CUT).replace("_", "").lower()
        begins = [layer for layer in known if own and layer.lower().startswith(own)]
        known = begins if name.endswith(CUT) else [layer for layer in begins if layer.lower() == own]
    return known[0] if len(known) == 1 else None


def _sizes(shape: str) -> list[int | None]:
    return [None if size == "None" else int(size) for size in _SIZES.findall(shape)]


def _flat(rows: Sequence[_Row]) -> Iterator[_Row]:
    """All layers but the models whose own layers follow."""
    for row, following in pairwise([*rows, None]):
        if row is not None and (following is None or following.depth <= row.depth):
            yield row


def _giving(rows: Sequence[_Row]) -> Sequence[_Row]:
    """The layers that give the output: those that feed no other one, where the table says which does."""
    if any(row.fed_by is None for row in rows):
        return rows[-1:]
    told = [found for row in rows for found in _FED_BY.findall(row.fed_by or "")]
    whole, cut = ({name for name, closed in told if bool(closed) is is_whole} for is_whole in (True, False))
    known = sorted(whole | cut)
    return [row for row in rows if not _feeds(row.name, whole, cut, known)] or rows[-1:]


#: Characters of a layer's name that are looked at: tables cut them at a column.
_LONGEST_NAME = 200


def _feeds(name: str, whole: set[str], cut: set[str], known: Sequence[str]) -> bool:
    """Whether a layer feeds another one, as far as their names are shown."""
    start = name.rstrip(CUT)[:_LONGEST_NAME]
    if name in whole or any(start[:length] in cut for length in range(1, len(start) + 1)):
        return True
    following = bisect_left(known, start)
    return start != name and following < len(known) and known[following].startswith(start)


def _layer(row: _Row) -> dict[str, Any]:
    found: dict[str, Any] = {"type": row.type}
    last = row.shapes[0][-1] if row.shapes and row.shapes[0] else None
    if row.type in _UNITS and last:
        found["units"] = last
    elif row.type == "Embedding" and last:
        found["output_dim"] = last
    elif _CONVOLUTION.fullmatch(row.type) and (filters := _filters(row)):
        found["filters"] = filters
    return found | ({"trainable": False} if row.frozen else {})


def _filters(row: _Row) -> int | None:
    """Find the size that counts filters: the last one, but the first where only that divides the parameters."""
    shape = row.shapes[0] if row.shapes else ()
    sizes = [size for size in (*shape[-1:], *shape[1:2]) if size]
    dividing = [size for size in sizes if row.type.startswith("Conv") and row.parameters % size == 0]
    return next(iter(dividing or sizes), None)
