from __future__ import annotations

import email
import http.server
import json
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.runs import make_run, make_runs
from tracker_diag.adapters.base import Query
from tracker_diag.adapters.memory import MemoryAdapter
from tracker_diag.core.finding import Severity
from tracker_diag.core.outgoing import TYPED, clean
from tracker_diag.sweeping.notify import (
    LINES,
    LONGEST_ERROR,
    LONGEST_LINK,
    LONGEST_NAME,
    LONGEST_WORD,
    NotifyError,
    check,
    digest,
    plain,
    send,
)
from tracker_diag.sweeping.plan import Plan
from tracker_diag.sweeping.result import Row
from tracker_diag.sweeping.sweep import sweep

ALL = Plan(Query(everything=True))
ROW = Row("a1", "cnn", "vision", None, "overfitting", Severity.WARNING, "no-regularisation", "…", news=True)

# Apprise loads all its plugins at once, and one of them a module that Python 3.13 drops.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


EVIL = '<a href="http://evil.com">x</a> [x](http://evil.com) @everyone <!channel>'
PINGS = "<http://evil.com|x> :fire: *b* _i_ __u__ `c` ~s~ ||h|| #all <@U12> $x$ \\* &"


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test types is a secret in that test only."""
    monkeypatch.setenv(TYPED, "[]")


class Receiver(http.server.BaseHTTPRequestHandler):
    """A service that takes messages, after refusing as many as it is told to."""

    messages: list[dict[str, str]]
    refusals = 0

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        body = json.loads(text) if text.startswith("{") else {"xml": text}
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
        "2 training runs need attention (1 wasted)",
        'ERROR diverged: "b2" http://x/b2\nWARNING overfitting, likely no-regularisation: "cnn"',
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
    assert message[0] == "1 training run needs attention"


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
    with pytest.raises(
        NotifyError, match=r"^could not send the message to json://: check the address and the network$"
    ) as refusal:
        send([url, f"json://127.0.0.1:{server.server_port}/"], "title", "text")
    server.shutdown()
    server.server_close()
    thread.join()
    assert "s3cret" not in str(refusal.value)
    assert len(other.messages) == 1


@pytest.mark.parametrize("url", ["", "s3cret", "nothing://s3cret", "slack://s3cret"])
def test_an_address_that_is_none_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(
        NotifyError, match=r"^--notify( \w+://…)?: not a valid Apprise URL \(not shown, because it may hold a secret\)$"
    ) as refusal:
        check([url])
    assert "s3cret" not in str(refusal.value)


def test_an_address_that_was_checked_is_not_shown_any_more() -> None:
    check(["json://127.0.0.1/s3cret"])
    assert clean("POST to json://127.0.0.1/s3cret failed") == "POST to … failed"


def test_a_sweep_that_failed_is_told_with_and_without_news() -> None:
    assert digest([], "http://h cannot be reached") == (
        "A sweep failed",
        "The sweep failed: http∶//h cannot be reached",
    )
    message = digest([ROW], "no answer")
    assert message is not None
    assert message[1].splitlines()[1] == "The sweep failed: no answer"


def test_text_of_a_run_is_quoted_and_neither_pings_nor_links_nor_formats() -> None:
    message = digest([replace(ROW, name=EVIL), replace(ROW, name=PINGS)])
    assert message is not None
    assert message[1] == (
        "WARNING overfitting, likely no-regularisation: "
        "\"‹a href='http∶//evil․com'›x‹/a› (x)(http∶//evil․com) (at)everyone ‹!channel›\"\n"
        "WARNING overfitting, likely no-regularisation: "
        "\"‹http∶//evil․com¦x› ∶fire: ∗b∗ -i- --u-- 'c' ∼s∼ ¦¦h¦¦ ♯all ‹(at)U12› ＄x＄ ∖∗ ＆\""
    )


@pytest.mark.parametrize("name", ["my_run_1", "lr=0.1, wd: 1e-4 (v2.0)", "net-7/fold+3", "résumé 验证"])
def test_ordinary_names_stay_readable(name: str) -> None:
    assert plain(name, LONGEST_NAME) == name


@given(st.text(max_size=100) | st.lists(st.sampled_from([*'@<>[]()*_~`|:#.a1 /\\"&', "://", "\n"])).map("".join))
def test_no_text_keeps_what_acts(text: str) -> None:
    shown = plain(text, LONGEST_NAME)
    assert len(shown) <= LONGEST_NAME
    assert not set(shown) & set('@<>[]*~`|#\\"&{}$^\n\x1b')
    assert "://" not in shown
    assert not shown.startswith("_")
    assert not shown.endswith("_")


def test_a_message_is_bounded_whatever_the_runs_are_called() -> None:
    long = replace(ROW, name="@" * 10**5, verdict="v" * 10**5, cause="c" * 10**5, link="http://h/" + "x" * 10**5)
    longest = LINES * (LONGEST_NAME + 2 * LONGEST_WORD + LONGEST_LINK + 40) + LONGEST_ERROR + 80
    message = digest([long] * 1000, "e" * 10**5)
    assert message is not None
    assert len("".join(message)) < longest
    linked = digest([replace(long, link="http://h/" + "x" * (LONGEST_LINK - 9))] * 1000, "e" * 10**5)
    assert linked is not None
    assert len("".join(linked)) < longest


@pytest.mark.parametrize("link", ["javascript:alert(1)", "http://h/a b", "http://bob:hunter2@h/x", "http://h/\x1b[0m"])
def test_a_link_that_is_none_is_left_out(link: str) -> None:
    assert digest([replace(ROW, link=link)]) == digest([replace(ROW, link=None)])


def test_services_of_other_formats_get_the_same_text(service: tuple[str, type[Receiver]]) -> None:
    url, receiver = service
    message = digest([replace(ROW, name=EVIL)])
    assert message is not None
    token = "3ccdd113474722377935511fc85d3dd4"
    send([url, url.replace("json:", "xml:"), url.replace("json:", "mmost:").replace("s3cret", token)], *message)
    as_json, as_xml, chat = receiver.messages
    assert as_json["message"] == message[1]
    assert [x.text for x in ElementTree.fromstring(as_xml["xml"]).iter() if x.tag == "Message"] == [message[1]]
    assert message[1] in chat["text"]


class Mails(socketserver.StreamRequestHandler):
    """A mail server that takes whatever it is given."""

    taken: list[bytes]

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        body: list[bytes] | None = None
        for line in self.rfile:
            if body is not None and line != b".\r\n":
                body.append(line)
                continue
            if body is not None:
                self.taken.append(b"".join(body))
            body = [] if line.upper().startswith(b"DATA") else None
            self.wfile.write(b"354 go on\r\n" if body is not None else b"250 fine\r\n")


class Elements(HTMLParser):
    """What a mail program makes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("text", ["<a href='http://evil.com'>x</a> &amp; **b**", None])
def test_a_mail_in_html_shows_a_name_as_text(text: str | None) -> None:
    message = digest([replace(ROW, name=EVIL)])
    assert message is not None
    body = text or message[1]
    handler = type("Handler", (Mails,), {"taken": []})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        port = server.server_address[1]
        send([f"mailto://127.0.0.1:{port}/?from=a@b.com&to=c@d.com&mode=insecure&format=html"], message[0], body)
        server.shutdown()
        thread.join()
    (mail,) = handler.taken
    pages = [part for part in email.message_from_bytes(mail).walk() if part.get_content_type() == "text/html"]
    assert len(pages) == 1
    content = pages[0].get_payload(decode=True)
    assert isinstance(content, bytes)
    page = Elements(content.decode())
    assert not {"a", "strong", "b"} & set(page.tags)
    assert body in page.text.replace("\xa0", " ")
