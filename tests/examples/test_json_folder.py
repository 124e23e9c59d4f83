"""The example's tracker keeps what every adapter keeps."""

from __future__ import annotations

import importlib.util
import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.adapters.contract import AdapterContract, Logged
from tracker_diag.core import own
from tracker_diag.core.plain import plain


def example() -> ModuleType:
    """The example's module, without its package being installed."""
    path = Path(__file__).parents[2] / "examples" / "acme_diag" / "acme_diag" / "json_folder.py"
    spec = importlib.util.spec_from_file_location("example_json_folder", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class FolderTracker:
    good_filter = bad_filter = ""
    keeps_times = True

    def __init__(self, root: Path) -> None:
        self.root = root
        self.adapter = example().JsonFolder(root, "diag.")

    def log(self, experiment: str, logged: Logged) -> str:
        run_id = f"{experiment}/{uuid.uuid4().hex}"
        self._path(run_id).parent.mkdir(exist_ok=True)
        run = {
            "name": logged.name,
            "status": logged.status,
            "params": dict(logged.params),
            "metrics": plain(logged.metrics),
            "tags": dict(logged.tags),
            "start_time": logged.start,
            "end_time": logged.end,
        }
        self._path(run_id).write_text(json.dumps(run))
        return run_id

    def delete(self, run_id: str) -> None:
        self._path(run_id).unlink()

    def tag(self, run_id: str, key: str, value: str) -> None:
        run = json.loads(self._path(run_id).read_text())
        run["tags"][f"diag.{key}"] = value
        self._path(run_id).write_text(json.dumps(run))

    def written(self, run_id: str) -> Mapping[str, str]:
        tags = self.adapter.find_run(run_id).tags
        return {key.removeprefix("diag."): value for key, value in tags.items() if key.startswith("diag.")}

    def files(self, run_id: str) -> Mapping[str, bytes]:
        return {path.name: path.read_bytes() for path in self._beside(run_id) if path.name != "tags.json"}

    def add_file(self, run_id: str, path: str, content: bytes) -> None:
        target = self.root / f"{run_id}.{path}"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    def users(self, run_id: str) -> Any:
        ours = {*own.REPORTS, "tags.json"}
        others = {path.name: path.read_bytes() for path in self._beside(run_id) if path.name not in ours}
        return self._path(run_id).read_bytes(), others

    def _path(self, run_id: str) -> Path:
        return self.root / f"{run_id}.json"

    def _beside(self, run_id: str) -> list[Path]:
        folder = self.root / f"{run_id}.diagnosis"
        return sorted(folder.iterdir()) if folder.is_dir() else []


class TestContract(AdapterContract):
    @pytest.fixture
    def tracker(self, tmp_path: Path) -> FolderTracker:
        return FolderTracker(tmp_path)
