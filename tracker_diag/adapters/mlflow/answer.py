"""The answer of a server, read to a stated size and within a stated time, whatever the server does."""

from __future__ import annotations

import contextvars
import queue
import re
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from tracker_diag.adapters import disk

T = TypeVar("T")

LONGEST_ERROR = disk.MIB
"""Bytes of an answer that is an error: what it says is cut to a line anyway."""
SLOWEST = 1000.0
"""Bytes per second; an answer that comes more slowly for ``WINDOW`` seconds is given up."""
WINDOW = 10.0
_CHUNK = 2**16
# Bounded here and not left to the transport, which reads on for as long as what is compressed holds nothing.
ENCODING = "gzip"
PART = 206
"""Status of an answer that is a part of a file."""
_FROM_THE_FIRST = re.compile(r"bytes 0-", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered.

    Attributes
    ----------
    status : int
        Of HTTP.
    reason : str
        The status in the server's words.
    headers : mapping of str to str
        Names in any case.
    body : bytes
        Decoded; empty where that of an error cannot be.
    """

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_page(self) -> bool:
        """Whether this is made for a browser."""
        return "html" in self.headers.get("Content-Type", "").lower() or self.holds_page

    @property
    def holds_page(self) -> bool:
        """Whether the body is one; MLflow 1.30 calls every file that it serves a page."""
        return self.body[:200].lstrip().lower().startswith((b"<!doctype", b"<html", b"<head", b"<body"))


class BodyError(Exception):
    """A body that cannot be used; says why, as a part of a sentence.

    Attributes
    ----------
    passing : bool
        Whether it may be whole when it is asked for again.
    """

    def __init__(self, why: str, *, passing: bool) -> None:
        super().__init__(why)
        self.passing = passing


class SlowError(BodyError):
    """A body that comes too slowly to wait for its end."""


def within(seconds: float, work: Callable[[], T]) -> T:
    """Do what asks a server, and wait so long for it at most.

    The timeouts of a socket begin anew with every byte, and headers, interim answers and trailers may come byte by byte
    for ever. No library bounds them all; so the work is done on a thread of its own, which is left to itself when the
    time is up.

    Raises
    ------
    TimeoutError
        If it takes longer.
    """
    outcome: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcome.put((work(), None))
        except BaseException as error:  # noqa: BLE001  it is raised again where it was waited for
            outcome.put((None, error))

    threading.Thread(target=contextvars.copy_context().run, args=(run,), daemon=True).start()
    try:
        result, error = outcome.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value]


def read_answer(response: requests.Response, most: int) -> Answer:
    """Read an answer whose head has come.

    Parameters
    ----------
    response : requests.Response
        Streamed, nothing read of its body.
    most : int
        Bytes of the body, compressed or not.

    Raises
    ------
    BodyError
        If the body is longer, breaks off, comes too slowly, or is not compressed as it says. That of an error is then
        taken to be empty: its status says enough.
    """
    failed = response.status_code >= 400
    with response:
        try:
            body = _decoded(_read(response, LONGEST_ERROR if failed else most), response.headers, most)
        except BodyError:
            if not failed:
                raise
            body = b""
    return Answer(response.status_code, response.reason or "", response.headers, body)


def read_head(response: requests.Response, most: int, take: Callable[[Iterator[bytes]], T]) -> tuple[Answer, T | None]:
    """Read the beginning of a file whose head has come, and leave the rest where it is.

    Parameters
    ----------
    response : requests.Response
        Streamed, nothing read of its body.
    most : int
        Bytes of the body that are read at most.
    take : callable
        Is given the body, part by part, and need not take all of it; what it raises is passed on.

    Returns
    -------
    tuple of (Answer, object)
        The answer without its body, and what ``take`` made of that; the whole answer and None where it is an error.

    Raises
    ------
    BodyError
        If the body breaks off, comes too slowly, is compressed, or is another part than was asked for.
    """
    if response.status_code >= 300:
        return read_answer(response, LONGEST_ERROR), None
    with response:
        if response.headers.get("Content-Encoding", "").strip().lower() not in ("", "identity"):
            raise BodyError("has a compression that was not asked for", passing=False)
        if response.status_code == PART and not _FROM_THE_FIRST.match(response.headers.get("Content-Range", "")):
            raise BodyError("is another part of the file than was asked for", passing=False)
        taken = take(_first(_parts(response), most))
    return Answer(response.status_code, response.reason or "", response.headers, b""), taken


def _first(parts: Iterator[bytes], most: int) -> Iterator[bytes]:
    while most > 0 and (part := next(parts, b"")):
        yield part[:most]
        most -= len(part)


def _read(response: requests.Response, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    for part in _parts(response):
        parts.append(part)
        size += len(part)
        if size > most:
            raise BodyError(f"is longer than {most // disk.MIB} MiB", passing=False)
    return b"".join(parts)


def _parts(response: requests.Response) -> Iterator[bytes]:
    """What comes of a body, for as long as it comes fast enough."""
    size = counted = 0
    mark = time.monotonic()
    while True:
        try:
            # read1 gives what has come; read would wait, unseen, until a whole chunk has.
            part = response.raw.read1(_CHUNK, decode_content=False)
        except ReadTimeoutError:
            raise TimeoutError from None
        except HTTPError:
            raise BodyError("ended early", passing=True) from None
        if not part:
            return
        yield part
        size += len(part)
        now = time.monotonic()
        if now - mark >= WINDOW:
            if size - counted < SLOWEST * (now - mark):
                raise SlowError(f"arrives at less than {SLOWEST:g} bytes per second", passing=True)
            mark, counted = now, size


def _decoded(body: bytes, headers: Mapping[str, str], most: int) -> bytes:
    encoding = headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("", "identity") or not body:
        return body
    if encoding != ENCODING:
        raise BodyError("has a compression that was not asked for", passing=False)
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        decoded = decoder.decompress(body, most + 1)
    except zlib.error:
        raise BodyError("is not compressed in the way it says", passing=False) from None
    if len(decoded) > most:
        raise BodyError(f"is longer than {most // disk.MIB} MiB", passing=False)
    if not decoder.eof:
        raise BodyError("ended early", passing=True)
    return decoded
