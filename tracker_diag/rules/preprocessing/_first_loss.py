"""What inputs out of scale do to curves: the signs that PP301 and PP302 share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.case import Sign
from tracker_diag.core.observed import Shape, Symptoms
from tracker_diag.core.rates import usual_rates


def first_loss_signs(
    shape: Shape, symptoms: Symptoms, params: Mapping[str, Any], learning_rate: float | None
) -> list[Sign]:
    """A loss lost at once at a usual rate, or one that begins far above what knowing nothing costs."""
    if shape.lost_at is not None and shape.lost_at < 0.1:
        usual = learning_rate is not None and learning_rate <= usual_rates(params.get("optimizer"), params)[1]
        return [Sign("the loss was lost at once" + (" at a usual rate" if usual else ""), 15.0 if usual else 2.0)]
    if symptoms.has("diverged"):
        return [Sign("the loss was lost", 2.0)]
    if shape.first_excess > 1e3:
        # Weights multiply from layer to layer, inputs count once: a factor of thousands is rather theirs.
        return [Sign(f"the first loss is {shape.first_excess:.3g} times what knowing nothing costs", 3.6)]
    if shape.first_excess > 3:
        return [Sign(f"the first loss is {shape.first_excess:.3g} times what knowing nothing costs", 12.0)]
    if shape.begins_there:
        return [Sign("the first loss is that of a model that knows nothing", 0.1)]
    return [Sign("the first loss is in its usual place", 0.15)]
