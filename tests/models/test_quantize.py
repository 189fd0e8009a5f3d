"""Eight bits say what thirty-two say, at the price of eight."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from contract.errors import BadInputError
from models.calibrate import METHODS, Histogram
from models.quantize import optimised_operators, quantize
from models.surgery import feed_bytes, float_tail, from_bytes, unshare

MEAN, SCALE = 114.0, 1.0 / 64.0


def write_net(path: Path, *, normalise: bool = True, as_bytes: bool = True, decode: bool = False) -> Path:
    """A small detector: bytes (B, H, W, 3) of any size in, a score and four sides a cell out; biases all one tensor."""
    rng = np.random.default_rng(3)

    def weights(name: str, out: int, into: int, size: int):
        values = rng.normal(0, (2.0 / (into * size * size)) ** 0.5, (out, into, size, size))
        return numpy_helper.from_array(values.astype(np.float32), name)

    stored = [
        weights("w1", 8, 3, 3),
        weights("w2", 8, 8, 3),
        weights("w3", 8, 8, 1),
        weights("w4", 1, 8, 1),
        weights("w5", 4, 8, 1),
        numpy_helper.from_array(np.zeros(8, np.float32), "zeros"),
        numpy_helper.from_array(np.array([-4.0], np.float32), "b4"),
        numpy_helper.from_array(np.zeros(4, np.float32), "b5"),
        numpy_helper.from_array(np.float32(MEAN), "mean"),
        numpy_helper.from_array(np.float32(SCALE), "scale"),
        numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "twice"),
        numpy_helper.from_array(np.array([100.0], np.float32), "hundred"),
    ]
    nodes = []
    last = "images"
    if as_bytes:
        nodes.append(helper.make_node("Cast", [last], ["floats"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Transpose", ["floats"], ["planes"], perm=[0, 3, 1, 2]))
        last = "planes"
    if normalise:
        nodes.append(helper.make_node("Sub", [last, "mean"], ["centred"]))
        nodes.append(helper.make_node("Mul", ["centred", "scale"], ["normal"]))
        last = "normal"
    nodes += [
        helper.make_node("Conv", [last, "w1", "zeros"], ["c1"], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"]),
        helper.make_node("Conv", ["r1", "w2", "zeros"], ["c2"], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c2"], ["r2"]),
        helper.make_node("Resize", ["r2", "", "twice"], ["up"], mode="nearest"),
        helper.make_node("Concat", ["up", "r1"], ["both"], axis=1),
        helper.make_node("Split", ["both"], ["left", "right"], axis=1, num_outputs=2),
        helper.make_node("Add", ["left", "right"], ["sum"]),
        helper.make_node("Conv", ["sum", "w3", "zeros"], ["c3"]),
        helper.make_node("Relu", ["c3"], ["r3"]),
        helper.make_node("Conv", ["r3", "w4", "b4"], ["score_8"]),
        helper.make_node("Conv", ["r3", "w5", "b5"], ["sides_8"]),
    ]
    outputs = {"score_8": 1, "sides_8": 4}
    if decode:
        nodes += [
            helper.make_node("Sigmoid", ["score_8"], ["probability"]),
            helper.make_node("Mul", ["sides_8", "hundred"], ["pixels"]),
            helper.make_node("Concat", ["pixels", "probability"], ["predictions"], axis=1),
        ]
        outputs = {"predictions": 5}
    shape = ["B", "H", "W", 3] if as_bytes else ["B", 3, "H", "W"]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("images", TensorProto.UINT8 if as_bytes else TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["B", c, "h", "w"]) for n, c in outputs.items()],
        stored,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, {"atrium.head": "person"})
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def pictures(count: int, height: int = 64, width: int = 96, as_bytes: bool = True):
    """Smooth pictures, as cameras give them: coarse noise made larger."""
    rng = np.random.default_rng(9)
    for _ in range(count):
        coarse = rng.integers(0, 256, (1, height // 8, width // 8, 3), dtype=np.uint8)
        image = coarse.repeat(8, 1).repeat(8, 2)
        yield {"images": image if as_bytes else image.transpose(0, 3, 1, 2).astype(np.float32)}


def answers(path: Path, image) -> list[np.ndarray]:
    return ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"images": image})


def test_all_convolutions_run_in_eight_bits_on_bytes(tmp_path: Path):
    small = write_net(tmp_path / "small.onnx")
    made = quantize(small, tmp_path / "small-int8.onnx", pictures(20))
    operators = optimised_operators(made.out)
    assert operators["QLinearConv"] == 5
    assert operators["Conv"] == operators["FusedConv"] == operators["Cast"] == operators["Relu"] == 0
    assert (made.weighted, made.in_eight_bits) == (5, 5)
    # bytes go straight in: nothing is quantised at run time, only the two outputs are turned into floats
    assert operators["QuantizeLinear"] == 0
    assert operators["DequantizeLinear"] == 2


def test_the_quantised_model_agrees_on_other_sizes_and_batches(tmp_path: Path):
    small = write_net(tmp_path / "small.onnx")
    made = quantize(small, tmp_path / "small-int8.onnx", pictures(20))
    image = np.concatenate([batch["images"] for batch in pictures(3, 96, 32)])
    for whole, bits in zip(answers(small, image), answers(made.out, image), strict=True):
        assert whole.shape == bits.shape
        noise = float(((whole - bits) ** 2).mean())
        assert noise < 0.003 * float(whole.var())


def test_weights_rounded_together_are_nearer_to_32_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    small = write_net(tmp_path / "small.onnx")
    together = quantize(small, tmp_path / "together.onnx", pictures(60)).best.signal_to_noise_db
    monkeypatch.setattr("models.quantize.round_together", lambda *_: 0)
    assert together > quantize(small, tmp_path / "plain.onnx", pictures(60)).best.signal_to_noise_db + 0.2


def test_the_report_says_what_was_held_out_and_which_way_won(tmp_path: Path):
    small = write_net(tmp_path / "small.onnx")
    made = quantize(small, tmp_path / "small-int8.onnx", pictures(20))
    assert (made.calibrated_on, made.held_out) == (16, 4)
    assert [attempt.method for attempt in made.attempts] == ["minmax", "percentile", "squares"]
    assert made.best.signal_to_noise_db == max(attempt.signal_to_noise_db for attempt in made.attempts) > 25
    assert {part.output for part in made.best.agreement} == {"score_8", "sides_8"}
    props = {entry.key: entry.value for entry in onnx.load(made.out).metadata_props}
    assert props["atrium.head"] == "person"
    assert props["atrium.precision"] == "int8"


def test_outputs_keep_scales_of_their_own(tmp_path: Path):
    small = write_net(tmp_path / "small.onnx")
    made = onnx.load(quantize(small, tmp_path / "small-int8.onnx", pictures(10)).out)
    last = {node.output[0]: node for node in made.graph.node}
    assert last["score_8"].op_type == last["sides_8"].op_type == "DequantizeLinear"
    assert last["score_8"].input[1] != last["sides_8"].input[1]


def test_float_inputs_are_quantised_once(tmp_path: Path):
    small = write_net(tmp_path / "small.onnx", as_bytes=False, normalise=False)
    made = quantize(small, tmp_path / "int8.onnx", pictures(10, as_bytes=False))
    operators = optimised_operators(made.out)
    assert operators["QLinearConv"] == 5
    assert operators["QuantizeLinear"] == 1


def test_decoding_stays_in_float(tmp_path: Path):
    small = write_net(tmp_path / "small.onnx", decode=True)
    made = quantize(small, tmp_path / "int8.onnx", pictures(20))
    operators = optimised_operators(made.out)
    assert operators["QLinearConv"] == 5
    assert operators["Sigmoid"] == operators["Concat"] == 1
    image = next(pictures(1))["images"]
    whole, bits = answers(small, image)[0][0, 4], answers(made.out, image)[0][0, 4]
    assert np.abs(whole - bits).max() < 0.06  # a byte over both would leave scores one step of 0.8


def test_what_is_kept_stays_in_float(tmp_path: Path):
    small = write_net(tmp_path / "small.onnx")
    made = quantize(small, tmp_path / "int8.onnx", pictures(10), keep=["Conv"])
    assert made.in_eight_bits == 0


def test_shared_biases_are_told_apart(tmp_path: Path):
    model = onnx.load(write_net(tmp_path / "small.onnx"))
    assert unshare(model) == 2
    used = [node.input[2] for node in model.graph.node if node.op_type == "Conv"]
    assert len(set(used)) == 5
    onnx.checker.check_model(model)


def test_the_way_from_bytes_is_followed_through_scalars(tmp_path: Path):
    ways = from_bytes(onnx.load(write_net(tmp_path / "small.onnx")))
    normal = ways["normal"]
    assert (normal.source, normal.zero_point) == ("images", 114)
    assert normal.range == pytest.approx((-114 / 64, 141 / 64))
    assert [node.op_type for node in normal.moves] == ["Transpose"]


def test_bytes_are_fed_only_where_nothing_is_lost(tmp_path: Path):
    small = write_net(tmp_path / "small.onnx", normalise=False)
    made = quantize(small, tmp_path / "int8.onnx", pictures(10))
    assert not any(node.op_type in {"Cast", "QuantizeLinear"} for node in onnx.load(made.out).graph.node[:2])
    # a scale of two bytes a step would lose the lowest bit
    model = onnx.load(small)
    first = next(node for node in model.graph.node if node.op_type == "Conv")
    model.graph.initializer.extend(
        [numpy_helper.from_array(np.float32(2.0), "step"), numpy_helper.from_array(np.uint8(0), "point")]
    )
    model.graph.node.insert(2, helper.make_node("QuantizeLinear", ["planes", "step", "point"], ["q"]))
    model.graph.node.insert(3, helper.make_node("DequantizeLinear", ["q", "step", "point"], ["d"]))
    first.input[0] = "d"
    assert feed_bytes(model) == 0


def test_the_tail_is_what_gives_values_a_new_range(tmp_path: Path):
    model = onnx.load(write_net(tmp_path / "small.onnx", decode=True))
    for node in model.graph.node:
        node.name = node.output[0]
    assert float_tail(model) == {"probability", "pixels", "predictions"}


@pytest.mark.parametrize("batches", [0, 1])
def test_too_few_pictures_are_told_so(tmp_path: Path, batches: int):
    small = write_net(tmp_path / "small.onnx")
    with pytest.raises(BadInputError, match="at least two pictures"):
        quantize(small, tmp_path / "int8.onnx", pictures(batches))
    assert not (tmp_path / "int8.onnx").exists()


def test_a_quantised_model_is_not_quantised_again(tmp_path: Path):
    made = quantize(write_net(tmp_path / "small.onnx"), tmp_path / "int8.onnx", pictures(5))
    with pytest.raises(BadInputError, match="quantised already"):
        quantize(made.out, tmp_path / "again.onnx", pictures(5))


def test_no_model_is_told_so(tmp_path: Path):
    (tmp_path / "broken.onnx").write_bytes(b"no graph")
    for name in ("absent.onnx", "broken.onnx"):
        with pytest.raises(BadInputError, match=name):
            quantize(tmp_path / name, tmp_path / "int8.onnx", pictures(5))


def test_a_histogram_counts_the_same_in_one_go_and_in_growing_steps():
    rng = np.random.default_rng(0)
    values = [rng.normal(0, spread, 5000).astype(np.float32) for spread in (0.0, 0.1, 1.0, 30.0)]
    steps, whole = Histogram(), Histogram()
    for part in values:
        steps.add(part)
    whole.add(np.concatenate(values))
    assert steps.range("minmax") == whole.range("minmax")
    assert steps.counts.sum() == 20_000
    assert steps.range("percentile") == pytest.approx(whole.range("percentile"), rel=0.01)


def test_a_percentile_and_least_squares_forget_an_outlier():
    values = np.append(np.random.default_rng(0).exponential(1.0, 60_000), 200.0).astype(np.float32)
    seen = Histogram()
    seen.add(values)
    assert seen.range("minmax")[1] == 200.0
    assert seen.range("percentile")[1] == pytest.approx(np.percentile(values, 99.99), rel=0.02)
    errors = {}
    for method in METHODS:
        low, high = seen.range(method)
        step = (high - low) / 255
        errors[method] = ((values - (np.round((values.clip(low, high) - low) / step) * step + low)) ** 2).sum()
    assert errors["squares"] == min(errors.values())
