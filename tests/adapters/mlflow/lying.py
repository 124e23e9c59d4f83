"""A small MLflow server that lies in one way at a time, as the table ``LIES`` says.

``python -m tests.adapters.mlflow.lying`` sweeps over each of them as a user would, and prints how long each takes.
"""

from __future__ import annotations

import contextlib
import copy
import gzip
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.runs import curves

GOOD = ("a" * 32, "b" * 32, "c" * 32)
BAD = "d" * 32
FOREIGN = "e" * 32
PASSWORD = "sesame-secret"

_SEARCH = "POST .*/runs/search"
_EXPERIMENTS = "POST .*/experiments/search"
_HISTORY = f"GET .*get-history.*{BAD}"
_FILES = f"(GET|PUT) .*mlflow-artifacts.*{BAD}"


class Truth:
    """What an honest server holds: three good runs and one that is lied about."""

    def __init__(self) -> None:
        self.metrics = {
            run: curves(kind, seed=number)
            for number, (run, kind) in enumerate(
                zip((*GOOD, BAD), ("healthy", "overfitting", "diverged", "overfitting"), strict=True)
            )
        }
        self.tags: dict[str, dict[str, str]] = {run: {} for run in self.metrics}
        self.files: dict[str, bytes] = {}

    def answer(self, method: str, target: str, body: bytes) -> Any:
        """The true answer to a request."""
        path, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
        asked = json.loads(body) if body[:1] == b"{" else {}
        if path.endswith("/experiments/search"):
            return {"experiments": [{"experiment_id": "1", "name": "vision"}]}
        if path.endswith("/runs/search"):
            listed = "attributes.status != 'RUNNING'" in asked["filter"]
            return {"runs": [self.run(run) for run in self.metrics if listed or f"'{run}'" in asked["filter"]]}
        if path.endswith("/runs/get"):
            return {"run": self.run(query["run_id"][0])}
        if "/metrics/get-history" in path:
            return {"metrics": [row for run in query["run_id"] for row in self.rows(run, query["metric_key"][0])]}
        if path.endswith("/runs/log-batch"):
            self.tags[asked["run_id"]] |= {tag["key"]: tag["value"] for tag in asked["tags"]}
        if path.endswith("/runs/delete-tag"):
            self.tags[asked["run_id"]].pop(asked["key"], None)
        if method == "PUT":
            self.files[path] = body
        return {}

    def run(self, run: str) -> dict[str, Any]:
        """A run as a search shows it."""
        last = [
            {"key": key, "value": points[-1][1], "step": len(points) - 1} for key, points in self.metrics[run].items()
        ]
        return {
            "info": {
                "run_id": run,
                "run_name": f"run {run[0]}",
                "experiment_id": "1",
                "status": "FINISHED",
                "start_time": 1_700_000_000_000,
                "end_time": 1_700_000_100_000,
                "artifact_uri": f"mlflow-artifacts:/1/{run}/artifacts",
            },
            "data": {
                "metrics": last,
                "params": [{"key": "lr", "value": "0.01"}],
                "tags": [{"key": key, "value": value} for key, value in self.tags[run].items()],
            },
        }

    def rows(self, run: str, metric: str) -> list[dict[str, Any]]:
        """The points of a metric as a history shows them."""
        return [
            {"run_id": run, "key": metric, "step": step, "value": value, "timestamp": 1_700_000_000_000 + int(step)}
            for step, value in self.metrics[run].get(metric, ())
        ]


Handler = BaseHTTPRequestHandler
Tell = Callable[[Handler, Any], None]


@dataclass(frozen=True)
class Lie:
    """One way of lying.

    Attributes
    ----------
    on : str
        Pattern of ``METHOD path?query``: where it lies.
    tell : callable
        ``tell(handler, truth)`` answers; the truth is the honest answer.
    code : int
        Exit code of a sweep.
    says : str
        Pattern of the line that names what happened.
    alone : bool
        It is about one run: the good runs are diagnosed.
    silent : bool
        It falls silent after it has answered: how long that is waited for is the user's to say.
    """

    on: str
    tell: Tell
    code: int
    says: str
    alone: bool = False
    silent: bool = False


def send(
    handler: Handler,
    body: bytes,
    status: int = 200,
    headers: dict[str, str] | None = None,
    *,
    length: int | None = None,
) -> None:
    handler.send_response(status)
    if handler.close_connection:
        # Unsaid, the client might send its next request on a connection that is just being closed.
        handler.send_header("Connection", "close")
    for name, value in {"Content-Length": str(len(body) if length is None else length), **(headers or {})}.items():
        if value:
            handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def says(body: Any, status: int = 200, **headers: str) -> Tell:
    """Answer with JSON, or with bytes as they are."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, truth: send(handler, content, status, named)


def changes(change: Callable[[Any], Any]) -> Tell:
    """Answer with the truth, changed."""

    def tell(handler: Handler, truth: Any) -> None:
        changed = copy.deepcopy(truth)
        given = change(changed)
        send(handler, json.dumps(changed if given is None else given).encode())

    return tell


def of_bad(change: Callable[[dict[str, Any]], Any]) -> Tell:
    """Change what is said of the bad run among others; what the change gives takes its place."""

    def tell(answer: Any) -> None:
        for number, run in enumerate(answer["runs"]):
            if run["info"]["run_id"] == BAD:
                given = change(run)
                answer["runs"][number] = run if given is None else given

    return changes(tell)


def rows(change: Callable[[dict[str, Any]], Any]) -> Tell:
    """Change each point of the bad run's histories."""

    def tell(answer: Any) -> Any:
        return {"metrics": [change(row) if row["run_id"] == BAD else row for row in answer["metrics"]]}

    return changes(tell)


def info(**fields: Any) -> Tell:
    return of_bad(lambda run: run["info"].update(fields))


def data(**fields: Any) -> Tell:
    return of_bad(lambda run: run["data"].update(fields))


def as_is(content: bytes, then: Callable[[Handler], None] = lambda handler: None) -> Tell:
    """Send bytes that need not be HTTP, and go on as ``then`` says."""

    def tell(handler: Handler, truth: Any) -> None:
        handler.wfile.write(content)
        handler.wfile.flush()
        then(handler)

    return tell


def repeat(piece: bytes, pause: float = 0.0) -> Callable[[Handler], None]:
    """Send the same for ever."""

    def go_on(handler: Handler) -> None:
        while True:
            handler.wfile.write(piece)
            handler.wfile.flush()
            # Not time.sleep, which tests of waiting replace.
            threading.Event().wait(pause)

    return go_on


def hold(handler: Handler) -> None:
    """Say nothing more, until the other side hangs up."""
    handler.connection.settimeout(600)
    with contextlib.suppress(OSError):
        handler.connection.recv(1)


def numbered(key: str, item: Any = None) -> Tell:
    """Page after page, each with a token of its own."""

    def tell(handler: Handler, truth: Any) -> None:
        page = truth if item is None else {key: item}
        send(handler, json.dumps({**page, "next_page_token": f"t{time.perf_counter_ns()}"}).encode())

    return tell


def onward(handler: Handler, truth: Any) -> None:
    send(handler, b"", 307, {"Location": f"{handler.path}/x"})


def back(handler: Handler, truth: Any) -> None:
    send(handler, b"", 307, {"Location": handler.path})


def without_bulk(tell: Tell) -> Tell:
    """Know no bulk endpoint, and lie on the other one."""

    def answer(handler: Handler, truth: Any) -> None:
        if "get-history-bulk" in handler.path:
            send(handler, b"{}", 404)
        else:
            tell(handler, truth)

    return answer


_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n\r\n"
_DEEP = b"[" * 100_000 + b"]" * 100_000
_PAGE = b"<!DOCTYPE html><html><form action=/login></form></html>"
_ESCAPES = f"\x1b[2J see http://bob:{PASSWORD}@127.0.0.1/x\u202e\rFORGED"
_NO_JSON = "something other than JSON"

LIES = {
    # What the whole answer is
    "null": Lie(_EXPERIMENTS, says(None), 3, "JSON that is not an object"),
    "a list": Lie(_EXPERIMENTS, says([]), 3, "JSON that is not an object"),
    "a text": Lie(_SEARCH, says("no"), 3, "JSON that is not an object"),
    "a number": Lie(_SEARCH, says(7), 3, "JSON that is not an object"),
    "nothing": Lie(_SEARCH, says(b""), 3, _NO_JSON),
    "nested deeply": Lie(_SEARCH, says(_DEEP), 3, _NO_JSON),
    "bytes": Lie(_EXPERIMENTS, says(b"\xff\xfe\x00"), 3, _NO_JSON),
    "a login page": Lie(_EXPERIMENTS, says(_PAGE, Content_Type="text/html"), 3, r"web page \(a login page\?\)"),
    "experiments are no list": Lie(_EXPERIMENTS, says({"experiments": "all"}), 3, "without a list of experiments"),
    "runs are no list": Lie(_SEARCH, says({"runs": {"a": 1}}), 3, "without a list of runs"),
    # Redirects
    "redirect to another host": Lie(
        _EXPERIMENTS, says(b"", 307, Location="https://login.corp/sso?next=1"), 3, r"redirects to https://login\.corp:"
    ),
    "redirect to a login page": Lie(
        _EXPERIMENTS, says(b"", 302, Location="/login"), 3, "redirects to http://127.0.0.1"
    ),
    "redirect with a password": Lie(
        _EXPERIMENTS, says(b"", 307, Location=f"http://bob:{PASSWORD}@elsewhere/"), 3, "redirects to http://elsewhere:"
    ),
    "redirect to itself": Lie(_EXPERIMENTS, back, 3, "redirects in a loop"),
    "redirect ever onward": Lie(_EXPERIMENTS, onward, 3, "redirects in a loop"),
    "redirect to no address": Lie(_EXPERIMENTS, says(b"", 307, Location="http://[x"), 3, "an invalid address"),
    "redirect to a file": Lie(_EXPERIMENTS, says(b"", 307, Location="file:///etc/passwd"), 3, "an invalid address"),
    "redirect without end": Lie(
        _EXPERIMENTS,
        as_is(b"HTTP/1.1 307 Moved\r\nLocation: http://elsewhere/\r\n\r\n", repeat(b" " * 2**20)),
        3,
        "redirects to http://elsewhere:",
    ),
    "redirect to nowhere": Lie(_EXPERIMENTS, says(b"", 308), 3, "an invalid address"),
    # Pages without end
    "a token that repeats": Lie(_SEARCH, changes(lambda x: x.update(next_page_token="t")), 3, "again and again"),
    "a token that is no text": Lie(_SEARCH, changes(lambda x: x.update(next_page_token=[1])), 3, "that is not a text"),
    "the same page under new tokens": Lie(_SEARCH, numbered("runs"), 3, "again and again"),
    "empty pages": Lie(_EXPERIMENTS, numbered("experiments", []), 3, "again and again"),
    "pages of nothing": Lie(_EXPERIMENTS, numbered("experiments", [None]), 3, "again and again"),
    # Bodies
    "a body without end": Lie(_EXPERIMENTS, as_is(_OK + b"\r\n", repeat(b" " * 2**20)), 3, "longer than 256 MiB"),
    "chunks without end": Lie(
        _SEARCH, as_is(_CHUNKED, repeat(b"100000\r\n" + b" " * 2**20 + b"\r\n")), 3, "longer than 256 MiB"
    ),
    "a bomb": Lie(
        _EXPERIMENTS,
        says(gzip.compress(b" " * (300 * 2**20), 1), Content_Encoding="gzip"),
        3,
        "longer than 256 MiB",
    ),
    "no gzip": Lie(_EXPERIMENTS, says(b"{}", Content_Encoding="gzip"), 3, "not compressed in the way it says"),
    "half a gzip": Lie(_EXPERIMENTS, says(gzip.compress(b"{}" * 99)[:20], Content_Encoding="gzip"), 3, "ended early"),
    "another compression": Lie(_EXPERIMENTS, says(b"{}", Content_Encoding="br"), 3, "not asked for"),
    "half a body": Lie(_EXPERIMENTS, lambda h, _: send(h, b"{}", length=99), 3, "ended early"),
    "chunks that are none": Lie(_EXPERIMENTS, as_is(_CHUNKED + b"zz\r\n{}\r\n"), 3, "ended early"),
    # Time
    "a body byte by byte": Lie(_EXPERIMENTS, as_is(_OK + b"\r\n", repeat(b" ", 1)), 3, "1000 bytes per second"),
    "one byte by byte later": Lie(_SEARCH, as_is(_OK + b"\r\n", repeat(b" ", 1)), 3, "1000 bytes per second"),
    "headers byte by byte": Lie(
        _EXPERIMENTS, as_is(b"HTTP/1.1 200 OK\r\nX: ", repeat(b"y", 1)), 3, "did not answer within"
    ),
    "headers without end": Lie(
        _EXPERIMENTS, as_is(b"HTTP/1.1 200 OK\r\n", repeat(b"X: y\r\n", 0.01)), 3, "closed the connection|ended early"
    ),
    "interim answers without end": Lie(
        _EXPERIMENTS, as_is(b"", repeat(b"HTTP/1.1 100 Continue\r\n\r\n", 0.01)), 3, "did not answer within"
    ),
    "trailers without end": Lie(
        _EXPERIMENTS, as_is(_CHUNKED + b"2\r\n{}\r\n0\r\n", repeat(b"X: y\r\n", 0.01)), 3, "did not answer within"
    ),
    "silence": Lie(_EXPERIMENTS, as_is(b"", hold), 3, "did not answer within"),
    "silence later": Lie(_SEARCH, as_is(b"", hold), 3, "did not answer within", silent=True),
    "silence in a body": Lie(_SEARCH, as_is(_OK + b"\r\n{", hold), 3, "did not answer within", silent=True),
    "a wait of a day": Lie(_EXPERIMENTS, says({}, 429, Retry_After="86400"), 3, "429: .*asks to wait 86400 s"),
    "a wait of a day later": Lie(_SEARCH, says({}, 503, Retry_After="86400"), 3, "503: .*asks to wait 86400 s"),
    # Refusals
    "a broken connection": Lie(_EXPERIMENTS, as_is(b""), 3, "closed the connection"),
    "no HTTP": Lie(_EXPERIMENTS, as_is(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), 3, "closed the connection"),
    "401": Lie(_EXPERIMENTS, says({}, 401), 3, "refused the credentials"),
    "401 in the middle": Lie(_HISTORY, says({}, 401), 3, "refused the credentials"),
    "403": Lie(_SEARCH, says({}, 403), 3, "denies access"),
    "404": Lie(_EXPERIMENTS, says(_PAGE, 404), 3, "no MLflow server answers at"),
    "500": Lie(_EXPERIMENTS, says(_PAGE, 500), 3, "answered 500"),
    "503": Lie(_EXPERIMENTS, says(_PAGE, 503), 3, "answered 503"),
    "503 in the middle": Lie(_HISTORY, says(_PAGE, 503), 3, "answered 503"),
    "304": Lie(_EXPERIMENTS, says(b"", 304), 3, "answered 304"),
    "a message to be obeyed": Lie(_SEARCH, says({"message": _ESCAPES}, 400), 3, r"400: \\x1b\[2J see http://….*FORGED"),
    "a list as an error": Lie(_SEARCH, says([1], 400), 3, r"400: \[1\]"),
    # One run of a page
    "no experiment": Lie(
        _EXPERIMENTS, changes(lambda x: x["experiments"].append({"name": 7})), 4, "experiment 2 of the list", alone=True
    ),
    "a run that is null": Lie(_SEARCH, of_bad(lambda _: 0), 4, "run 4 of the list .*an object is needed", alone=True),
    "a run that is a text": Lie(_SEARCH, of_bad(lambda _: "x"), 4, "run 4 of the list .*not str", alone=True),
    "a run without info": Lie(
        _SEARCH, of_bad(lambda x: x.pop("info") and None), 4, "run 4 of the list +info", alone=True
    ),
    "an id that is a path": Lie(_SEARCH, info(run_id="../../x"), 4, "run 4 of the list +run_id", alone=True),
    "an id that is a list": Lie(_SEARCH, info(run_id=["x"]), 4, "run 4 of the list +run_id", alone=True),
    "a run of another experiment": Lie(_SEARCH, info(experiment_id="9"), 4, "was not asked for", alone=True),
    "a name that is a list": Lie(_SEARCH, info(run_name=["x"]), 4, "name: a text is needed", alone=True),
    "a status that is a number": Lie(_SEARCH, info(status=3), 4, "status: a text is needed", alone=True),
    "a start soon": Lie(_SEARCH, info(start_time="soon"), 4, "start_time: 'soon' is not a number", alone=True),
    "an end in the year 10^300": Lie(_SEARCH, info(end_time=1e300), 4, "end_time: .* is not a time", alone=True),
    "an address that is a number": Lie(_SEARCH, info(artifact_uri=5), 4, "artifact_uri: a text", alone=True),
    "tags that are a text": Lie(_SEARCH, data(tags="x"), 4, "tags: a list is needed", alone=True),
    "a tag that is a list": Lie(_SEARCH, data(tags=[[]]), 4, "tags: an object is needed", alone=True),
    "a tag's value that is a number": Lie(
        _SEARCH, data(tags=[{"key": "a", "value": 1}]), 4, "tags.*a text is needed", alone=True
    ),
    "a param's name that is a list": Lie(_SEARCH, data(params=[{"key": []}]), 4, "params: a key", alone=True),
    "metrics that are numbers": Lie(_SEARCH, data(metrics=[1, 2]), 4, "metrics: an object is needed", alone=True),
    "a last value that is none": Lie(
        _SEARCH, data(metrics=[{"key": "loss", "value": "abc"}]), 4, "'abc' is not a number", alone=True
    ),
    "a number of 400 digits": Lie(
        _SEARCH, data(metrics=[{"key": "loss", "value": 10**400}]), 4, "is not a number", alone=True
    ),
    "inputs that are a text": Lie(_SEARCH, of_bad(lambda x: x.update(inputs="x")), 4, "inputs: an object", alone=True),
    "a dataset that is null": Lie(
        _SEARCH, of_bad(lambda x: x.update(inputs={"dataset_inputs": [{}]})), 4, "dataset: an object", alone=True
    ),
    # One run's history
    "a history of another run": Lie(
        _HISTORY, rows(lambda x: {**x, "run_id": FOREIGN}), 4, "a run that was not asked for", alone=True
    ),
    "values that are words": Lie(_HISTORY, rows(lambda x: {**x, "value": "abc"}), 4, "abc", alone=True),
    "values that are lists": Lie(_HISTORY, rows(lambda x: {**x, "value": [1]}), 4, "is not a number", alone=True),
    "points that are texts": Lie(
        _HISTORY, changes(lambda _: {"metrics": ["x"]}), 4, "a point in a metric's history", alone=True
    ),
    "a history that is null": Lie(_HISTORY, says(None), 4, "JSON that is not an object", alone=True),
    "a history that is a page": Lie(_HISTORY, says(_PAGE), 4, "a login page", alone=True),
    "a history of another shape": Lie(_HISTORY, says({"metrics": 3}), 4, "without a list of metrics", alone=True),
    "a history that fails": Lie(_HISTORY, says({}, 500), 4, "answered 500", alone=True),
    "a history that breaks off": Lie(_HISTORY, as_is(b""), 4, "closed the connection", alone=True),
    "a history without end": Lie(_HISTORY, without_bulk(numbered("metrics")), 4, "again and again", alone=True),
    # One run's artifacts
    "files that are no list": Lie(_FILES, says({"files": 3}), 4, "without a list of files", alone=True),
    "files that are null": Lie(_FILES, says(None), 4, "JSON that is not an object", alone=True),
    "an upload that fails": Lie(f"PUT .*{BAD}", says({}, 500), 4, "answered 500.*not stored", alone=True),
    "an upload that is busy": Lie(f"PUT .*{BAD}", says({}, 503), 4, "answered 503.*not stored", alone=True),
    # Writing
    "tags that may not be written": Lie("POST .*/log-batch", says({}, 403), 3, "denies access"),
    "files that may not be written": Lie("PUT .*", says({}, 403), 4, "d{32} .*denies access"),
    "a page instead of tags": Lie(f"POST .*log-batch.*{BAD}", says(_PAGE), 4, "a login page", alone=True),
}


@dataclass
class Serving:
    """A lying server at work."""

    uri: str
    truth: Truth = field(default_factory=Truth)


@contextlib.contextmanager
def lying(lie: Lie | None) -> Iterator[Serving]:
    """Serve, and lie; None tells nothing but the truth."""

    class Listener(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.close_connection = True
            truth = serving.truth.answer(self.command, self.path, body) if not _lies(self, body) else None
            if truth is not None:
                send(self, json.dumps(truth).encode())
                return
            assert lie is not None
            writes = self.command == "PUT" or self.path.endswith(("/log-batch", "/delete-tag"))
            honest = None if writes else serving.truth.answer(self.command, self.path, body)
            with contextlib.suppress(OSError):
                lie.tell(self, honest)

        do_GET = do_POST = do_PUT = do_DELETE = _do  # noqa: N815 - the names the standard library calls

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

        def finish(self) -> None:
            with contextlib.suppress(OSError, ValueError):
                super().finish()

    def _lies(handler: Handler, body: bytes) -> bool:
        asked = f"{handler.command} {handler.path} {body[:500].decode('utf-8', 'replace')}"
        return lie is not None and re.match(lie.on, asked) is not None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    server.daemon_threads = True
    # Those that talk for ever end when the other side has hung up; they are not waited for.
    server.block_on_close = False
    serving = Serving(f"http://bob:{PASSWORD}@127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield serving
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _measure(name: str) -> None:
    with lying(LIES[name]) as serving:
        begin = time.monotonic()
        command = [sys.executable, "-m", "tracker_diag", "sweep", "--all", "--tracking-uri", serving.uri]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - begin
    line = done.stderr.strip().splitlines()[-1:] or [""]
    print(f"{seconds:6.1f} s  exit {done.returncode}  {name}: {line[0][:150]}", flush=True)


if __name__ == "__main__":
    for chosen in sys.argv[1:] or [name for name, lie in LIES.items() if not lie.silent]:
        _measure(chosen)
