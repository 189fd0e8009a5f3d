"""ONNX Runtime's builds tell their maker of the machine and its models unless told not to; ours are told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shared_data import ROOT

LOOK = """
import onnxruntime
options = onnxruntime.SessionOptions()
onnxruntime.InferenceSession("models/shelf/person-n.onnx", options, providers=["CPUExecutionProvider"])
"""
NOWHERE = ["unshare", "--net"]
"""What would be sent goes nowhere."""


def traces(home: Path, program: str) -> list[str]:
    """What a run leaves of ONNX Runtime's telemetry in a home of its own."""
    left_out = ("ORT_", "CI", "GITHUB_", "XDG_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    environment |= {"HOME": str(home), "PYTHONPATH": str(ROOT)}
    subprocess.run([*NOWHERE, sys.executable, "-c", program], cwd=ROOT, env=environment, check=True, timeout=120)
    return [str(path.relative_to(home)) for path in home.rglob("*") if "Microsoft" in path.parts and path.is_file()]


@pytest.mark.skipif(shutil.which("unshare") is None or os.geteuid() != 0, reason="needs root: unshare --net")
def test_nothing_is_told_once_a_room_of_ours_is_imported(tmp_path: Path) -> None:
    for name in ("plain", "edge.detect.detector", "models.providers"):
        (tmp_path / name).mkdir()
    if not traces(tmp_path / "plain", LOOK):
        pytest.skip("this build of ONNX Runtime tells nobody anything")
    for name in ("edge.detect.detector", "models.providers"):
        assert traces(tmp_path / name, f"import {name}\n{LOOK}") == []


@pytest.mark.parametrize("room", ["edge", "models", "benchmarks"])
def test_every_room_that_loads_it_says_so_first(room: str) -> None:
    program = (
        f"import {room}, os, sys; assert 'onnxruntime' not in sys.modules; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ORT_")}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "1\n"
