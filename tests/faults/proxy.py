"""An HTTP proxy that mistreats a share of the requests: drops, delays, resets, refuses, or holds them."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

FAULTS = ("drop", "lose the answer", "delay", "reset", "500", "429")


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream: str
    share: float
    rng: random.Random
    counts: Counter[str]
    lock: threading.Lock
    writes: threading.Event

    def _handle(self) -> None:
        with self.lock:
            fault = self.rng.choice(FAULTS) if self.rng.random() < self.share else ""
            self.counts[fault or "none"] += 1
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not (self.writes.is_set() or self.command == "GET" or self.path.endswith("/search")):
            with self.lock:
                self.counts["held"] += 1
            self.writes.wait()
        self.close_connection = True
        if fault == "drop":
            return
        if fault == "reset":
            # A close with nothing to linger for is a reset, not a farewell.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        if fault in ("500", "429"):
            self._answer(int(fault), {"Retry-After": "1"} if fault == "429" else {}, b"{}")
            return
        if fault == "delay":
            time.sleep(0.5)
        connection = http.client.HTTPConnection(self.upstream, timeout=60)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
        connection.request(self.command, self.path, body, {**headers, "Host": self.upstream})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if fault != "lose the answer":
            self._answer(answer.status, {"Content-Type": answer.headers.get("Content-Type", "")}, content)

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(content)), "Connection": "close"}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _handle  # noqa: N815 - the names http.server looks for

    def log_message(self, *_: object) -> None: ...


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: clients that go away are what this proxy is for."""


@contextlib.contextmanager
def faulty(
    upstream: str, share: float, seed: int = 0, writes: threading.Event | None = None
) -> Iterator[tuple[str, Counter[str]]]:
    """Serve a faulty way to a server; gives its address, and how often each fault was dealt out.

    Requests that write are held until the event is set, where there is one.
    """
    counts: Counter[str] = Counter()
    if writes is None:
        writes = threading.Event()
        writes.set()
    state = {
        "upstream": urlsplit(upstream).netloc,
        "share": share,
        "rng": random.Random(seed),
        "counts": counts,
        "lock": threading.Lock(),
        "writes": writes,
    }
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), state))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", counts
    finally:
        writes.set()
        server.shutdown()
        server.server_close()
        thread.join()
