from __future__ import annotations

import contextlib
import socket
import time
from itertools import pairwise
from pathlib import Path

import pytest
import requests
from mlflow.exceptions import MlflowException

from tests.adapters.mlflow.faulty import Answer, answering
from tracker_diag.adapters.base import AwayError, TrackerError
from tracker_diag.adapters.mlflow import connect, http
from tracker_diag.adapters.mlflow.http import Http
from tracker_diag.adapters.mlflow.refusals import RefusedError


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits are noted, not waited for."""
    waits: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waits.append)
    return waits


@pytest.mark.parametrize(
    "fault", [(500, {}, {}), (503, {}, {}), (429, {}, {}), None], ids=["500", "503", "429", "reset"]
)
def test_a_fault_of_the_moment_is_asked_again(quick: list[float], fault: object) -> None:
    with answering(lambda _, __, before, ___: fault if before < 4 else (200, {}, {"ok": True})) as (uri, asked):
        assert Http(uri).json("GET", "/x") == {"ok": True}
    assert len(asked.requests) == 5
    assert len(quick) == 4
    assert all(later > 1.5 * earlier for earlier, later in pairwise(quick))


def test_the_wait_a_server_asks_for_is_kept(quick: list[float]) -> None:
    busy = (429, {"Retry-After": "7"}, {})
    with answering(lambda _, __, before, ___: busy if before == 0 else (200, {}, {})) as (uri, _):
        Http(uri).json("GET", "/x")
    assert 7.0 <= quick[0] < 9.0


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_what_would_not_change_is_not_asked_again(quick: list[float], status: int) -> None:
    body = {"error_code": "SOME_CODE", "message": "no\nsecond line"}
    with answering(lambda *_: (status, {}, body)) as (uri, asked), pytest.raises(RefusedError) as caught:
        Http(uri).json("GET", "/x")
    assert (len(asked.requests), quick) == (1, [])
    assert (caught.value.status, caught.value.code) == (status, "SOME_CODE")
    assert "\n" not in str(caught.value)


def test_two_writers_of_a_new_tag_are_tried_again(quick: list[float]) -> None:
    race = (400, {}, {"error_code": "BAD_REQUEST", "message": "(sqlite3.IntegrityError) UNIQUE constraint failed"})
    with answering(lambda _, __, before, ___: race if before == 0 else (200, {}, {})) as (uri, _):
        assert Http(uri).json("POST", "/x") == {}
    assert len(quick) == 1


def test_a_server_that_keeps_failing_is_given_up(quick: list[float]) -> None:
    with answering(lambda *_: (503, {}, {})) as (uri, asked), pytest.raises(TrackerError, match="503"):
        Http(uri).json("GET", "/x")
    assert len(asked.requests) == 8
    assert 15.0 < sum(quick) < 60.0


def test_an_unreachable_server_is_said_within_seconds() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{closed.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(TrackerError, match="cannot be reached; check") as caught:
            connect(uri).find_run("0" * 32)
    assert time.monotonic() - started < 5.0
    assert "\n" not in str(caught.value)


def test_a_name_that_does_not_resolve_is_said_within_seconds(quick: list[float]) -> None:
    with pytest.raises(TrackerError, match="cannot be reached"):
        connect("http://no-such-host.invalid:5000").find_run("0" * 32)
    assert len(quick) == 2


def test_a_server_that_knows_no_runs_is_no_mlflow() -> None:
    with answering(lambda *_: (404, {}, {})) as (uri, _), pytest.raises(TrackerError, match="no MLflow server answers"):
        connect(uri).find_run("0" * 32)


def test_an_address_that_swallows_everything_is_said_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_CONNECT", 0.3)
    monkeypatch.setattr(http, "FIRST_ANSWER", 1.0)
    # A listening socket whose queue is full leaves the next connection without an answer.
    with socket.socket() as full, contextlib.ExitStack() as queue:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            waiting = queue.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        started = time.monotonic()
        with pytest.raises(TrackerError, match="cannot be reached"):
            connect(f"http://127.0.0.1:{full.getsockname()[1]}").find_run("0" * 32)
    assert time.monotonic() - started < 4.0


def test_something_that_is_no_mlflow_is_said() -> None:
    import http.server
    import threading

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>hello</html>")

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    server = http.server.HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with pytest.raises(TrackerError, match="is it an MLflow server"):
            connect(f"http://127.0.0.1:{server.server_port}").find_run("0" * 32)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_credentials_are_sent_and_never_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "user")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "s3cret")
    with answering(lambda *_: (401, {}, {})) as (uri, asked), pytest.raises(TrackerError) as caught:
        Http(uri).json("GET", "/x")
    assert asked.requests[0][2]["Authorization"].startswith("Basic ")
    assert "MLFLOW_TRACKING_USERNAME" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_credentials_in_an_address_are_not_shown() -> None:
    adapter = connect("http://user:s3cret@127.0.0.1:1/mlflow")
    assert adapter.describe() == "MLflow at http://127.0.0.1:1/mlflow"
    with pytest.raises(TrackerError) as caught:
        adapter.find_run("0" * 32)
    assert "s3cret" not in str(caught.value)
    with pytest.raises(TrackerError) as caught:
        connect("http://user:s3cret@127.0.0.1:1/mlflow?token=s3cret")
    assert str(caught.value) == "the tracking URI has a query: use http://127.0.0.1:1/mlflow"


def test_plain_servers_are_not_kept_alive() -> None:
    with answering(lambda *_: (200, {}, {})) as (uri, asked):
        Http(uri).json("GET", "/x")
    assert asked.requests[0][2]["Connection"] == "close"


def test_a_redirect_within_the_host_is_followed_with_everything_that_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t0ken-of-mine")
    moved = {"Location": "/new/place?a=1"}

    def answer(method: str, path: str, _: int, body: bytes) -> Answer:
        return (307, moved, {}) if path.startswith("/x") else (200, {}, {"got": [method, path, body.decode()]})

    with answering(answer) as (uri, asked):
        got = Http(uri).json("POST", "/x", params=[("q", "1")], body={"b": 2})["got"]
    assert got == ["POST", "/new/place?a=1", '{"b": 2}']
    assert {request[2]["Authorization"] for request in asked.requests} == {"Bearer t0ken-of-mine"}


def test_another_host_gets_no_request_and_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t0ken-of-mine")
    with contextlib.ExitStack() as servers:
        other, asked_of_other = servers.enter_context(answering(lambda *_: (200, {}, {})))
        elsewhere = other.replace("127.0.0.1", "localhost")
        uri, asked = servers.enter_context(answering(lambda *_: (302, {"Location": elsewhere}, {})))
        with pytest.raises(TrackerError, match=f"redirects to {elsewhere}: give that address"):
            Http(uri).json("GET", "/x")
    assert (len(asked.requests), asked_of_other.requests) == (1, [])


def test_a_wait_that_is_longer_than_patience_is_not_begun(quick: list[float]) -> None:
    busy = (429, {"Retry-After": "15"}, {})
    with answering(lambda *_: busy) as (uri, asked), pytest.raises(AwayError, match=r"429: .*; it asks to wait 15 s"):
        Http(uri).json("GET", "/x")
    assert len(asked.requests) == 2
    assert len(quick) == 1


@pytest.mark.parametrize("asked", ["nan", "inf", "-5", "Wed, 21 Oct 2015 07:28:00 GMT", "soon"])
def test_a_wait_that_is_none_is_left_to_the_backoff(quick: list[float], asked: str) -> None:
    with answering(lambda _, __, before, ___: (503, {"Retry-After": asked}, {}) if not before else (200, {}, {})) as (
        uri,
        _,
    ):
        Http(uri).json("GET", "/x")
    assert quick[0] < 1.0


@pytest.mark.parametrize("status", [401, 429, 502, 503, 504])
def test_refusals_of_everything_are_told_from_others(quick: list[float], status: int) -> None:
    with answering(lambda *_: (status, {}, {})) as (uri, _), pytest.raises(AwayError):
        Http(uri).json("GET", "/x")


@pytest.mark.parametrize("status", [400, 403, 404, 500, 501])
def test_refusals_of_one_request_do_not_end_the_others(quick: list[float], status: int) -> None:
    with answering(lambda *_: (status, {}, {})) as (uri, _), pytest.raises(TrackerError) as caught:
        Http(uri).json("GET", "/x")
    assert not isinstance(caught.value, AwayError)


def test_what_a_server_says_is_shown_and_not_obeyed() -> None:
    said = "\x1b[2Jsee http://bob:s3cret@h\u202e" + "x" * 5000
    refusal = (400, {}, {"message": said, "error_code": "\x1b[A"})
    with answering(lambda *_: refusal) as (uri, _), pytest.raises(RefusedError) as caught:
        Http(uri).json("GET", "/x")
    text = str(caught.value)
    assert "\\x1b[2Jsee http://…@h\\u202e" in text
    assert text.isprintable()
    assert len(text) < 400
    assert caught.value.code == "\\x1b[A"


def test_a_silent_server_is_asked_once_before_it_ever_answered(
    quick: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "FIRST_ANSWER", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        server = Http(f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(AwayError, match=r"did not answer within 0.2 s \(set MLFLOW_HTTP_REQUEST_TIMEOUT to"):
            server.json("GET", "/x")
    assert quick == []


def test_the_users_own_timeout_wins(monkeypatch: pytest.MonkeyPatch, quick: list[float]) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(AwayError, match="did not answer within 1 s"):
            Http(f"http://127.0.0.1:{silent.getsockname()[1]}").json("GET", "/x")


def test_a_certificate_that_is_not_there_is_said_without_the_password(
    monkeypatch: pytest.MonkeyPatch, quick: list[float]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", "/no/such/file.pem")
    with pytest.raises(TrackerError) as caught:
        Http("https://bob:PW-of-bob@127.0.0.1:1").json("GET", "/x")
    assert "check MLFLOW_TRACKING_SERVER_CERT_PATH" in str(caught.value)
    assert "PW-of-bob" not in str(caught.value)


def test_https_to_a_server_that_speaks_plain_http_is_told_from_a_bad_certificate(quick: list[float]) -> None:
    with answering(lambda *_: (200, {}, {})) as (uri, _), pytest.raises(AwayError) as caught:
        Http(uri.replace("http:", "https:")).json("GET", "/x")
    name = uri.partition("://")[2]
    assert str(caught.value) == (
        f"https://{name}: no TLS connection: if the server speaks plain http, use http://{name}, "
        "else set MLFLOW_TRACKING_SERVER_CERT_PATH"
    )


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number", "no TLS connection"),
        ("[SSL: RECORD_LAYER_FAILURE] record layer failure", "no TLS connection"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate", "its TLS certificate is not trusted"),
        ("hostname 'a' doesn't match 'b'", "its TLS certificate is not trusted"),
    ],
)
def test_what_tls_refuses(monkeypatch: pytest.MonkeyPatch, said: str, says: str) -> None:
    def refusing(*_: object, **__: object) -> None:
        raise MlflowException("no") from requests.exceptions.SSLError(said)

    monkeypatch.setattr("mlflow.utils.rest_utils.http_request", refusing)
    with pytest.raises(AwayError, match=says):
        Http("https://h").json("GET", "/x")


def test_a_token_that_no_header_can_carry_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "s3cret\nword")
    with pytest.raises(TrackerError) as caught:
        Http("http://127.0.0.1:1").json("GET", "/x")
    assert str(caught.value) == "MLFLOW_TRACKING_TOKEN contains characters that an HTTP header cannot carry"


def test_credentials_that_cannot_be_read_are_not_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".mlflow").mkdir()
    (tmp_path / ".mlflow" / "credentials").write_text("mlflow_tracking_password = s3cret-word\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(TrackerError, match=r"check ~/\.mlflow/credentials") as caught:
        Http("http://127.0.0.1:1").json("GET", "/x")
    assert "s3cret-word" not in str(caught.value)


@pytest.mark.parametrize("address", ["http:/bob:PW-of-bob@h", "http://bob:PW/of/bob@h", "http://bob:PW-of-bob@h:x"])
def test_an_address_that_is_none_is_refused_before_anything_is_sent(address: str) -> None:
    with pytest.raises(TrackerError, match="the tracking URI is not an address") as caught:
        connect(address)
    assert "PW" not in str(caught.value)
