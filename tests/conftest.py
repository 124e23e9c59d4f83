"""What more than one part of the suite needs: real servers, one a session and worker; defects that fail the suite."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.mlflow_server import serving

# Examples are not timed: the machine that runs them in parallel is busy, and costs are measured in tests/benchmarks.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "expects_defects: makes our code fail on purpose, and looks at what it says")


class Defects(logging.Handler):
    """Keeps the tracebacks that the package logs as errors: what its guards caught instead of crashing."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.seen.append(record.getMessage() + "\n" + "".join(traceback.format_exception(*record.exc_info)))


@pytest.fixture(autouse=True)
def _no_hidden_defects(request: pytest.FixtureRequest) -> Iterator[None]:
    """A rule that raises is skipped and told in the report; in the tests it is a failure all the same."""
    defects = Defects()
    package = logging.getLogger("tracker_diag")
    package.addHandler(defects)
    yield
    package.removeHandler(defects)
    if request.node.get_closest_marker("expects_defects") is None:
        assert not defects.seen, "\n".join(["something failed and was only logged:", *defects.seen])


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real MLflow server with an sqlite store and proxied artifacts."""
    with serving(tmp_path_factory.mktemp("mlflow-server")) as uri:
        yield uri
