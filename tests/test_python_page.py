"""The page on Python is true: its code runs from top to bottom, and it names every call."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tracker_diag
from tracker_diag.reading.registry import all_formats, all_kinds

TEXT = (Path(__file__).parents[1] / "docs" / "reference" / "python.md").read_text(encoding="utf-8")


def test_its_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    code = "\n".join(re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL))
    exec(compile(code, "docs/reference/python.md", "exec"), {})
    assert "<Report overfitting (warning): " in capsys.readouterr().out


def test_it_names_every_call_and_every_call_it_names_is_there() -> None:
    named = set(re.findall(r"tracker_diag\.(\w+)", TEXT)) | {"sweep"}
    assert named <= set(tracker_diag.__all__)
    assert {"diagnose", "diagnose_many", "read", "read_all", "sweep"} <= named


def test_every_kind_and_format_is_told() -> None:
    assert len(all_kinds()) == 4
    special = {name.strip("*") for form in all_formats() if not form.general for name in form.names}
    assert special == {"metrics.csv", "results.csv", "trainer_state.json", "tfevents"}
    assert all(f"`{name}`" in TEXT for name in special - {"tfevents"})
