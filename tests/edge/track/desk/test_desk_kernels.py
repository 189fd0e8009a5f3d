"""Room for what a step notes down, and the order of rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.track.desk.kernels import FIRST, USED, WANTED, new_desk, order_by, take_floats, take_integers


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.integers(0, 70), st.sampled_from([0, 60, 1000]), st.booleans())
def test_rows_are_ordered_as_by_numpys_stable_sort(seed, count, length, whole):
    keys = np.random.default_rng(seed).integers(0, 20, count)
    keys = keys if whole else keys / 7
    assert order_by(keys, new_desk(length)).tolist() == np.argsort(keys, kind="stable").tolist()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=9), st.sampled_from([0, 12, 200]))
def test_pieces_of_a_desk_lie_side_by_side_and_whatever_does_not_fit_elsewhere(sizes, length):
    desk, end = new_desk(length), FIRST
    pieces = []
    for size, is_real in sizes:
        piece = (take_floats if is_real else take_integers)(desk, size)
        end += size
        assert (piece.dtype, piece.shape) == (np.float64 if is_real else np.int64, (size,))
        assert size == 0 or np.shares_memory(piece, desk) == (end <= len(desk))
        pieces.append(piece)
    assert desk[USED] == end
    assert desk[WANTED] == (end if sizes else 0)
    for k, piece in enumerate(pieces):
        piece[:] = k
    assert [set(piece.tolist()) for piece in pieces] == [{k} if len(piece) else set() for k, piece in enumerate(pieces)]


def test_what_was_given_back_is_taken_again():
    desk = new_desk(20)
    mark = desk[USED]
    first = take_integers(desk, 10)
    desk[USED] = mark
    assert take_integers(desk, 18).ctypes.data == first.ctypes.data
    assert desk[WANTED] == 20


@pytest.mark.parametrize("length", [0, 1, 2])
def test_the_smallest_desk_has_room_for_nothing(length):
    desk = new_desk(length)
    assert not np.shares_memory(take_integers(desk, 1), desk)
