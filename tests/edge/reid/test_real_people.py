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
from edge.reid.likelihood import LIKELIHOODS
from edge.reid.whitening import learn_whitening
from tests.shared_data import shared

MODELS = {
    "osnet_x0_25_msmt17": 512,
    "person-reidentification-retail-0248": 256,
    "person-reidentification-retail-0287": 256,
    "person-reidentification-retail-0288": 256,
}
"""And the length of their embeddings."""
MOST_LOSS = {
    "osnet_x0_25_msmt17": (0.02, 0.02),
    "person-reidentification-retail-0248": (0.02, 0.02),
    "person-reidentification-retail-0287": (0.02, 0.02),
    "person-reidentification-retail-0288": (0.0, 0.0),
}
"""In the same frame and in others. Measured with twenty keys 0.012 and 0.012, 0.013 and 0.019, 0.011 and 0.016, -0.023
and -0.003."""
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


@pytest.mark.parametrize("name", ["osnet_x0_25_msmt17", "person-reidentification-retail-0288"])
def test_probabilities_of_people_whom_the_line_never_saw_say_more_than_a_coin(name):
    rows, whitening = told(name)
    people = crops()
    unseen = np.isin(people.person, np.unique(people.person)[1::2])
    codes, _ = Coder(key_of(50), whitening, 512).encode(rows[unseen])
    line = LIKELIHOODS[name, 512]
    loss = [
        np.mean([-np.log(p if same else 1 - p) for p in (line.probability(float(share), 0.5) for share in shares)])
        for same, shares in zip(
            (True, False), pairs(1 - agreement(codes, codes), people.person[unseen], people.camera[unseen]), strict=True
        )
    ]
    assert np.mean(loss) < 0.56  # a coin: 0.693


def rank1(similarity, *, same_frame=True):
    people = crops()
    return find(similarity, people.person, people.camera, people.frame, same_frame=same_frame).rank1


@pytest.mark.parametrize("name", MODELS)
def test_embedders_find_people_again(name):
    rows, _ = told(name)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    assert rank1(rows @ rows.T) > 0.4  # among 4 to 20 others


@pytest.mark.parametrize("same_frame", [True, False])
@pytest.mark.parametrize("name", MODELS)
def test_512_bits_lose_two_points_of_rank_1_at_most(name, same_frame):
    rows, whitening = told(name)
    codes = [Coder(key_of(number), whitening, 512).encode(rows)[0] for number in range(KEYS)]
    kept = np.mean([rank1(agreement(code, code), same_frame=same_frame) for code in codes])
    assert rank1(rows @ rows.T, same_frame=same_frame) - kept <= MOST_LOSS[name][not same_frame]


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
