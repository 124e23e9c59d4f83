from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mlflow_server import serving
from tests.postgres import serving_postgres


def knows_null() -> bool:
    """Whether the installed MLflow can be asked for tags and parameters that are absent; those before 2026 cannot."""
    from mlflow.exceptions import MlflowException
    from mlflow.utils.search_utils import SearchUtils

    try:
        SearchUtils.parse_search_filter("tags.x IS NULL")
    except MlflowException:
        return False
    return True


def make_database(uri: str) -> None:
    """Make MLflow's tables, as `mlflow db upgrade` does."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    SqlAlchemyStore(uri, "mlflow-artifacts:/").engine.dispose()


@pytest.fixture(scope="session")
def sqlite_store(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Tracking URI, and a folder for artifacts."""
    folder = tmp_path_factory.mktemp("sqlite store")
    uri = f"sqlite:///{folder}/ml#flow.db"
    make_database(uri)
    (folder / "artifacts").mkdir()
    return uri, folder / "artifacts"


@pytest.fixture(scope="session")
def postgres_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Tracking URI, and a folder for artifacts."""
    if shutil.which("postgres") is None:
        pytest.skip("the PostgreSQL server is not on this machine")
    with serving_postgres() as uri:
        driven = uri.replace("postgresql://", "postgresql+psycopg2://")
        make_database(driven)
        yield driven, tmp_path_factory.mktemp("artifacts of postgres")


AUTH_PASSWORDS = {"admin": "a-test-password-1", "reader": "a-test-password-2", "writer": "a-test-password-3"}


@pytest.fixture(scope="session")
def auth_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server that asks who one is; users and passwords are in AUTH_PASSWORDS."""
    folder = tmp_path_factory.mktemp("auth-server")
    config = folder / "auth.ini"
    config.write_text(
        "[mlflow]\n"
        "default_permission = READ\n"
        f"database_uri = sqlite:///{folder / 'auth.db'}\n"
        "admin_username = admin\n"
        f"admin_password = {AUTH_PASSWORDS['admin']}\n"
        "auth_cache_ttl_seconds = 60\n"  # a check of a password takes a third of a second
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    env = {"MLFLOW_AUTH_CONFIG_PATH": str(config), "MLFLOW_FLASK_SERVER_SECRET_KEY": "only-for-tests"}
    options = ("--artifacts-destination", str(folder / "artifacts"), "--app-name", "basic-auth")
    with serving(folder, *options, env=env) as uri:
        yield uri
