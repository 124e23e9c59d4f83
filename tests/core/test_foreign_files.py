"""Files that somebody else put there are read as data of a bounded size."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tracker_diag.core.foreign_files import NotAFileError, read_file


def test_a_file_is_read_up_to_its_size(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    assert read_file(path, 5) == b"12345"
    with pytest.raises(NotAFileError, match="has 5 bytes, more than the limit of 4"):
        read_file(path, 4)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(NotAFileError, match="not a regular file"):
            read_file(path, 5)
    with pytest.raises(IsADirectoryError):
        read_file(tmp_path, 5)
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "none", 5)
