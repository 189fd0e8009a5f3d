"""Joint tracking on real sequences; what it has to reach stands in `benchmarks.fuse`."""

import json

import numpy as np
import pytest

from benchmarks.fuse.__main__ import misses, ours
from tests.shared_data import shared


@pytest.mark.parametrize("name", ["CMC1", "CMC2", "wildtrack_a"])
def test_several_cameras_reach_every_bar(name):
    folder = shared("multicam", name)
    info = json.loads((folder / "sequence.json").read_text())
    truth = np.loadtxt(folder / "gt_floor.csv", delimiter=",", skiprows=1)[:, :4]
    assert misses(name, ours(folder, info, truth, 0).score) == []


def test_one_camera_is_followed_better_than_by_an_ordinary_filter():
    """IDF1 0.715 and MOTA 0.835 are what a Kalman filter with Hungarian assignment reaches."""
    folder = shared("multicam", "pets_s2l1_view1")
    info = json.loads((folder / "sequence.json").read_text())
    truth = np.loadtxt(folder / "gt_floor.csv", delimiter=",", skiprows=1)[:, :4]
    score = ours(folder, info, truth, 0).score
    assert score.idf1 >= 0.8
    assert score.mota >= 0.86


def test_one_camera_reaches_every_bar_with_the_whole_film():
    folder = shared("multicam", "pets_s2l1_view1")
    info = json.loads((folder / "sequence.json").read_text())
    truth = np.loadtxt(folder / "gt_floor.csv", delimiter=",", skiprows=1)[:, :4]
    assert misses("pets_s2l1_view1", ours(folder, info, truth, 0, whole=True).score) == []
