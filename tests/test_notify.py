from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.runs import make_run, make_runs
from tracker_diag.adapters.base import Query
from tracker_diag.adapters.memory import MemoryAdapter
from tracker_diag.core.finding import Severity
from tracker_diag.notify import LINES, NotifyError, check, digest, send
from tracker_diag.sweep import Plan, Row, sweep

ALL = Plan(Query(everything=True))
ROW = Row("a1", "cnn", "vision", None, "overfitting", Severity.WARNING, "no-regularisation", "…", news=True)

# Apprise loads all its plugins at once, and one of them a module that Python 3.13 drops.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


class Receiver(http.server.BaseHTTPRequestHandler):
    """A service that takes messages, after refusing as many as it is told to."""

    messages: list[dict[str, str]]
    refusals = 0

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        refuse = type(self).refusals > 0
        type(self).refusals -= refuse
        if not refuse:
            self.messages.append(body)
        self.send_response(503 if refuse else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def service() -> Iterator[tuple[str, type[Receiver]]]:
    """Address, as Apprise writes it, and the receiver."""
    handler = type("Handler", (Receiver,), {"messages": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"json://127.0.0.1:{server.server_port}/s3cret", handler
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_digest_names_what_is_new_and_severe() -> None:
    rows = [
        replace(ROW, severity=Severity.ERROR, verdict="diverged", cause="", name="", id="b2", link="http://x/b2"),
        ROW,
        replace(ROW, news=False),
        replace(ROW, severity=Severity.INFO, verdict="good-fit"),
    ]
    message = digest(rows)
    assert message == (
        "2 training runs need a look (1 wasted)",
        "ERROR diverged: b2 http://x/b2\nWARNING overfitting, likely no-regularisation: cnn",
    )
    assert digest(rows[2:]) is None


def test_a_long_digest_is_cut_and_says_so() -> None:
    message = digest([ROW] * (LINES + 5))
    assert message is not None
    assert message[1].splitlines()[-1] == "… and 5 more"
    assert len(message[1].splitlines()) == LINES + 1


def test_nobody_is_told_twice_of_the_same_verdict() -> None:
    tracker = MemoryAdapter(make_runs(3))
    assert digest(sweep(tracker, ALL).rows) is not None
    assert digest(sweep(tracker, ALL).rows) is None
    assert digest(sweep(tracker, replace(ALL, force=True)).rows) is None
    turned = make_run(0, "overfitting", tags=tracker.runs["run-000"].tags)
    tracker.runs["run-000"] = turned
    message = digest(sweep(tracker, ALL).rows)
    assert message is not None
    assert message[0] == "1 training run needs a look"


def test_a_message_arrives_also_where_the_service_refuses_at_first(service: tuple[str, type[Receiver]]) -> None:
    url, receiver = service
    receiver.refusals = 1
    send([url], "title", "text")
    assert [(m["title"], m["message"]) for m in receiver.messages] == [("title", "text")]


def test_a_service_that_does_not_take_it_is_named_without_its_secret(service: tuple[str, type[Receiver]]) -> None:
    url, receiver = service
    receiver.refusals = 99
    other = type("Other", (Receiver,), {"messages": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), other)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    with pytest.raises(NotifyError, match=r"^the message was not taken by json://$") as refusal:
        send([url, f"json://127.0.0.1:{server.server_port}/"], "title", "text")
    server.shutdown()
    server.server_close()
    thread.join()
    assert "s3cret" not in str(refusal.value)
    assert len(other.messages) == 1


@pytest.mark.parametrize("url", ["", "s3cret", "nothing://s3cret", "slack://s3cret"])
def test_an_address_that_is_none_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(NotifyError, match="not an address that Apprise knows") as refusal:
        check([url])
    assert "s3cret" not in str(refusal.value)
