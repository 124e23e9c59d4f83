"""Boosted trees with their usual ``evals``: some with a validation set, some with the training set in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import lightgbm
import mlflow
import xgboost
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.model_selection import train_test_split

_DATA = {"cancer": load_breast_cancer, "diabetes": load_diabetes, "digits": load_digits}
_XGBOOST: Mapping[str, Mapping[str, Any]] = {
    "cancer": {"objective": "binary:logistic", "eval_metric": ["logloss", "auc"]},
    "diabetes": {"objective": "reg:squarederror"},
    "digits": {"objective": "multi:softprob", "num_class": 10, "eval_metric": "mlogloss"},
}
_LIGHTGBM: Mapping[str, Mapping[str, Any]] = {
    "cancer": {"objective": "binary"},
    "diabetes": {"objective": "regression"},
    "digits": {"objective": "multiclass", "num_class": 10},
}
Evals = Sequence[tuple[str, str]]
"""Pairs of what is given (train: the training set; copy: the same rows in another object; valid) and its name."""


def prepare() -> None:
    """Switch autologging on, without models: what is asked here is what is said of the data."""
    mlflow.xgboost.autolog(log_models=False)
    mlflow.lightgbm.autolog(log_models=False)


@lru_cache
def _split(task: str) -> Any:
    return train_test_split(*_DATA[task](return_X_y=True), test_size=0.3, random_state=0)


def _xgb(task: str, evals: Evals, rounds: int = 40, **options: Any) -> None:
    x, x_valid, y, y_valid = _split(task)
    sets = {
        "train": xgboost.DMatrix(x, y),
        "copy": xgboost.DMatrix(x.copy(), y.copy()),
        "valid": xgboost.DMatrix(x_valid, y_valid),
    }
    params = {**_XGBOOST[task], "eta": 0.1, "max_depth": 3, "seed": 0, "nthread": 1}
    given = [(sets[which], name) for which, name in evals]
    xgboost.train(params, sets["train"], rounds, evals=given, verbose_eval=False, **options)


def _xgb_fit(kind: str, task: str, which: Sequence[str]) -> None:
    estimator = getattr(xgboost, kind)(n_estimators=40, max_depth=3, random_state=0, n_jobs=1)
    x, x_valid, y, y_valid = _split(task)
    sets = {"train": (x, y), "valid": (x_valid, y_valid)}
    estimator.fit(x, y, eval_set=[sets[name] for name in which], verbose=False)


def _lgb(task: str, evals: Evals, rounds: int = 40, stop: bool = False) -> None:
    x, x_valid, y, y_valid = _split(task)
    given = lightgbm.Dataset(x, y, free_raw_data=False)
    sets = {
        "train": given,
        "copy": lightgbm.Dataset(x.copy(), y.copy(), reference=given, free_raw_data=False),
        "valid": lightgbm.Dataset(x_valid, y_valid, reference=given, free_raw_data=False),
    }
    names = [name for _, name in evals if name]
    lightgbm.train(
        {**_LIGHTGBM[task], "verbose": -1, "num_leaves": 15, "num_threads": 1, "seed": 0},
        given,
        rounds,
        valid_sets=[sets[which] for which, _ in evals],
        valid_names=names or None,
        callbacks=[lightgbm.early_stopping(10, verbose=False)] if stop else None,
    )


def _lgb_fit(kind: str, task: str, which: Sequence[str]) -> None:
    estimator = getattr(lightgbm, kind)(n_estimators=40, num_leaves=15, random_state=0, n_jobs=1, verbose=-1)
    x, x_valid, y, y_valid = _split(task)
    sets = {"train": (x, y), "valid": (x_valid, y_valid)}
    estimator.fit(x, y, eval_set=[sets[name] for name in which])


_BOTH = (("train", "train"), ("valid", "valid"))
_SOUND: Mapping[str, Callable[[], None]] = {
    "xgboost, train and valid": partial(_xgb, "cancer", _BOTH),
    "xgboost, valid and train": partial(_xgb, "diabetes", _BOTH[::-1]),
    "xgboost, train and eval": partial(_xgb, "digits", (("train", "train"), ("valid", "eval"))),
    "xgboost, train alone": partial(_xgb, "cancer", _BOTH[:1]),
    "xgboost, valid alone": partial(_xgb, "cancer", _BOTH[1:]),
    "xgboost, dtrain and dtest": partial(_xgb, "diabetes", (("train", "dtrain"), ("valid", "dtest"))),
    "xgboost, stopped early": partial(_xgb, "digits", _BOTH, 80, early_stopping_rounds=10),
    "xgboost, three sets": partial(_xgb, "cancer", (*_BOTH, ("valid", "test"))),
    "xgboost, a copy as train": partial(_xgb, "diabetes", (("copy", "train"), ("valid", "valid"))),
    "xgboost, classifier, both": partial(_xgb_fit, "XGBClassifier", "cancer", ["train", "valid"]),
    "xgboost, regressor, valid": partial(_xgb_fit, "XGBRegressor", "diabetes", ["valid"]),
    "xgboost, classifier, train": partial(_xgb_fit, "XGBClassifier", "digits", ["train"]),
    "lightgbm, train and valid": partial(_lgb, "cancer", _BOTH),
    "lightgbm, valid and train": partial(_lgb, "diabetes", _BOTH[::-1]),
    "lightgbm, training and valid_1": partial(_lgb, "digits", (("train", "training"), ("valid", "valid_1"))),
    "lightgbm, train alone": partial(_lgb, "cancer", _BOTH[:1]),
    "lightgbm, valid alone": partial(_lgb, "cancer", _BOTH[1:]),
    "lightgbm, stopped early": partial(_lgb, "cancer", _BOTH, 80, True),
    "lightgbm, names of its own": partial(_lgb, "cancer", (("train", ""), ("valid", ""))),
    "lightgbm, its own name": partial(_lgb, "diabetes", (("valid", ""),)),
    "lightgbm, a copy as train": partial(_lgb, "diabetes", (("copy", "train"), ("valid", "valid"))),
    "lightgbm, classifier, valid": partial(_lgb_fit, "LGBMClassifier", "cancer", ["valid"]),
    "lightgbm, regressor, both": partial(_lgb_fit, "LGBMRegressor", "diabetes", ["train", "valid"]),
    "lightgbm, classifier, train": partial(_lgb_fit, "LGBMClassifier", "digits", ["train"]),
}
_LEAKING: Mapping[str, Callable[[], None]] = {
    "xgboost, train as valid": partial(_xgb, "cancer", (("train", "valid"),)),
    "xgboost, train and a copy as valid": partial(_xgb, "diabetes", (("train", "train"), ("copy", "valid"))),
    "xgboost, stopped early on train": partial(_xgb, "cancer", (("copy", "validation"),), 80, early_stopping_rounds=10),
    "lightgbm, a copy as valid": partial(_lgb, "diabetes", (("copy", "valid"),)),
    "lightgbm, train and a copy as valid": partial(_lgb, "cancer", (("train", "train"), ("copy", "valid"))),
}


def _marked(train: Callable[[], None], leaks: bool) -> dict[str, bool]:
    train()
    return {"leaks": leaks}


RUNS: Mapping[str, Callable[[], dict[str, Any]]] = {
    name: partial(_marked, train, leaks)
    for leaks, group in ((False, _SOUND), (True, _LEAKING))
    for name, train in group.items()
}
