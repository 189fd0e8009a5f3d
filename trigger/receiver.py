"""Offers by webhook: takes what is signed with our secret, now, and says so only once it stands in the book."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from contract.errors import AtriumError
from contract.webhooks import SignatureRefusedError, verify
from trigger.book import Book
from trigger.offer import NoOfferError, read_offer

MOST_BODY_BYTES = 64 * 1024
SILENCE_S = 10.0
MOST_AT_ONCE = 32


class Desk:
    """Takes or refuses what was posted; no network of its own.

    Args:
        path: what offers are posted to.
        keys: one of which must have signed.
        book: takes them.
        clock: seconds since 1970.
        on_new: called when an offer was new.
    """

    def __init__(
        self,
        path: str,
        keys: Sequence[bytes],
        book: Book,
        *,
        clock: Callable[[], float],
        on_new: Callable[[], object],
    ) -> None:
        self.path = path
        self._keys = keys
        self._book = book
        self._clock = clock
        self._on_new = on_new

    def take(self, headers: Mapping[str, str], body: bytes) -> int:
        """The status to answer with: 204 only once the offer stands in the book.

        Args:
            headers: by lower-case name.
            body: as it came.
        """
        try:
            ident = verify(self._keys, headers, body, self._clock())
            offer = read_offer(body)
            if offer.offer != ident:
                return 400
            if self._book.take(offer, self._clock(), streamed=False):
                self._on_new()
        except SignatureRefusedError:
            return 401
        except NoOfferError:
            return 400
        except sqlite3.Error:
            return 503
        return 204


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], desk: Desk) -> None:
        self.desk = desk
        self.slots = threading.BoundedSemaphore(MOST_AT_ONCE)
        super().__init__(address, _Handler)

    def handle_error(self, *_: object) -> None:
        """A caller that went away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = SILENCE_S
    server_version, sys_version = "atrium-trigger", ""
    server: _Server

    def do_POST(self) -> None:
        """Take an offer."""
        if not self.server.slots.acquire(blocking=False):
            self._say(503)
            return
        try:
            self._say(self._status())
        finally:
            self.server.slots.release()

    def _status(self) -> int:
        if self.path != self.server.desk.path:
            return 404
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal()):
            return 411
        if int(length[:12]) > MOST_BODY_BYTES:
            return 413
        headers = {name.lower(): value for name, value in self.headers.items()}
        return self.server.desk.take(headers, self.rfile.read(int(length)))

    def _say(self, status: int) -> None:
        self.close_connection = status >= 400
        self.send_response(status)
        if status >= 400:
            self.send_header("Content-Length", "0")
            self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: what is worth saying stands in the book."""


class Receiver:
    """A small HTTP server for one path; put TLS in front of it where central is on another machine.

    Args:
        address: host and port to listen on.
        desk: takes what comes.

    Raises:
        AtriumError: where the address cannot be taken.
    """

    def __init__(self, address: tuple[str, int], desk: Desk) -> None:
        try:
            self._server = _Server(address, desk)
        except OSError as error:
            raise AtriumError(
                f"webhook.listen: {address[0]}:{address[1]} cannot be taken ({error.strerror}); choose another"
            ) from None
        self._thread = threading.Thread(target=self._server.serve_forever, name="trigger-receiver", daemon=True)

    @property
    def port(self) -> int:
        """The port that was taken."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """End, whether it has begun or not."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()
