"""Cameras shed in turns, all alike, doors last, and only while the box as a whole is behind."""

from __future__ import annotations

from collections import Counter

import pytest

from edge.capture.shedding import GROW, LATE_S, OVERRUN, REVIEW_S, SHRINK, TURN_S, Shedding

PERIOD_S = 0.125
NAMES = [f"camera{number}" for number in range(20)]
BEHIND, WELL = 2 * LATE_S, 0.05


def run(shedding, ticks, late=BEHIND, *, period_s=PERIOD_S, began=0.0):
    """Who was asked to shed at each tick."""
    return [shedding.update(began + k * period_s, dict.fromkeys(NAMES, late)) for k in range(ticks)]


def held(shedding, share, ticks, *, busy=NAMES, began=0.0):
    """As ``run``, with a share that stays: too few ticks are behind to grow, and too many to shrink."""
    shedding.share = share
    asked = []
    for k in range(ticks):
        late = BEHIND if k % 5 == 0 else WELL
        asked.append(shedding.update(began + k * PERIOD_S, dict.fromkeys(busy, late)))
    return asked


def test_nothing_is_shed_by_a_box_that_keeps_up():
    assert not any(run(Shedding(NAMES, PERIOD_S), 800, WELL))


def test_lateness_of_many_cameras_makes_it_shed_more_and_more():
    sizes = [len(asked) for asked in run(Shedding(NAMES, PERIOD_S), 100)]
    assert sizes == sorted(sizes)
    assert sizes[int(REVIEW_S / PERIOD_S) - 1] == 0
    assert sizes[int(REVIEW_S / PERIOD_S)] == GROW * len(NAMES)
    assert sizes[-1] == len(NAMES)


def test_one_camera_on_a_bad_network_sheds_nobody():
    shedding = Shedding(NAMES[:3], PERIOD_S)
    for k in range(100):
        assert not shedding.update(k * PERIOD_S, {"camera0": 3.0, "camera1": WELL, "camera2": WELL})


@pytest.mark.parametrize(("times", "sheds"), [(0.9 * OVERRUN, False), (1.1 * OVERRUN, True)])
def test_ticks_that_take_far_too_long_make_it_shed(times, sheds):
    asked = run(Shedding(NAMES, PERIOD_S), 100, WELL, period_s=times * PERIOD_S)
    assert bool(asked[-1]) is sheds


def test_a_single_slow_tick_changes_nothing():
    shedding = Shedding(NAMES, PERIOD_S)
    run(shedding, 40, WELL)
    assert not any(run(shedding, 40, WELL, began=7.0))


def test_it_stops_slowly_once_the_box_keeps_up():
    shedding = Shedding(NAMES, PERIOD_S)
    run(shedding, 100)
    ticks = int(REVIEW_S / SHRINK / PERIOD_S)
    sizes = [len(asked) for asked in run(shedding, ticks + 20, WELL, began=100 * PERIOD_S)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[ticks // 2] == pytest.approx(len(NAMES) / 2, abs=2)
    assert sizes[-1] == 0
    assert shedding.share == 0.0


@pytest.mark.parametrize("share", [0.1, 0.35, 0.5, 0.8, 1.0])
def test_everybody_has_the_same_number_of_turns(share):
    ticks = int(20 * 20 * TURN_S / PERIOD_S)
    counts = Counter(name for asked in held(Shedding(NAMES, PERIOD_S), share, ticks) for name in asked)
    wanted = share * ticks
    assert set(counts) == set(NAMES)
    for count in counts.values():
        assert count == pytest.approx(wanted, rel=0.03)


def test_a_turn_lasts_and_then_others_have_theirs():
    asked = held(Shedding(NAMES, PERIOD_S), 0.4, int(10 * TURN_S / PERIOD_S))
    turns = [asked[0]]
    for one in asked:
        if one != turns[-1]:
            turns.append(one)
    assert len(turns) == 10
    assert turns[0] | turns[1] == set(NAMES[:16])
    assert not turns[0] & turns[1]


def test_cameras_that_see_a_door_shed_when_all_others_do():
    doors = NAMES[:5]
    shedding = Shedding(NAMES, PERIOD_S, doors)
    for round_, (share, shed_doors) in enumerate(((0.5, 0), (0.75, 0), (0.85, 2), (1.0, 5))):
        for asked in held(shedding, share, 100, began=100.0 * round_):
            assert len(asked & set(doors)) == shed_doors
            assert len(asked) == share * len(NAMES)
    counts = Counter(name for asked in held(shedding, 0.85, 8000, began=1000.0) for name in asked & set(doors))
    assert max(counts.values()) == pytest.approx(min(counts.values()), rel=0.05)


def test_resting_cameras_take_no_turns():
    busy = NAMES[::2]
    for asked in held(Shedding(NAMES, PERIOD_S), 0.5, 200, busy=busy):
        assert asked <= set(busy)
        assert len(asked) == 5


def test_a_box_without_cameras_sheds_nobody():
    assert not any(run(Shedding([], PERIOD_S), 20))
