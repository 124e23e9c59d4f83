"""What frameworks log by themselves, read back from every kind of store; scripts/frameworks has the larger ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlflow import MlflowClient

from scripts.autologged.__main__ import absent, compared, judged, trained

pytestmark = [
    pytest.mark.skipif(bool(absent(["boosting", "sklearn"])), reason="scikit-learn, XGBoost or LightGBM is missing"),
    pytest.mark.skipif(not hasattr(MlflowClient, "log_outputs"), reason="models are no part of runs before MLflow 3"),
]


@pytest.mark.parametrize(
    ("group", "names"),
    [
        ("sklearn", ["classifier", "regressor"]),
        ("boosting", ["xgboost, classes", "lightgbm, classes"]),
    ],
)
def test_what_is_read_is_what_was_trained(
    mlflow_server: str, sqlite_store: tuple[str, Path], tmp_path: Path, group: str, names: list[str]
) -> None:
    stores = {"server": mlflow_server, "database": sqlite_store[0], "folder": str(tmp_path / "mlruns")}
    lines = list(trained(group, stores, tmp_path, names))
    assert [(line["name"], line["store"]) for line in lines] == [(name, store) for name in names for store in stores]
    for line in lines:
        text, equal = compared(line, stores[line["store"]])
        assert equal, text
        text, equal = compared({**line, "trained": {**line["trained"], "loss": "another"}}, stores[line["store"]])
        assert not equal, text


def test_a_leak_is_said_of_usual_evals_where_there_is_one(sqlite_store: tuple[str, Path], tmp_path: Path) -> None:
    lines = list(trained("leakage", {"database": sqlite_store[0]}, tmp_path, ["train and"]))
    assert {line["trained"]["leaks"] for line in lines} == {True, False}
    for line in lines:
        text, right = judged(line, sqlite_store[0])
        assert right, text
