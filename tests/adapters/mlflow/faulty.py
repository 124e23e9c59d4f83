"""A server that misbehaves as told: the faults of networks and servers, which a healthy MLflow cannot show."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# (status, headers, body: bytes, or what is sent as JSON), or None to break the connection without an answer.
Answer = tuple[int, dict[str, str], Any] | None


@dataclass
class Asked:
    """Requests as they came: method, path with query, headers."""

    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)


@contextlib.contextmanager
def answering(answer: Callable[[str, str, int, bytes], Answer]) -> Iterator[tuple[str, Asked]]:
    """Answer each request by ``answer(method, path, number before, body)``; gives the address and what was asked."""
    asked = Asked()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with lock:
                before = len(asked.requests)
                asked.requests.append((self.command, self.path, dict(self.headers)))
            given = answer(self.command, self.path, before, body)
            if given is None:
                self.connection.close()
                return
            status, headers, body = given
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _do  # noqa: N815 - the names the standard library calls

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

        def finish(self) -> None:
            with contextlib.suppress(OSError, ValueError):
                super().finish()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
