"""Connections to a tracking database, and what its drivers say."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import NoSuchModuleError

from tracker_diag.adapters.base import TrackerError
from tracker_diag.adapters.mlflow.tables import text_or_bytes

_LOCK_SECONDS = 30.0  # how long to wait for another writer of an SQLite file
_CONNECT_SECONDS = 5
STATEMENT_SECONDS = 60.0
"""How long one statement of an SQLite file may take; a thousand runs of a hundred points take one."""
_OPERATIONS = 1_000_000  # of SQLite's machine, between two looks at the clock
# Of the kinds of databases that MLflow knows: SQLAlchemy's names of drivers, those that MLflow's pages name first, with
# the module of each and the package it comes in.
_DRIVERS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "postgresql": {"psycopg2": ("psycopg2", "psycopg2-binary"), "psycopg": ("psycopg", "'psycopg[binary]'")},
    "mysql": {"pymysql": ("pymysql", "pymysql"), "mysqldb": ("MySQLdb", "mysqlclient")},
    "mssql": {"pyodbc": ("pyodbc", "pyodbc"), "pymssql": ("pymssql", "pymssql")},
}
_TAKE_A_TIMEOUT = ("psycopg2", "psycopg", "pymysql", "mysqldb")
_DENIED_STATES = ("42501", "25006")  # PostgreSQL: insufficient privilege, read-only transaction
_DENIED_NUMBERS = (1044, 1142, 1143, 1290, 1836)  # MySQL: database, table or column denied, read-only server or mode


def with_driver(url: sa.URL) -> sa.URL:
    """Name the driver in an address that names none: one that is installed, whichever SQLAlchemy would take.

    Raises
    ------
    TrackerError
        If none is installed; says which package to install.
    """
    if url.drivername == "postgres":
        url = url.set(drivername="postgresql")
    drivers = _DRIVERS.get(url.drivername)
    if drivers is None:
        return url
    for driver, (module, _) in drivers.items():
        if find_spec(module) is not None:
            return url.set(drivername=f"{url.drivername}+{driver}")
    raise _not_installed(url.drivername, next(iter(drivers)))


def engine(url: sa.URL, mode: str) -> sa.Engine:
    """Make an engine; nothing is opened yet.

    Parameters
    ----------
    url : sqlalchemy.URL
        Address of the database.
    mode : str
        ``ro`` or ``rw``: how an SQLite file is opened.

    Raises
    ------
    TrackerError
        If the driver is not installed; says which package to install.
    """
    if url.get_backend_name() == "sqlite":
        address = f"file:{quote(str(Path(url.database or '').resolve()))}?mode={mode}"
        made = sa.create_engine("sqlite://", creator=partial(_open_sqlite, address), poolclass=sa.pool.QueuePool)
        sa.event.listen(made, "before_cursor_execute", _begin)
        return made
    backend, _, driver = url.drivername.partition("+")
    timeout = {"connect_timeout": _CONNECT_SECONDS} if driver in _TAKE_A_TIMEOUT else {}
    try:
        return sa.create_engine(url, pool_pre_ping=True, connect_args=timeout)
    except NoSuchModuleError:
        known = " or ".join(f"{backend}+{driver}://" for driver in _DRIVERS.get(backend, {}))
        raise TrackerError(f"SQLAlchemy knows no {url.drivername}://{f': write {known}' if known else ''}") from None
    # A driver may be there, and the library that it rests on not.
    except ImportError as error:
        raise _not_installed(backend, driver, error) from None


def _not_installed(backend: str, driver: str, error: ImportError | None = None) -> TrackerError:
    package = _DRIVERS.get(backend, {}).get(driver, (driver, driver))[1]
    why = f" ({reason(error)})" if error is not None and not isinstance(error, ModuleNotFoundError) else ""
    return TrackerError(f"the driver for {backend} databases is not installed{why}: pip install {package}")


class _Sqlite(sqlite3.Connection):
    """A connection that gives up a statement without end: views and triggers are data, and may recur for ever."""

    begun = math.inf

    def is_over(self) -> bool:
        return time.monotonic() - self.begun > STATEMENT_SECONDS


def _open_sqlite(address: str) -> sqlite3.Connection:
    connection = sqlite3.connect(address, uri=True, timeout=_LOCK_SECONDS, check_same_thread=False, factory=_Sqlite)
    connection.text_factory = text_or_bytes
    connection.set_progress_handler(connection.is_over, _OPERATIONS)
    return connection


def _begin(connection: sa.Connection, *_: object) -> None:
    opened: Any = connection.connection.dbapi_connection
    if isinstance(opened, _Sqlite):
        opened.begun = time.monotonic()


def is_denied(error: BaseException) -> bool:
    """Whether the database can be read and, with these rights, not be written to."""
    raised = getattr(error, "orig", None) or error
    state = getattr(raised, "sqlstate", None) or getattr(raised, "pgcode", None)
    number = raised.args[0] if raised.args else None
    return (
        getattr(raised, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM)
        or state in _DENIED_STATES
        or number in _DENIED_NUMBERS
    )


def reason(error: Exception) -> str:
    """First line of what the driver says; the statement and its parameters stay out."""
    text: Any = getattr(error, "orig", None) or error
    return str(text).strip().partition("\n")[0][:200]
