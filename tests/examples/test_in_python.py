"""The example notebook runs in a real kernel; it is kept without outputs, which would be a second truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "examples" / "in_python.ipynb"


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The notebook after its cells ran, in a folder of their own."""
    patch = pytest.MonkeyPatch()
    patch.setenv("PYTHONPATH", str(ROOT))
    patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
    patch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    try:
        client = NotebookClient(
            nbformat.read(NOTEBOOK, as_version=4),
            timeout=300,
            kernel_name="python3",
            resources={"metadata": {"path": str(tmp_path_factory.mktemp("notebook"))}},
        )
        return client.execute()
    finally:
        patch.undo()


def outputs(notebook: Any, kind: str) -> list[str]:
    """What cells gave, of one kind."""
    given = [one for cell in notebook.cells if cell.cell_type == "code" for one in cell.outputs]
    return [one.data[kind] for one in given if kind in one.get("data", {})]


# The channels to the kernel and its event loop are those of other packages.
@pytest.mark.filterwarnings("ignore")
def test_it_runs_and_shows_reports_tables_and_a_drawing(executed: Any) -> None:
    pages = outputs(executed, "text/html")
    assert sum("tracker-diag warning" in page for page in pages) == 2
    assert any("<table" in page and "diverged" in page for page in pages)
    assert len(outputs(executed, "image/png")) == 1
    assert "('overfitting', 'overfitting')" in outputs(executed, "text/plain")
    assert any("reduce epochs from 30 to 8" in text for text in outputs(executed, "text/plain"))


def test_it_is_kept_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)
