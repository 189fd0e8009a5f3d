"""`atrium models` from the outside: what it prints, what it leaves, and with which status it ends."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
import pytest
from typer.testing import CliRunner

from cli import models as command
from cli.models import models as app
from contract.errors import AtriumError, BadInputError
from models import registry
from models.registry import Download
from tests.models.model_server import ModelServer
from tests.models.test_quantize import write_net

ROOT = Path(__file__).parents[2]
BODY = np.random.default_rng(7).bytes(200_000)


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ATRIUM_MODELS", str(tmp_path / "store"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "store"


@pytest.fixture
def zoo(monkeypatch: pytest.MonkeyPatch):
    """A site with one model, tiny, that the registry lists."""
    with ModelServer(BODY) as site:
        listed = Download(
            name="tiny",
            file="tiny.onnx",
            addresses=[site.address],
            size=len(BODY),
            sha256=hashlib.sha256(BODY).hexdigest(),
            head="yolox",
            input_width=416,
            input_height=416,
            precision="fp32",
            licence="MIT",
            good_for="tests",
        )
        for module in (registry, command, sys.modules["cli.model_work"]):
            monkeypatch.setattr(module, "read_downloads", lambda *_: {"tiny": listed})
        yield site


def run(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


def atrium(*words: object, **changes):
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "models", *map(str, words)],
        cwd=ROOT, env=os.environ | changes, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_a_model_is_listed_pulled_verified_and_used_by_its_name(zoo, store: Path):
    ships = list(registry.read_shelf())
    assert [row["state"] for row in json.loads(run("list", "--json").output)] == [*["ships"] * len(ships), "to pull"]
    pulled = run("pull", "tiny")
    assert (pulled.exit_code, pulled.output.strip()) == (0, f"tiny: {store / 'tiny.onnx'}")
    assert (store / "tiny.onnx").read_bytes() == BODY
    row = json.loads(run("list", "--json").output)[-1]
    assert (row["state"], row["path"], row["licence"]) == ("pulled", str(store / "tiny.onnx"), "MIT")
    assert json.loads(run("verify", "--json").output) == dict.fromkeys([*ships, "tiny"], "intact")
    assert registry.resolve("tiny").path == store / "tiny.onnx"


def test_a_damaged_pulled_model_is_told_and_pulled_anew(zoo, store: Path):
    run("pull", "tiny")
    (store / "tiny.onnx").write_bytes(BODY[1:] + b"?")
    verified = run("verify")
    assert verified.exit_code == 2
    assert "damaged or replaced; remove it and run: atrium models pull tiny" in verified.output
    assert run("pull", "tiny").exit_code == 0
    assert run("verify").exit_code == 0


def test_a_site_without_internet_is_served_from_a_stick(zoo, tmp_path: Path):
    stick = tmp_path / "stick"
    assert run("pull", "tiny", "--to", stick).exit_code == 0
    zoo.status = 404
    pulled = run("pull", "tiny", "--from", stick, "--json")
    assert json.loads(pulled.output) == {"tiny": str(tmp_path / "store" / "tiny.onnx")}


def test_names_that_cannot_be_pulled_are_told_apart(zoo):
    assert "ships with Atrium" in str(run("pull", "person-n").exception)
    unknown = run("pull", "tiny", "huge").exception
    assert isinstance(unknown, BadInputError)
    assert str(unknown) == "no model 'huge' to pull; choose of tiny"
    assert zoo.requests == []  # nothing is fetched where one name is wrong


def test_ctrl_c_is_told_with_what_is_kept(zoo, monkeypatch: pytest.MonkeyPatch):
    def stopped(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("models.pull.pull", stopped)
    error = run("pull", "tiny").exception
    assert isinstance(error, AtriumError)
    assert "stopped; what has come is kept" in str(error)


def test_a_proxy_that_refuses_is_one_line_and_status_1(tmp_path: Path):
    # the real registry behind a proxy that lets nobody through
    with ModelServer(b"") as proxy:
        through = proxy.address.rsplit("/", 2)[0]
        done = atrium("pull", "nanodet-plus", HTTPS_PROXY=through, https_proxy=through)
    assert done.returncode == 1
    assert done.stderr.startswith("atrium: nanodet-plus: cannot be pulled: media.githubusercontent.com: 501")
    assert done.stderr.count("\n") == 1
    assert list((tmp_path / "store").iterdir()) == []


def test_models_are_measured_and_the_figures_kept(store: Path, tmp_path: Path):
    small = write_net(tmp_path / "small.onnx")
    done = run("bench", small, "--seconds", 0.1, "--size", "96x64", "--json")
    assert done.exit_code == 0
    report = json.loads(done.output)
    assert report == json.loads((store / "bench.json").read_text())
    (figures,) = [one for one in report["results"] if one["provider"] == "CPUExecutionProvider"]
    assert figures["input"] == "1x64x96x3 uint8"
    assert figures["ms_median"] > 0
    assert report["threads"] == 1
    table = run("bench", small, "--seconds", 0.1, "--save", tmp_path / "other.json").output
    assert "onnxruntime" in table
    assert (tmp_path / "other.json").is_file()


def test_a_bench_of_nothing_that_runs_fails(tmp_path: Path):
    (tmp_path / "broken.onnx").write_bytes(b"no graph")
    done = run("bench", tmp_path / "broken.onnx", "--seconds", 0.1)
    assert done.exit_code == 1
    assert "broken.onnx on CPU: " in done.output


@pytest.mark.parametrize(
    ("words", "said"), [(["absent"], "not on the shelf"), (["person-n", "--size", "big"], "640x384")]
)
def test_a_bench_of_what_is_not_there_is_bad_input(words: list[str], said: str):
    error = run("bench", *words).exception
    assert isinstance(error, BadInputError)
    assert said in str(error)


def write_frames(folder: Path, count: int = 12) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(2)
    for index in range(count):
        coarse = rng.integers(0, 256, (12, 20, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{index:03d}.png"), cv2.resize(coarse, (320, 192), interpolation=cv2.INTER_CUBIC))
    return folder


def test_a_model_is_quantised_on_a_folder_of_frames(tmp_path: Path):
    frames, out = write_frames(tmp_path / "frames"), tmp_path / "twin.onnx"
    done = run(
        "quantize", "person-n-fp32", "--frames", frames, "--out", out, "--count", 10, "--method", "minmax", "--json"
    )
    assert done.exit_code == 0, done.exception
    report = json.loads(done.output)
    assert (report["method"], report["calibrated_on"], report["held_out"]) == ("minmax", 8, 2)
    assert report["in_eight_bits"] == report["weighted"] > 30
    assert report["attempts"][0]["agreement"][0]["signal_to_noise_db"] > 20
    ort.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    assert out.stat().st_size < 0.5 * registry.resolve("person-n-fp32").path.stat().st_size


def test_quantising_keeps_the_original(tmp_path: Path):
    frames = write_frames(tmp_path / "frames", 5)
    path = registry.resolve().path
    assert "is the 32-bit model" in str(run("quantize", "person-n", "--frames", frames, "--out", path).exception)
    wrong = run("quantize", "person-n", "--frames", frames, "--out", tmp_path / "x.onnx", "--method", "magic").exception
    assert "choose of minmax, percentile, squares" in str(wrong)


def test_quantising_without_its_package_says_how_to_get_it(tmp_path: Path):
    blocked = "import sys; sys.modules['onnx'] = None; from cli.main import main; main()"
    words = ["models", "quantize", "person-n", "--frames", str(tmp_path), "--out", str(tmp_path / "x.onnx")]
    done = subprocess.run(
        [sys.executable, "-c", blocked, *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1
    assert done.stderr == ("atrium: quantizing needs the package onnx: pip install 'atrium-vision[quantize]'\n")
