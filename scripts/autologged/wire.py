"""A way to a server that counts what passes: requests, and bytes in both directions as they are sent."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

_METHODS = (b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"HEAD")
_PART = 2**16


@dataclass
class Traffic:
    """What has passed.

    Attributes
    ----------
    requests, sent, received : int
        Requests; bytes to the server and from it.
    """

    requests: int = 0
    sent: int = 0
    received: int = 0


@contextlib.contextmanager
def counting(upstream: str) -> Iterator[tuple[str, Traffic]]:
    """Serve a way to a server; gives its address, and what has passed so far."""
    parts = urlsplit(upstream)
    place, traffic, lock = (parts.hostname, parts.port), Traffic(), threading.Lock()

    class Way(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            # What a client has asked for and does not take is to stay with the server, not on the way.
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _PART // 4)
            with socket.create_connection(place) as server:
                back = threading.Thread(target=self._pass, args=(server, self.request, "received"))
                back.start()
                self._pass(self.request, server, "sent")
                back.join()

        def _pass(self, source: socket.socket, target: socket.socket, direction: str) -> None:
            with contextlib.suppress(OSError):
                while part := source.recv(_PART):
                    with lock:
                        setattr(traffic, direction, getattr(traffic, direction) + len(part))
                        # A client waits for its answer: a request begins with the part that it is sent in.
                        traffic.requests += direction == "sent" and part.partition(b" ")[0] in _METHODS
                    target.sendall(part)
            # Whoever still sends to one that has closed learns of it.
            for end in (source, target):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads, allow_reuse_address, request_queue_size = True, True, 128

    with Server(("127.0.0.1", 0), Way) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", traffic
        finally:
            server.shutdown()
