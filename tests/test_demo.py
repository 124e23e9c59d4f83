"""The demo: networks trained here and now get the diagnosis of what was done to them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_network_gets_its_diagnosis(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "demo_runs.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    told = done.stdout[done.stdout.find("what was done to it") :] + done.stderr
    assert done.returncode == 0, told
    assert "← expected" not in told
    assert "As expected: 12 of 12 verdicts, 9 of 9 first causes." in told
    assert (tmp_path / "demo" / "mlflow.db").is_file()
