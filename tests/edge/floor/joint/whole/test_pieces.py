"""Where two passes over one film mean the same person, in passes written by hand."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.floor.joint.whole.passes import Pass
from edge.floor.joint.whole.pieces import cut


def passed(*rows):
    """A pass of rows (frame, name, box of the one camera), or of all cameras as a tuple."""
    took = [row[2] if isinstance(row[2], tuple) else (row[2],) for row in rows]
    return Pass(
        np.array([row[0] for row in rows], np.int64), np.array([row[1] for row in rows], np.int64),
        np.array(took, np.int64).reshape(len(rows), len(took[0]) if took else 1), None,
    )  # fmt: skip


def told(pieces):
    return [(piece.forward, piece.backward, piece.frame.tolist(), piece.took[:, 0].tolist()) for piece in pieces]


def test_passes_that_agree_cut_nothing():
    forward = passed(*[(frame, name, name) for frame in range(6) for name in (0, 1)])
    backward = passed(*[(frame, 7 - name, name) for frame in range(6) for name in (0, 1)])
    assert told(cut(forward, backward, 2)) == [(0, 7, list(range(6)), [0] * 6), (1, 6, list(range(6)), [1] * 6)]


def test_a_swap_that_only_one_pass_knows_cuts_both_people():
    forward = passed(*[(frame, name, name) for frame in range(8) for name in (0, 1)])
    backward = passed(*[(frame, (name + (frame < 4)) % 2 + 5, name) for frame in range(8) for name in (0, 1)])
    pieces = told(cut(forward, backward, 2))
    assert [(f, frames) for f, _, frames, _ in pieces] == [
        (0, [0, 1, 2, 3]), (1, [0, 1, 2, 3]), (0, [4, 5, 6, 7]), (1, [4, 5, 6, 7]),
    ]  # fmt: skip
    assert pieces[0][1] == pieces[3][1] != pieces[1][1] == pieces[2][1]


def test_a_meeting_shorter_than_steady_cuts_nothing():
    forward = passed(*[(frame, name, name) for frame in range(9) for name in (0, 1)])
    backward = passed(*[(frame, (name + (frame == 4)) % 2 + 5, name) for frame in range(9) for name in (0, 1)])
    assert [len(piece.frame) for piece in cut(forward, backward, 2)] == [9, 9]
    assert len(cut(forward, backward, 1)) > 2


def test_what_only_the_pass_backward_saw_is_added():
    forward = passed(*[(frame, 0, 0) for frame in range(4, 8)])
    backward = passed(*[(frame, 3, 0) for frame in range(8)], *[(frame, 4, 1) for frame in range(2)])
    assert told(cut(forward, backward, 2)) == [(-1, 4, [0, 1], [1, 1]), (0, 3, list(range(8)), [0] * 8)]


def test_a_camera_that_only_the_pass_backward_gave_somebody_is_theirs():
    forward = passed(*[(frame, 0, (0, -1)) for frame in range(4)])
    backward = passed(*[(frame, 3, (0, 2)) for frame in range(4)])
    (piece,) = cut(forward, backward, 2)
    assert piece.took.tolist() == [[0, 2]] * 4


def test_nobody_leaves_no_pieces():
    assert cut(passed(), passed(), 3) == []


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_no_box_is_in_two_pieces_and_none_of_the_pass_forward_is_lost(seed, steady):
    rng = np.random.default_rng(seed)

    def some():
        rows = []
        for frame in range(12):
            boxes = rng.permutation(4)
            rows += [(frame, int(name), int(boxes[name])) for name in range(4) if rng.random() < 0.7]
        return passed(*rows)

    forward, backward = some(), some()
    pieces = cut(forward, backward, steady)
    boxes = [(f, j) for piece in pieces for f, j in zip(piece.frame.tolist(), piece.took[:, 0].tolist(), strict=True)]
    assert len(boxes) == len(set(boxes))
    assert {(f, int(t[0])) for f, t in zip(forward.frame.tolist(), forward.took, strict=True)} <= set(boxes)
    assert all((np.diff(piece.frame) > 0).all() for piece in pieces)
