"""One member of a zip archive that is read as a stream, so that what lies behind it need not be fetched."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from struct import Struct

MOST_SKIPPED, MOST_MEMBERS = 64 * 2**20, 1_000
"""Bytes, and members, that may precede the one that is sought."""
_ZIP, _LOCAL, _DESCRIPTOR = b"PK", b"\x03\x04", b"PK\x07\x08"
_BEHIND_MEMBERS = (b"\x01\x02", b"\x05\x06", b"\x06\x06")
_HEADER = Struct("<2x2H4x3I2H")
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _SIZES_BEHIND, _UTF8 = 1 << 0 | 1 << 6 | 1 << 13, 1 << 3, 1 << 11
_IN_ZIP64 = 2**32 - 1
_PIECE = 2**16


class ArchiveError(ValueError):
    """A member that cannot be had; the text says why, as the end of a sentence that begins with the archive's name."""


def member(chunks: Iterable[bytes], name: str, most: int) -> bytes:
    """Read one member of a zip archive, and no chunk behind it.

    Parameters
    ----------
    chunks : iterable of bytes
        The archive from its beginning, cut anywhere.
    name : str
        Of the member; the first of that name is read.
    most : int
        Bytes that it may have.

    Returns
    -------
    bytes
        What the member holds, inflated.

    Raises
    ------
    ArchiveError
        If there is no archive, if it breaks off, does not hold the member or cannot be read as a stream, or if the
        member is larger: no more than one piece is inflated beyond ``most``, and of members before it no more than
        64 MiB.
    """
    stream = _Stream(chunks, name, MOST_SKIPPED + most)
    if stream.read(len(_ZIP)) != _ZIP:
        raise ArchiveError("is not a zip archive")
    for _ in range(MOST_MEMBERS):
        header = _header(stream, name)
        if header.name == name:
            return _content(stream, header, most)
        _skip(stream, header)
        if stream.read(len(_ZIP)) != _ZIP:
            raise ArchiveError("is damaged")
    raise ArchiveError(f"holds more than {MOST_MEMBERS:,} files before {name}")


class _Stream:
    """Chunks as one row of bytes; a further chunk is taken when none of the last is left."""

    def __init__(self, chunks: Iterable[bytes], sought: str, most: int) -> None:
        self._chunks = iter(chunks)
        self._held, self._at = b"", 0
        self._sought, self._left = sought, most

    def some(self, most: int) -> bytes:
        """At least one byte, at most so many."""
        while self._at == len(self._held):
            chunk = next(self._chunks, None)
            if chunk is None:
                raise ArchiveError("is incomplete")
            self._held, self._at = chunk, 0
        taken = self._held[self._at : self._at + most]
        self._at += len(taken)
        self.spend(len(taken))
        return taken

    def give_back(self, size: int) -> None:
        """Have the end of what ``some`` gave last read again."""
        self._at -= size
        self._left += size

    def pieces(self, size: int) -> Iterator[bytes]:
        """So many bytes."""
        while size:
            piece = self.some(min(size, _PIECE))
            size -= len(piece)
            yield piece

    def read(self, size: int) -> bytes:
        """So many bytes at once."""
        return b"".join(self.pieces(size))

    def skip(self, size: int) -> None:
        """Leave so many bytes out; too many are not even waited for."""
        self.spend(size)
        self._left += size
        for _ in self.pieces(size):
            pass

    def spend(self, size: int) -> None:
        """Count what is read, or grows from it, and refuse too much of it."""
        self._left -= size
        if self._left < 0:
            raise ArchiveError(f"holds more than {MOST_SKIPPED // 2**20} MiB before {self._sought}")


@dataclass(frozen=True, slots=True)
class _Header:
    """What is said of a member before it."""

    name: str
    flags: int
    method: int
    checksum: int
    packed: int
    size: int

    @property
    def sizes_behind(self) -> bool:
        return bool(self.flags & _SIZES_BEHIND)


def _header(stream: _Stream, sought: str) -> _Header:
    mark = stream.read(len(_LOCAL))
    if mark in _BEHIND_MEMBERS:
        raise ArchiveError(f"holds no {sought}")
    if mark != _LOCAL:
        raise ArchiveError("is damaged")
    flags, method, checksum, packed, size, of_name, of_rest = _HEADER.unpack(stream.read(_HEADER.size))
    name = stream.read(of_name).decode("utf-8" if flags & _UTF8 else "cp437", errors="replace")
    stream.read(of_rest)
    if _IN_ZIP64 in (packed, size):
        raise ArchiveError("holds a file in zip64 format, which is not supported")
    return _Header(name, flags, method, checksum, packed, size)


def _skip(stream: _Stream, header: _Header) -> None:
    if not header.sizes_behind:
        stream.skip(header.packed)
        return
    _check_method(header)
    for piece in _inflated(stream, None):
        stream.spend(len(piece))
    # The mark before a descriptor may be left out.
    stream.read(12 if stream.read(4) == _DESCRIPTOR else 8)


def _content(stream: _Stream, header: _Header, most: int) -> bytes:
    _check_method(header)
    too_large = ArchiveError(f"holds {header.name} of more than {most:,} bytes")
    if not header.sizes_behind and max(header.size, header.packed if header.method == _STORED else 0) > most:
        raise too_large
    content = bytearray()
    for piece in _unpacked(stream, header):
        content += piece
        if len(content) > most:
            raise too_large
    if not header.sizes_behind and (len(content), zlib.crc32(content)) != (header.size, header.checksum):
        raise ArchiveError("is damaged")
    return bytes(content)


def _check_method(header: _Header) -> None:
    if header.flags & _ENCRYPTED:
        raise ArchiveError("is encrypted")
    if header.method not in (_STORED, _DEFLATED):
        raise ArchiveError(f"uses an unsupported compression method ({header.method})")
    if header.method == _STORED and header.sizes_behind:
        raise ArchiveError(f"does not give the size of {header.name}")


def _unpacked(stream: _Stream, header: _Header) -> Iterator[bytes]:
    if header.method == _STORED:
        return stream.pieces(header.packed)
    return _inflated(stream, None if header.sizes_behind else header.packed)


def _inflated(stream: _Stream, packed: int | None) -> Iterator[bytes]:
    """What so many bytes grow to, piece by piece; None stands for those up to the end that they mark themselves."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    held, more = b"", False
    while not inflater.eof:
        if not held and not more:
            if packed == 0:
                raise ArchiveError("is damaged")
            held = stream.some(_PIECE if packed is None else min(packed, _PIECE))
            packed = None if packed is None else packed - len(held)
        try:
            piece = inflater.decompress(held, _PIECE)
        except zlib.error:
            raise ArchiveError("is damaged") from None
        # A full piece may leave some of what was taken in already.
        held, more = inflater.unconsumed_tail, len(piece) == _PIECE
        yield piece
    if packed is None:
        stream.give_back(len(inflater.unused_data))
    elif packed or inflater.unused_data:
        raise ArchiveError("is damaged")
