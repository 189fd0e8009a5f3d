"""A consumer of webhooks as a mall would run it: a real HTTP server that honours the id, or behaves ill when told."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from contract.webhooks import SignatureRefusedError, verify

KEY = b"k" * 32
OTHER_KEY = b"o" * 32


class Consumer:
    """Verifies, acts once on each id, and remembers how often it was asked.

    ``disk`` is the one that it was before it was killed: it remembers what that one did. ``ill`` is called with the
    handler before anything else and may answer itself, by returning true.
    """

    def __init__(self, port: int = 0, keys: tuple[bytes, ...] = (KEY,), disk: Consumer | None = None) -> None:
        self.acted: list[str] = [] if disk is None else disk.acted
        self.asked: list[str] = []
        self.bodies: list[bytes] = []
        self.refused = 0
        self.ill: Callable[[BaseHTTPRequestHandler], bool] = lambda _handler: False
        self.keys = keys
        self._lock = threading.Lock() if disk is None else disk._lock
        self._connections: list[socket.socket] = []
        consumer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with consumer._lock:
                    consumer.asked.append(self.headers["webhook-id"])
                if consumer.ill(self):
                    return
                try:
                    ident = verify(consumer.keys, self.headers, body, time.time())
                except SignatureRefusedError:
                    consumer.refused += 1
                    say(self, 401)
                    return
                with consumer._lock:
                    if ident not in consumer.acted:
                        consumer.acted.append(ident)
                        consumer.bodies.append(body)
                say(self, 204)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def process_request(self, request: socket.socket, client_address: object) -> None:
                consumer._connections.append(request)
                super().process_request(request, client_address)

            def handle_error(self, *_: object) -> None:
                """A client that went away."""

        self._server = Server(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/offers"

    def stop(self) -> None:
        """End as a process does: every connection with it."""
        self._server.shutdown()
        self._server.server_close()
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def say(handler: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    """An answer."""
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
