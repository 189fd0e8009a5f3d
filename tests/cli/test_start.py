"""What the commands that only compute load before they begin: nothing that takes longer than their work."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.shared_data import ROOT

DRAWING = (
    "supervision",
    "scipy.linalg",
    "scipy.sparse",
    "scipy.optimize",
    "scipy.special",
    "matplotlib",
    "PIL",
    "requests",
)
HEAVY = ("supervision", "scipy.interpolate", "matplotlib", "onnxruntime", "av", "requests", "rich")


def loaded(modules: str, of: tuple[str, ...]) -> list[str]:
    """Which of some modules a process has that imports others."""
    say = f"import sys, {modules}; print(*sorted(set({of}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", say], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("modules", ["edge.track.mot, edge.track.offline", "edge.floor.joint.recording"])
def test_tracking_and_fusing_load_nothing_that_detects_or_draws(modules):
    assert loaded(modules, HEAVY) == []


def test_a_box_loads_nothing_that_draws():
    assert loaded("cli.main, cli.edge", DRAWING) == []
