"""Whether the model is the one it should be, and fast enough for what the box is asked to look at."""

from __future__ import annotations

import os
import time

from contract.errors import BadInputError
from models.bench import measure
from models.providers import CPU
from models.registry import Download, ShelfEntry, resolve
from upkeep.findings import Finding, Level

MEASURED_S = 0.6
MOST_LOAD = 0.8
"""Of the cores' time; the rest decodes."""
MUCH_SLOWER = 8.0
"""Times the shelf's figure, which is a server core's; a small board's core is two to five times slower."""


def model_file(model: str) -> list[Finding]:
    """Whether the model's bytes are the registry's.

    Args:
        model: a name on the shelf, or the path of an ONNX file.
    """
    try:
        found = resolve(model)
    except BadInputError as error:
        said, _, mend = str(error).partition("; ")
        mend = mend or "Correct model in the box's file."
        return [Finding(check="model-file", subject=model, level="fault", said=said, mend=mend)]
    if found.metadata is None:
        said = "your own file: there is no hash to compare it with"
    else:
        said = "its sha256 is the registry's"
    return [Finding(check="model-file", subject=model, level="fine", said=said)]


def model_speed(model: str, cameras: int, fps: float, cores: int | None = None) -> list[Finding]:
    """How long the model takes for a picture, and whether that is enough were every picture looked at.

    Measured on one thread by its own processor time, so that a box at work is not in the way of its doctor.

    Args:
        model: a name on the shelf, or the path of an ONNX file.
        cameras: how many the box has.
        fps: pictures a second and camera.
        cores: of this machine; those that this process may use where left out.
    """
    try:
        found = resolve(model)
    except BadInputError:
        return []  # told by the other check
    entry = found.metadata
    size = (entry.input_height, entry.input_width) if entry is not None else None
    done = measure(
        found.path, found.name, CPU, threads=1, seconds=MEASURED_S, batch=1, size=size, timer=time.thread_time
    )
    if done.failed is not None or done.ms_median is None:
        said = f"the runtime cannot run it ({done.failed})"
        mend = "Run: atrium models verify; then choose a model of the shelf in the box's file."
        return [Finding(check="model-speed", subject=model, level="fault", said=said, mend=mend)]
    return [_judged(model, done.ms_median, _shelf_ms(entry), cameras * fps, cores or len(os.sched_getaffinity(0)))]


def _shelf_ms(entry: ShelfEntry | Download | None) -> float | None:
    return entry.core_ms if isinstance(entry, ShelfEntry) else None


def _judged(model: str, ms: float, shelf_ms: float | None, looks_hz: float, cores: int) -> Finding:
    load = looks_hz * ms / 1000 / cores
    times = None if shelf_ms is None else ms / shelf_ms
    said = f"{ms:.1f} ms a picture on one core"
    said += "" if times is None else f", {times:.1f} times the {shelf_ms:g} ms of the shelf's server core"
    said += f"; every picture of all cameras would take {load:.0%} of {cores} cores"
    level: Level = "fine"
    mend = ""
    if load > MOST_LOAD:
        level = "warning"
        mend = "Lower fps in the box's file, choose person-n, or move cameras to another box: a full hall will be late."
    elif times is not None and times > MUCH_SLOWER:
        level = "warning"
        mend = "See temperature and throttling; set the governor to performance, and stop what else runs here."
    figures = {"ms": ms, "load": round(load, 3)} | ({} if shelf_ms is None else {"shelf_ms": shelf_ms})
    return Finding(check="model-speed", subject=model, level=level, said=said, mend=mend, figures=figures)
