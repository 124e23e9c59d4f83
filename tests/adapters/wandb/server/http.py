"""The server's HTTP side: GraphQL, the stream of a run being logged, uploads, downloads, faults."""

from __future__ import annotations

import base64
import gzip
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.adapters.wandb.server.document import Document
from tests.adapters.wandb.server.fields import Fields, RefusedError
from tests.adapters.wandb.server.store import KEY, Store, StoredRun


@dataclass(frozen=True)
class Request:
    """What was asked: the name of a GraphQL operation, or method and path."""

    name: str
    changes: bool


@dataclass
class Fault:
    """Something that happens to requests whose name a pattern matches.

    Attributes
    ----------
    pattern : str
        Regular expression on the request's name.
    times : int
        How often it still happens.
    status : int or None
        The answer; None lets the request pass.
    headers : mapping
        Of that answer.
    body : bytes or None
        Of that answer, instead of a refusal in JSON.
    delay : float
        Seconds before anything else.
    action : callable or None
        What someone else does just before the request is handled.
    """

    pattern: str
    times: int = 1
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    delay: float = 0.0
    action: Callable[[], None] | None = None


class _Listener(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that ends breaks off its connections.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Server:
    """A running server; leave its ``with`` block to end it."""

    def __init__(self) -> None:
        self.store = Store()
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self._http = _Listener(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self.fields = Fields(self.store, self.url)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def run(self, name: str, project: str = "vision") -> StoredRun:
        """A run by its id."""
        return self.store.runs[("acme", project, name)]

    def fault_for(self, name: str) -> Fault | None:
        """The fault that befalls a request, if one does."""
        with self.store.lock:
            for fault in self.faults:
                if fault.times > 0 and re.search(fault.pattern, name):
                    fault.times -= 1
                    return fault
        return None


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body in one packet: two would each wait for the other side's acknowledgement.
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self._body()
            path = urlsplit(self.path).path
            if path == "/graphql":
                asked = json.loads(body)
                document = Document(asked["query"], asked.get("variables") or {})
                if self._begin(document.name, changes=document.changes):
                    self._graphql(document)
            elif stream := re.fullmatch(r"/files/([^/]+)/([^/]+)/([^/]+)/file_stream", path):
                if self._begin("file_stream", changes=True):
                    entity, project, name = map(unquote, stream.groups())
                    self._stream(StoredRun(entity, project, name), json.loads(body))
            else:
                self._send(404, {"error": path})

        def do_PUT(self) -> None:
            body = self._body()
            path = urlsplit(self.path).path
            if not self._begin(f"PUT {path}", changes=True):
                return
            with server.store.lock:
                server.store.blobs[path] = body
                if file := re.fullmatch(r"/run-file/([^/]+)/([^/]+)/([^/]+)/(.+)", path):
                    entity, project, name, file_name = map(unquote, file.groups())
                    server.store.runs[(entity, project, name)].files[file_name] = body
            self._send(200, {})

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if not self._begin(f"GET {path}", changes=False):
                return
            if export := re.fullmatch(r"/parquet/([^/]+)/([^/]+)/([^/]+)", path):
                entity, project, name = map(unquote, export.groups())
                self._send_part(server.store.runs[(entity, project, name)].parquet())
            elif path in server.store.blobs:
                self._send_part(server.store.blobs[path])
            else:
                self._send(404, {"error": path})

        def do_HEAD(self) -> None:
            self.do_GET()

        def _graphql(self, document: Document) -> None:
            given = base64.b64decode((self.headers.get("Authorization") or "Basic Og==").split()[-1]).decode()
            if given.partition(":")[2] != KEY:
                self._send(401, {"errors": [{"message": "user is not logged in"}]})
                return
            try:
                with server.store.lock:
                    self._send(200, {"data": document.answer(server.fields.at)})
            except RefusedError as refused:
                self._send(refused.status, {"errors": [{"message": str(refused)}]})
            except (KeyError, TypeError, ValueError, StopIteration) as error:
                self._send(400, {"errors": [{"message": repr(error)}]})

        def _stream(self, new: StoredRun, sent: dict[str, Any]) -> None:
            with server.store.lock:
                run = server.store.add(new)
                run.heartbeat = time.time()
                if not sent.get("complete"):
                    run.state = "running"
                for name, part in (sent.get("files") or {}).items():
                    lines = dict(enumerate(part["content"], part["offset"]))
                    if name == "wandb-history.jsonl":
                        run.history |= lines
                    elif name == "wandb-events.jsonl":
                        run.events |= lines
                    elif name == "wandb-summary.json":
                        run.summary = part["content"][-1]
                if sent.get("complete"):
                    run.state = "failed" if sent.get("exitcode") else "finished"
            self._send(200, {"limits": {}})

        def _begin(self, name: str, *, changes: bool) -> bool:
            """Count the request, and let a fault befall it; False if it has been answered with that."""
            server.requests.append(Request(name, changes))
            fault = server.fault_for(name)
            if fault is None:
                return True
            time.sleep(fault.delay)
            if fault.action is not None:
                fault.action()
            if fault.status is None:
                return True
            refusal = {"errors": [{"message": "a fault"}]}
            self._send(fault.status, refusal if fault.body is None else fault.body, fault.headers)
            return False

        def _body(self) -> bytes:
            if "chunked" in (self.headers.get("Transfer-Encoding") or ""):
                parts = []
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                body = b"".join(parts)
            else:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            return gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body

        def _send_part(self, content: bytes) -> None:
            asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range") or "")
            if not asked:
                self._send(200, content)
                return
            first, last = asked.groups()
            start = int(first) if first else len(content) - int(last)
            stop = int(last) + 1 if first and last else len(content)
            stop = min(stop, len(content))
            self._send(206, content[start:stop], {"Content-Range": f"bytes {start}-{stop - 1}/{len(content)}"})

        def _send(self, status: int, content: Any, headers: Mapping[str, str] | None = None) -> None:
            # A bare NaN is no JSON, and wandb-core refuses it.
            data = content if isinstance(content, bytes) else json.dumps(content, allow_nan=False).encode()
            try:
                self.send_response(status)
                for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)
            except (BrokenPipeError, ConnectionResetError):
                # The client has given up waiting, which is what some tests want.
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    return Handler
