"""A gateway in front of a real MLflow server, which answers some paths itself, as guards and older servers do."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import requests

from tests.adapters.mlflow.faulty import Answer, answering

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

    def answer(method: str, path: str, number: int, body: bytes) -> Answer:
        request = f"{method} {path}"
        given: Verdict = None
        pattern = next((one for one in guards if re.search(one, request)), None)
        if pattern is not None:
            with lock:
                before, matched[pattern] = matched[pattern], matched[pattern] + 1
            given = guards[pattern](before)
        if given is None:
            headers = {"Content-Type": asked.requests[number][2].get("Content-Type") or "application/octet-stream"}
            passing = requests.request(
                method, upstream + path, data=body, headers=headers, timeout=60, allow_redirects=False
            )
            given = passing.status_code, {"Content-Type": passing.headers.get("Content-Type", "")}, passing.content
        with lock:
            passed.requests.append((request, given[0]))
        return given

    with answering(answer) as (uri, asked):
        yield uri, passed


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
