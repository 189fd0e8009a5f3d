"""Two floors for twenty minutes: what the scores say of stories whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
import supervision as sv

from benchmarks.floors.__main__ import missed
from benchmarks.floors.film import START_S
from benchmarks.floors.film import Moment as FilmMoment
from benchmarks.floors.links import Known, _left, score_links
from benchmarks.floors.play import Played, Told
from benchmarks.floors.scores import along, identity, matched, movers, presences, whom_at, zone_at
from benchmarks.floors.sight import ceiling, owners, sights, why_missed
from calibration.site import load_site
from central.journeys.handoffs import Link
from edge.pipeline import CameraObservation
from simulator.scene import GALLERIA
from simulator.truth import Transfer

SITE = load_site(GALLERIA)
GROUND = SITE.floor("g")
WEST, EAST = (5.0, 7.5), (12.0, 7.5)
"""Two places in the ground floor's hall."""
SECONDS = range(21)


def stands(place, start_s=0.0, end_s=20.0):
    at = np.arange(start_s, end_s + 0.1, 0.2)
    return np.column_stack([at, np.full(len(at), place[0]), np.full(len(at), place[1])])


TWO = presences({1: stands(WEST), 2: stands(EAST)})


def told(names):
    """A second each: visitors by name at the places given."""
    return [(float(k), [(name, x + 0.1, y) for name, (x, y) in here]) for k, here in enumerate(names)]


def scored(names, people=TWO):
    return identity(matched(told(names), people, GROUND), GROUND)


def test_one_visitor_each_is_perfect():
    found = scored([[("a", WEST), ("b", EAST)]] * 21)
    assert found.floor.idf1 == found.floor.mota == 1
    figures = found.figures()
    assert figures["names_per_presence"] == 1
    assert figures["swaps"] == figures["duplicates"] == figures["fragmentation"] == figures["all_fragments"] == 0


def test_a_second_visitor_for_a_part_of_the_time_is_a_duplicate_for_that_part():
    found = scored([[("a", WEST), ("b", EAST)]] * 11 + [[("a", WEST), ("b", EAST), ("c", EAST)]] * 10)
    assert found.visitor_s == 50
    assert found.double_s == 10
    assert found.figures()["duplicates"] == pytest.approx(0.2)
    assert found.twice.fragments == 1  # its person had an earlier one
    assert found.figures()["fragmentation"] == pytest.approx(0.5)
    assert found.zones["atrium_g"].double_s == 10
    assert found.zones["atrium_g"].ghost_s == 0


def test_three_visitors_of_two_people_side_by_side_are_one_too_many():
    beside = (WEST[0] + 0.6, WEST[1])
    pair = presences({1: stands(WEST), 2: stands(beside)})
    found = scored([[("a", WEST), ("b", beside)]] * 21, pair)
    assert found.double_s == 0
    found = scored([[("a", WEST), ("b", beside), ("c", WEST)]] * 21, pair)
    assert found.double_s == 20


def test_a_name_lost_halfway_is_a_fragment_and_costs_idf1():
    found = scored([[("a", WEST), ("b", EAST)]] * 11 + [[("c", WEST), ("b", EAST)]] * 10)
    assert found.visitors == 3
    assert found.twice.fragments == 1
    assert found.figures()["all_fragments"] == pytest.approx(1 / 3)
    assert found.figures()["fragmentation"] == pytest.approx(0.5)
    assert found.swaps == 0
    assert found.zones["atrium_g"].renamed == 1
    assert found.floor.idf1 == pytest.approx(32 / 42)


def test_names_that_change_hands_are_swaps_and_no_fragments():
    found = scored([[("a", WEST), ("b", EAST)]] * 11 + [[("b", WEST), ("a", EAST)]] * 10)
    assert found.swaps == 2
    assert found.twice.fragments == 0
    assert found.floor.idf1 == pytest.approx(22 / 42)


def test_a_visitor_near_nobody_is_a_ghost_and_one_without_visitor_is_missed():
    found = scored([[("a", WEST), ("b", (8.5, 7.5))]] * 21)
    hall = found.zones["atrium_g"]
    assert hall.ghost_s == 20
    assert hall.missed_s == 20
    assert hall.person_s == 40
    assert found.double_s == 0


def test_beyond_the_doors_nobody_is_missed_and_no_visitor_is_wrong():
    outside = (1.5, 7.5)
    assert not zone_at(GROUND, outside)
    assert not zone_at(GROUND, (17.0, 7.5))  # on the escalator
    people = presences({1: stands(WEST), 2: stands(outside)})
    for here in ([("a", WEST)], [("a", WEST), ("b", outside)]):
        found = scored([here] * 21, people)
        assert found.floor.mota == 1
        assert found.visitor_s == 20


def test_who_never_walked_can_be_left_out():
    walks = np.column_stack([np.arange(21.0), np.linspace(4.0, 6.0, 21), np.full(21, 7.5)])
    people = presences({1: walks, 2: stands(EAST)})
    names = [[("a", (4.0 + k / 10, 7.5))] for k in range(21)]
    moments = matched(told(names), people, GROUND)
    assert identity(moments, GROUND).floor.mota == pytest.approx(0.5)
    assert identity(movers(moments, people), GROUND).floor.mota == 1
    also = matched(told([[*here, ("b", EAST)] for here in names]), people, GROUND)
    assert identity(movers(also, people), GROUND).floor.mota == 1


def test_who_rides_up_and_comes_back_is_present_twice():
    both = presences({1: np.concatenate([stands(WEST, 0, 5), stands(WEST, 15, 20)])})
    assert [one.person for one in both] == [1, 1]
    assert scored([[("a", WEST)]] * 6 + [[]] * 9 + [[("b", WEST)]] * 6, both).twice.fragments == 0


def test_journeys_are_read_along_their_simplified_paths():
    places = along({"a": [(2.0, 0.0, 0.0), (6.0, 4.0, 2.0)]}, [1.0, 4.0, 7.0])
    assert list(places) == [(1.0, []), (4.0, [("a", 2.0, 1.0)]), (7.0, [])]


def test_who_a_visitor_was_is_told_of_moments_nearby_alone():
    moments = matched(told([[("a", WEST)]] * 6), TWO, GROUND)
    assert whom_at(moments, "a", 7.0) == 0
    assert whom_at(moments, "a", 12.0) is None
    assert whom_at(moments, "b", 3.0) is None


RIDES = [Transfer(1, "g", "f1", 20.0, 34.0), Transfer(2, "g", "f1", 21.0, 35.0), Transfer(2, "g", "f1", 295.0, 309.0)]


def ridden(links):
    """Two people ride up, the third time too late to be scored; ``links`` are made between their visitors."""
    up = presences({1: stands(WEST, 30, 60), 2: stands(EAST, 30, 60)})
    low = matched(told([[("a", WEST), ("b", EAST)]] * 21), TWO, GROUND)
    high = matched([(float(k), [("c", *WEST), ("d", *EAST)]) for k in range(30, 61)], up, SITE.floor("f1"))
    ground, first = Told(), Told()
    ground.handoffs = [("a", "escalator_g_top", "out", 19.0), ("b", "escalator_g_top", "out", 20.0)]
    first.handoffs = [("c", "escalator_f1_top", "in", 36.0)]
    made = [Link(come, left, 0.9, 36.0) for come, left in links]
    known = {"g": Known(low, TWO), "f1": Known(high, up)}
    return score_links(Played({"g": ground, "f1": first}, made, 0), RIDES, known, 310.0)


def test_links_are_right_where_both_ends_are_one_person():
    found = ridden([("c", "a")])
    assert (found.rides, found.links, found.right, found.found) == (2, 1, 1, 1)
    assert found.figures()["links_found"] == pytest.approx(0.5)
    assert (found.left, found.came, found.both) == (2, 1, 1)


def test_who_leaves_again_later_is_still_judged_by_the_time_they_left_before_the_link():
    ground = Told()
    ground.handoffs = [("a", "escalator_g_top", "out", 19.0), ("a", "west_entrance", "out", 90.0)]
    assert _left(Played({"g": ground, "f1": Told()}, [], 0), Link("c", "a", 0.9, 36.0)) == ("g", 19.0)


def test_links_of_two_people_are_wrong_and_find_nobody():
    found = ridden([("c", "b"), ("d", "a")])
    assert (found.links, found.right, found.found) == (2, 0, 0)


def test_bars_missed_are_named_with_what_was_reached():
    good = {"idf1": 0.95, "links_right": 0.96, "links_found": 0.9, "dwell_error_s": 1.9, "duplicates": 0.009}
    assert missed(good) == []
    shares = ("all_duplicates", "all_fragments")
    bad = good | {"idf1": 0.89, "dwell_error_s": 2.0, "estimates": {"g": (0.01, 0.1), "f1": (None, None)}}
    bad |= {"live": {"g": dict.fromkeys(shares, 0.016) | {shares[1]: 0.1}, "f1": dict.fromkeys(shares, 0.0)}}
    assert [line.split()[0] for line in missed(bad)] == ["idf1", "dwell_error_s", "g:"]


def one_camera_sees(boxes_at, camera="g_hall", detected=()):
    """Moments a second apart: whole bodies of people at the places given for each second, seen by one camera."""
    eye = GROUND.cameras[camera]
    size = (eye.width, eye.height)

    def observed(places, score):
        tall = eye.person_height_px(places)
        foot = eye.pixels_from_floor(places)
        boxes = np.column_stack([foot[:, 0] - tall / 6, foot[:, 1] - tall, foot[:, 0] + tall / 6, foot[:, 1]])
        found = sv.Detections(
            boxes.astype(np.float32).reshape(-1, 4), confidence=np.full(len(boxes), score, np.float32)
        )
        return CameraObservation(0.0, found, size)

    for second, places in enumerate(boxes_at):
        true = {camera: observed(np.array(places).reshape(-1, 2), 0.9)}
        found = {camera: observed(np.array(places).reshape(-1, 2), 0.6)} if second in detected else {}
        yield FilmMoment(START_S + second, found, true)


def test_a_true_box_is_that_of_who_stands_at_its_foot():
    eye = GROUND.cameras["g_hall"]
    places = np.array([EAST, (9.0, 7.0), WEST])
    moment = next(one_camera_sees([[(9.0, 7.0), EAST]]))
    boxes = moment.true["g_hall"].detections.xyxy
    assert owners(eye, boxes, places) == [1, 0]
    assert owners(eye, boxes, places[2:]) == [-1, -1]


def test_nobody_can_tell_of_whom_no_camera_sees():
    seen = [[WEST, EAST] if second < 11 else [EAST] for second in SECONDS]
    best = list(sights(one_camera_sees(seen), TWO, GROUND))
    found = identity(matched(ceiling(best), TWO, GROUND), GROUND)
    hall = found.zones["atrium_g"]
    assert (hall.person_s, hall.missed_s, hall.ghost_s) == (40, 8, 0)  # whoever is lost is shown for two more seconds
    assert found.swaps == 0
    assert found.floor.idf1 == pytest.approx(2 * 34 / (42 + 34))


def test_why_somebody_is_missed_is_told_by_what_cameras_and_detector_saw():
    walks = np.column_stack([np.arange(21.0), np.linspace(4.0, 6.0, 21), np.full(21, 7.5)])
    people = presences({1: walks, 2: stands(EAST)})
    seen = [[(4.0 + second / 10, 7.5), EAST] if second < 11 else [EAST] for second in SECONDS]
    whys = why_missed(
        matched(told([[]] * 21), people, GROUND),
        sights(one_camera_sees(seen, detected=range(5)), people, GROUND),
        people,
    )
    assert whys == {"never walked": 21, "hidden from all cameras": 10, "no box": 6, "a clear box": 5}
