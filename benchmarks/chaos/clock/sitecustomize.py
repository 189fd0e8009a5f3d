"""Lets a test step the system clock of one Python process: ``time.time`` adds what a file says.

Python imports a module of this name when it starts, where its folder is on the path. The machine's clock is everybody's
and cannot be stepped for one namespace (time namespaces shift only the monotonic clock), and libfaketime 0.9.10 breaks
``clock_nanosleep``; a box reads its wall clock in no other way than ``time.time``.
"""

import contextlib
import os
import pathlib
import time

_FILE = os.environ.get("ATRIUM_CHAOS_CLOCK", "")
_LOOK_S = 0.2
_real, _monotonic = time.time, time.monotonic
_step_s, _looked_at = 0.0, float("-inf")


def _stepped() -> float:
    global _step_s, _looked_at  # noqa: PLW0603 - the whole point
    now = _monotonic()
    if now - _looked_at > _LOOK_S:
        _looked_at = now
        with contextlib.suppress(OSError, ValueError):  # just being written
            _step_s = float(pathlib.Path(_FILE).read_text(encoding="ascii"))
    return _real() + _step_s


if _FILE:
    time.time = _stepped
