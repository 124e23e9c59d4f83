"""Whether the values of training are those of single batches."""

from __future__ import annotations

from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.registry import rule_input

#: How many times as often as validation training is logged where its values are of single batches.
OFTENER = 3
#: Noise of a validation curve, in units of the effects, below which it is calm: half of what is called a swing.
CALM = 0.06


@rule_input(missing="no validation curve found", evidence="C")
def of_single_batches(train: Curve, val: Curve, effect_unit: float) -> bool:
    """Whether training swings from batch to batch, and not the network: validation, logged less often, is calm."""
    if train.finite[1].size < OFTENER * val.finite[1].size:
        return False
    return (val.oscillation.amplitude if val.oscillation is not None else val.noise.sigma) < CALM * effect_unit
