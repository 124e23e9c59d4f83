"""Boosted trees of XGBoost and LightGBM."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import lightgbm
import mlflow
import xgboost
from sklearn.datasets import make_classification, make_regression
from sklearn.model_selection import train_test_split

_SMALL = {"max_depth": 2, "nthread": 1, "seed": 0}
_SMALL_LIGHT = {"num_leaves": 4, "num_threads": 1, "seed": 0, "verbose": -1}


def prepare() -> None:
    """Switch autologging on."""
    mlflow.xgboost.autolog()
    mlflow.lightgbm.autolog()


def _data(classes: int) -> Any:
    given = (
        make_classification(120, 8, n_informative=5, n_classes=classes, random_state=0)
        if classes
        else make_regression(120, 8, random_state=0)
    )
    return train_test_split(*given, random_state=0)


def _xgboost(booster: Any) -> dict[str, Any]:
    """What is true of it, from the model and not from its parameters."""
    objective = json.loads(booster.save_config())["learner"]["objective"]["name"]
    return {"framework": "xgboost", "layers": [], "loss": objective, "notes": 0}


def _lightgbm(booster: Any) -> dict[str, Any]:
    objective = booster.dump_model()["objective"].split()[0]
    return {"framework": "lightgbm", "layers": [], "loss": objective, "notes": 0}


def _train(classes: int, **params: Any) -> dict[str, Any]:
    x, x_valid, y, y_valid = _data(classes)
    given, valid = xgboost.DMatrix(x, y), xgboost.DMatrix(x_valid, y_valid)
    evals = [(given, "train"), (valid, "valid")]
    return _xgboost(xgboost.train({**_SMALL, **params}, given, 5, evals=evals, verbose_eval=False))


def _fit(classes: int, estimator: Any, facts: Callable[[Any], dict[str, Any]], **options: Any) -> dict[str, Any]:
    x, x_valid, y, y_valid = _data(classes)
    estimator.fit(x, y, eval_set=[(x_valid, y_valid)], **options)
    return facts(estimator.get_booster() if facts is _xgboost else estimator.booster_)


def _train_light(classes: int, **params: Any) -> dict[str, Any]:
    x, x_valid, y, y_valid = _data(classes)
    given = lightgbm.Dataset(x, y)
    sets = [given, lightgbm.Dataset(x_valid, y_valid, reference=given)]
    return _lightgbm(
        lightgbm.train({**_SMALL_LIGHT, **params}, given, 5, valid_sets=sets, valid_names=["train", "valid"])
    )


RUNS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "xgboost, two classes": lambda: _train(2, objective="binary:logistic"),
    "xgboost, classes": lambda: _train(3, objective="multi:softprob", num_class=3),
    "xgboost, counts": lambda: _train(2, objective="count:poisson"),
    "xgboost, classifier": lambda: _fit(2, xgboost.XGBClassifier(n_estimators=5), _xgboost, verbose=False),
    "xgboost, regressor": lambda: _fit(0, xgboost.XGBRegressor(n_estimators=5), _xgboost, verbose=False),
    "lightgbm, two classes": lambda: _train_light(2, objective="binary"),
    "lightgbm, classes": lambda: _train_light(3, objective="multiclass", num_class=3),
    "lightgbm, numbers": lambda: _train_light(0, objective="huber"),
    "lightgbm, classifier": lambda: _fit(2, lightgbm.LGBMClassifier(n_estimators=5, verbose=-1), _lightgbm),
    "lightgbm, regressor": lambda: _fit(0, lightgbm.LGBMRegressor(n_estimators=5, verbose=-1), _lightgbm),
}
