"""A real shop's door, end to end: `atrium replay` on the CAVIAR clips against their hand-checked truth."""

import json
import os
import subprocess
import sys
from datetime import datetime

import pytest

from tests.shared_data import ROOT, shared

FPS_OF_TRUTH = 25
TOLERANCE = 8
"""Frames, as the truth file allows."""
CLIPS = [
    "EnterExitCrossingPaths1front.mpg",
    "OneLeaveShop1front.mpg",
    "OneLeaveShopReenter1front.mpg",
    "OneStopMoveNoEnter1front.mp4",
    "TwoLeaveShop2front.mpg",
]


def crossings(clip, fps, folder):
    """Frames of each direction that a replay counts."""
    out = folder / "events.jsonl"
    command = [sys.executable, "-m", "cli.main", "replay", str(shared("caviar", clip)), "--camera", "front"]
    command += ["--site", "tests/data/caviar/site.toml", "--model", str(shared("detectors", "yolox_nano_416x416.onnx"))]
    subprocess.run([*command, "--fps", str(fps), "--out", str(out)], cwd=ROOT, check=True, capture_output=True)
    found = {"in": [], "out": []}
    for line in out.read_text().splitlines():
        event = json.loads(line)
        if event["schema"] == "atrium.crossing.v1":
            at = datetime.fromisoformat(event["body"]["at"]).timestamp()
            found[event["body"]["direction"]].append(at * FPS_OF_TRUTH)
    return {way: sorted(frames) for way, frames in found.items()}


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("fps", [8, 25])
def test_the_door_is_counted_as_by_hand(clip, fps, tmp_path):
    truth = json.loads(shared("caviar", "truth.json").read_text())[clip]
    if fps == FPS_OF_TRUTH and not os.environ.get("ATRIUM_SLOW"):
        pytest.skip("full frame rate takes two minutes: set ATRIUM_SLOW=1")
    found = crossings(clip, fps, tmp_path)
    assert found["in"] == pytest.approx(truth["enter"], abs=TOLERANCE)
    assert found["out"] == pytest.approx(truth["leave"], abs=TOLERANCE)
