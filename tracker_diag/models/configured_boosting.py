"""What XGBoost, LightGBM and CatBoost train, from their parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tracker_diag.models.logged_values import first, text

_OBJECTIVE = re.compile(r"[A-Za-z][\w:.=;-]{0,100}")
_OBJECTIVE_OF_XGBOOST = re.compile(r"(?:reg|binary|multi|rank|count|survival):[a-z_]{1,40}")
#: What only ``xgboost.train`` logs, all of them together.
_OF_XGBOOST = ("num_boost_round", "maximize", "verbose_eval", "custom_metric")
_OF_LIGHTGBM = ("boosting_type", "keep_training_booster")
#: Losses that only CatBoost spells so, and parameters that only it has.
_LOSSES_OF_CATBOOST = ("Logloss", "MultiClass", "MultiClassOneVsAll")
_OF_CATBOOST = (
    "auto_class_weights",
    "bagging_temperature",
    "bootstrap_type",
    "border_count",
    "cat_features",
    "l2_leaf_reg",
    "leaf_estimation_method",
    "od_type",
)


def read_boosting(params: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read the parameters of boosted trees.

    Parameters
    ----------
    params : mapping
        As they were logged.

    Returns
    -------
    dict or None
        As ``read_model`` takes it, the loss as it was logged; None where they are of something else.
    """
    objective, loss = _named(params, "objective"), _named(params, "loss_function")
    if (objective and _OBJECTIVE_OF_XGBOOST.fullmatch(objective)) or all(name in params for name in _OF_XGBOOST):
        return {"framework": "xgboost", "loss": objective}
    if any(name in params for name in _OF_LIGHTGBM) or (objective and "num_leaves" in params):
        return {"framework": "lightgbm", "loss": objective}
    own = loss in _LOSSES_OF_CATBOOST or any(name in params for name in _OF_CATBOOST)
    return {"framework": "catboost", "loss": loss} if loss and own and "iterations" in params else None


def _named(params: Mapping[str, Any], name: str) -> str | None:
    """Read a loss that goes by a name; a function of one's own is none."""
    said = text(first(params, [name]))
    return said if said and _OBJECTIVE.fullmatch(said) else None
