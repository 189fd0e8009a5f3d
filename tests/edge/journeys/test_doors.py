"""Doors with ground behind them that nobody watches."""

from __future__ import annotations

import pytest

from edge.floor.coverage import Coverage
from edge.floor.visitors import Sample
from edge.journeys.doors import Doors
from tests.edge.floor_scene import camera, floor, line, wall, zone

CAMERAS = [camera("a", (0.5, 0.5), (8, 6)), camera("b", (13.5, 11.5), (6, 5))]
INSIDE = zone("hall", 0, 0, 14, 12)
ENTRANCE = line("entrance", "hall", (14, 4), (14, 7), (-1, 0))
WALLS = [wall("n", (14, 7.5), (14, 12)), wall("s", (14, 0), (14, 3.5)), wall("out", (14.6, 0), (14.6, 12))]
BLIND = Doors((ENTRANCE,), Coverage(floor(CAMERAS, [INSIDE], [ENTRANCE], WALLS)))
OPEN_LINE = line("open", "hall", (8, 4), (8, 8), (1, 0))
OPEN = Doors((OPEN_LINE,), Coverage(floor(CAMERAS, [INSIDE], [OPEN_LINE])))


def test_who_appears_at_a_blind_door_and_walks_on_has_come_in():
    first, now = Sample(1, 10.0, 13.6, 5.5), Sample(1, 10.8, 12.8, 5.5)
    name, crossing = BLIND.arrived(first, now)
    assert (name, crossing.direction, crossing.visitor) == ("entrance", "in", 1)
    assert crossing.at == pytest.approx(9.6, abs=0.01)


def test_who_was_seen_beyond_it_first_is_left_to_the_tripwire():
    assert BLIND.arrived(Sample(1, 10.0, 14.2, 5.5), Sample(1, 10.8, 13.2, 5.5)) is None


def test_who_appears_and_stays_at_the_door_has_not_come_in_yet():
    assert BLIND.arrived(Sample(1, 10.0, 13.6, 5.5), Sample(1, 10.8, 13.5, 5.5)) is None


def test_who_appears_beside_the_door_did_not_use_it():
    assert BLIND.arrived(Sample(1, 10.0, 13.6, 9.0), Sample(1, 10.8, 12.8, 9.0)) is None


def test_where_both_sides_are_watched_nothing_is_concluded():
    assert OPEN.arrived(Sample(1, 10.0, 8.3, 6.0), Sample(1, 10.8, 9.1, 6.0)) is None
    assert OPEN.departed([Sample(1, 10.0, 9.3, 6.0), Sample(1, 10.8, 8.3, 6.0)]) is None


def test_who_vanishes_walking_to_a_blind_door_has_gone_out():
    name, crossing = BLIND.departed([Sample(1, 10.0, 12.6, 5.5), Sample(1, 10.8, 13.4, 5.5)])
    assert (name, crossing.direction) == ("entrance", "out")
    assert crossing.at == pytest.approx(11.4, abs=0.01)


def test_who_vanishes_walking_away_from_it_or_standing_has_not():
    assert BLIND.departed([Sample(1, 10.0, 13.4, 5.5), Sample(1, 10.8, 12.8, 5.5)]) is None
    assert BLIND.departed([Sample(1, 10.0, 13.4, 5.5), Sample(1, 10.8, 13.45, 5.5)]) is None
