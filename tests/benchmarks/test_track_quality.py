"""Quality on real sequences, against what ByteTrack (trackers 2.6.1) reached on the same detections."""

import numpy as np
import pytest

from benchmarks.eval.frames import sequence
from benchmarks.eval.hota import hota
from benchmarks.eval.identity import idf1
from benchmarks.track import detections, frame_rate, ours
from tests.shared_data import shared

BYTETRACK = {
    "PETS09-S2L1": (0.348, 0.446),
    "TUD-Campus": (0.468, 0.603),
    "wildtrack_a_CVLab1": (0.420, 0.494),
    "wildtrack_a_CVLab3": (0.474, 0.545),
    "wildtrack_a_IDIAP3": (0.534, 0.632),
}
"""HOTA and IDF1 as `python -m benchmarks.track` measures them."""


@pytest.mark.parametrize("name", BYTETRACK)
def test_hota_and_idf1_are_above_bytetracks(name):
    folder = shared("mot", name)
    truth = np.loadtxt(folder / "gt.txt", delimiter=",", ndmin=2)
    last = int(truth[:, 0].max())
    pairs = sequence(truth, ours(detections(folder, last), frame_rate(folder)), last)
    peer_hota, peer_idf1 = BYTETRACK[name]
    assert hota(pairs).hota >= peer_hota
    assert idf1(pairs) >= peer_idf1
