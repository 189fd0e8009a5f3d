"""The fastest provider that answers as the CPU does is chosen once, and remembered for exactly that case."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from models.providers import CPU, Trial, choose, measure_provider, providers_for, read_choices
from tests.models.test_quantize import write_net

CUDA, TENSORRT, OPENVINO = "CUDAExecutionProvider", "TensorrtExecutionProvider", "OpenVINOExecutionProvider"
FEED = {"images": np.full((1, 64, 96, 3), 90, np.uint8)}
ANSWERS = [np.linspace(1.0, 2.0, 12, dtype=np.float32).reshape(3, 4)]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_net(tmp_path / "small.onnx")


def options(threads: int = 1) -> ort.SessionOptions:
    made = ort.SessionOptions()
    made.intra_op_num_threads = threads
    return made


class Bench:
    """Stands in for real providers: milliseconds, an exception, or milliseconds and answers, by name."""

    def __init__(self, **does):
        self.does = {f"{name}ExecutionProvider": what for name, what in does.items()}
        self.does[f"{OPENVINO} bf16"] = RuntimeError("no bf16 here")
        self.asked: list[str] = []

    def __call__(self, model, providers, feed, options):
        name = providers[0] if isinstance(providers[0], str) else providers[0][0]
        self.asked.append(name)
        if not isinstance(providers[0], str) and "bf16" in providers[0][1].get("load_config", ""):
            name += " bf16"
        self.asked[-1] = name
        what = self.does[name]
        if isinstance(what, BaseException):
            raise what
        return Trial(*what) if isinstance(what, tuple) else Trial(what, ANSWERS)


def chosen(model, tmp_path, bench, available, **changes):
    return choose(
        model, FEED, changes.pop("options", options()), tmp_path / "store" / "providers.json",
        measure=bench, available=available, **changes,
    )  # fmt: skip


def tried(tmp_path) -> dict[str, str | None]:
    (choice,) = read_choices(tmp_path / "store" / "providers.json").values()
    return {one.provider: one.left_out for one in choice.tried}


def test_the_fastest_leads_and_the_cpu_takes_what_it_cannot(model, tmp_path):
    bench = Bench(CPU=20.0, CUDA=3.0, Tensorrt=1.5)
    assert chosen(model, tmp_path, bench, [TENSORRT, CUDA, CPU]) == [TENSORRT, CUDA, CPU]
    assert tried(tmp_path) == {CPU: None, TENSORRT: None, CUDA: None}


def test_it_is_measured_once_for_the_same_case(model, tmp_path):
    bench = Bench(CPU=20.0, CUDA=3.0)
    assert chosen(model, tmp_path, bench, [CUDA, CPU]) == [CUDA, CPU]
    bench.does = {}
    assert chosen(model, tmp_path, bench, [CUDA, CPU]) == [CUDA, CPU]
    assert bench.asked == [CPU, CUDA]


def test_another_case_is_measured_anew(model, tmp_path):
    bench = Bench(CPU=20.0, CUDA=3.0, Tensorrt=2.0)
    chosen(model, tmp_path, bench, [CUDA, CPU])
    runs = [len(bench.asked)]
    for change in ("threads", "shape", "model", "provider"):
        if change == "threads":
            chosen(model, tmp_path, bench, [CUDA, CPU], options=options(2))
        elif change == "shape":
            choose(model, {"images": FEED["images"][:, :32]}, options(), tmp_path / "store" / "providers.json",
                   measure=bench, available=[CUDA, CPU])  # fmt: skip
        elif change == "model":
            chosen(write_net(tmp_path / "other.onnx", decode=True), tmp_path, bench, [CUDA, CPU])
        else:
            chosen(model, tmp_path, bench, [TENSORRT, CUDA, CPU])
        runs.append(len(bench.asked))
    assert runs == [2, 4, 6, 8, 11]
    assert len(read_choices(tmp_path / "store" / "providers.json")) == 5


def test_a_provider_that_fails_is_left_out_with_its_reason(model, tmp_path):
    bench = Bench(CPU=20.0, CUDA=RuntimeError("libcublas.so.12: cannot open\nmore"), OpenVINO=9.0)
    assert chosen(model, tmp_path, bench, [CUDA, OPENVINO, CPU])[0][0] == OPENVINO
    assert tried(tmp_path)[CUDA] == "libcublas.so.12: cannot open"


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([ANSWERS[0] * 1.2], "answers 20.0% off the CPU's in output 0"),
        ([ANSWERS[0] * np.nan], "answers that are no numbers in output 0"),
        ([ANSWERS[0][:2]], "answers of other shapes than the CPU's"),
        ([], "answers of other shapes than the CPU's"),
    ],
)
def test_a_provider_that_answers_otherwise_is_left_out(model, tmp_path, answers, reason):
    bench = Bench(CPU=20.0, CUDA=(1.0, answers))
    assert chosen(model, tmp_path, bench, [CUDA, CPU]) == [CPU]
    assert tried(tmp_path)[CUDA] == reason


def test_answers_as_near_as_sixteen_bits_are_the_same(model, tmp_path):
    near = [ANSWERS[0].astype(np.float16).astype(np.float32)]
    assert chosen(model, tmp_path, Bench(CPU=20.0, CUDA=(1.0, near)), [CUDA, CPU]) == [CUDA, CPU]


def test_a_small_gain_is_not_worth_a_second_runtime(model, tmp_path):
    assert chosen(model, tmp_path, Bench(CPU=20.0, CUDA=19.5), [CUDA, CPU]) == [CPU]


def test_a_provider_that_kills_the_process_is_not_tried_again(model, tmp_path):
    dying = Bench(CPU=20.0, CUDA=KeyboardInterrupt(), OpenVINO=5.0)
    with pytest.raises(KeyboardInterrupt):  # as good as a crash: nothing after it is written
        chosen(model, tmp_path, dying, [CUDA, OPENVINO, CPU])
    after = Bench(CPU=20.0, OpenVINO=5.0)
    assert chosen(model, tmp_path, after, [CUDA, OPENVINO, CPU])[0][0] == OPENVINO
    assert after.asked == [CPU, OPENVINO, f"{OPENVINO} bf16"]
    assert tried(tmp_path)[CUDA] == "the process died while trying it"


def test_the_cpu_alone_needs_no_measuring(model, tmp_path):
    bench = Bench()
    assert chosen(model, tmp_path, bench, ["AzureExecutionProvider", CPU]) == [CPU]
    assert bench.asked == []
    assert not (tmp_path / "store").exists()


def test_a_damaged_store_is_written_anew(model, tmp_path):
    path = tmp_path / "store" / "providers.json"
    path.parent.mkdir()
    path.write_text("{not json")
    assert chosen(model, tmp_path, Bench(CPU=20.0, CUDA=3.0), [CUDA, CPU]) == [CUDA, CPU]
    assert len(json.loads(path.read_text())["choices"]) == 1


def test_a_store_that_cannot_be_written_costs_only_the_memory(model, tmp_path):
    (tmp_path / "file").write_text("")
    bench = Bench(CPU=20.0, CUDA=3.0)
    for _ in range(2):
        found = choose(model, FEED, options(), tmp_path / "file" / "p.json", measure=bench, available=[CUDA, CPU])
        assert found == [CUDA, CPU]
    assert len(bench.asked) == 4


def test_openvino_gets_as_many_threads_as_the_session():
    (leading, last) = providers_for(OPENVINO, [OPENVINO, CPU], options(2))
    assert leading[0] == OPENVINO
    assert json.loads(leading[1]["load_config"]) == {
        "CPU": {"INFERENCE_NUM_THREADS": 2, "INFERENCE_PRECISION_HINT": "f32"}
    }
    assert last == CPU


def test_openvino_in_sixteen_bits_is_a_way_of_its_own(model, tmp_path):
    bench = Bench(CPU=20.0, OpenVINO=19.0)
    bench.does[f"{OPENVINO} bf16"] = 9.0
    for _ in range(2):
        (leading, last) = chosen(model, tmp_path, bench, [OPENVINO, CPU])
        assert "bf16" in leading[1]["load_config"]
        assert last == CPU
    assert bench.asked == [CPU, OPENVINO, f"{OPENVINO} bf16"]


def test_scores_beside_pixels_are_compared_by_themselves(model, tmp_path):
    boxes = np.concatenate([np.full((50, 4), 300.0), np.full((50, 1), 0.02)], 1, dtype=np.float32)
    broken = boxes.copy()
    broken[:, 4] = 0.3
    bench = Bench(CPU=(20.0, [boxes]), CUDA=(1.0, [broken]))
    assert chosen(model, tmp_path, bench, [CUDA, CPU]) == [CPU]
    assert "1400.0% off" in tried(tmp_path)[CUDA]


def test_the_true_cpu_is_measured_by_the_clock_it_is_given(model):
    ticks = iter(range(1000))
    trial = measure_provider(model, [CPU], FEED, options(), timer=lambda: float(next(ticks)))
    assert trial.ms == 1000.0  # a second a tick
    assert [answer.shape for answer in trial.answers] == [(1, 1, 32, 48), (1, 4, 32, 48)]


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_provider_that_is_not_there_does_not_pass_as_the_cpu(model, tmp_path):
    assert choose(model, FEED, options(), tmp_path / "p.json", available=[CUDA, CPU]) == [CPU]
    (choice,) = read_choices(tmp_path / "p.json").values()
    assert choice.chosen == CPU
    assert "did not load" in next(one.left_out for one in choice.tried if one.provider == CUDA)
