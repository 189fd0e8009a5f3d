"""Made-up stories whose doubles and second names are known."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from edge.floor.coverage import Coverage
from edge.floor.rates import AT_EDGE, INSIDE, MEMORY_S, NEAR_EDGE, NOBODY, TWO, Rates, Twice, one_person
from edge.floor.visitors import Sample, Visitors
from tests.edge.floor_scene import camera, floor, line, zone

HALL = floor(
    [camera("a", (0.5, 0.5), (8, 6)), camera("b", (13.5, 11.5), (6, 5))],
    [zone("shop", 7, 3, 10, 9)],
    [line("shop", "shop", (7, 3), (7, 9), (1, 0))],
)
MIDDLE, AT_DOOR, STEPPED_IN = (7.0, 6.0), (1.5, 11.5), (2.5, 10.0)


@pytest.fixture
def rates() -> Rates:
    return Rates(Coverage(HALL))


def visitors(at, places, unseen=(), doubts=None, **other):
    """People by key at places, each seen just now but for those unseen, whom it says when."""
    keys = sorted(places)
    seen_at = np.array([dict(unseen).get(key, at) for key in keys], float)
    lists = {"split": (), "gone": (), "merged": ()} | other
    xy = np.array([places[key] for key in keys], float).reshape(-1, 2)
    seen = [key for key in keys if key not in dict(unseen)]
    return Visitors(
        at=at,
        key=np.array(keys, np.int64),
        token=tuple(f"visitor{key}" for key in keys),
        position_m=xy,
        velocity_mps=np.zeros_like(xy),
        covariance_m2=np.tile(0.01 * np.eye(2), (len(keys), 1, 1)),
        seen_at=seen_at,
        cameras=np.ones(len(keys), np.int64),
        confidence=np.ones(len(keys)),
        samples=tuple(Sample(key, at, *places[key]) for key in seen),
        doubts=doubts or {},
        **lists,
    )


def began(rates, moments):
    """Plays moments, and gives what was told of the beginnings of the last alone."""
    for moment in moments[:-1]:
        rates.update(moment)
    rates.twice = Twice()
    return rates.update(moments[-1])


def test_two_for_whom_the_cameras_speak_stand_for_one_and_their_time_is_a_double_s(rates):
    places = {1: MIDDLE, 2: (7.2, 6.0)}
    for k in range(401):
        told = rates.update(visitors(float(k), places, doubts={(1, 2): 3.5}))
    share = one_person(0.2, 3.5, unseen=False) / 2
    assert told.duplicate_share == pytest.approx(share, rel=1e-6)
    assert 0.35 < share < 0.5


@pytest.mark.parametrize(
    ("place", "doubts"),
    [((7.6, 6.0), {(1, 2): TWO}), ((7.6, 6.0), {}), ((8.4, 6.0), {(1, 2): 8.0})],
    ids=["seen apart by one camera", "never doubted", "too far apart"],
)
def test_a_couple_that_walks_side_by_side_is_hardly_a_double(rates, place, doubts):
    for k in range(401):
        told = rates.update(visitors(float(k), {1: MIDDLE, 2: place}, doubts=doubts))
    assert told.duplicate_share is not None
    assert told.duplicate_share < 0.03  # two who were truly one come to 0.38


def test_a_name_whose_tracks_went_over_to_somebody_coasts_beside_them_and_later_is_nobody_s_double(rates):
    near = {1: MIDDLE, 2: (7.1, 6.0)}
    rates.update(visitors(0.0, near))
    seen = rates.update(visitors(0.125, near)).double_s
    coasting = rates.update(visitors(1.0, near, unseen={1: 0.0})).double_s - seen
    assert coasting / 0.875 > 1.5 * seen / 0.125
    before = rates.twice
    after = rates.update(visitors(3.0, near, unseen={1: 0.0}))
    assert after.double_s < before.double_s
    assert after.visitor_s == pytest.approx(before.visitor_s * np.exp(-2 / MEMORY_S) + 1.0)


def test_three_names_at_one_place_are_two_doubles_at_most(rates):
    places = {1: MIDDLE, 2: (7.1, 6.0), 3: (7.0, 6.1)}
    doubts = dict.fromkeys([(1, 2), (1, 3), (2, 3)], 8.0)
    rates.update(visitors(0.0, places, doubts=doubts))
    told = rates.update(visitors(1.0, places, doubts=doubts))
    assert 1.4 < told.double_s < 2.0


def test_who_is_there_when_we_begin_to_look_and_who_comes_by_the_door_was_nobody_before(rates):
    assert rates.update(visitors(0.0, {1: MIDDLE})) == Twice(begun=1.0)
    told = began(rates, [visitors(60.0, {1: MIDDLE}), visitors(61.0, {1: MIDDLE, 2: AT_DOOR})])
    assert (told.begun, told.fragments) == (1.0, AT_EDGE)


def test_who_begins_in_the_middle_after_somebody_was_lost_there_is_their_continuation(rates):
    told = began(
        rates,
        [
            visitors(0.0, {1: AT_DOOR}),
            visitors(20.0, {1: MIDDLE}),
            visitors(60.0, {1: MIDDLE}, unseen={1: 20.0}),
            visitors(61.0, {}, gone=(1,)),
            visitors(70.0, {2: (9.0, 6.0)}),
        ],
    )
    assert (told.begun, told.fragments) == (1.0, INSIDE)


def test_who_was_taken_for_somebody_else_or_is_taken_for_two_was_somebody_before(rates):
    start = [visitors(0.0, {1: MIDDLE}), visitors(30.0, {1: MIDDLE})]
    assert began(rates, [*start, visitors(31.0, {1: MIDDLE, 2: (7.3, 6.2)})]).fragments == INSIDE
    far = {1: (7.3, 6.2), 2: MIDDLE, 3: (3.0, 9.0)}
    assert began(rates, [visitors(32.0, far, split=(3,))]).fragments == INSIDE


def test_who_was_found_late_though_nobody_is_missing_is_hardly_anybody_s_continuation(rates):
    alone = {1: (3.0, 4.0)}
    told = began(rates, [visitors(0.0, alone), visitors(59.8, alone), visitors(60.0, {**alone, 2: (8.0, 6.0)})])
    assert told.fragments == NOBODY


def test_who_was_first_seen_a_step_inside_may_have_come_in(rates):
    told = began(rates, [visitors(0.0, {1: (4.0, 9.5)}), visitors(60.0, {1: (4.0, 9.5), 2: STEPPED_IN})])
    assert told.fragments == NEAR_EDGE


def test_a_door_whose_two_sides_are_watched_is_no_place_to_come_from():
    coverage = Coverage(HALL)
    assert coverage.is_way_out((7.5, 6.0))
    assert not coverage.is_edge((7.5, 6.0))
    assert coverage.is_edge(AT_DOOR)
    assert not coverage.is_edge(STEPPED_IN)
    assert coverage.is_edge(STEPPED_IN, 2.0)


def test_nothing_is_said_of_too_little(rates):
    assert (rates.twice.duplicate_share, rates.twice.fragment_share) == (None, None)
    assert Twice(visitor_s=299.0, begun=9.9).duplicate_share is None
    assert Twice(visitor_s=299.0, begun=9.9).fragment_share is None
    assert Twice(400.0, 8.0, 20.0, 5.0).plus(Twice(600.0, 2.0, 0.0, 0.0)).duplicate_share == 0.01


def test_nobody_on_the_floor_is_no_error_and_an_old_figure_fades_until_there_is_none(rates):
    rates.twice = Twice(900.0, 90.0, 12.0, 3.0)
    for k in range(1, 400):
        told = rates.update(visitors(float(k), {}))
    assert told.visitor_s == pytest.approx(900.0 * np.exp(-398 / MEMORY_S))
    assert told.duplicate_share == pytest.approx(0.1)
    assert told.fragment_share is None


def test_a_clock_that_goes_back_or_leaps_adds_no_time_that_nobody_saw(rates):
    rates.update(visitors(100.0, {1: MIDDLE}))
    assert rates.update(visitors(50.0, {1: MIDDLE})).visitor_s == 0.0
    assert rates.update(visitors(51.0, {1: MIDDLE})).visitor_s == 1.0
    assert rates.update(visitors(5000.0, {1: MIDDLE})).visitor_s == pytest.approx(1.0, abs=0.01)


def test_pickled_between_two_moments_it_goes_on_as_it_would_have(rates):
    rng = np.random.default_rng(3)
    for k in range(60):
        rates.update(visitors(k / 4, {key: rng.uniform(4, 10, 2).tolist() for key in range(k // 20 + 2)}))
    copy = pickle.loads(pickle.dumps(rates))  # noqa: S301 - our own
    for k in range(60, 120):
        places = {key: rng.uniform(4, 10, 2).tolist() for key in range(k // 20 + 2)}
        moment = visitors(k / 4, places, gone=() if k % 20 else (0,))
        assert rates.update(moment) == copy.update(moment)


def test_what_is_remembered_does_not_grow(rates):
    for k in range(1500):
        rates.update(visitors(float(k) / 100, {k: MIDDLE}, gone=(k - 1,)))
    assert len(pickle.dumps(rates)) < 60_000
