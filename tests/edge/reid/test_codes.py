"""Codes: plain signs along keyed directions, shown nowhere, stored nowhere, gone in two minutes."""

from __future__ import annotations

import copy
import logging
import pickle
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.errors import BadInputError
from contract.events import Handoff
from edge.reid.codes import HANDOFF_S, Code, Coder
from edge.reid.kernels import settle_signs
from edge.reid.keys import SiteKey, rotations
from edge.reid.whitening import Whitening
from tests.edge.reid.made_up import people, seen_again

KEY = SiteKey(bytes(range(32)))
PUBLIC = Whitening.of(people(400, 77).reshape(100, 4, -1))
WORDS = np.arange(1, 9, dtype=np.uint64)
GOLDEN = ["a1957e6f87a58d18", "4f08bba4942e0202", "997d67907b8c21c5", "fdbea9738f6a40f1"]


def signs_of(words):
    """Codes (N, W) as (N, 64 W) signs, -1 and 1."""
    return np.unpackbits(words.view(np.uint8), axis=1, bitorder="little") * 2.0 - 1


def test_codes_are_the_plain_signs_where_directions_are_orthogonal_and_count_alike():
    rows = people(50, 1)
    even = replace(PUBLIC, counts=np.eye(256))
    words, usable = Coder(KEY, even, 256).encode(rows)
    white = (rows - PUBLIC.mean) @ PUBLIC.matrix
    along = white @ rotations(KEY, 256, 256).T
    sure = abs(along) > 1e-5  # nearer to 0, single precision may say otherwise
    assert sure.mean() > 0.99
    assert usable.all()
    np.testing.assert_array_equal(signs_of(words)[sure], np.sign(along)[sure])


def settled(along, overlaps, pull, sweeps):
    """The kernel's plain twin, for one row."""
    signs = np.where(along > 0, 1.0, -1.0)
    for _ in range(sweeps):
        for i in range(len(signs)):
            signs[i] = 1.0 if along[i] > pull * (overlaps[:, i] @ signs) else -1.0
    return signs


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(0, 3), st.floats(0, 0.5))
def test_signs_settle_as_plainly(seed, sweeps, pull):
    rng = np.random.default_rng(seed)
    directions = np.concatenate([np.linalg.qr(rng.normal(size=(12, 12)))[0] for _ in range(2)])
    overlaps = directions @ directions.T - np.eye(24)
    along = (rng.normal(size=(3, 12)) @ directions.T).astype(np.float32)
    signs = np.empty_like(along)
    settle_signs(along, overlaps.astype(np.float32), pull, sweeps, signs)
    np.testing.assert_array_equal(signs, [settled(row.astype(float), overlaps, pull, sweeps) for row in along])


@pytest.mark.parametrize("bits", [256, 512])
def test_signs_that_settle_stand_closer_to_what_they_stand_for_in_what_counts(bits):
    """And all told where there are more signs than numbers."""
    rows = people(100, 8)
    drawn, white = rotations(KEY, 256, bits), PUBLIC.apply(rows).astype(float)
    settled_signs, plain = signs_of(Coder(KEY, PUBLIC, bits).encode(rows)[0]), np.sign(white @ drawn.T)
    for metric in [PUBLIC.counts, np.eye(256)][: bits // 256]:
        near = []
        for signs in (settled_signs, plain):
            told, true = signs @ drawn @ metric, white @ metric
            near.append((told * true).sum(1) / np.linalg.norm(told, axis=1) / np.linalg.norm(true, axis=1))
        assert (near[0] > near[1]).mean() > 0.95


@pytest.mark.parametrize("bits", [256, 512])
def test_codes_tell_cosines_more_truly_where_some_directions_count_more(bits):
    """Shares of bits that agree, beside the cosines of the whitened embeddings: the correlation, for three keys."""
    rows = people(150, 9)
    white = PUBLIC.apply(rows)
    pairs = np.triu_indices(len(rows), 1)
    true = (white @ white.T)[pairs]
    for number in range(3):
        key = SiteKey(bytes([number] * 32))
        told = []
        for whitening in (PUBLIC, replace(PUBLIC, counts=np.eye(256))):
            signs = signs_of(Coder(key, whitening, bits).encode(rows)[0])
            told.append(np.corrcoef((signs @ signs.T)[pairs], true)[0, 1])
        assert told[0] > told[1]


def test_a_code_is_the_same_on_every_machine():
    """A changed number here means that boxes of two versions no longer know each other's visitors."""
    embedding = np.cos(np.arange(256, dtype=np.float64) ** 2)[None].astype(np.float32)
    words, _ = Coder(KEY, Whitening.none(256), 256).encode(embedding)
    margins = abs(rotations(KEY, 256, 256) @ embedding[0])
    assert margins.min() > 1e-4
    assert [f"{word:016x}" for word in words[0]] == GOLDEN


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3))
def test_codes_know_no_scale_where_nothing_is_centred(seed, scale):
    coder = Coder(KEY, Whitening.none(64), 256)
    rows = np.random.default_rng(seed).normal(size=(3, 64)).astype(np.float32)
    one, other = coder.encode(rows)[0], coder.encode(rows * np.float32(scale))[0]
    assert np.bitwise_count(one ^ other).sum() <= 3  # of 768, by rounding


def test_what_is_no_embedding_gets_no_code():
    rows = people(5, 2)
    rows[1] = np.nan
    rows[2, 7] = np.inf
    rows[3] = 0
    words, usable = Coder(KEY, PUBLIC).encode(rows)
    assert usable.tolist() == [True, False, False, False, True]
    assert not words[~usable].any()
    assert words[usable].any(1).all()


def test_nobody_gets_no_codes():
    words, usable = Coder(KEY, PUBLIC).encode(np.zeros((0, 256), np.float32))
    assert words.shape == (0, 8)
    assert usable.shape == (0,)


def test_embeddings_of_another_model_are_refused():
    with pytest.raises(ValueError, match="256 numbers"):
        Coder(KEY, PUBLIC).encode(np.zeros((1, 512), np.float32))


def test_bits_of_two_people_are_balanced_and_say_something():
    signs = np.unpackbits(Coder(KEY, PUBLIC).encode(people(2000, 3))[0].view(np.uint8), axis=1)
    assert abs(signs.mean() - 0.5) < 0.02
    assert (abs(signs.mean(0) - 0.5) < 0.2).all()


def test_against_an_embedding_the_right_person_stands_out_more_than_against_its_code():
    here = people(300, 4)
    there = seen_again(here, 5, 0.35)
    coder = Coder(KEY, PUBLIC, 256)
    codes, _ = coder.encode(here)
    mixed = coder.likeness(codes, there)
    hard = -np.bitwise_count(codes[:, None] ^ coder.encode(there)[0][None]).sum(2, dtype=np.int64)
    hits = [float((alike.argmax(1) == np.arange(300)).mean()) for alike in (mixed, hard)]
    assert hits[0] > hits[1]
    assert abs(mixed).max() <= 1


def test_likeness_to_what_is_no_embedding_is_no_number():
    coder = Coder(KEY, PUBLIC)
    rows = people(2, 6)
    codes, _ = coder.encode(rows)
    rows[1] = np.nan
    told = coder.likeness(codes, rows)
    assert np.isfinite(told[:, 0]).all()
    assert np.isnan(told[:, 1]).all()


def test_a_code_shows_nothing(caplog):
    code = Code.issue(WORDS, 100.0)
    with caplog.at_level(logging.INFO):
        logging.getLogger("x").info("%s %r %s", code, code, [code])
    for shown in (
        repr(code),
        str(code),
        f"{code}",
        f"{code!r:>20}",
        caplog.text,
        repr(Code.read(code.text(100.0), 100.0, 100.0)),
    ):
        assert "hidden" in shown
        assert "array" not in shown
        assert "100" not in shown


def test_a_code_a_coder_and_what_holds_them_are_never_stored():
    for kept in (Code.issue(WORDS, 0.0), Coder(KEY, PUBLIC), {"visitor": Code.issue(WORDS, 0.0)}):
        with pytest.raises(TypeError, match="never stored"):
            pickle.dumps(kept)
    with pytest.raises(TypeError, match="never copied"):
        copy.deepcopy(Code.issue(WORDS, 0.0))
    for kept in (Code.issue(WORDS, 0.0), Coder(KEY, PUBLIC)):
        with pytest.raises(TypeError):
            msgspec.json.encode(kept)


def test_a_code_lives_two_minutes_at_most():
    code = Code.issue(WORDS, 100.0)
    assert code.lives(100.0)
    assert code.lives(219.9)
    assert not code.lives(220.0)
    assert not code.lives(99.0)
    assert code.text(220.0) is None
    for life_s in (0, -1, HANDOFF_S + 0.1, np.nan, np.inf):
        with pytest.raises(ValueError, match="120 s at most"):
            Code.issue(WORDS, 100.0, life_s)
    with pytest.raises(ValueError, match="at a time"):
        Code.issue(WORDS, np.nan)


@pytest.mark.parametrize("words", [WORDS[:3], WORDS.astype(np.int64), WORDS[None], WORDS[:0]])
def test_what_is_no_code_is_not_issued(words):
    with pytest.raises(ValueError, match="256 or 512"):
        Code.issue(words, 0.0)


@given(st.binary(min_size=32, max_size=32) | st.binary(min_size=64, max_size=64))
def test_a_code_goes_through_a_handoff_and_back(raw):
    code = Code.issue(np.frombuffer(raw, np.uint64), 50.0)
    handoff = msgspec.convert(
        {"visitor": "v" * 22, "exit": "lift", "at": "2026-11-26T12:00:00.000Z", "code": code.text(60.0)}, Handoff
    )
    back = Code.read(handoff.code, left_at=50.0, now=100.0)
    assert back is not None
    assert back.words.tobytes() == raw
    assert back.expires_at == code.expires_at


def test_a_late_handoff_is_nobodys_and_one_from_the_future_lives_no_longer():
    text = Code.issue(WORDS, 0.0).text(1.0)
    assert Code.read(text, left_at=0.0, now=120.0) is None
    assert Code.read(text, left_at=1000.0, now=10.0).expires_at == 10.0 + HANDOFF_S


@pytest.mark.parametrize("text", ["", "zz" * 32, "ab" * 31, "ab" * 65, "é" * 64])
def test_what_is_no_code_is_refused_without_being_shown(text):
    with pytest.raises(BadInputError, match="hexadecimal") as told:
        Code.read(text, 0.0, 0.0)
    assert not text or text not in str(told.value)
