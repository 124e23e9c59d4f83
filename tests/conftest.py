"""What more than one part of the suite needs: real servers, one a session and worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.mlflow_server import serving

# Examples are not timed: the machine that runs them in parallel is busy, and costs are measured in tests/benchmarks.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real MLflow server with an sqlite store and proxied artifacts."""
    with serving(tmp_path_factory.mktemp("mlflow-server")) as uri:
        yield uri
