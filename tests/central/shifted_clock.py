"""The ``atrium`` command under a clock that a test sets: a file holds the seconds to add to the machine's."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

machine_time = time.time


class ShiftedClock:
    """The machine's clock plus what the file says now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = -1
        self._shift_s = 0.0

    def __call__(self) -> float:
        stamp = os.stat(self._path).st_mtime_ns  # noqa: PTH116 - asked for often
        if stamp != self._stamp:
            self._stamp, self._shift_s = stamp, float(self._path.read_text())
        return machine_time() + self._shift_s


def main() -> None:
    """``python -m tests.central.shifted_clock CLOCK_FILE ATRIUM_ARGUMENTS...``."""
    time.time = ShiftedClock(Path(sys.argv[1]))
    from cli.main import main as atrium  # noqa: PLC0415 - only now is the clock what it is to be

    sys.argv[:2] = ["atrium"]
    atrium()


if __name__ == "__main__":
    main()
