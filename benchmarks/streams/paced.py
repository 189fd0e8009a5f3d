"""Live load on a box: real time, real cameras where this machine can serve them, the box in a process of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from benchmarks.streams.box import Order, Report
from benchmarks.streams.footage import Clip
from benchmarks.streams.serve import streaming
from contract.errors import AtriumError

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
"""A box that takes so much longer than it was told to hangs."""


def watch(
    clips: Sequence[Clip],
    *,
    seconds: float,
    warm_s: float,
    model: str | Path | None = None,
    rtsp: bool = True,
    csv: Path | None = None,
) -> Report:
    """What a box reports that has watched the clips live.

    Args:
        clips: one a camera.
        seconds: how long is counted.
        warm_s: before that.
        model: Atrium's; None takes the default.
        rtsp: over real RTSP; else the box reads the files itself, paced.
        csv: where a sample a second goes.

    Raises:
        AtriumError: where the box fails or hangs.
    """
    with streaming(clips) if rtsp else _nobody() as urls:
        order = Order(list(clips), urls, seconds, warm_s, None if model is None else str(model), csv)
        try:
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.streams.box"],
                input=msgspec.json.encode(order, enc_hook=str),
                stdout=subprocess.PIPE,
                cwd=ROOT,
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"},
                timeout=seconds + warm_s + PATIENCE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise AtriumError(f"the box still works {PATIENCE_S:.0f} s after its time; give it fewer cameras") from None
    if done.returncode:
        raise AtriumError(f"the box ended with status {done.returncode}; what it says above tells why")
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Report)


@contextlib.contextmanager
def _nobody() -> Iterator[list[str]]:
    yield []
