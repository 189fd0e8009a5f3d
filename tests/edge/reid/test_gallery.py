"""The gallery of codes: finds what a plain one finds, and forgets."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge.reid.gallery import LIFE_S, CodeGallery

VISITORS = st.integers(0, 6)


def words(seed, bits=256):
    return np.random.default_rng(seed).integers(0, 2**64, bits // 64, dtype=np.uint64)


class AsAPlainOne(RuleBasedStateMachine):
    """The gallery beside a dictionary."""

    def __init__(self):
        super().__init__()
        self.gallery = CodeGallery(256, life_s=100.0, most=4)
        self.plain = {}
        self.now = 0.0

    @rule(visitor=VISITORS, seed=st.integers(0, 50))
    def put(self, visitor, seed):
        self.gallery.put(visitor, words(seed), self.now)
        if visitor in self.plain:
            self.plain[visitor] = (words(seed), self.plain[visitor][1])
        else:
            if len(self.plain) == 4:
                del self.plain[next(iter(self.plain))]
            self.plain[visitor] = (words(seed), self.now)

    @rule(visitors=st.lists(VISITORS, max_size=3))
    def end(self, visitors):
        self.gallery.end(visitors)
        for visitor in visitors:
            self.plain.pop(visitor, None)

    @rule(seconds=st.floats(0, 60))
    def wait(self, seconds):
        self.now += seconds
        gone = self.gallery.update(self.now)
        assert set(gone) == {visitor for visitor, (_, since) in self.plain.items() if self.now - since > 100.0}
        for visitor in gone:
            del self.plain[visitor]

    @rule(seed=st.integers(0, 50))
    def match(self, seed):
        (found,) = self.gallery.match(words(seed)[None], 3)
        far = sorted(np.bitwise_count(words(seed) ^ code).sum() / 256 for code, _ in self.plain.values())
        assert [match.share for match in found] == far[:3]
        for match in found:
            assert match.share == np.bitwise_count(words(seed) ^ self.plain[match.visitor][0]).sum() / 256

    @invariant()
    def nothing_stays_of_who_is_gone(self):
        assert len(self.gallery) == len(self.plain)
        held = {row.tobytes() for row in self.gallery._words} - {bytes(32)}
        assert held <= {code.tobytes() for code, _ in self.plain.values()}


TestAsAPlainOne = AsAPlainOne.TestCase
TestAsAPlainOne.settings = settings(deadline=None, max_examples=40)


def test_it_grows():
    gallery = CodeGallery(512)
    for visitor in range(1000):
        gallery.put(visitor, words(visitor, 512), 0.0)
    assert len(gallery) == 1000
    found = gallery.match(np.stack([words(7, 512), words(999, 512)]), 1)
    assert [(match.visitor, match.share) for (match,) in found] == [(7, 0.0), (999, 0.0)]


def test_a_day_of_a_million_visits_stays_small():
    gallery = CodeGallery(256)
    code = words(1)
    for visitor in range(1_000_000):
        gallery.put(visitor, code, visitor * 0.08)
        if visitor >= 500:
            gallery.end([visitor - 500])
    assert len(gallery) == 500
    assert len(gallery._words) == 512


def test_an_empty_one_matches_nobody():
    assert CodeGallery(256).match(words(1)[None], 3) == [[]]
    assert CodeGallery(256).match(np.zeros((0, 4), np.uint64), 3) == []


def test_it_is_never_stored_nor_shown():
    gallery = CodeGallery(256, 60.0, 9)
    gallery.put(1, words(1), 0.0)
    stored = pickle.dumps(gallery)
    assert words(1).tobytes() not in stored
    back = pickle.loads(stored)  # noqa: S301 - our own bytes
    assert (len(back), back.bits, back.life_s, back.most) == (0, 256, 60.0, 9)
    assert repr(gallery) == "CodeGallery(1 hidden)"


def test_codes_of_another_length_and_lives_beyond_a_day_are_refused():
    with pytest.raises(ValueError, match="256 bits"):
        CodeGallery(256).put(1, words(1, 512), 0.0)
    for life_s in (0.0, LIFE_S + 1, np.nan):
        with pytest.raises(ValueError, match="at most"):
            CodeGallery(256, life_s)
