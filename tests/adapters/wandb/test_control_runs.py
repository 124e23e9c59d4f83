"""Controls that are logged to a server: read back as such."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.adapters.wandb.conftest import account
from tests.adapters.wandb.server import Server
from tests.adapters.wandb.training import environment, finish
from tracker_diag.adapters.base import Listing, Query
from tracker_diag.adapters.wandb.online import OnlineAdapter
from tracker_diag.core.controlled import is_ours
from tracker_diag.core.run import Run

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "tests" / "controls" / "scripts" / "wandb_controls.py"


def test_a_server_holds_what_marks_a_control(server: Server, account_here: None, tmp_path: Path) -> None:
    env = {**environment(tmp_path / "user", **account(server)), "PYTHONPATH": str(ROOT)}
    finish([sys.executable, str(SCRIPT), str(tmp_path / "out.json"), "beside"], home=tmp_path / "user", env=env)
    said = json.loads((tmp_path / "out.json").read_text())
    adapter = OnlineAdapter("acme/mine")
    found = {each.id: each for each in adapter.list_runs(Query(("acme/mine",))) if isinstance(each, Listing)}
    marked = [run_id for run_id, each in found.items() if is_ours(each.tags)]
    assert {run_id.rpartition("/")[2] for run_id in marked} == set(said["runs"])
    (mine,) = set(found) - set(marked)
    assert mine.endswith("/mine1")
    kinds = sorted(found[run_id].tags["diag.control"] for run_id in marked)
    assert kinds[-2:] == ["random-input", "real-input"]
    (run,) = adapter.load_runs([marked[0]])
    assert isinstance(run, Run)
    assert {"by_itself", "train_loss", "val_loss"} <= set(run.metrics)
    assert [adapter.delete_control(run_id) for run_id in marked] == [True] * len(marked)
    assert not adapter.delete_control(mine)
    assert [each.id for each in adapter.list_runs(Query(("acme/mine",)))] == [mine]
    adapter.close()
