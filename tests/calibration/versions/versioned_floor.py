"""A floor's file for the tests of its history, and a writer that is killed again and again."""

from __future__ import annotations

import os
import random
import select
import signal
import sys
import time
from pathlib import Path

import cv2
import msgspec
import numpy as np

from calibration.camera import Camera, load_cameras
from calibration.versions.record import CalibrationFile
from calibration.versions.store import Calibrations

NOW = 1_790_000_000.0


def camera(name: str = "c1", focal_px: float = 500.0, height_m: float = 3.0) -> Camera:
    rotation = cv2.Rodrigues(np.array([2.0, 0, 0]))[0]
    matrix = np.array([[focal_px, 0, 320], [0, focal_px, 180], [0, 0, 1.0]])
    return Camera(name, 640, 360, matrix, np.empty(0), rotation, np.array([0, 0, height_m]))


def block(**changes: object) -> CalibrationFile:
    usual = CalibrationFile(
        method="pairs",
        pairs=[(100.0, 200.5, 1.0, 2.0), (300.0, 250.0, 4.0, 2.0)],
        terms=["turn_x", "focal"],
        covariance=[[1e-4, 0.0], [0.0, 2e-4]],
        noise=1.2,
    )
    return msgspec.structs.replace(usual, **changes)


def write_endlessly(path: Path, first: int, ready: int) -> None:
    """One version after the other, each told through the pipe once it is in force."""
    store = Calibrations(path)
    for k in range(first, first + 100_000):
        store.write("c1", camera(focal_px=500.0 + k), block(), NOW + k, "writer")
        os.write(ready, b".")


def kill_again_and_again(path: Path, times: int) -> None:
    """Kills a writer after a moment, ``times`` times; raises where the file is not whole, or no version of its own.

    Run as a process of its own, which imports once and forks its writers.
    """
    rng = random.Random(5)
    for k in range(times):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                write_endlessly(path, 1000 * k, writing)
            finally:
                os._exit(1)
        os.close(writing)
        # at least one write a round goes through
        select.select([reading], [], [], 30)
        time.sleep(rng.uniform(0.0, 0.008))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        told = len(os.read(reading, 1 << 16))
        os.close(reading)
        focal = load_cameras(path)["c1"].matrix[0, 0]
        written = focal - 500.0 - 1000 * k
        if written + 1 < told:
            raise AssertionError(f"round {k}: {told} writes were in force, and the file holds the {written + 1:.0f}th")
        (current,) = [one for one in Calibrations(path).history() if one.is_in_force]
        if current.number < told:
            raise AssertionError(f"round {k}: version {current.number} after {told} writes")


if __name__ == "__main__":
    kill_again_and_again(Path(sys.argv[1]), int(sys.argv[2]))
