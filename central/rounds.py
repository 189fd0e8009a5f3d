"""A thread that does its round again and again, sooner where there is news; a round that fails is tried again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from central.store.database import StoreUnavailableError

log = logging.getLogger(__name__)


class Rounds:
    """Rounds in a thread of their own.

    Args:
        name: the thread's.
        do: a round; what it raises is its own matter (see ``attempted``).
        every_s: without news, a round is made this often.
        least_s: rounds that news ask for come no faster: what came together meanwhile is looked at together.

    Attributes:
        turned: when a round last began, monotonic seconds.
    """

    def __init__(self, name: str, do: Callable[[], object], every_s: float, least_s: float) -> None:
        self._do = do
        self._every_s, self._least_s = every_s, least_s
        self.turned = time.monotonic()
        self._news = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

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
            self.turned = time.monotonic()
            self._news.clear()
            self._do()
            self._stop.wait(self._least_s)
            self._news.wait(self._every_s)


def attempted(what: str, duty: Callable[[], object]) -> bool:
    """Whether the duty was done; else the log says why, in one line where only the store could not be written."""
    try:
        duty()
    except StoreUnavailableError as error:
        log.error("%s", error)  # noqa: TRY400 - one line, not a traceback
    except Exception:
        log.exception("%s failed; it is tried again", what)
    else:
        return True
    return False
