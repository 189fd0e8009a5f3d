"""A box process that sees paint, for tests to kill: ``python tests/chaos/painted_box.py BOX.toml``."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

import cv2

from edge.app import run_box
from edge.box import load_box
from tests.edge.painted_mall import PaintDetector


def main() -> None:
    cv2.setNumThreads(1)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    box = load_box(Path(sys.argv[1]))
    outcome = run_box(box, stop, lambda line: sys.stdout.write(f"{line}\n"), detector=PaintDetector())
    sys.stdout.write(f"{outcome}\n")
    sys.exit(0 if outcome.ended and not outcome.unacknowledged else 1)


if __name__ == "__main__":
    main()
