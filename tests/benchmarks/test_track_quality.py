"""Quality on real sequences, against the best that SORT, ByteTrack, OC-SORT, BoT-SORT and norfair reached there."""

import numpy as np
import pytest

from benchmarks.eval.frames import sequence
from benchmarks.eval.hota import hota
from benchmarks.eval.identity import idf1
from benchmarks.track.ours import ours
from benchmarks.track.scores import BEHIND, HOTA_AHEAD, IDF1_AHEAD
from benchmarks.track.sequences import read
from tests.shared_data import shared

BEST_PEER = {
    "PETS09-S2L1": (0.369, 0.466),
    "TUD-Campus": (0.534, 0.745),
    "wildtrack_a_CVLab1": (0.420, 0.494),
    "wildtrack_a_CVLab3": (0.474, 0.545),
    "wildtrack_a_IDIAP3": (0.534, 0.637),
}
"""HOTA and IDF1 as `python -m benchmarks.track` measures them, of whichever peer is best in each (trackers 2.6.1,
norfair 2.3.0)."""
BEST_PEER_MEAN = (0.448, 0.544)
"""The same of the peer that is best on the mean."""


def quality(name):
    footage = read(shared("mot", name))
    pairs = sequence(footage.truth, ours(footage.frames, footage.fps), footage.last)
    return hota(pairs).hota, idf1(pairs)


@pytest.mark.parametrize("name", BEST_PEER)
def test_no_sequence_is_much_worse_than_the_best_peers(name):
    assert (np.array(quality(name)) >= np.array(BEST_PEER[name]) - BEHIND).all()


def test_the_mean_is_well_above_the_best_peers():
    mean_hota, mean_idf1 = np.mean([quality(name) for name in BEST_PEER], axis=0)
    assert mean_hota >= BEST_PEER_MEAN[0] + HOTA_AHEAD
    assert mean_idf1 >= BEST_PEER_MEAN[1] + IDF1_AHEAD
