"""A model is measured where nothing else of ours runs, and what cannot be measured says why."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from contract.errors import BadInputError
from models.bench import bench, example_feed, measure, present_providers
from models.providers import CPU
from models.quantize import quantize
from models.registry import resolve
from tests.models.test_quantize import pictures, write_net


def port(name: str, shape: list[int | str], kind: str = "float"):
    return SimpleNamespace(name=name, shape=shape, type=f"tensor({kind})")


def test_the_default_model_is_measured_in_a_process_of_its_own():
    done = bench(resolve().path, "person-n", CPU, seconds=0.1)
    assert done.failed is None
    assert done.precision in {"fp32", "int8"}
    assert done.runs >= 5
    assert 0.5 < done.ms_median <= done.ms_p95
    assert done.pictures_a_second > 0.1
    assert 1.0 < done.memory_mb < 2000.0


def test_figures_follow_the_clock(tmp_path: Path):
    small = write_net(tmp_path / "small.onnx")
    times = iter(np.arange(0.0, 1000.0, 0.25).tolist())
    done = measure(small, "small", CPU, threads=1, seconds=5.0, batch=3, size=(64, 96), timer=lambda: next(times))
    assert (done.ms_median, done.ms_p95) == (250.0, 250.0)
    assert done.pictures_a_second == 12.0  # three pictures a run, four runs a second
    assert (done.batch, done.input) == (3, "3x64x96x3 uint8")


def test_precision_is_told_apart(tmp_path: Path):
    small = write_net(tmp_path / "small.onnx")
    made = quantize(small, tmp_path / "twin.onnx", pictures(10)).out
    told = [
        measure(path, path.stem, CPU, threads=1, seconds=0.01, batch=1, size=(32, 32)).precision
        for path in (small, made)
    ]
    assert told == ["fp32", "int8"]


def test_what_does_not_run_says_why(tmp_path: Path):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no graph")
    done = bench(broken, "broken", CPU, seconds=0.1)
    assert done.ms_median is None
    assert "broken.onnx" in done.failed
    assert "\n" not in done.failed


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_provider_that_falls_back_is_no_measurement(tmp_path: Path):
    small = write_net(tmp_path / "small.onnx")
    done = measure(small, "small", "CUDAExecutionProvider", threads=1, seconds=0.1, batch=1, size=None)
    assert done.failed is not None


def test_the_providers_present_end_with_the_cpu_and_leave_the_cloud_out():
    ways = present_providers()
    assert ways[-1] == CPU
    assert "AzureExecutionProvider" not in ways


@pytest.mark.parametrize(
    ("shape", "kind", "wanted", "dtype"),
    [
        ([1, 3, 416, 416], "float", (1, 3, 416, 416), np.float32),
        (["batch", 3, "height", "width"], "float16", (2, 3, 256, 416), np.float16),
        (["b", "h", "w", 3], "uint8", (2, 256, 416, 3), np.uint8),
        (["n", "c", "h", "w"], "float", (2, 3, 256, 416), np.float32),
        (["h", "w", 3], "uint8", (256, 416, 3), np.uint8),
    ],
)
def test_pictures_are_made_as_the_input_wants_them(shape, kind, wanted, dtype):
    feed = example_feed([port("images", shape, kind)], batch=2, size=(256, 416))
    assert feed["images"].shape == wanted
    assert feed["images"].dtype == dtype
    assert 100 < float(feed["images"].astype(np.float64).mean()) < 155


def test_a_size_is_taken_from_the_file_where_nobody_says():
    feed = example_feed([port("images", ["b", "h", "w", 3], "uint8")], metadata={"atrium.size": "256x416"})
    assert feed["images"].shape == (1, 256, 416, 3)


def test_sizes_go_with_pictures_where_a_model_asks_for_them():
    feed = example_feed([port("images", [1, 3, 640, 640]), port("orig_target_sizes", ["n", 2], "int64")])
    assert feed["orig_target_sizes"].tolist() == [[384, 640]]


def test_other_inputs_are_refused():
    with pytest.raises(BadInputError, match="more or other than pictures"):
        example_feed([port("tokens", [1, 77], "int64")])
