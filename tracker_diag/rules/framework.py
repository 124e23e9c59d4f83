"""Which framework a run was trained with, so that advice can name its functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.model import Model
from tracker_diag.roles.keras_fit import fitted_by_keras

KERAS, TORCH, SKLEARN = "keras", "torch", "sklearn"
#: Parameters that only the neural networks of scikit-learn have by these names.
_OF_SKLEARN = frozenset({"hidden_layer_sizes", "learning_rate_init"})


def framework(network: Model | None, flat_params: Mapping[str, Any]) -> str:
    """Name the framework by the described network, or else by the names of parameters; "" if nothing tells.

    Parameters
    ----------
    network : Model or None
        The described network.
    flat_params : mapping of str to Any
        The parameters by their own names.
    """
    if network is not None and network.framework:
        return network.framework
    if fitted_by_keras(flat_params):
        return KERAS
    own = {name.rpartition("/")[2].rpartition(".")[2].rpartition("__")[2] for name in flat_params}
    return SKLEARN if own & _OF_SKLEARN else ""
