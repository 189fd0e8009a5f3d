"""A web server that tells its service manager when it serves, and feeds the watchdog from its event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import uvicorn

from contract.service import Lifeline

TICKS_A_SECOND = 10
"""uvicorn's main loop ticks so often."""
SAY_EVERY_TICKS = 50


class SupervisedServer(uvicorn.Server):
    """uvicorn, supervised: an event loop that stands still feeds nobody.

    Args:
        config: uvicorn's.
        lifeline: to the service manager.
        status: how the service is, in one line; must not wait for anything.
        advances: whether the parts of the service beside this loop advance; must not wait either.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        lifeline: Lifeline,
        status: Callable[[], str],
        advances: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__(config)
        self._lifeline = lifeline
        self._status = status
        self._advances = advances

    async def on_tick(self, counter: int) -> bool:
        """Called by the main loop, for the first time when requests are answered."""
        self._lifeline.ready(self._status())
        if counter % TICKS_A_SECOND == 0 and self._advances():
            self._lifeline.advanced()
        if counter % SAY_EVERY_TICKS == 0:
            self._lifeline.say(self._status())
        return await super().on_tick(counter)

    async def shutdown(self, *arguments: Any, **named: Any) -> None:
        """Ends open requests."""
        self._lifeline.stopping()
        await super().shutdown(*arguments, **named)
