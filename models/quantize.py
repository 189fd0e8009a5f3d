"""Eight-bit models from 32-bit ones: static QDQ over all operators, per channel, calibrated on real pictures.

Needs the package onnx: ``pip install 'atrium-vision[quantize]'``.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from contract.errors import AtriumError, BadInputError
from models.calibrate import METHODS, Feed, Histogram, Range, observe, one_thread

try:
    import onnx
    from onnx import ModelProto, TensorProto
    from onnxruntime.quantization.calibrate import CalibrationMethod, TensorsData
    from onnxruntime.quantization.qdq_quantizer import QDQQuantizer
    from onnxruntime.quantization.quant_utils import QuantType
    from onnxruntime.quantization.registry import QDQRegistry, QLinearOpsRegistry
    from onnxruntime.quantization.shape_inference import quant_pre_process
except ImportError as error:
    raise AtriumError("quantizing needs the package onnx: pip install 'atrium-vision[quantize]'") from error

from models.lean import chain_pools, double_by_joining
from models.parabola import parabolas, read_twice
from models.rounding import round_together
from models.strips import over_strips
from models.surgery import (
    WEIGHT_OPS,
    feed_bytes,
    float_tail,
    fold_pads,
    from_bytes,
    name_nodes,
    share_ranges,
    unshare,
)

LEAST_OPSET = 13
"""The first with a scale for each channel in QuantizeLinear."""
HELD_OUT_EVERY = 5
MOST_HELD_OUT = 32
EIGHT_BITS, SEVEN_BITS = 127, 64
"""Steps of the largest weight of a channel."""
ROUNDED_ON = 48
"""Runs by whose inputs weights are rounded."""
Outputs = list[npt.NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How near one quantised output is to the 32-bit one, over all pictures held out."""

    output: str
    signal_to_noise_db: float
    """10 log10 of the output's variance over the mean squared difference; 20 dB is a tenth in amplitude."""
    largest_difference: float
    mean_difference: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way of choosing ranges and what came of it."""

    method: str
    agreement: tuple[Agreement, ...]

    @property
    def signal_to_noise_db(self) -> float:
        """Mean over the outputs."""
        return sum(part.signal_to_noise_db for part in self.agreement) / len(self.agreement)


@dataclass(frozen=True, slots=True)
class Quantized:
    """What quantize() made and how good it is."""

    out: Path
    method: str
    attempts: tuple[Attempt, ...]
    calibrated_on: int
    """Runs."""
    held_out: int
    """Runs."""
    weighted: int
    """Convolutions and matrix products in the model."""
    in_eight_bits: int
    """Of those, the ones the runtime computes in eight bits."""
    bytes_before: int
    bytes_after: int

    @property
    def best(self) -> Attempt:
        """The attempt that was written."""
        return next(attempt for attempt in self.attempts if attempt.method == self.method)


def quantize(
    model: Path,
    out: Path,
    batches: Iterable[Feed],
    *,
    methods: Sequence[str] = METHODS,
    keep: Iterable[str] = (),
    tail_in_float: bool = True,
    reduce_range: bool = False,
) -> Quantized:
    """Writes the eight-bit twin of a 32-bit model and says how far they agree.

    Every fifth batch is held out, at most 32; ranges come of the others, and weights are rounded by what the first of
    them bring about (`models.rounding`). Each method's model is compared with the 32-bit one on the batches held out,
    and the nearest is written.

    Args:
        model: an ONNX file with 32-bit weights; its metadata are kept.
        out: file to write; appears when it is whole.
        batches: inputs of each run by name, as the model takes them; read once, one at a time.
        methods: ways to choose ranges, see Histogram.range.
        keep: names or types of operators that stay in float.
        tail_in_float: whether decoding behind the last weights stays in float.
        reduce_range: seven-bit weights, for CPUs without VNNI, whose eight-bit sums saturate.

    Raises:
        BadInputError: the model cannot be read, is quantised or 16-bit already, or there are fewer than two batches.
        AtriumError: the runtime refuses the result.
    """
    with tempfile.TemporaryDirectory(prefix="atrium-quantize-") as folder:
        prepared = _prepared(model, Path(folder))
        kept = set(keep)
        excluded = {node.name for node in prepared.graph.node if node.name in kept or node.op_type in kept}
        if tail_in_float:
            excluded |= float_tail(prepared)
        exact = {name: way for name, way in from_bytes(prepared).items() if way.zero_point is not None}
        excluded |= {node for way in exact.values() for node in way.nodes}
        bends = [bend for bend in parabolas(prepared) if bend.product not in excluded]
        excluded |= {node for bend in bends for node in bend.nodes}
        held: list[Feed] = []
        some: list[Feed] = []
        histograms, runs = _observed(prepared, excluded, _noted(_hold_out(batches, held), some), Path(folder))
        if runs == 0 or not held:
            raise BadInputError(f"{model}: calibration needs at least two pictures, better a hundred; give more frames")
        wanted = _answers(model, held)
        round_together(prepared, some, excluded, SEVEN_BITS if reduce_range else EIGHT_BITS)
        attempts: list[Attempt] = []
        files: dict[str, Path] = {}
        for method in methods:
            ranges = {name: histogram.range(method) for name, histogram in histograms.items()}
            ranges |= {name: way.range for name, way in exact.items()}
            ranges |= {bend.clipped: bend.range for bend in bends} | {bend.line: bend.line_range for bend in bends}
            share_ranges(prepared, ranges, excluded, fixed={*exact, *(bend.clipped for bend in bends)})
            files[method] = Path(folder) / f"{method}.onnx"
            quantised = _quantised(prepared, excluded, ranges, reduce_range)
            read_twice(quantised, bends)
            onnx.helper.set_model_props(quantised, _metadata(model, method))
            over_strips(quantised)
            chain_pools(quantised)
            double_by_joining(quantised)
            onnx.save(quantised, files[method])
            attempts.append(Attempt(method, tuple(_agreement(files[method], held, wanted))))
        method = max(attempts, key=lambda attempt: attempt.signal_to_noise_db).method
        weighted = sum(node.op_type in WEIGHT_OPS for node in prepared.graph.node)
        fused = optimised_operators(files[method])
        _place(files[method], out)
    float_left = sum(fused[name] for name in WEIGHT_OPS | {"FusedConv", "FusedGemm", "FusedMatMul", "NhwcFusedConv"})
    sizes = model.stat().st_size, out.stat().st_size
    return Quantized(out, method, tuple(attempts), runs, len(held), weighted, weighted - float_left, *sizes)


def optimised_operators(model: Path) -> Counter[str]:
    """Types of the operators that ONNX Runtime really runs for a model on the CPU, counted.

    Raises:
        AtriumError: the runtime refuses the model.
    """
    with tempfile.TemporaryDirectory(prefix="atrium-optimised-") as folder:
        target = Path(folder) / "optimised.onnx"
        options = one_thread()
        options.optimized_model_filepath = str(target)
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        _session(model, options)
        return Counter(node.op_type for node in onnx.load(target).graph.node)


def _hold_out(batches: Iterable[Feed], held: list[Feed]) -> Iterator[Feed]:
    for index, batch in enumerate(batches):
        if index % HELD_OUT_EVERY == 1 and len(held) < MOST_HELD_OUT:
            held.append(batch)
        else:
            yield batch


def _noted(batches: Iterable[Feed], some: list[Feed]) -> Iterator[Feed]:
    """The same batches; the first ones stay in the list."""
    for batch in batches:
        if len(some) < ROUNDED_ON:
            some.append(batch)
        yield batch


def _prepared(model: Path, folder: Path) -> ModelProto:
    """The model as the quantiser likes it: batch norms folded, shapes inferred, names and initializers of its own."""
    try:
        read = onnx.load(model)
    except FileNotFoundError:
        raise BadInputError(f"{model}: no such model file; check the path") from None
    except Exception as error:  # protobuf's decoder raises its own kinds
        raise BadInputError(f"{model}: not an ONNX model ({_line(error)}); export it again") from error
    if any(node.op_type in {"QuantizeLinear", "QLinearConv", "DynamicQuantizeLinear"} for node in read.graph.node):
        raise BadInputError(f"{model}: is quantised already; give the 32-bit file")
    if any(tensor.data_type == TensorProto.FLOAT16 for tensor in read.graph.initializer):
        raise BadInputError(f"{model}: has 16-bit weights; give the 32-bit file")
    ort.set_default_logger_severity(3)  # the preparation opens a session of its own, which would warn of trifles
    try:
        opset = next(entry.version for entry in read.opset_import if entry.domain in {"", "ai.onnx"})
        if opset < LEAST_OPSET:
            read = onnx.version_converter.convert_version(read, LEAST_OPSET)
        given, made = folder / "given.onnx", folder / "prepared.onnx"
        onnx.save(read, given)
        # symbolic shapes break on free sizes, and the quantiser needs types only
        quant_pre_process(given, made, skip_symbolic_shape=True)
        prepared = onnx.load(made)
    except Exception as error:  # onnx and the runtime raise many kinds
        raise BadInputError(f"{model}: cannot be prepared ({_line(error)}); export it with opset 17") from error
    name_nodes(prepared)
    fold_pads(prepared)
    unshare(prepared)
    return prepared


def _observed(
    prepared: ModelProto, excluded: set[str], feeds: Iterable[Feed], folder: Path
) -> tuple[dict[str, Histogram], int]:
    graph = prepared.graph
    stored = {tensor.name for tensor in graph.initializer}
    kinds = {v.name: v.type.tensor_type.elem_type for v in (*graph.input, *graph.value_info, *graph.output)}
    wanted: dict[str, None] = {}
    for node in graph.node:
        if node.name not in excluded and node.op_type in _types():
            for name in (*node.input, *node.output):
                if name and name not in stored and kinds.get(name) == TensorProto.FLOAT:
                    wanted[name] = None
    inputs = {value.name for value in graph.input}
    watched = ModelProto()
    watched.CopyFrom(prepared)
    there = {value.name for value in graph.output}
    extra = [name for name in wanted if name not in there | inputs]
    watched.graph.output.extend(onnx.helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in extra)
    for name in inputs & wanted.keys():  # an input can be no output by its own name
        watched.graph.node.append(onnx.helper.make_node("Identity", [name], [f"{name}__seen"]))
        watched.graph.output.append(onnx.helper.make_tensor_value_info(f"{name}__seen", TensorProto.FLOAT, None))
    path = folder / "watched.onnx"
    onnx.save(watched, path)
    names = [f"{name}__seen" if name in inputs else name for name in wanted]
    found, runs = observe(path, names, feeds)
    return {name: found[seen] for name, seen in zip(wanted, names, strict=True)}, runs


def _types() -> set[str]:
    return set(QLinearOpsRegistry) | set(QDQRegistry)


def _quantised(prepared: ModelProto, excluded: set[str], ranges: dict[str, Range], reduce_range: bool) -> ModelProto:
    given = ModelProto()
    given.CopyFrom(prepared)
    data = {name: (np.float32(low), np.float32(high)) for name, (low, high) in ranges.items()}
    quiet = logging.getLogger()
    level = quiet.level
    quiet.setLevel(logging.ERROR)  # the quantiser tells the root logger of every tensor it leaves in float
    try:
        quantiser = QDQQuantizer(
            given,
            per_channel=True,
            reduce_range=reduce_range,
            weight_qType=QuantType.QInt8,
            activation_qType=QuantType.QUInt8,
            tensors_range=TensorsData(CalibrationMethod.MinMax, data),
            nodes_to_quantize=[],
            nodes_to_exclude=sorted(excluded),
            op_types_to_quantize=sorted(_types()),
            extra_options={"ActivationSymmetric": False, "WeightSymmetric": True},
        )
        quantiser.quantize_model()
    finally:
        quiet.setLevel(level)
    quantiser.model.topological_sort()
    quantised: ModelProto = quantiser.model.model
    feed_bytes(quantised)
    return quantised


def _metadata(model: Path, method: str) -> dict[str, str]:
    kept = {entry.key: entry.value for entry in onnx.load(model).metadata_props}
    return kept | {"atrium.precision": "int8", "atrium.quantized": f"QDQ, per channel, ranges by {method}"}


def _agreement(path: Path, held: list[Feed], wanted: list[Outputs]) -> Iterator[Agreement]:
    got = _answers(path, held)
    for place, output in enumerate(_session(path).get_outputs()):
        whole = np.concatenate([np.asarray(answers[place], np.float64).ravel() for answers in wanted])
        other = np.concatenate([np.asarray(answers[place], np.float64).ravel() for answers in got])
        if whole.shape != other.shape:  # suppression in the graph kept other boxes
            yield Agreement(output.name, float("-inf"), float("nan"), float("nan"))
            continue
        apart = np.abs(whole - other)
        noise = float((apart**2).mean())
        ratio = 200.0 if noise == 0.0 else 10.0 * float(np.log10(max(float(whole.var()), 1e-20) / noise))
        yield Agreement(output.name, ratio, float(apart.max()), float(apart.mean()))


def _answers(path: Path, feeds: Iterable[Feed]) -> list[Outputs]:
    session = _session(path)
    return [session.run(None, dict(feed)) for feed in feeds]


def _session(path: Path, options: ort.SessionOptions | None = None) -> ort.InferenceSession:
    try:
        return ort.InferenceSession(str(path), options or one_thread(), providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime raises many kinds, none of them public
        raise AtriumError(
            f"{path.name}: ONNX Runtime refuses it ({_line(error)}); report the model it came of"
        ) from error


def _place(made: Path, out: Path) -> None:
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        part.write_bytes(made.read_bytes())
        part.replace(out)
    except OSError as error:
        raise AtriumError(f"{out}: cannot be written ({error.strerror}); check the folder and the disk") from error
    finally:
        part.unlink(missing_ok=True)


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
