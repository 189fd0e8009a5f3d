"""Runs the engine in a thread of its own: nothing else that central does once a second keeps an offer waiting."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from central.offers.engine import OfferEngine
from central.store.database import StoreUnavailableError

log = logging.getLogger(__name__)

ROUND_S = 0.25
"""Without news, timers and what others wrote are looked for this often."""
LEAST_ROUND_S = 0.03
"""Rounds that news ask for come no faster: what came together meanwhile is decided on together."""


class OfferRounds:
    """Rounds of one engine.

    Args:
        engine: makes offers.
        clock: seconds since 1970.
        on_made: called after a round that made any, such as to wake whoever delivers.
    """

    def __init__(
        self, engine: OfferEngine, clock: Callable[[], float], on_made: Callable[[], object] | None = None
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._on_made = on_made
        self._news = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="central-offers", daemon=True)

    def start(self) -> None:
        """Begin the rounds."""
        self._thread.start()

    def stop(self) -> None:
        """End after the present round."""
        self._stop.set()
        self._news.set()
        self._thread.join()

    def wake(self) -> None:
        """Something has changed: make the next round soon."""
        self._news.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._news.clear()
            self._round()
            self._stop.wait(LEAST_ROUND_S)
            self._news.wait(ROUND_S)

    def _round(self) -> None:
        try:
            made = self._engine.update(self._clock())
        except StoreUnavailableError as error:
            log.error("%s", error)  # noqa: TRY400 - one line, not a traceback
        except Exception:
            log.exception("a round of offers failed; the next is tried")
        else:
            if made and self._on_made is not None:
                self._on_made()
