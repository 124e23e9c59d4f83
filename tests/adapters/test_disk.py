"""Files that somebody else may have laid out: read within bounds, and never written or deleted through a link."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import threading
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.adapters.poisons.tree import canary, tree
from tracker_diag.adapters import disk
from tracker_diag.adapters.base import DeniedError, TrackerError

fcntl = pytest.importorskip("fcntl")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


def test_a_file_is_read_up_to_a_size(root: Path) -> None:
    (root / "tag").write_bytes(b"12345")
    assert disk.read_file(root / "tag", 5) == b"12345"
    with pytest.raises(disk.NotAFileError, match=r"5 bytes.* more than the .*4"):
        disk.read_file(root / "tag", 4)


def test_what_might_never_end_is_not_waited_for(root: Path) -> None:
    os.mkfifo(root / "pipe")
    (root / "zeros").symlink_to("/dev/zero")
    for name in ("pipe", "zeros"):
        with pytest.raises(disk.NotAFileError, match="not a regular file"):
            disk.read_file(root / name, 100)
    with pytest.raises(IsADirectoryError):
        disk.read_file(root, 100)
    with pytest.raises(FileNotFoundError):
        disk.read_file(root / "none", 100)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(root / "socket"))
        with pytest.raises(OSError):  # noqa: PT011  which one differs between systems
            disk.read_file(root / "socket", 100)


def test_files_are_written_in_place_of_others_and_deleted_with_their_folders(root: Path) -> None:
    (root / "a").mkdir()
    (root / "a" / "old").write_text("old")
    disk.write_files(root, {"a/old": b"new", "b/c/d": b"1"})
    assert (root / "a" / "old").read_bytes() == b"new"
    assert disk.delete_files(root, ["b/c/d", "b/c/none", "x/y"]) == 1
    assert tree(root).keys() == {"a", "a/old"}


def test_a_folder_that_is_to_stay_stays(root: Path) -> None:
    disk.write_files(root, {"tags/deep/key": b"1"})
    assert disk.delete_files(root, ["tags/deep/key"], keep="tags") == 1
    assert tree(root) == {"tags": "folder"}


def test_where_one_file_cannot_be_written_none_is(root: Path) -> None:
    (root / "taken").write_text("a file where a folder would be")
    before = tree(root)
    with pytest.raises(FileExistsError):
        disk.write_files(root, {"first": b"1", "taken/second": b"2"})
    assert tree(root) == before


@pytest.mark.parametrize("aside", [False, True])
def test_nothing_is_written_or_deleted_through_a_link(root: Path, tmp_path: Path, aside: bool) -> None:
    outside = canary(tmp_path / "outside")
    (root / "diagnosis").symlink_to(tmp_path / "outside")
    for name in ("diagnosis/report.json", "diagnosis/tags/diag.verdict"):
        with pytest.raises(TrackerError, match="is a link"):
            disk.write_files(root, {name: b"x"}, drafts_in_root=aside)
        with pytest.raises(TrackerError, match="is a link"):
            disk.delete_files(root, [name])
    with pytest.raises(TrackerError, match="is a link"):
        disk.remove_drafts(root, "diagnosis")
    assert tree(tmp_path / "outside") == outside
    assert tree(root).keys() == {"diagnosis"}


def test_a_link_in_place_of_a_file_is_replaced_and_deleted_itself(root: Path, tmp_path: Path) -> None:
    outside = canary(tmp_path / "outside")
    (root / "report.json").symlink_to(tmp_path / "outside" / "report.json")
    (root / "tags.json").symlink_to(tmp_path / "outside" / "tags.json")
    disk.write_files(root, {"report.json": b"ours"})
    assert disk.delete_files(root, ["tags.json"]) == 1
    assert not (root / "report.json").is_symlink()
    assert tree(root).keys() == {"report.json"}
    assert tree(tmp_path / "outside") == outside


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", "", "a\0b"])
def test_a_name_that_leads_elsewhere_is_refused(root: Path, tmp_path: Path, name: str) -> None:
    for act in (lambda: disk.write_files(root, {name: b"x"}), lambda: disk.delete_files(root, [name])):
        with pytest.raises(TrackerError, match="is not the name of a file in the run"):
            act()
    assert tree(tmp_path).keys() == {"run"}


def test_drafts_that_were_left_behind_go_and_those_in_use_stay(root: Path) -> None:
    # What only looks like a draft is somebody's file.
    others = {".tracker-diag-prod.yaml", ".tracker-diag-0123456789abcdef01234567", f".{'0' * 32}", ".gitignore"}
    (root / ".tracker-diag-cache").mkdir()
    (root / ".tracker-diag-cache" / "x").write_text("keep")
    kept = {*others, ".tracker-diag-cache", ".tracker-diag-cache/x"}
    left, busy = disk.draft_name(), disk.draft_name()
    for name in (*others, left, busy):
        (root / name).write_text("")
    with (root / busy).open() as used:
        fcntl.flock(used, fcntl.LOCK_SH)
        disk.write_files(root, {"report.json": b"{}"})
        assert tree(root).keys() == {"report.json", busy, *kept}
    disk.remove_drafts(root)
    assert tree(root).keys() == {"report.json", *kept}


def test_drafts_lie_where_nobody_takes_them_for_more(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[str]] = []
    replace = os.replace

    def looking(*words: Any, **places: Any) -> None:
        seen.append({str(PurePosixPath(name).parent) for name in tree(root) if disk.is_draft(PurePosixPath(name).name)})
        replace(*words, **places)

    monkeypatch.setattr(os, "replace", looking)
    disk.write_files(root, {"tags/diag.verdict": b"x"}, drafts_in_root=True)
    disk.write_files(root, {"diagnosis/report.json": b"x"})
    assert seen == [{"."}, {"diagnosis"}]


def test_a_folder_that_becomes_a_link_while_it_is_written_to_leads_nowhere_else(root: Path, tmp_path: Path) -> None:
    outside = canary(tmp_path / "outside")
    (root / "real").mkdir()
    stop = threading.Event()

    def swap() -> None:
        place, number = root / "diagnosis", 0
        while not stop.is_set():
            number += 1
            # Whoever comes between the two finds no folder, and makes one: then there is no link this time.
            with contextlib.suppress(OSError):
                place.rename(root / f"away-{number}")
            with contextlib.suppress(OSError):
                place.symlink_to(tmp_path / "outside")
            with contextlib.suppress(OSError):
                place.unlink()

    attacker = threading.Thread(target=swap)
    attacker.start()
    refused = 0
    for number in range(1000):
        try:
            disk.write_files(root, {f"diagnosis/{number % 3}": b"x"})
            disk.delete_files(root, [f"diagnosis/{number % 3}"], keep="diagnosis")
        except (TrackerError, OSError):
            refused += 1
    stop.set()
    attacker.join()
    assert refused
    assert tree(tmp_path / "outside") == outside


def test_a_folder_is_filled_aside(root: Path) -> None:
    with disk.draft_folder(root) as draft:
        (draft / "file").write_text("x")
        draft.rename(root / "whole")
    with disk.draft_folder(root) as draft:
        (draft / "file").write_text("never finished")
    assert tree(root).keys() == {"whole", "whole/file"}


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.EACCES, DeniedError), (errno.EROFS, DeniedError), (errno.EPERM, DeniedError), (errno.ENOSPC, TrackerError)],
)
def test_who_may_not_write_is_told_from_what_fails(number: int, kind: type[TrackerError]) -> None:
    error = disk.refusal(OSError(number, os.strerror(number), "file"), "do this")
    assert type(error) is kind
    assert str(error) == f"file: {os.strerror(number)}; do this"
