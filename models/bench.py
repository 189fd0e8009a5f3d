"""How fast a model runs on this box: each file and execution provider in a process of its own."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from contract.errors import BadInputError
from models.providers import processor, providers_for, ways

PICTURE_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}
DEFAULT_SIZE = (384, 640)
"""Height and width where the file leaves them open and nobody says."""
WARM_S = 0.3
LEAST_RUNS = 5
MARKS_OF_INT8 = (b"QLinearConv", b"DequantizeLinear", b"ConvInteger", b"MatMulInteger")


class Measured(msgspec.Struct, frozen=True):
    """One file on one provider."""

    model: str
    file: str
    precision: str
    """fp32, fp16 (its input's type) or int8 (quantised operators within)."""
    provider: str
    input: str
    """Shape and type of the pictures."""
    batch: int = 0
    runs: int = 0
    ms_median: float | None = None
    """Milliseconds a run."""
    ms_p95: float | None = None
    pictures_a_second: float | None = None
    memory_mb: float | None = None
    """Growth of resident memory by loading and running."""
    failed: str | None = None
    """Why there are no figures."""


class Bench(msgspec.Struct, frozen=True):
    """bench.json: what was measured last on this box."""

    at: str
    """UTC, RFC 3339."""
    processor: str
    runtime: str
    threads: int
    seconds: float
    results: list[Measured]


def bench(
    model: Path,
    name: str,
    provider: str,
    *,
    threads: int = 1,
    seconds: float = 3.0,
    batch: int = 1,
    size: tuple[int, int] | None = None,
) -> Measured:
    """Measures one file on one provider in a fresh process, which may die without harm.

    Args:
        model: an ONNX file.
        name: of the model, for the table.
        provider: one of models.providers.ways.
        threads: of ONNX Runtime.
        seconds: of runs, after some to warm up.
        batch: pictures a run, where the file takes several.
        size: (height, width) where the file leaves them open.
    """
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh) as pool:
        try:
            work = partial(measure, model, name, provider, threads=threads, seconds=seconds, batch=batch, size=size)
            return pool.submit(work).result()
        except BrokenProcessPool:
            return Measured(name, model.name, "", provider, "", failed="the process died")


def measure(
    model: Path,
    name: str,
    provider: str,
    *,
    threads: int,
    seconds: float,
    batch: int,
    size: tuple[int, int] | None,
    timer: Callable[[], float] = time.perf_counter,
) -> Measured:
    """The same in this process, where memory already used hides some of the growth."""
    failed = Measured(name, model.name, "", provider, "")
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        before = resident_bytes()
        wanted = providers_for(provider, present_providers(), options)
        session = ort.InferenceSession(str(model), options, providers=wanted)
        if session.get_providers()[0] != provider.partition(" ")[0]:
            return msgspec.structs.replace(failed, failed="the provider did not load")
        feed = example_feed(session.get_inputs(), batch, size, dict(session.get_modelmeta().custom_metadata_map))
        times = _times(session, feed, seconds, timer)
    except BadInputError as error:
        return msgspec.structs.replace(failed, failed=str(error))
    except Exception as error:  # noqa: BLE001 - providers raise many kinds, none of them public
        line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return msgspec.structs.replace(failed, failed=line)
    picture = max(feed.values(), key=lambda values: values.size)
    pictures = picture.shape[0] if picture.ndim == 4 else 1
    return Measured(
        name,
        model.name,
        precision(model, session),
        provider,
        f"{'x'.join(map(str, picture.shape))} {picture.dtype}",
        pictures,
        len(times),
        round(float(np.median(times)) * 1e3, 3),
        round(float(np.percentile(times, 95)) * 1e3, 3),
        round(pictures * len(times) / sum(times), 1),
        round((resident_bytes() - before) / 1e6, 1),
    )


def _times(session: Any, feed: dict[str, npt.NDArray[Any]], seconds: float, timer: Callable[[], float]) -> list[float]:
    begun = timer()
    while True:
        session.run(None, feed)
        if timer() - begun >= WARM_S:
            break
    times: list[float] = []
    begun = timer()
    while len(times) < LEAST_RUNS or timer() - begun < seconds:
        start = timer()
        session.run(None, feed)
        times.append(timer() - start)
    return times


def example_feed(
    inputs: Sequence[Any], batch: int = 1, size: tuple[int, int] | None = None, metadata: dict[str, str] | None = None
) -> dict[str, npt.NDArray[Any]]:
    """Inputs as a camera would give them: patches of even grey values, the same at each call.

    Args:
        inputs: ``session.get_inputs()``.
        batch: pictures, where the file leaves the number open.
        size: (height, width), where the file leaves them open.
        metadata: the file's own; ``atrium.size`` (HEIGHTxWIDTH) tells the size where nobody else does.

    Raises:
        BadInputError: the model takes no pictures.
    """
    told = [int(part) for part in (metadata or {}).get("atrium.size", "").split("x") if part.isdigit()]
    height, width = size or ((told[0], told[1]) if len(told) == 2 else DEFAULT_SIZE)
    feed: dict[str, npt.NDArray[Any]] = {}
    for port in inputs:
        shape = list(port.shape)
        if len(shape) in {3, 4} and port.type in PICTURE_TYPES:
            channels_first = shape[-3] == 3 or (shape[-1] != 3 and not isinstance(shape[-3], int))
            open_axes = [3, height, width] if channels_first else [height, width, 3]
            sides = [axis if isinstance(axis, int) else free for axis, free in zip(shape[-3:], open_axes, strict=True)]
            count = [shape[0] if isinstance(shape[0], int) else batch][: len(shape) - 3]
            planes = sides if channels_first else [sides[2], sides[0], sides[1]]
            picture = _patches(*planes)
            picture = picture if channels_first else picture.transpose(1, 2, 0)
            feed[port.name] = np.ascontiguousarray(np.broadcast_to(picture, (*count, *sides)), PICTURE_TYPES[port.type])
        elif port.type == "tensor(int64)" and shape[-1:] == [2]:
            count = [shape[0] if isinstance(shape[0], int) else batch][: len(shape) - 1]
            feed[port.name] = np.full((*count, 2), (height, width), np.int64)
    if not any(values.ndim >= 3 for values in feed.values()) or len(feed) != len(inputs):
        ports = "; ".join(f"{port.name} {port.shape} {port.type}" for port in inputs)
        raise BadInputError(f"takes more or other than pictures ({ports}); give a detection model")
    return feed


def _patches(channels: int, height: int, width: int) -> npt.NDArray[np.uint8]:
    coarse = np.random.default_rng(0).integers(0, 256, (channels, height // 16 + 1, width // 16 + 1), dtype=np.uint8)
    return coarse.repeat(16, 1).repeat(16, 2)[:, :height, :width]


def precision(model: Path, session: Any) -> str:
    """int8 where the file holds quantised operators, fp16 where it takes 16-bit floats, else fp32."""
    told = dict(session.get_modelmeta().custom_metadata_map).get("atrium.precision")
    if told:
        return str(told)
    content = model.read_bytes()
    if any(mark in content for mark in MARKS_OF_INT8):
        return "int8"
    return "fp16" if session.get_inputs()[0].type == "tensor(float16)" else "fp32"


def present_providers() -> list[str]:
    """Providers of the installed runtime, variants of one by one, the CPU last."""
    return ways(ort.get_available_providers())


def resident_bytes() -> int:
    """Of this process; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * 4096


def bench_of(at: str, threads: int, seconds: float, results: Sequence[Measured]) -> Bench:
    """All that was measured, with where."""
    return Bench(at, processor(), f"onnxruntime {ort.__version__}", threads, seconds, list(results))
