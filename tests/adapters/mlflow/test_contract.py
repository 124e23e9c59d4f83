from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.contract import AdapterContract
from tests.adapters.mlflow.tracker import MlflowTracker
from tests.adapters.sections import SectionContract


def _closing(tracker: MlflowTracker) -> Iterator[MlflowTracker]:
    yield tracker
    tracker.adapter.close()


class TestServer(AdapterContract, SectionContract):
    @pytest.fixture
    def tracker(self, mlflow_server: str) -> Iterator[MlflowTracker]:
        yield from _closing(MlflowTracker(mlflow_server))


class TestSqlite(AdapterContract, SectionContract):
    @pytest.fixture
    def tracker(self, sqlite_store: tuple[str, Path]) -> Iterator[MlflowTracker]:
        uri, artifacts = sqlite_store
        yield from _closing(MlflowTracker(uri, artifacts.as_uri()))


class TestPostgres(AdapterContract, SectionContract):
    @pytest.fixture
    def tracker(self, postgres_store: tuple[str, Path]) -> Iterator[MlflowTracker]:
        uri, artifacts = postgres_store
        yield from _closing(MlflowTracker(uri, artifacts.as_uri()))


class TestFolder(AdapterContract, SectionContract):
    @pytest.fixture
    def tracker(self, tmp_path: Path) -> Iterator[MlflowTracker]:
        yield from _closing(MlflowTracker(str(tmp_path)))
