"""The site, built once a process."""

from __future__ import annotations

import pytest

from tests.documentation.site import Site, build, read


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The built site; to build it is the first test."""
    pytest.importorskip("material", reason="mkdocs-material is not installed: pip install --group docs")
    folder = tmp_path_factory.mktemp("site")
    done = build(folder)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return read(folder)
