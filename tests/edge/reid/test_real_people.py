"""Codes of real embedders on crops from six cameras: what they lose, and that two keys link nobody."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.stats import t as student

from benchmarks.eval.multiviewx import read_people
from benchmarks.eval.retrieval import auc, find, pairs
from benchmarks.reid import agreement, key_of
from edge.reid.codes import Coder
from edge.reid.embedder import OnnxEmbedder
from edge.reid.whitening import learn_whitening
from tests.shared_data import shared

MODELS = {
    "osnet_x0_25_msmt17": 512,
    "person-reidentification-retail-0248": 256,
    "person-reidentification-retail-0287": 256,
    "person-reidentification-retail-0288": 256,
}
"""And the length of their embeddings."""
KEYS = 5


@cache
def crops():
    return read_people(shared("multicam", "multiviewx"))


@cache
def told(name):
    """Embeddings of all crops, and the embedder's whitening."""
    embedder = OnnxEmbedder(shared("reid", f"{name}.onnx"))
    assert embedder.dimension == MODELS[name]
    return embedder.embed(crops().crops), learn_whitening(embedder)


def rank1(similarity):
    people = crops()
    return find(similarity, people.person, people.camera, people.frame, same_frame=True).rank1


@pytest.mark.parametrize("name", MODELS)
def test_embedders_find_people_again(name):
    rows, _ = told(name)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    assert rank1(rows @ rows.T) > 0.4  # among 4 to 20 others


@pytest.mark.parametrize("name", MODELS)
def test_512_bits_lose_at_most_two_points_of_rank_1(name):
    rows, whitening = told(name)
    codes = [Coder(key_of(number), whitening, 512).encode(rows)[0] for number in range(KEYS)]
    loss = rank1(rows @ rows.T) - np.mean([rank1(agreement(code, code)) for code in codes])
    assert loss <= 0.02


@pytest.mark.parametrize("name", ["osnet_x0_25_msmt17", "person-reidentification-retail-0288"])
def test_two_keys_link_nobody(name):
    """AUC 0.5 within its interval over pairs of keys; with one key it is 0.8 and more."""
    rows, whitening = told(name)
    people = crops()
    codes = [Coder(key_of(number), whitening, 512).encode(rows)[0] for number in range(17)]
    areas = np.array(
        [auc(*pairs(agreement(codes[i], codes[i + 1]), people.person, people.camera)) for i in range(0, 16, 2)]
    )
    half_width = student.ppf(0.995, len(areas) - 1) * areas.std(ddof=1) / np.sqrt(len(areas))
    assert half_width < 0.04
    assert abs(areas.mean() - 0.5) < half_width
    assert auc(*pairs(agreement(codes[0], codes[0]), people.person, people.camera)) > 0.75
