"""Pictures that carry their number, pushed to a real RTSP server, with the time each was taken kept as truth."""

from __future__ import annotations

import threading
import time

import numpy as np

from contract.errors import AtriumError
from simulator.encode import Encoder
from simulator.rtsp import RtspServer

SIZE = (320, 240)
BITS = 14


def numbered(number: int) -> np.ndarray:
    """(240, 320, 3) uint8 with the number as black and white bars."""
    image = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    for bit in range(BITS):
        image[40:200, 20 + 20 * bit : 40 + 20 * bit] = 235 if number >> bit & 1 else 20
    return image


def number_of(image: np.ndarray) -> int:
    """The number that the picture carries, however it was scaled."""
    height, width = image.shape[:2]
    row = image[height // 2].mean(axis=1)
    return sum(1 << bit for bit in range(BITS) if row[int((30 + 20 * bit) * width / SIZE[0])] > 127)


class Pushing:
    """Pushes numbered pictures until left; ``taken_at[number]`` is the truth in unix seconds."""

    def __init__(self, server: RtspServer, name: str, fps: float = 15.0, lag_s: float = 0.0) -> None:
        self.taken_at: list[float] = []
        self._server = server
        self._name = name
        self._fps = fps
        self._lag_s = lag_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._push, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(10)

    def _push(self):
        encoder = Encoder(*SIZE, self._fps)
        began = time.time()
        number = 0
        while not self._stop.is_set():
            taken_at = began + number / self._fps
            self._stop.wait(max(0.0, taken_at + self._lag_s - time.time()))
            self.taken_at.append(taken_at)
            try:
                self._server.push(self._name, encoder.encode(numbered(number)), int(taken_at * 1e9))
            except AtriumError:
                return
            number += 1
