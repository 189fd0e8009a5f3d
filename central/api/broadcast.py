"""One ticker for all who watch the same: what it sends is made once, and given to each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

log = logging.getLogger(__name__)

ROOM = 2
"""Messages that wait for a slow watcher; beyond, the oldest is dropped, since a newer one replaces it."""
IDLE_S = 15.0
"""A comment after such a silence keeps proxies from closing the stream."""
AFTER = 0.01
"""Share of a period by which a message comes after its beginning: a timer that wakes early would tell the last."""
PATIENCE_S = 1.0
"""A watcher looks this often whether it is over."""


class Broadcast:
    """Sends a message every ``period_s`` while anybody watches; all in one event loop.

    Args:
        make: the next message; whatever it raises is logged, and the next one is tried.
        period_s: seconds between two messages.
        clock: seconds since 1970; a message is made right after every whole period.
    """

    def __init__(self, make: Callable[[], Awaitable[bytes]], period_s: float, clock: Callable[[], float]) -> None:
        self._make = make
        self._period_s = period_s
        self._clock = clock
        self._watchers: set[asyncio.Queue[bytes]] = set()
        self._ticker: asyncio.Task[None] | None = None
        self._last = b""

    async def watch(self, is_over: Callable[[], Awaitable[bool]]) -> AsyncIterator[bytes]:
        """Messages from the newest on, until it is over."""
        queue: asyncio.Queue[bytes] = asyncio.Queue(ROOM)
        if self._watchers and self._last:
            queue.put_nowait(self._last)
        self._watchers.add(queue)
        if self._ticker is None:
            self._ticker = asyncio.create_task(self._tick())
        silent_s = 0.0
        try:
            while not await is_over():
                try:
                    message = await asyncio.wait_for(queue.get(), PATIENCE_S)
                    silent_s = 0.0
                except TimeoutError:
                    silent_s += PATIENCE_S
                    if silent_s < IDLE_S:
                        continue
                    message, silent_s = b": still here\n\n", 0.0
                yield message
        finally:
            self._watchers.discard(queue)
            if not self._watchers and self._ticker is not None:
                self._ticker.cancel()
                self._ticker, self._last = None, b""

    async def _tick(self) -> None:
        while True:
            try:
                message = await self._make()
            except Exception:
                log.exception("a live message could not be made; the next is tried")
            else:
                if message != self._last:
                    self._last = message
                    self._send(message)
            await asyncio.sleep(self._period_s * (1 + AFTER) - self._clock() % self._period_s)

    def _send(self, message: bytes) -> None:
        for queue in self._watchers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(message)
