"""What a ``meta.yaml`` may be, and what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tracker_diag.adapters.mlflow import meta
from tracker_diag.adapters.mlflow.meta import MalformedError, read_meta

DEEP = 100_000


def _read(folder: Path, text: str | bytes) -> dict[str, object]:
    (folder / "meta.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
    return read_meta(folder)


def test_what_mlflow_writes_comes_back(tmp_path: Path) -> None:
    written = {
        "artifact_uri": "file:///a b/ü",
        "end_time": 1_700_000_000_000,
        "experiment_id": "0",
        "run_name": "2024-01-01",
        "user_id": "null",
        "source_version": "",
        "note": 'two\nlines: ["x", *y]',
        "deleted_time": None,
        "share": 0.5,
        "tags": [],
        "nested": {"a": ["b", 1]},
    }
    assert _read(tmp_path, yaml.safe_dump(written, default_flow_style=False, allow_unicode=True)) == written


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024-01-01", "2024-01-01"),
        ("2024-13-77", "2024-13-77"),
        ("yes", "yes"),
        ("0x10", "0x10"),
        ("1:30", "1:30"),
        ("9" * 400, "9" * 400),
        ("!!python/object/apply:os.system [id]", ["id"]),
        ("!!binary x", "x"),
        ("~", None),
        ("-1", -1),
        ("1.5", 1.5),
    ],
)
def test_nothing_else_that_yaml_can_do_is_done(tmp_path: Path, text: str, value: object) -> None:
    assert _read(tmp_path, f"key: {text}\n") == {"key": value}


@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
@pytest.mark.parametrize(
    "text",
    [
        "{unclosed",
        "",
        "[1, 2]",
        "only text",
        b"\xff\xfe\xfa",
        "a: &x [1]\nb: *x\n",
        "a: *unknown\n",
        "? [a]\n: b\n",
        "<<: *x\n",
        f"a: {'[' * DEEP}",
        f"a: {'{b: ' * DEEP}",
        f"a:\n  {'- ' * DEEP}x",
        "a: [[[[[[x]]]]]]",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_what_is_malformed_names_the_file_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | bytes, loader: str
) -> None:
    monkeypatch.setattr(meta, "_Loader", getattr(yaml, loader))
    with pytest.raises(MalformedError, match=r"meta\.yaml") as caught:
        _read(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_only_so_much_is_read(tmp_path: Path) -> None:
    (tmp_path / "meta.yaml").write_text("a: 1\n")
    assert read_meta(tmp_path, 5) == {"a": 1}
    with pytest.raises(MalformedError, match=r"5 bytes.* more than the .*4"):
        read_meta(tmp_path, 4)
