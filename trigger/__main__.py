"""``python -m trigger TRIGGER.toml``: follow central's offers and pass each on once, until SIGTERM.

::

    central = "http://127.0.0.1:8080"
    token_file = "trigger.token"
    deliveries = "deliveries.jsonl"
    template = "{wording}. Show {coupon} at the till."
"""

from __future__ import annotations

import logging
import signal
import sqlite3
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from contract.errors import AtriumError, BadInputError
from contract.service import Lifeline
from contract.webhooks import read_secret
from trigger.book import Book
from trigger.central import Central
from trigger.config import TriggerFile, WebhookFile, load, secret
from trigger.delivery import Deliveries
from trigger.offer import NoOfferError, read_offer
from trigger.receiver import Desk, Receiver
from trigger.recipients import AsMembers, FromFile, FromSystem, Recipients
from trigger.sender import Sender, run
from trigger.stream import SILENCE_S, StreamRefusedError, offers
from trigger.template import TemplateAdapter, TemplateFile

WAITS_S = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Between attempts to reach central; the last one repeats."""
PURGE_EVERY_S = 3600.0
STUCK_S = 2 * SILENCE_S + WAITS_S[-1] + 10.0
"""The stream's thread comes round sooner: connecting and reading have ``SILENCE_S`` each, then it waits."""


class Service:
    """The parts, put together.

    Args:
        path: ``TRIGGER.toml``.

    Raises:
        BadInputError: where the configuration is wrong.
        AtriumError: where it cannot start.
    """

    def __init__(self, path: Path) -> None:
        config, here = load(path), path.resolve().parent
        self._config = config
        self._token = secret(here, config.token_file)
        self._refused: StreamRefusedError | None = None
        self._over = threading.Event()
        self._news = threading.Event()
        self._purged_at = 0.0
        self._lifeline = Lifeline()
        self._turned = time.monotonic()
        self._stream_fault = "connecting"
        with ExitStack() as opened:
            self.book = Book(here / config.book)
            opened.callback(self.book.close)
            self._adapter = _adapter(config, here)
            opened.callback(self._adapter.close)
            if isinstance(self._adapter, Deliveries) and self._adapter.last_number:
                self.book.start_after(self._adapter.last_number)  # written by a version that had no book
            self._recipients = _recipients(config, here)
            opened.callback(self._recipients.close)
            self._central = Central(config.central.rstrip("/"), self._token)
            opened.callback(self._central.close)
            self._sender = Sender(self.book, self._adapter, self._recipients, self._central, rules=config.rules())
            self._receiver = None if config.webhook is None else self._listen(config.webhook, here)
            if self._receiver is not None:
                opened.callback(self._receiver.stop)
            self._opened = opened.pop_all()

    def run(self) -> None:
        """Pass offers on until told to end.

        Raises:
            StreamRefusedError: where central will not let us in.
        """
        with self._opened:
            if self._receiver is not None:
                self._receiver.start()
            if self._config.stream:
                threading.Thread(target=self._follow, name="trigger-stream", daemon=True).start()
            self._lifeline.ready(self._status())
            run(self._sender, time.time, self._wait)
            self._lifeline.stopping()
            if self._refused is not None:
                raise self._refused

    def close(self) -> None:
        """Let go of files and connections, without having run."""
        self._opened.close()

    def stop(self) -> None:
        """End after the present step."""
        self._over.set()
        self._news.set()

    def _wait(self, seconds: float) -> bool:
        """After every step; feeds the watchdog while the stream's thread comes round too, whether it hears or tries."""
        if not self._config.stream or time.monotonic() - self._turned <= STUCK_S:
            self._lifeline.advanced()
        self._lifeline.say(self._status())
        now = time.time()
        if not 0 <= now - self._purged_at < PURGE_EVERY_S:
            self._purged_at = now
            self.book.purge(now)
        self._news.wait(seconds)
        self._news.clear()
        return self._over.is_set()

    def _listen(self, webhook: WebhookFile, here: Path) -> Receiver:
        host, _, port = webhook.listen.rpartition(":")
        keys = [read_secret(line) for line in secret(here, webhook.secret_file).split()]
        desk = Desk(webhook.path, keys, self.book, clock=time.time, on_new=self._news.set)
        return Receiver((host.strip("[]"), int(port)), desk)

    def _status(self) -> str:
        if not self._config.stream:
            return "listening for offers"
        return self._stream_fault or "following central's offers"

    def _heard(self) -> None:
        self._turned, self._stream_fault = time.monotonic(), ""

    def _follow(self) -> None:
        """Take offers from the stream, for ever."""
        address, failures = self._config.central.rstrip("/"), 0
        while not self._over.is_set():
            self._turned = time.monotonic()
            try:
                for content in offers(address, self._token, self.book.last_number, self._heard):
                    failures = 0
                    self._take(content)
                failures = 0
            except StreamRefusedError as error:
                self._refused = error
                self.stop()
                return
            except (OSError, sqlite3.Error) as error:
                failures += 1
                self._turned, self._stream_fault = time.monotonic(), f"trying again: {error}"
                _say(f"{self._config.central}: {error}; trying again")
            self._over.wait(WAITS_S[min(failures, len(WAITS_S) - 1)])

    def _take(self, content: str) -> None:
        try:
            is_new = self.book.take(read_offer(content), time.time(), streamed=True)
        except NoOfferError as error:  # the next ones are none the worse for it
            _say(f"left out: {error}")
        else:
            if is_new:
                self._news.set()


def _adapter(config: TriggerFile, here: Path) -> Deliveries | TemplateAdapter:
    if isinstance(config.adapter, TemplateFile):
        return TemplateAdapter(config.adapter, secret(here, config.adapter.secret_file), config.zone, time.time)
    return Deliveries(here / config.deliveries, config.template)


def _recipients(config: TriggerFile, here: Path) -> Recipients:
    found = config.recipients
    if found.file:
        return FromFile(here / found.file)
    if found.url:
        return FromSystem(found.url, found.field, secret(here, found.token_file), found.timeout_s)
    return AsMembers()


def _say(line: str) -> None:
    print(f"trigger: {line}", file=sys.stderr)  # noqa: T201 - the one place that speaks


def main() -> int:
    """Run until told to end; 0 fine, 1 failed, 2 bad usage or configuration."""
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        _say("usage: python -m trigger TRIGGER.toml")
        return 2
    logging.basicConfig(format="trigger: %(message)s", level=logging.WARNING)
    try:
        service = Service(Path(sys.argv[1]))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: service.stop())
        service.run()
    except BadInputError as error:
        _say(f"{error}")
        return 2
    except (AtriumError, StreamRefusedError, OSError) as error:
        _say(f"{error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
