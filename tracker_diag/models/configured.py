"""The description of a network, or of what is trained in its place, from parameters as they were logged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.model import Model, read_model
from tracker_diag.models.configured_boosting import read_boosting
from tracker_diag.models.configured_sklearn import read_sklearn
from tracker_diag.models.configured_transformers import read_transformers

_READERS = (read_transformers, read_boosting, read_sklearn)


def read_configured(params: Mapping[str, Any]) -> Model | None:
    """Read what the parameters of a run say of the network, where they are those of a known library.

    Known are Hugging Face's Trainer, scikit-learn, XGBoost, LightGBM and CatBoost, each by parameters that hardly
    any other library has.

    Parameters
    ----------
    params : mapping
        As they were logged, before any of them is renamed: texts, numbers, lists, mappings.

    Returns
    -------
    Model or None
        None where the parameters could be anybody's.
    """
    found = next((said for said in (reader(params) for reader in _READERS) if said), None)
    return None if found is None else read_model(found)
