"""What a box rehearses before its first picture: afterwards nothing is left to compile."""

from __future__ import annotations

import subprocess
import sys

import pytest

from edge.pipeline import PipelineSettings
from edge.rehearsal import rehearse
from tests.edge.floor_scene import camera, floor, line, zone

NOTHING_LEFT = """
import sys
from numba.core.dispatcher import Dispatcher
from edge.pipeline import PipelineSettings
from edge.rehearsal import rehearse
from tests.edge.test_pipeline import CAMERAS, DOOR, SHELF, SHOP, floor, mall


def compiled():
    modules = [module for name, module in sys.modules.items() if name.startswith("edge.")]
    kernels = {(m.__name__, n): k for m in modules for n, k in vars(m).items() if isinstance(k, Dispatcher)}
    return {name: len(kernel.signatures) for name, kernel in kernels.items()}


assert rehearse(floor(CAMERAS, [SHOP, SHELF], [DOOR]), PipelineSettings()) > 0
before = compiled()
assert sum(before.values()) > 8, before
mall(miss=0.3).run(32)
after = compiled()
assert before == after, {name: n for name, n in after.items() if before.get(name) != n}
"""


def test_nothing_is_left_to_compile_when_people_come_in():
    subprocess.run([sys.executable, "-c", NOTHING_LEFT], check=True, timeout=280)


@pytest.mark.parametrize(
    ("cameras", "zones", "lines"),
    [
        ([camera("a", (0, 0), (8, 6))], [], []),
        ([camera("sky", (10, 6), (10, 7), height_m=-3.0)], [zone("z", 2, 2, 5, 5)], []),
        ([], [zone("z", 2, 2, 5, 5)], [line("d", "z", (2, 2), (2, 5), (1, 0))]),
    ],
    ids=["one camera", "one that looks up", "none"],
)
def test_any_floor_will_do(cameras, zones, lines):
    assert rehearse(floor(cameras, zones, lines), PipelineSettings()) >= 0
