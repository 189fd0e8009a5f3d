"""A cable between two hosts that can be cut, slow and lossy: two TAP devices and a process that carries frames.

    python -m benchmarks.chaos.wire PID_A INTERFACE_A PID_B INTERFACE_B SEED

makes the interfaces in the network namespaces of both processes, prints ``ready``, and carries every Ethernet frame
from one to the other, in order. A line ``{"cut": false, "loss": 0.05, "delay_ms": 300}`` on standard input changes how;
it ends when its standard input does. The kernels of small machines come without netem, and this needs only ``tun``.
"""

from __future__ import annotations

import fcntl
import heapq
import json
import os
import random
import selectors
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from benchmarks.chaos.host import ROOT, Host, enter, environment
from contract.errors import AtriumError

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
FRAME_BYTES = 65_536
MOST_WAITING = 4_000
"""Frames on their way; a cable longer than that loses the rest, as a switch does."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How a cable is.

    Attributes:
        cut: nothing comes through.
        loss: share of frames that are lost, each way.
        delay_ms: that a frame takes, each way.
    """

    cut: bool = False
    loss: float = 0.0
    delay_ms: float = 0.0


GOOD = Quality()


class Wire:
    """A running cable; a context manager. One for all its life, since its ends go with it."""

    def __init__(self, a: Host, a_interface: str, b: Host, b_interface: str, seed: int) -> None:
        self._ends = (str(a.pid), a_interface, str(b.pid), b_interface)
        self._seed = seed
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "benchmarks.chaos.wire", *self._ends, str(self._seed)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment()
        )
        assert self._process.stdout is not None  # noqa: S101
        if self._process.stdout.readline().strip() != "ready":
            self.__exit__()
            raise AtriumError(f"no cable between {self._ends[1]} and {self._ends[3]}; see the lines above")
        return self

    def __exit__(self, *_: object) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def become(self, quality: Quality) -> None:
        """Changes how the cable is, from now on."""
        assert self._process is not None  # noqa: S101
        assert self._process.stdin is not None  # noqa: S101
        told = {"cut": quality.cut, "loss": quality.loss, "delay_ms": quality.delay_ms}
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()


def tap(pid: int, interface: str) -> int:
    """A new TAP device in that process's network, as a file descriptor; the device goes when it is closed."""
    opened: list[int] = []

    def work() -> None:
        enter(pid, files=False)
        handle = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(handle, TUNSETIFF, struct.pack("16sH", interface.encode(), IFF_TAP | IFF_NO_PI))
        opened.append(handle)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if not opened:
        raise AtriumError(f"{interface}: no TAP device in the network of process {pid}")
    return opened[0]


class Carrier:
    """Carries frames between two descriptors."""

    def __init__(self, ends: Sequence[int], rng: random.Random) -> None:
        self._ends = ends
        self._rng = rng
        self._waiting: list[tuple[float, int, int, bytes]] = []
        self._count = 0
        self.quality = GOOD

    def take(self, end: int) -> None:
        """Takes in what has come at one end (0 or 1)."""
        while True:
            try:
                frame = os.read(self._ends[end], FRAME_BYTES)
            except BlockingIOError:
                return
            quality = self.quality
            lost = quality.cut or len(self._waiting) >= MOST_WAITING or self._rng.random() < quality.loss
            if not lost:
                self._count += 1
                due = time.monotonic() + quality.delay_ms / 1000
                heapq.heappush(self._waiting, (due, self._count, 1 - end, frame))

    def hand_on(self) -> float | None:
        """Hands on what is due; seconds until the next is, None where nothing waits."""
        while self._waiting:
            wait_s = self._waiting[0][0] - time.monotonic()
            if wait_s > 0:
                return wait_s
            _, _, end, frame = heapq.heappop(self._waiting)
            if not self.quality.cut:
                try:
                    os.write(self._ends[end], frame)
                except OSError:  # the interface is down, or full
                    continue
        return None


def main() -> int:
    """Carries frames until standard input ends."""
    pid_a, interface_a, pid_b, interface_b, seed = sys.argv[1:]
    ends = (tap(int(pid_a), interface_a), tap(int(pid_b), interface_b))
    carrier = Carrier(ends, random.Random(int(seed)))  # noqa: S311 - a cable, no secret
    print("ready", flush=True)
    os.set_blocking(0, False)
    with selectors.DefaultSelector() as selector:
        for index, handle in enumerate(ends):
            selector.register(handle, selectors.EVENT_READ, index)
        selector.register(0, selectors.EVENT_READ, -1)
        wait_s: float | None = None
        told = b""
        while True:
            for key, _ in selector.select(wait_s):
                if key.data >= 0:
                    carrier.take(key.data)
                    continue
                chunk = os.read(0, 4096)
                if not chunk:
                    return 0
                *lines, told = (told + chunk).split(b"\n")
                for line in lines:
                    carrier.quality = Quality(**json.loads(line))
            wait_s = carrier.hand_on()


if __name__ == "__main__":
    sys.exit(main())
