"""Drivers that are not installed, and what is said of them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest
import sqlalchemy as sa

from tracker_diag.adapters.base import Query, TrackerError
from tracker_diag.adapters.mlflow import connect, engines


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Drivers that seem to be installed; sqlite3 always is."""
    names: set[str] = set()
    monkeypatch.setattr(engines, "find_spec", lambda name: find_spec("json") if name in names else None)
    return names


@pytest.mark.parametrize(
    ("scheme", "package"),
    [
        ("postgresql", "psycopg2-binary"),
        ("postgres", "psycopg2-binary"),
        ("mysql", "pymysql"),
        ("mssql", "pyodbc"),
    ],
)
def test_a_missing_driver_names_the_package(installed: set[str], scheme: str, package: str) -> None:
    assert not installed
    with pytest.raises(TrackerError, match=rf"^the driver for \w+ databases is not installed: pip install {package}$"):
        connect(f"{scheme}://ada:s3cret@127.0.0.1/mlflow")


@pytest.mark.parametrize(
    ("address", "package"),
    [
        ("postgresql+psycopg2", "psycopg2-binary"),
        ("postgresql+psycopg", "'psycopg[binary]'"),
        ("mysql+mysqldb", "mysqlclient"),
        ("mysql+pymysql", "pymysql"),
        ("mssql+pyodbc", "pyodbc"),
        ("mssql+pymssql", "pymssql"),
        ("mysql+aiomysql", "aiomysql"),
    ],
)
def test_a_driver_that_was_asked_for_and_is_missing_or_broken_is_a_line(
    monkeypatch: pytest.MonkeyPatch, address: str, package: str
) -> None:
    for error, why in (
        (ModuleNotFoundError("No module named 'x'"), ""),
        (ImportError("libpq.so.5: cannot open shared object file\nand more"), r" \(libpq.so.5: cannot open [^\n]*\)"),
    ):

        def failing(*_: Any, error: ImportError = error, **__: Any) -> None:
            raise error

        monkeypatch.setattr(engines.sa, "create_engine", failing)
        backend = address.partition("+")[0]
        expected = rf"^the driver for {backend} databases is not installed{why}: pip install "
        with pytest.raises(TrackerError, match=expected) as caught:
            connect(f"{address}://ada:s3cret@127.0.0.1/mlflow")
        assert str(caught.value).endswith(f"pip install {package}")
        assert "s3cret" not in str(caught.value)


def test_a_driver_that_sqlalchemy_does_not_know_is_a_line() -> None:
    with pytest.raises(TrackerError) as caught:
        connect("mysql+nobody://ada:s3cret@127.0.0.1/mlflow")
    known = "mysql+pymysql:// or mysql+mysqldb://"
    assert str(caught.value) == f"SQLAlchemy knows no mysql+nobody://: write {known}"


@pytest.mark.parametrize(
    ("address", "there", "driver"),
    [
        ("postgresql://h/x", {"psycopg2", "psycopg"}, "postgresql+psycopg2"),
        ("postgres://h/x", {"psycopg"}, "postgresql+psycopg"),
        ("mysql://h/x", {"MySQLdb"}, "mysql+mysqldb"),
        ("mysql://h/x", {"MySQLdb", "pymysql"}, "mysql+pymysql"),
        ("mssql://h/x", {"pymssql"}, "mssql+pymssql"),
        ("mysql+mysqldb://h/x", set(), "mysql+mysqldb"),
        ("sqlite:///x.db", set(), "sqlite"),
    ],
)
def test_an_address_without_a_driver_gets_one_that_is_there(
    installed: set[str], address: str, there: set[str], driver: str
) -> None:
    installed |= there
    assert engines.with_driver(sa.make_url(address)).drivername == driver


def test_whatever_a_driver_raises_on_its_way_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = connect("postgresql+psycopg2://ada:s3cret@127.0.0.1:1/mlflow")

    def failing(*_: Any) -> None:
        raise RuntimeError("'cryptography' package is required\nfor this")

    for break_it in (False, True):
        if break_it:
            monkeypatch.setattr(adapter._reading, "connect", failing)  # type: ignore[attr-defined]
        with pytest.raises(TrackerError, match=r"MLflow database mlflow .* cannot be re") as caught:
            list(adapter.list_runs(Query(everything=True)))
        assert "\n" not in str(caught.value)
        assert "s3cret" not in str(caught.value)
    adapter.close()
