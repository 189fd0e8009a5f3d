"""Which ONNX Runtime execution provider runs a model fastest on this box: measured once, then remembered."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from contract.disk import write_whole
from models.registry import file_sha256

CPU = "CPUExecutionProvider"
IGNORED = frozenset({"AzureExecutionProvider"})
"""Runs models elsewhere; pictures never leave the box."""
VARIANTS = {"OpenVINOExecutionProvider": ("OpenVINOExecutionProvider", "OpenVINOExecutionProvider bf16")}
"""Ways to run a provider that are tried one by one: OpenVINO halves the time where the processor has 16-bit tiles."""
FALLBACKS = {"TensorrtExecutionProvider": ("CUDAExecutionProvider",)}
"""What runs the operators that a provider cannot, before the CPU does."""
TOLERANCE = 0.05
"""Root mean square of the difference to the CPU's answers, as a share of theirs; 16-bit floats stay well within."""
LEAST_SIZE = 0.02
"""Of answers, below which a difference is measured against this: scores of what is not there may differ manyfold."""
MOST_COLUMNS = 512
"""Of an output that holds boxes and scores side by side; pixels would hide what happens to scores."""
GAIN = 1.05
"""How many times as fast as the CPU a provider must be: below that a second runtime is only one more thing to fail."""
WARM_RUNS = 3
LEAST_RUNS, MOST_RUNS, BUDGET_S = 5, 50, 2.0

Feed = Mapping[str, npt.NDArray[np.generic]]
Provider = str | tuple[str, dict[str, str]]
"""As ONNX Runtime takes it: a name, or a name and its options."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a provider made of one feed: median milliseconds a run, and its answers."""

    ms: float
    answers: Sequence[npt.NDArray[np.generic]]


Measure = Callable[[Path, Sequence[Provider], Feed, ort.SessionOptions], Trial]


class Tried(msgspec.Struct, frozen=True):
    """One provider as it did: ``ms`` a run, or why it was left out."""

    provider: str
    ms: float | None = None
    left_out: str | None = None


class Choice(msgspec.Struct, frozen=True):
    """What was measured for one model, runtime, machine and input."""

    model: str
    """File name, for people."""
    chosen: str
    tried: list[Tried]
    trying: str | None = None
    """A provider under trial; where it stands in the file at a later start, the process died of it."""


class Remembered(msgspec.Struct):
    """providers.json."""

    choices: dict[str, Choice] = {}


def choose(
    model: Path,
    feed: Feed,
    options: ort.SessionOptions,
    store: Path,
    *,
    measure: Measure | None = None,
    available: Sequence[str] | None = None,
    tolerance: float = TOLERANCE,
) -> list[Provider]:
    """Providers for this model on this machine, fastest first, the CPU last.

    The first time each provider present runs the feed; one that fails, kills the process or answers otherwise than the
    CPU is left out. The choice is remembered by the model's hash, the runtime's version and providers, the processor,
    the threads and the feed's shapes; where the store cannot be written it is measured at each start.

    Args:
        model: an ONNX file.
        feed: inputs of a typical run, by name; a real picture compares answers better than noise.
        options: of the session that will be made; threads among them.
        store: the file to remember choices in.
        measure: runs a feed; the default opens a session and takes the clock.
        available: names of providers; those of the installed runtime where left out.
        tolerance: see TOLERANCE.

    Raises:
        Exception: what ONNX Runtime raises where the CPU itself cannot run the model.
    """
    candidates = ways(ort.get_available_providers() if available is None else available)
    if candidates == [CPU]:
        return [CPU]
    key = _key(model, feed, options, candidates)
    known = read_choices(store).get(key)
    if known is not None and known.trying is None and known.chosen in candidates:
        return providers_for(known.chosen, candidates, options)
    tried: list[Tried] = []
    if known is not None:  # the process died in the middle: who failed then is not tried again
        tried = [one for one in known.tried if one.left_out is not None]
        if known.trying is not None:
            tried.append(Tried(known.trying, left_out="the process died while trying it"))
    failed = {one.provider for one in tried}

    def run(name: str) -> Trial:
        return (measure or measure_provider)(model, providers_for(name, candidates, options), feed, options)

    reference = run(CPU)
    tried.append(Tried(CPU, round(reference.ms, 3)))
    for name in candidates:
        if name not in failed | {CPU}:
            _remember(store, key, Choice(model.name, CPU, tried, trying=name))
            tried.append(_try(name, run, reference, tolerance))
    chosen = _fastest(tried, candidates)
    _remember(store, key, Choice(model.name, chosen, tried))
    return providers_for(chosen, candidates, options)


def measure_provider(
    model: Path,
    providers: Sequence[Provider],
    feed: Feed,
    options: ort.SessionOptions,
    *,
    timer: Callable[[], float] = time.perf_counter,
) -> Trial:
    """Opens a session and runs the feed for two seconds at most, after three runs to warm up.

    Raises:
        RuntimeError: ONNX Runtime fell back to another provider.
        Exception: what ONNX Runtime raises.
    """
    session = ort.InferenceSession(str(model), options, providers=list(providers))
    wanted, got = _name(providers[0]), session.get_providers()
    if not got or got[0] != wanted:
        raise RuntimeError(f"did not load; the runtime took {got[0] if got else 'none'}")
    answers = [np.asarray(answer) for answer in session.run(None, dict(feed))]
    for _ in range(WARM_RUNS - 1):
        session.run(None, dict(feed))
    times: list[float] = []
    while len(times) < LEAST_RUNS or (len(times) < MOST_RUNS and sum(times) < BUDGET_S):
        start = timer()
        session.run(None, dict(feed))
        times.append(timer() - start)
    return Trial(float(np.median(times)) * 1000.0, answers)


def providers_for(name: str, candidates: Sequence[str], options: ort.SessionOptions) -> list[Provider]:
    """What to hand to a session so that a provider leads and the CPU takes what it cannot.

    Args:
        name: of the provider to lead, or one of its VARIANTS.
        candidates: names of providers present.
        options: of the session; a provider with threads of its own gets as many.
    """
    kind, _, variant = name.partition(" ")
    fallbacks = [other for other in FALLBACKS.get(kind, ()) if other in candidates]
    leading: Provider = kind
    if kind == "OpenVINOExecutionProvider":
        # left to itself it takes all cores, which decode the cameras
        settings = {"INFERENCE_NUM_THREADS": max(1, options.intra_op_num_threads)}
        precision = {"INFERENCE_PRECISION_HINT": variant or "f32"}
        leading = (kind, {"device_type": "CPU", "load_config": json.dumps({"CPU": settings | precision})})
    return [leading, *fallbacks, *([CPU] if kind != CPU else [])]


def read_choices(store: Path) -> dict[str, Choice]:
    """What is remembered, by key; nothing where the file is absent or damaged."""
    try:
        return msgspec.json.decode(store.read_bytes(), type=Remembered).choices
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return {}


def processor() -> str:
    """The processor's name."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(("model name", "Model", "Hardware")):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def ways(available: Sequence[str]) -> list[str]:
    """Providers to measure, their variants one by one: in the runtime's order, the special before the general."""
    found = [name for name in dict.fromkeys(available) if name not in IGNORED and name != CPU]
    return [*(variant for name in found for variant in VARIANTS.get(name, (name,))), CPU]


def _key(model: Path, feed: Feed, options: ort.SessionOptions, candidates: Sequence[str]) -> str:
    shapes = ",".join(f"{name}:{feed[name].dtype}{list(feed[name].shape)}" for name in sorted(feed))
    runtime = f"onnxruntime {ort.__version__} ({' '.join(candidates)})"
    return " | ".join(
        (file_sha256(model), runtime, processor(), f"{options.intra_op_num_threads} threads", shapes.replace(" ", ""))
    )


def _try(name: str, run: Callable[[str], Trial], reference: Trial, tolerance: float) -> Tried:
    try:
        trial = run(name)
    except Exception as error:  # noqa: BLE001 - each provider raises kinds of its own
        return Tried(name, left_out=(str(error).strip().splitlines() or [type(error).__name__])[0])
    return Tried(name, round(trial.ms, 3), _difference(trial.answers, reference.answers, tolerance))


def _difference(
    answers: Sequence[npt.NDArray[np.generic]], wanted: Sequence[npt.NDArray[np.generic]], tolerance: float
) -> str | None:
    """What is wrong with answers, in words; None where nothing is."""
    if [answer.shape for answer in answers] != [answer.shape for answer in wanted]:
        return "answers of other shapes than the CPU's"
    for place, (answer, truth) in enumerate(zip(answers, wanted, strict=True)):
        got, meant = np.asarray(answer, np.float64), np.asarray(truth, np.float64)
        sound = np.isfinite(meant)  # masked places may be infinite by design
        got, meant = np.where(sound, got, 0.0), np.where(sound, meant, 0.0)
        if not np.isfinite(got).all():
            return f"answers that are no numbers in output {place}"
        share = float((_size(got - meant) / np.maximum(_size(meant), LEAST_SIZE)).max(initial=0.0))
        if share > tolerance:
            return f"answers {share:.1%} off the CPU's in output {place}"
    return None


def _size(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Root mean square (C,) of each column of the last axis, or (1,) of all."""
    columns = values.shape[-1] if values.ndim > 1 and 0 < values.shape[-1] <= MOST_COLUMNS else 1
    return np.asarray(np.sqrt((values.reshape(-1, columns) ** 2).mean(0)) if values.size else np.zeros(1), np.float64)


def _fastest(tried: Sequence[Tried], candidates: Sequence[str]) -> str:
    times = {one.provider: one.ms for one in tried if one.ms is not None and one.left_out is None}
    best = min((name for name in candidates if name in times), key=lambda name: (times[name], candidates.index(name)))
    return best if times[best] * GAIN <= times[CPU] else CPU


def _remember(store: Path, key: str, choice: Choice) -> None:
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        choices = read_choices(store) | {key: choice}
        write_whole(store, msgspec.json.format(msgspec.json.encode(Remembered(choices))) + b"\n")
    except OSError:
        return  # remembering saves seconds at the next start, no more


def _name(provider: Provider) -> str:
    return provider if isinstance(provider, str) else provider[0]
