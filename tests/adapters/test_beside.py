from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.poisons.tree import canary, tree
from tracker_diag.adapters import beside, disk
from tracker_diag.adapters.base import DeniedError, Diagnosis, TrackerError
from tracker_diag.core.own import TAGS

FIRST = Diagnosis(
    {"verdict": "overfitting", "severity": "warning", "summary": "val_loss rises — “ab”"},
    {"report.json": b"{}", "report.html": b"<html>", "suggested_config.yaml": b"dropout: 0.5"},
    "f1",
)
SECOND = Diagnosis({"verdict": "good-fit"}, {"report.json": b"[]"}, "f2")


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """A folder beside the root that nobody may touch."""
    folder = tmp_path / "victim"
    before = canary(folder)
    yield folder
    assert tree(folder) == before


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != beside.TAGS_FILE}


def foreign(root: Path, content: str | bytes) -> Path:
    place = root / "a" / beside.TAGS_FILE
    place.parent.mkdir()
    place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return place


def test_a_diagnosis_is_written_replaced_and_removed(root: Path) -> None:
    beside.write(root, "a", FIRST)
    assert beside.read(root, "a") == {**FIRST.tags, "fingerprint": "f1"}
    assert files(root / "a") == FIRST.artifacts
    beside.write(root, "a", SECOND)
    assert beside.read(root, "a") == {"verdict": "good-fit", "fingerprint": "f2"}
    assert files(root / "a") == SECOND.artifacts
    removal = beside.remove(root, "a")
    assert (removal.tags, removal.artifacts, removal.left) == (2, 1, ())
    assert list(root.iterdir()) == []
    again = beside.remove(root, "a")
    assert (again.tags, again.artifacts, again.left) == (0, 0, ())


def test_the_users_tags_are_not_written_and_long_ones_are_cut(root: Path) -> None:
    tags = {"verdict": "x" * 10_000, "ignore": "LC104", "fingerprint": "forged", "summary": "a\ud800b"}
    beside.write(root, "a", Diagnosis(tags, {}, "f"))
    read = beside.read(root, "a")
    assert read == {"verdict": "x" * 7999 + "…", "summary": "a�b", "fingerprint": "f"}


def test_what_is_not_ours_stays_and_is_named_save_what_training_left_for_us(root: Path) -> None:
    beside.write(root, "a", FIRST)
    mine = {"notes.txt": b"mine", "profile.json": b"{}", "model.json": b"{}"}
    for name, content in mine.items():
        (root / "a" / name).write_bytes(content)
    removal = beside.remove(root, "a")
    assert removal.left == (f"{root / 'a' / 'notes.txt'} was not written by tracker-diag",)
    assert files(root / "a") == mine


@pytest.mark.parametrize("name", ["../../victim/precious.txt", "/victim/precious.txt", "notes.txt", "", ".", "\0"])
def test_files_that_a_foreign_diagnosis_names_are_not_touched(root: Path, outside: Path, name: str) -> None:
    named = name.replace("/victim", str(outside)) if name.startswith("/") else name
    foreign(root, json.dumps({"tags": {}, "files": [named, 3, None]}))
    (root / "a" / "notes.txt").write_text("mine")
    beside.write(root, "a", SECOND)
    beside.remove(root, "a")
    assert files(root / "a") == {"notes.txt": b"mine"}


@pytest.mark.parametrize(
    "content",
    [
        "[" * 100_000,
        '{"tags":' * 100_000,
        '{"tags": {"verdict": "good-fit", "fingerprint": "f1"}',
        '{"tags": [["verdict", "good-fit"]]}',
        '{"tags": null}',
        "[]",
        "null",
        "",
        b"\xff\xfe\x00",
        '{"tags": {"verdict": 3, "severity": ["ok"], "summary": {}, "fingerprint": null, "version": true}}',
        '{"tags": {"ignore": "all", "diag.verdict": "good-fit", "a/b": "x", "": "y"}}',
        '{"tags": {"fingerprint": "' + "x" * 9000 + '"}}',
        '{"tags": {"fingerprint": "f1"}, "more": "' + "x" * 2_000_000 + '"}',
    ],
    ids=lambda content: repr(content[:30]),
)
def test_tags_that_we_cannot_have_written_are_none(root: Path, content: str | bytes) -> None:
    foreign(root, content)
    assert beside.read(root, "a") == {}
    beside.write(root, "a", FIRST)
    assert beside.read(root, "a")["fingerprint"] == "f1"


def test_tags_of_a_foreign_file_are_taken_as_far_as_they_could_be_ours(root: Path) -> None:
    foreign(root, json.dumps({"tags": {"verdict": "good-fit", "ignore": "all", "cause": 7}}))
    assert beside.read(root, "a") == {"verdict": "good-fit"}


def test_a_pipe_is_not_waited_for(root: Path) -> None:
    (root / "a").mkdir()
    for name in (beside.TAGS_FILE, "report.json"):
        os.mkfifo(root / "a" / name)
    assert beside.read(root, "a") == {}
    beside.write(root, "a", FIRST)
    assert files(root / "a") == FIRST.artifacts


def test_nothing_is_written_or_removed_through_a_link_to_a_folder(root: Path, outside: Path) -> None:
    (root / "a").symlink_to(outside / "diagnosis")
    (root / "b").mkdir()
    (root / "b" / "deep").symlink_to(outside / "diagnosis")
    for folder in ("a", "b/deep"):
        for attempt in (lambda f=folder: beside.write(root, f, FIRST), lambda f=folder: beside.remove(root, f)):
            with pytest.raises(TrackerError, match="is a link") as error:
                attempt()
            assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["tags.json", ".tags.json", "report.json", ".report.json", "suggested_config.yaml"])
def test_a_link_in_place_of_a_file_is_replaced_or_left_and_never_followed(root: Path, outside: Path, name: str) -> None:
    (root / "a").mkdir()
    (root / "a" / name).symlink_to(outside / "precious.txt")
    beside.write(root, "a", FIRST)
    beside.write(root, "a", SECOND)
    assert beside.read(root, "a")["fingerprint"] == "f2"
    beside.remove(root, "a")
    assert not (root / "a" / "report.json").exists()


def test_a_diagnosis_that_fails_halfway_leaves_no_fingerprint(root: Path) -> None:
    beside.write(root, "a", FIRST)
    (root / "a" / "report.json").unlink()
    (root / "a" / "report.json").mkdir()
    with pytest.raises(TrackerError, match=r"/report\.json: Is a directory; check the folder's permissions"):
        beside.write(root, "a", SECOND)
    assert "fingerprint" not in beside.read(root, "a")


def test_the_fingerprint_goes_first_and_comes_last(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beside.write(root, "a", FIRST)
    seen: list[tuple[str, bool, bool]] = []
    write_files = disk.write_files

    def watched(place: Path, content: dict[str, bytes]) -> None:
        write_files(place, content)
        tags = beside.read(root, "a")
        seen.append((tags["verdict"], (root / "a" / "report.html").exists(), "fingerprint" in tags))

    monkeypatch.setattr(disk, "write_files", watched)
    beside.write(root, "a", SECOND)
    assert seen == [
        ("overfitting", True, False),
        ("overfitting", True, False),
        ("good-fit", False, False),
        ("good-fit", False, True),
    ]


def test_a_folder_that_may_only_be_read_is_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(root / "a"))

    monkeypatch.setattr(disk, "write_files", refuse)
    monkeypatch.setattr(disk, "delete_files", refuse)
    for attempt in (lambda: beside.write(root, "a", FIRST), lambda: beside.remove(root, "a")):
        with pytest.raises(DeniedError, match="Permission denied"):
            attempt()


def test_drafts_of_a_killed_process_are_removed_by_the_next(root: Path) -> None:
    (root / "a").mkdir()
    draft = root / "a" / disk.draft_name()
    draft.write_text("half")
    beside.write(root, "a", FIRST)
    assert not draft.exists()
    draft.write_text("half")
    assert beside.remove(root, "a").left == ()
    assert list(root.iterdir()) == []


def test_a_folder_whose_drafts_are_all_that_is_left_goes(root: Path) -> None:
    (root / "a").mkdir()
    (root / "a" / disk.draft_name()).write_text("half")
    beside.remove(root, "a")
    assert list(root.iterdir()) == []


def test_many_may_write_at_once(root: Path) -> None:
    failures: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(30):
                for number in range(3):
                    beside.write(root, f"run-{number}", FIRST if number else SECOND)
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert files(root / "run-0") == SECOND.artifacts
    assert files(root / "run-1") == files(root / "run-2") == FIRST.artifacts
    assert set(beside.read(root, "run-1")) < set(TAGS)
