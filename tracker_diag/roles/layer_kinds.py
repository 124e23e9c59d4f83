"""Kinds of layers, by the beginnings of what the frameworks call them, in small letters."""

from __future__ import annotations

#: Of layers that multiply their input by learned weights; each is one layer of depth.
WEIGHTS = ("dense", "linear", "conv", "lazylinear", "lazyconv", "separableconv", "depthwiseconv", "bilinear",
           "lstm", "gru", "rnn", "simplernn", "einsumdense")  # fmt: skip
#: Ends of the types of a block that is a layer of its own, as transformers count them.
BLOCKS = ("layer", "block", "attention")
DENSE = ("dense", "linear", "lazylinear")
RECURRENT = ("lstm", "gru", "rnn", "simplernn")
CONVOLUTIONS = ("conv", "lazyconv", "separableconv", "depthwiseconv")
#: Of layers that are not counted, whatever their names end in.
OUTSIDE = ("input", "embedding")
#: Types that add or put together what comes by two ways.
SHORTCUTS = ("add", "concatenate", "average")
#: Of normalisations, by what the vocabulary calls them.
NORMALISATIONS = {"batchnorm": "batch", "layernorm": "layer", "groupnorm": "group", "instancenorm": "instance",
                  "rmsnorm": "rms"}  # fmt: skip
#: Of layers that stand in a row, each on the one before, and leave what is linear linear.
IN_A_ROW = ("dense", "linear", "conv", "flatten", "reshape", "permute", "dropout", "spatialdropout", "alphadropout",
            "batchnorm", "embedding", "input", "identity", "rescaling", "activityregularization")  # fmt: skip
#: Of others that stand in a row.
ALSO_IN_A_ROW = ("maxpool", "averagepool", "avgpool", "globalmax", "globalaverage", "adaptive", "zeropadding",
                 "upsampling", "cropping", "layernorm", "groupnorm", "gaussian", "random", *RECURRENT, "separableconv",
                 "depthwiseconv", "repeatvector", "masking", "timedistributed", "einsumdense")  # fmt: skip
#: Of layers behind which the number of units is no more what it was.
OTHER_SHAPE = ("flatten", "reshape", "permute", "squeeze")
#: Of layers behind which an output is still the output.
PASSES = ("dropout", "activityregularization", "identity", *OTHER_SHAPE, *NORMALISATIONS)


def has_weights(kind: str) -> bool:
    """Tell whether a layer of this type has weights that its input is multiplied by."""
    return (kind.startswith(WEIGHTS) and not kind.endswith("dropout")) or is_block(kind)


def is_block(kind: str) -> bool:
    """Tell whether it is a block, which ends in something that its type does not say."""
    return kind.endswith(BLOCKS) and not kind.startswith((*OUTSIDE, *NORMALISATIONS))


def learns(kind: str) -> bool:
    """Tell whether it has anything that training sets."""
    return has_weights(kind) or kind.startswith(("embedding", "prelu", *NORMALISATIONS))
