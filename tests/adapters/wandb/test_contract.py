"""The contract of all adapters, against the real client: logging to a server, and to a folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import wandb

from tests.adapters.contract import AdapterContract, Logged, Tracker
from tests.adapters.wandb.server import Server, StoredRun
from tests.adapters.wandb.training import environment
from tracker_diag.adapters.base import Query
from tracker_diag.adapters.wandb.offline import OfflineAdapter
from tracker_diag.adapters.wandb.online import OnlineAdapter
from tracker_diag.adapters.wandb.segment import join_segments, nest, read_segment
from tracker_diag.core.own import REPORTS


def train(experiment: str, logged: Logged, mode: str) -> wandb.Run:
    """Log in this process, as a training would."""
    rows: dict[float, dict[str, float]] = {}
    for name, points in logged.metrics.items():
        for step, value, _ in points:
            rows.setdefault(step, {})[name] = value
    tags = [f"{key}={value}" for key, value in logged.tags.items()]
    with wandb.init(
        project=experiment,
        name=logged.name,
        config=dict(logged.params),
        tags=tags,
        mode=mode,
        settings=wandb.Settings(silent=True, console="off"),
    ) as run:
        for step, row in sorted(rows.items()):
            run.log(row, step=int(step))
    return run


class OnlineTracker:
    good_filter = '{"config.lr": "0.1"}'
    bad_filter = '{"config.lr": {"$likes": 3}}'
    keeps_times = False

    def __init__(self, adapter: OnlineAdapter, server: Server) -> None:
        self.adapter = adapter
        self._server = server

    def _run(self, run_id: str) -> StoredRun:
        entity, project, name = run_id.split("/")
        return self._server.store.runs[(entity, project, name)]

    def log(self, experiment: str, logged: Logged) -> str:
        return "/".join(("acme", experiment, train(experiment, logged, "online").id))

    def delete(self, run_id: str) -> None:
        entity, project, name = run_id.split("/")
        del self._server.store.runs[(entity, project, name)]

    def tag(self, run_id: str, key: str, value: str) -> None:
        run = wandb.Api().run(run_id)
        run.summary[f"diag/{key}"] = value
        run.summary.update()

    def written(self, run_id: str) -> Mapping[str, str]:
        summary = json.loads(self._run(run_id).summary)
        return {key.removeprefix("diag/"): value for key, value in summary.items() if key.startswith("diag/")}

    def files(self, run_id: str) -> Mapping[str, bytes]:
        files = self._run(run_id).files
        return {n.removeprefix("diagnosis/"): c for n, c in files.items() if n.startswith("diagnosis/")}

    def add_file(self, run_id: str, path: str, content: bytes) -> None:
        place = Path(wandb.Api().run(run_id).dir) / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        wandb.Api().run(run_id).upload_file(str(place), root=wandb.Api().run(run_id).dir)

    def users(self, run_id: str) -> Any:
        run = self._run(run_id)
        ours = {f"diagnosis/{name}" for name in REPORTS}
        return {
            **vars(run),
            "summary": {k: v for k, v in json.loads(run.summary).items() if not k.startswith("diag/")},
            "tags": [tag for tag in run.tags if not tag.startswith("diag:")],
            "files": {name: content for name, content in run.files.items() if name not in ours},
        }


class TestOnline(AdapterContract):
    @pytest.fixture
    def tracker(self, server: Server, online: OnlineAdapter) -> OnlineTracker:
        server.store.runs.clear()
        return OnlineTracker(online, server)

    def test_a_listing_shows_enough_to_know_whether_a_run_is_due(self, tracker: Tracker, experiment: str) -> None:
        # The server's summary knows the last step of the run, not that of each metric.
        run_id = tracker.log(experiment, Logged())
        (listing,) = tracker.adapter.list_runs(Query((experiment,)))
        assert (listing.id, listing.experiment, listing.name) == (run_id, experiment, "a run")
        assert (listing.status, listing.params["lr"]) == ("FINISHED", "0.1")
        assert listing.latest == {"train/loss": (19.0, 0.05), "val_loss": (19.0, 1.5 / 19)}
        assert tracker.adapter.find_run(run_id) == listing


class OfflineTracker:
    good_filter = bad_filter = ""
    keeps_times = False

    def __init__(self, home: Path) -> None:
        self._home = home
        self._resumed: wandb.Run | None = None
        # A folder without runs is refused.
        self.log("first", Logged())
        self._adapter = OfflineAdapter(home)

    @property
    def adapter(self) -> OfflineAdapter:
        self._end()
        return self._adapter

    def _folders(self, run_id: str) -> list[Path]:
        self._end()
        return sorted(self._home.glob(f"wandb/offline-run-*-{run_id}*"))

    def _end(self) -> None:
        if self._resumed is not None:
            self._resumed.finish()
            self._resumed = None
            wandb.teardown()

    def log(self, experiment: str, logged: Logged) -> str:
        self._end()
        run_id = str(train(experiment, logged, "offline").id)
        # The log is whole when wandb-core has ended.
        wandb.teardown()
        return run_id

    def delete(self, run_id: str) -> None:
        for folder in self._folders(run_id):
            shutil.rmtree(folder)

    def tag(self, run_id: str, key: str, value: str) -> None:
        # One more segment for all that is set in a row: each takes a second.
        if self._resumed is None or self._resumed.id != run_id:
            self._end()
            settings = wandb.Settings(silent=True, console="off")
            self._resumed = wandb.init(project="later", id=run_id, resume="allow", mode="offline", settings=settings)
        self._resumed.summary[f"diag/{key}"] = value

    def written(self, run_id: str) -> Mapping[str, str]:
        logs = [log for folder in self._folders(run_id) for log in folder.glob("*.wandb")]
        summary = nest(join_segments([read_segment(log) for log in logs]).summary)
        others = {key.removeprefix("diag/"): value for key, value in summary.items() if key.startswith("diag/")}
        tags = self.adapter.find_run(run_id).tags
        return others | {key.removeprefix("diag."): value for key, value in tags.items() if key.startswith("diag.")}

    def files(self, run_id: str) -> Mapping[str, bytes]:
        places = self._folders(run_id)[0].glob("diagnosis/*")
        return {path.name: path.read_bytes() for path in places if path.name != "tags.json"}

    def add_file(self, run_id: str, path: str, content: bytes) -> None:
        place = self._folders(run_id)[0] / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)

    def users(self, run_id: str) -> Any:
        ours = {*REPORTS, "tags.json"}
        paths = [p for folder in self._folders(run_id) for p in folder.rglob("*") if p.is_file()]
        return {
            path: path.read_bytes() for path in paths if not (path.parent.name == "diagnosis" and path.name in ours)
        }


class TestOffline(AdapterContract):
    @pytest.fixture
    def tracker(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OfflineTracker:
        for name, value in environment(tmp_path).items():
            monkeypatch.setenv(name, value)
        return OfflineTracker(tmp_path)
