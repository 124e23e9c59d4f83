"""One member of a zip that is read as a stream: every manner of writing one, and everything that is none."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.models.archive import MOST_MEMBERS, MOST_SKIPPED, ArchiveError, member

CONFIG = b'{"class_name": "Sequential", "config": {"layers": []}}'
WEIGHTS = bytes(range(256)) * 40
#: As Keras writes them: stored, in this order.
MEMBERS = {"metadata.json": b'{"keras_version": "3.15.1"}', "config.json": CONFIG, "model.weights.h5": WEIGHTS}
STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED


class Pipe(io.RawIOBase):
    """What cannot be sought in, so that zipfile writes the sizes behind each member."""

    def __init__(self) -> None:
        self.held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.held += data
        return len(data)


def zipped(members: dict[str, bytes], method: int = STORED, *, pipe: bool = False, **of_member: Any) -> bytes:
    file: Any = Pipe() if pipe else io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            if of_member:
                with archive.open(name, "w", **of_member) as inside:
                    inside.write(content)
            else:
                archive.writestr(name, content)
    return bytes(file.held) if pipe else bytes(file.getvalue())


def config_of(data: bytes, most: int = 1_000) -> bytes:
    return member([data], "config.json", most)


def refusal(data: bytes, most: int = 1_000) -> str:
    with pytest.raises(ArchiveError) as error:
        config_of(data, most)
    return str(error.value)


def replaced(data: bytes, at: int, value: bytes, name: bytes = b"config.json") -> bytes:
    """An archive with bytes of the header of a member replaced; the header lies 30 bytes before the name."""
    begin = data.index(name) - 30 + at
    return data[:begin] + value + data[begin + len(value) :]


@pytest.mark.parametrize("method", [STORED, DEFLATED])
def test_a_member_is_read_and_nothing_behind_it(method: int) -> None:
    data = zipped(MEMBERS, method)
    end = data.index(b"model.weights.h5") - 30

    def chunks() -> Iterator[bytes]:
        yield data[: end - 5]
        yield data[end - 5 : end]
        raise AssertionError("a chunk behind the member was asked for")

    assert member(chunks(), "config.json", len(CONFIG)) == CONFIG


@given(
    data=st.sampled_from([zipped(MEMBERS), zipped(MEMBERS, DEFLATED), zipped(MEMBERS, DEFLATED, pipe=True)]),
    cuts=st.lists(st.integers(0, 11_000), max_size=60),
)
def test_it_is_the_same_however_the_archive_is_cut(data: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(data)]
    parts = [data[a:b] for a, b in pairwise(places)]
    for name, content in MEMBERS.items():
        assert member(parts, name, len(WEIGHTS)) == content


@given(
    members=st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_characters="\0/\\"), min_size=1, max_size=20),
        st.binary(max_size=300) | st.integers(0, 200_000).map(lambda n: b"a" * n),
        min_size=1,
        max_size=6,
    ),
    method=st.sampled_from([STORED, DEFLATED]),
    pipe=st.booleans(),
)
def test_every_member_of_every_zip_is_read(members: dict[str, bytes], method: int, pipe: bool) -> None:
    data = zipped(members, method, pipe=pipe)
    for name, content in members.items():
        if pipe and method == STORED:
            with pytest.raises(ArchiveError, match="does not give the size of"):
                member([data], name, 200_000)
        else:
            assert member([data], name, 200_000) == content
            if content:
                with pytest.raises(ArchiveError, match="of more than"):
                    member([data], name, len(content) - 1)


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: b"PK\x03\x04" + tail))
def test_random_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ArchiveError):
        config_of(data)


@given(st.sampled_from([zipped(MEMBERS), zipped(MEMBERS, DEFLATED, pipe=True)]), st.data())
def test_a_damaged_archive_gives_the_member_or_a_refusal(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, 400))
    wrong = data[:at] + draw.draw(st.binary(min_size=1, max_size=4)) + data[at + 1 :]
    try:
        found = config_of(wrong, 100)
    except ArchiveError:
        return
    assert len(found) <= 100


@pytest.mark.parametrize("method", [STORED, DEFLATED])
def test_a_truncated_archive_breaks_off(method: int) -> None:
    data = zipped(MEMBERS, method)
    end = data.index(b"model.weights.h5") - 30
    for length in range(end):
        assert refusal(data[:length]) == "is incomplete"
    assert config_of(data[:end]) == CONFIG


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "is not a zip archive"),
        (b"<!doctype html><title>Sign in</title>", "is not a zip archive"),
        (b"", "is incomplete"),
        (zipped({}), "holds no config.json"),
        (zipped({"model.weights.h5": WEIGHTS}), "holds no config.json"),
        (zipped({"sub/config.json": CONFIG, "config.json/": b""}), "holds no config.json"),
        (zipped({"config.json": bytes(1_001)}), "holds config.json of more than 1,000 bytes"),
        (zipped({"config.json": bytes(1_001)}, DEFLATED, pipe=True), "holds config.json of more than 1,000 bytes"),
        (zipped(MEMBERS, zipfile.ZIP_BZIP2), "uses an unsupported compression method (12)"),
        (zipped(MEMBERS, STORED, pipe=True), "does not give the size of metadata.json"),
        (zipped(MEMBERS, force_zip64=True), "holds a file in zip64 format, which is not supported"),
        (replaced(zipped(MEMBERS), 6, b"\x01"), "is encrypted"),
        (replaced(zipped(MEMBERS), 0, b"PKxx"), "is damaged"),
        (replaced(zipped(MEMBERS), 0, b"zzzz"), "is damaged"),
        (zipped(MEMBERS).replace(b"Sequential", b"Sequentiel"), "is damaged"),
        (replaced(zipped(MEMBERS), 18, struct.pack("<I", len(CONFIG) - 1)), "is damaged"),
        (replaced(zipped(MEMBERS, DEFLATED), 18, struct.pack("<I", 20)), "is damaged"),
        (replaced(zipped(MEMBERS, DEFLATED), 18, struct.pack("<I", 400)), "is damaged"),
        (replaced(zipped(MEMBERS, DEFLATED), 41, b"\xff\xff"), "is damaged"),
        (
            zipped({f"assets/{i}": b"" for i in range(MOST_MEMBERS)} | MEMBERS),
            "holds more than 1,000 files before config.json",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_is_named(data: bytes, said: str) -> None:
    assert refusal(data) == said


def test_more_than_deflate_ends_with_is_damage_however_it_is_cut() -> None:
    data = replaced(zipped(MEMBERS, DEFLATED), 18, struct.pack("<I", 400))
    with pytest.raises(ArchiveError, match="is damaged"):
        member((data[i : i + 1] for i in range(len(data))), "config.json", 1_000)


def test_an_encrypted_or_otherwise_packed_member_that_is_not_sought_is_skipped() -> None:
    data = zipped(MEMBERS)
    assert config_of(replaced(data, 6, b"\x01", b"metadata.json")) == CONFIG
    assert config_of(replaced(data, 8, b"\x63", b"metadata.json")) == CONFIG


def test_names_in_either_encoding_are_told_apart() -> None:
    data = zipped({"Größe": b"1", "größe": b"2"})
    assert member([data], "größe", 1) == b"2"
    in_cp437 = zipped({"Gr__e": b"3"}).replace(b"Gr__e", "Größe".encode("cp437"))
    assert member([in_cp437], "Größe", 1) == b"3"


def with_sizes_behind(name: bytes, packed: bytes, behind: bytes) -> bytes:
    return b"PK\x03\x04" + struct.pack("<5H3I2H", 20, 8, 8, 0, 0, 0, 0, 0, len(name), 0) + name + packed + behind


def test_the_mark_before_sizes_that_lie_behind_may_be_left_out() -> None:
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(WEIGHTS) + packer.flush()
    sizes = struct.pack("<3I", zlib.crc32(WEIGHTS), len(packed), len(WEIGHTS))
    for behind in (sizes, b"PK\x07\x08" + sizes):
        assert config_of(with_sizes_behind(b"first", packed, behind) + zipped(MEMBERS)) == CONFIG


def bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    return packer.compress(bytes(size)) + packer.flush()


@pytest.mark.timeout(20)
def test_a_bomb_is_neither_inflated_nor_waited_for() -> None:
    packed = bomb(MOST_SKIPPED + 10**6)
    tracemalloc.start()
    assert refusal(zipped({"config.json": bytes(10**7)}, DEFLATED)) == "holds config.json of more than 1,000 bytes"
    assert refusal(with_sizes_behind(b"config.json", packed, b"")) == "holds config.json of more than 1,000 bytes"
    lying = struct.pack("<5H3I2H", 20, 0, 8, 0, 0, 0, len(packed), 10, 11, 0) + b"config.json" + packed
    assert refusal(b"PK\x03\x04" + lying) == "holds config.json of more than 1,000 bytes"
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # A quarter of what it would be inflated.
    assert most < MOST_SKIPPED / 4
    assert refusal(with_sizes_behind(b"other", packed, b"")) == "holds more than 64 MiB before config.json"


def test_a_large_member_before_is_refused_before_it_comes() -> None:
    head = struct.pack("<5H3I2H", 20, 0, 0, 0, 0, 0, 2**31, 2**31, 5, 0)

    def chunks() -> Iterator[bytes]:
        yield b"PK\x03\x04" + head + b"other"
        raise AssertionError("what is to be skipped was asked for")

    with pytest.raises(ArchiveError, match="more than 64 MiB before"):
        member(chunks(), "config.json", 1_000)


def test_a_stream_of_nothing_that_deflate_knows_ends() -> None:
    def chunks() -> Iterator[bytes]:
        yield with_sizes_behind(b"config.json", b"", b"")
        while True:
            yield b"\x00\x00\x00\xff\xff" * 200_000

    with pytest.raises(ArchiveError, match="more than 64 MiB before"):
        member(chunks(), "config.json", 1_000)
