from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.adapters.mlflow.conftest import make_database
from tracker_diag.adapters.base import TrackerError
from tracker_diag.adapters.mlflow import connect


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


def _description(uri: str | None) -> str:
    adapter = connect(uri)
    adapter.close()
    return adapter.describe()


def test_the_address_chooses(here: Path) -> None:
    (here / "runs").mkdir()
    (here / "mlflow.db").touch()
    assert _description("http://127.0.0.1:5000/") == "MLflow at http://127.0.0.1:5000"
    assert _description("sqlite:///mlflow.db") == "MLflow database mlflow.db"
    assert _description("postgresql://user:pw@db:5432/ml") == "MLflow database ml (postgresql at db:5432)"
    assert _description("runs") == "MLflow folder runs"
    assert _description((here / "runs").as_uri()) == f"MLflow folder {here / 'runs'}"


def test_the_environment_comes_before_the_default(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracking:5000")
    assert _description(None) == "MLflow at http://tracking:5000"
    (here / "runs").mkdir()
    assert _description("runs") == "MLflow folder runs"


def test_the_default_is_mlflows_own(here: Path) -> None:
    make_database(f"sqlite:///{here}/mlflow.db")
    (here / "mlruns").mkdir()
    assert _description(None) == "MLflow database mlflow.db"
    (here / "mlruns" / "0").mkdir()
    (here / "mlruns" / "0" / "meta.yaml").write_text("experiment_id: '0'\n")
    assert _description(None) == "MLflow folder mlruns"


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("databricks", "databricks"),
        ("databricks://profile", "databricks"),
        ("s3://bucket", "s3"),
        ("http://[x", "no address"),
        ("file://[x", "no address"),
        ("no/such/folder", "no folder"),
        ("sqlite:///no-such.db", "no MLflow database at no-such.db"),
        ("sqlite://", "no MLflow database"),
        (None, "no MLflow database at mlflow.db"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(here: Path, uri: str | None, says: str) -> None:
    with pytest.raises(TrackerError, match=says) as caught:
        connect(uri)
    assert "\n" not in str(caught.value)
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("uri", ["//bob:s3cret@host/x", "file://bob:s3cret@[host/x"])
def test_an_address_that_was_mistyped_tells_no_password(here: Path, uri: str) -> None:
    with pytest.raises(TrackerError) as caught:
        connect(uri)
    assert "s3cret" not in str(caught.value)


def test_choosing_imports_no_mlflow() -> None:
    code = "import sys; from tracker_diag.adapters.mlflow import connect; connect('http://x')"
    code += "; print('mlflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
