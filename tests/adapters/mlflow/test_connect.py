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
    (here / "runs" / ".trash").mkdir(parents=True)
    (here / "mlflow.db").touch()
    assert _description("http://127.0.0.1:5000/") == "MLflow at http://127.0.0.1:5000"
    assert _description("sqlite:///mlflow.db") == "MLflow database mlflow.db"
    assert _description("postgresql://user:pw@db:5432/ml") == "MLflow database ml (postgresql at db:5432)"
    assert _description("runs") == "MLflow folder runs"
    assert _description((here / "runs").as_uri()) == f"MLflow folder {here / 'runs'}"


def test_the_environment_comes_before_the_default(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracking:5000")
    assert _description(None) == "MLflow at http://tracking:5000"
    (here / "runs" / "0").mkdir(parents=True)
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
        ("http://[x", "not an address"),
        ("file://[x", "not an address"),
        ("no/such/folder", "no folder"),
        ("sqlite:///no-such.db", "no MLflow database at no-such.db"),
        ("sqlite://", r"^sqlite:// names no file: use sqlite:///mlflow\.db \(three slashes\)$"),
        ("sqlite:///", r"^sqlite:// names no file"),
        ("sqlite://mlflow.db", r"^sqlite://mlflow\.db names no file: use sqlite:///mlflow\.db \(three slashes\)$"),
        ("sqlite://a/mlflow.db", r"^sqlite://a/mlflow\.db names no file: use sqlite:///a/mlflow\.db \("),
        ("127.0.0.1:5977", r": use http://127\.0\.0\.1:5977$"),
        ("localhost:5000/", r": use http://localhost:5000/$"),
        ("tracking.host.org:80/mlflow", r": use http://tracking\.host\.org:80/mlflow$"),
        ("[::1]:5000", r": use http://\[::1\]:5000$"),
        (None, "no MLflow database at mlflow.db"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(here: Path, uri: str | None, says: str) -> None:
    with pytest.raises(TrackerError, match=says) as caught:
        connect(uri)
    assert "\n" not in str(caught.value)
    assert list(here.iterdir()) == []


def test_a_file_is_taken_for_a_database(here: Path) -> None:
    (here / "mlflow.db").touch()
    absolute = here / "mlflow.db"
    for uri, path in (("mlflow.db", "mlflow.db"), (str(absolute), absolute), (absolute.as_uri(), absolute)):
        with pytest.raises(TrackerError, match=rf"^{path} is a file: use sqlite:///{path}$"):
            connect(uri)


def test_a_folder_that_is_not_a_store_is_said_to_be_none(here: Path) -> None:
    project = here / "project"
    (project / "mlruns" / "1").mkdir(parents=True)
    for uri in ("project", project.as_uri()):
        with pytest.raises(TrackerError, match=r"^no MLflow experiments in .*project: check the tracking URI"):
            connect(uri)
    (project / "mlruns" / "1" / "meta.yaml").write_text("experiment_id: '1'\n")
    with pytest.raises(TrackerError, match=r"^no MLflow experiments in project; did you mean project/mlruns\?$"):
        connect("project")
    assert _description("project/mlruns") == "MLflow folder project/mlruns"
    (project / ".trash").mkdir()
    assert _description("project") == "MLflow folder project"


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
