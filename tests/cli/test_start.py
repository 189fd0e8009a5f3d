"""What the commands that only compute load before they begin: nothing that takes longer than their work."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.shared_data import ROOT

HEAVY = ("supervision", "scipy.interpolate", "matplotlib", "onnxruntime", "av", "requests", "rich")


@pytest.mark.parametrize("module", ["edge.track.mot, edge.track.offline", "edge.floor.joint.recording"])
def test_tracking_and_fusing_load_nothing_that_detects_or_draws(module):
    say = f"import sys, {module}; print(*sorted(set({HEAVY}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", say], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
