"""Runs the engine in a thread of its own: nothing else that central does once a second keeps an offer waiting."""

from __future__ import annotations

from collections.abc import Callable

from central.offers.engine import OfferEngine
from central.rounds import Rounds, attempted

ROUND_S = 0.25
"""Without news, timers and what others wrote are looked for this often."""
LEAST_ROUND_S = 0.03


class OfferRounds(Rounds):
    """Rounds of one engine.

    Args:
        engine: makes offers.
        clock: seconds since 1970.
        on_made: called after a round that made any, such as to wake whoever delivers.
    """

    def __init__(
        self, engine: OfferEngine, clock: Callable[[], float], on_made: Callable[[], object] | None = None
    ) -> None:
        super().__init__("central-offers", lambda: attempted("a round of offers", self._round), ROUND_S, LEAST_ROUND_S)
        self._engine = engine
        self._clock = clock
        self._on_made = on_made

    def _round(self) -> None:
        if self._engine.update(self._clock()) and self._on_made is not None:
            self._on_made()
