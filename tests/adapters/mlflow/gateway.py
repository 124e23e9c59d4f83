"""A gateway in front of a real MLflow server, which answers some paths itself, as guards and older servers do."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

# (status, headers, body), or None to let the request through; the number is how often the pattern has matched before.
Verdict = tuple[int, dict[str, str], bytes] | None
Guard = Callable[[int], Verdict]


@dataclass
class Passed:
    """Requests as they came: ``METHOD path?query``, and the statuses they got."""

    requests: list[tuple[str, int]] = field(default_factory=list)

    def count(self, pattern: str) -> int:
        """Requests that match."""
        return sum(re.search(pattern, asked) is not None for asked, _ in self.requests)


@contextlib.contextmanager
def guarding(upstream: str, guards: dict[str, Guard]) -> Iterator[tuple[str, Passed]]:
    """Serve a way to a server; the first pattern that matches ``METHOD path?query`` decides."""
    passed = Passed()
    lock = threading.Lock()
    matched = dict.fromkeys(guards, 0)

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = f"{self.command} {self.path}"
            given: Verdict = None
            pattern = next((one for one in guards if re.search(one, asked)), None)
            if pattern is not None:
                with lock:
                    before, matched[pattern] = matched[pattern], matched[pattern] + 1
                given = guards[pattern](before)
            if given is None:
                headers = {"Content-Type": self.headers.get("Content-Type") or "application/octet-stream"}
                answer = requests.request(
                    self.command, upstream + self.path, data=body, headers=headers, timeout=60, allow_redirects=False
                )
                given = answer.status_code, {"Content-Type": answer.headers.get("Content-Type", "")}, answer.content
            status, headers, content = given
            with lock:
                passed.requests.append((asked, status))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _do  # noqa: N815 - the names the standard library calls

        def log_message(self, format: str, *args: object) -> None:
            del format, args

        def finish(self) -> None:
            with contextlib.suppress(OSError, ValueError):
                super().finish()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", passed
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def always(status: int, body: bytes = b"", **headers: str) -> Guard:
    """Answer the same each time."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: (status, named, body)


PAGE = b"<!DOCTYPE html><html><form action=/login></form></html>"

REFUSALS = {
    "401": always(401),
    "403": always(403),
    "404": always(404, PAGE, Content_Type="text/html"),
    "405": always(405),
    "400": always(400, b'{"error_code": "INVALID_PARAMETER_VALUE", "message": "run_id: one at a time"}'),
    "501": always(501),
    "500": always(500),
    "502": always(502, PAGE, Content_Type="text/html"),
    "503": always(503),
    "to a login page of this host": always(302, Location="/login"),
    "to another host": always(302, Location="https://login.corp.example/sso"),
    "a page": always(200, PAGE, Content_Type="text/html"),
    "a page that does not say so": always(200, b"please log in"),
    "another object": always(200, b'{"status": "ok"}'),
    "a list": always(200, b"[]"),
    "no points": always(200, b'{"metrics": []}'),
    "points of another form": always(200, b'{"metrics": [[0, 1.0]]}'),
}
"""Ways in which a path is refused."""
