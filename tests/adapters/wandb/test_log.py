from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracker_diag.adapters.wandb import log as log_module
from tracker_diag.adapters.wandb.log import BLOCK, LARGEST_LOG, LogError, read_records, write_log


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "run-a.wandb"


sizes = st.lists(
    st.one_of(st.integers(0, 300), st.integers(BLOCK - 30, BLOCK + 30), st.integers(2 * BLOCK, 3 * BLOCK)), max_size=8
)


@given(sizes)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_written_is_read(log: Path, sizes: list[int]) -> None:
    records = [bytes([i % 256]) * size for i, size in enumerate(sizes, 1)]
    log.unlink(missing_ok=True)
    write_log(log, records)
    assert list(read_records(log)) == records


@given(sizes, st.floats(0, 1))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_cut_log_gives_its_first_records(log: Path, sizes: list[int], at: float) -> None:
    records = [bytes([i % 256]) * size for i, size in enumerate(sizes, 1)]
    log.unlink(missing_ok=True)
    write_log(log, records)
    log.write_bytes(log.read_bytes()[: int(at * log.stat().st_size)])
    read = list(read_records(log))
    assert read == records[: len(read)]


def test_a_damaged_byte_costs_its_block_and_no_more(log: Path) -> None:
    records = [bytes([i]) * 1000 for i in range(200)]
    write_log(log, records)
    data = bytearray(log.read_bytes())
    data[BLOCK + 5000] ^= 0xFF
    log.write_bytes(data)
    read = list(read_records(log))
    assert set(read) < set(records)
    assert read[0] == records[0]
    assert read[-1] == records[-1]
    assert len(records) - len(read) <= BLOCK // 1000 + 2


def test_zeros_at_the_end_are_no_records(log: Path) -> None:
    write_log(log, [b"one"])
    log.write_bytes(log.read_bytes() + bytes(5 * BLOCK))
    assert list(read_records(log)) == [b"one"]


def test_no_log_is_written_twice(log: Path) -> None:
    write_log(log, [b"one"])
    with pytest.raises(FileExistsError):
        write_log(log, [b"two"])
    assert list(read_records(log)) == [b"one"]


@pytest.mark.parametrize("content", [b"", b":W&", b":W&B\xe1\xbe"])
def test_a_log_that_has_only_begun_is_empty(log: Path, content: bytes) -> None:
    log.write_bytes(content)
    assert list(read_records(log)) == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"SQLite format 3\0", "not a W&B log; give a run folder"),
        (b"abc", "not a W&B log"),
        (b":W&B\xe1\xbe\x01" + bytes(100), "unknown log version 1 (only 0 can be read); upgrade tracker-diag"),
    ],
)
def test_a_foreign_or_future_log_says_so_in_one_line(log: Path, content: bytes, says: str) -> None:
    log.write_bytes(content)
    with pytest.raises(LogError) as error:
        list(read_records(log))
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_what_is_no_regular_file_is_not_read(log: Path) -> None:
    os.mkfifo(log)
    with pytest.raises(LogError, match="not a regular file"):
        list(read_records(log))
    log.unlink()
    log.mkdir()
    with pytest.raises(LogError, match="Is a directory"):
        list(read_records(log))
    log.rmdir()
    log.symlink_to("/dev/zero")
    with pytest.raises(LogError, match="not a regular file"):
        list(read_records(log))


def test_a_log_larger_than_any_is_not_read(log: Path) -> None:
    write_log(log, [b"one"])
    os.truncate(log, LARGEST_LOG + 1)
    with pytest.raises(LogError, match=f"has {LARGEST_LOG + 1:,} bytes, more than the limit of {LARGEST_LOG:,}"):
        list(read_records(log))


def test_a_record_larger_than_any_is_not_read(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "LARGEST_RECORD", 3 * BLOCK)
    write_log(log, [b"a" * 3 * BLOCK, b"b" * (3 * BLOCK + 1), b"c"])
    records = read_records(log)
    assert len(next(records)) == 3 * BLOCK
    with pytest.raises(LogError, match="it holds a record of more than"):
        next(records)


def test_a_name_of_many_lines_makes_one(tmp_path: Path) -> None:
    log = tmp_path / "run-a\nerror: all is lost\n.wandb"
    log.write_bytes(b"abc")
    with pytest.raises(LogError) as error:
        list(read_records(log))
    assert "\n" not in str(error.value)


def test_a_missing_log_says_so(log: Path) -> None:
    with pytest.raises(LogError, match="No such file"):
        list(read_records(log))
