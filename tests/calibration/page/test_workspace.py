"""Points are placed, moved and deleted, and every change can be taken back."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from calibration.page.workspace import MOST_PAIRS, Marks, Selection, Workspace
from calibration.solve.pairs import Pairs

places = st.tuples(st.floats(0, 640), st.floats(0, 640))
acts = st.one_of(
    st.tuples(st.just("place"), st.sampled_from(["picture", "plan"]), places),
    st.tuples(st.just("move"), st.sampled_from(["picture", "plan"]), st.one_of(st.none(), st.integers(-2, 8)), places),
    st.tuples(st.just("delete"), st.one_of(st.none(), st.integers(-2, 8))),
    st.tuples(st.just("clear")),
)


def do(work: Workspace, act: tuple) -> None:
    if act[0] == "place":
        work.place(act[1], act[2])
    elif act[0] == "move":
        work.move(Selection(act[1], act[2]), act[3])
    elif act[0] == "delete":
        work.delete(Selection("picture", act[1]))
    else:
        work.clear()


def with_pairs(count: int) -> Workspace:
    work = Workspace()
    for k in range(count):
        work.place("picture", (k, 10.0 * k))
        work.place("plan", (k, 1.0))
    return work


@given(st.lists(acts, max_size=30))
def test_undo_goes_all_the_way_back_and_redo_all_the_way_forward(done: list[tuple]) -> None:
    work = Workspace()
    for act in done:
        do(work, act)
    end = work.marks
    while work.can_undo:
        work.undo()
    assert work.marks == Marks()
    while work.can_redo:
        work.redo()
    assert work.marks == end


def test_either_side_may_come_first() -> None:
    one, other = Workspace(), Workspace()
    one.place("picture", (3.0, 4.0))
    one.place("plan", (1.0, 2.0))
    other.place("plan", (1.0, 2.0))
    other.place("picture", (3.0, 4.0))
    assert one.marks == other.marks
    assert np.array_equal(one.pairs.pixel_px, [[3, 4]])
    assert np.array_equal(one.pairs.floor_m, [[1, 2]])


def test_a_second_click_on_the_same_side_moves_the_waiting_point() -> None:
    work = Workspace()
    work.place("picture", (3.0, 4.0))
    work.place("picture", (5.0, 6.0))
    assert work.marks.waiting == ("picture", (5.0, 6.0))
    assert not work.marks.pairs


def test_a_row_of_nudges_is_one_change() -> None:
    work = with_pairs(2)
    for _ in range(5):
        work.nudge((0.0, 1.0))
    assert work.marks.pairs[1].plan == (1, 6.0)
    work.undo()
    assert work.marks.pairs[1].plan == (1, 1.0)


def test_nudges_of_two_points_are_two_changes() -> None:
    work = with_pairs(2)
    work.nudge((1.0, 0.0))
    work.select(Selection("picture", 0))
    work.nudge((1.0, 0.0))
    work.undo()
    assert work.marks.pairs[0].picture == (0, 0.0)
    assert work.marks.pairs[1].plan == (2.0, 1.0)


def test_what_is_not_there_is_neither_moved_nor_deleted_nor_selected() -> None:
    work = with_pairs(1)
    before = work.marks
    for which in (Selection("plan", 7), Selection("plan", -1), Selection("picture", None)):
        work.move(which, (9.0, 9.0))
        work.select(which)
        assert work.selection is None
        work.delete(which)
    assert work.marks == before


def test_the_waiting_point_is_deleted_alone() -> None:
    work = with_pairs(1)
    work.place("plan", (7.0, 7.0))
    work.delete()
    assert work.marks.waiting is None
    assert len(work.marks.pairs) == 1


def test_an_earlier_days_pairs_come_back() -> None:
    work = Workspace(Pairs(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])))
    assert work.marks.pairs[0].plan == (3.0, 4.0)
    assert not work.can_undo


def test_a_full_list_takes_no_more() -> None:
    work = with_pairs(MOST_PAIRS)
    work.place("picture", (1.0, 1.0))
    assert work.marks.waiting is None
    assert len(work.marks.pairs) == MOST_PAIRS
