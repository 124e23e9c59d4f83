"""The transaction log of a run, ``run-<id>.wandb``: frames, checksums, records.

A log is a header of seven bytes and then the framing of LevelDB's write-ahead log: blocks of 32 KiB, in each of them
chunks of a checksum, a length, a kind and data; a record that does not fit is spread over chunks FIRST, MIDDLE … LAST.
Two things differ from LevelDB: the header, which belongs to the first block, and the checksum, a plain CRC-32 over kind
and data.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from tracker_diag.adapters import disk
from tracker_diag.adapters.base import TrackerError

BLOCK = 32 * 1024
LARGEST_LOG, LARGEST_RECORD = 8 * 1024 * disk.MIB, 64 * disk.MIB
"""Bytes: a million rows of thirty metrics are a tenth of such a log, and no row comes near such a record."""
MOST_BROKEN = 1024
"""Blocks in a row, 32 MiB, of which nothing can be read: what follows is no log, and may be a hole without end."""
_HEADER = struct.Struct("<4sHB")
_CHUNK = struct.Struct("<IHB")
_IDENT, _MAGIC, _VERSION = b":W&B", 0xBEE1, 0
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
# The checksum of a chunk starts from that of its kind.
_SEEDS = {kind: zlib.crc32(bytes([kind])) for kind in (_FULL, _FIRST, _MIDDLE, _LAST)}


class LogError(TrackerError):
    """A file that is not a log, cannot be read, or has a version that is not known here; always one line."""

    def __init__(self, text: str) -> None:
        super().__init__(" ".join(text.split()))


def read_records(path: Path) -> Iterator[bytes]:
    """Read the whole records of a log, in order, each a serialised ``wandb_internal_pb2.Record``.

    A log of a killed process ends in the middle of a record: what is whole is read, the rest is left. A chunk whose
    checksum does not hold costs the rest of its block, and the record it belongs to.

    Parameters
    ----------
    path : Path
        The log; read block by block, so that memory does not grow with its size.

    Raises
    ------
    LogError
        If the file cannot be opened, does not start as a log does, has a version other than 0, or is or holds anything
        larger than any training writes.
    """
    try:
        with disk.open_regular(path, LARGEST_LOG) as file:
            head = file.read(_HEADER.size)
            if not head:
                return
            _check_header(path, head)
            yield from _records(path, file)
    except OSError as error:
        raise LogError(f"{path}: {error.strerror or error}") from None
    except disk.NotAFileError as error:
        raise LogError(str(error)) from None


def _check_header(path: Path, head: bytes) -> None:
    if len(head) < _HEADER.size:
        if (_IDENT + _MAGIC.to_bytes(2, "little")).startswith(head[:6]):
            return
        raise LogError(f"{path}: not a W&B log; give a run folder that holds run-<id>.wandb")
    ident, magic, version = _HEADER.unpack(head)
    if ident != _IDENT or magic != _MAGIC:
        raise LogError(f"{path}: not a W&B log; give a run folder that holds run-<id>.wandb")
    if version != _VERSION:
        raise LogError(f"{path}: unknown log version {version} (only {_VERSION} can be read); upgrade tracker-diag")


def _records(path: Path, file: IO[bytes]) -> Iterator[bytes]:
    parts: list[bytes] = []
    held = broken = 0
    start = _HEADER.size
    while block := file.read(BLOCK - start):
        view = memoryview(block)
        at = 0
        broken += 1
        if broken > MOST_BROKEN:
            raise LogError(f"{path}: {MOST_BROKEN:,} blocks in a row cannot be read; the log is damaged")
        # Fewer bytes than a chunk's head at the end of a block are padding.
        while at + _CHUNK.size <= len(block):
            checksum, length, kind = _CHUNK.unpack_from(block, at)
            data = view[at + _CHUNK.size : at + _CHUNK.size + length]
            at += _CHUNK.size + length
            if len(data) < length or kind not in _SEEDS or zlib.crc32(data, _SEEDS[kind]) != checksum:
                parts = []
                break
            broken = 0
            if kind == _FULL:
                parts = []
                yield bytes(data)
            elif kind == _FIRST:
                parts, held = [bytes(data)], length
            elif parts:
                held += length
                if held > LARGEST_RECORD:
                    raise LogError(
                        f"{path}: it holds a record of more than {LARGEST_RECORD:,} bytes, too large to read"
                    )
                parts.append(bytes(data))
                if kind == _LAST:
                    yield b"".join(parts)
                    parts = []
        start = 0


def write_log(path: Path, records: Iterable[bytes]) -> None:
    """Write a new log, and see it on the disk.

    Parameters
    ----------
    path : Path
        Must not exist.
    records : iterable of bytes
        Serialised records.

    Raises
    ------
    FileExistsError
        If there is such a file: no log is ever written to twice.
    """
    with path.open("xb") as file:
        file.write(_HEADER.pack(_IDENT, _MAGIC, _VERSION))
        at = _HEADER.size
        for record in records:
            for chunk in _chunks(record, at):
                file.write(chunk)
                at += len(chunk)
        file.flush()
        os.fsync(file.fileno())


def _chunks(record: bytes, at: int) -> Iterator[bytes]:
    rest, first = record, True
    while first or rest:
        left = BLOCK - at % BLOCK
        if left < _CHUNK.size:
            yield bytes(left)
            at, left = at + left, BLOCK
        part, rest = rest[: left - _CHUNK.size], rest[left - _CHUNK.size :]
        kind = (_FIRST if rest else _FULL) if first else (_MIDDLE if rest else _LAST)
        first = False
        yield _CHUNK.pack(zlib.crc32(part, _SEEDS[kind]), len(part), kind) + part
        at += _CHUNK.size + len(part)
