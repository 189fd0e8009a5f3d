"""The twin's people walk plausibly, and the truth about them agrees with where they were."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest

from calibration.site import load_site
from contract.errors import BadInputError
from simulator.scene import GALLERIA, load_scene
from simulator.world import TICK_S, World

SECONDS = 150.0


@pytest.fixture(scope="module")
def site():
    return load_site(GALLERIA)


@pytest.fixture(scope="module")
def walked(site):
    """A world walked for a while, and everybody's position at every tick."""
    world = World(site, 3)
    track = {}
    for tick in range(round(SECONDS / TICK_S) + 1):
        for floor, state in world.at(tick * TICK_S).items():
            for person, xy in zip(state.ids.tolist(), state.xy_m, strict=True):
                track.setdefault((floor, person), []).append((tick * TICK_S, *xy))
    return world, {key: np.array(rows) for key, rows in track.items()}


def test_the_same_seed_gives_the_same_truth(site):
    truths = []
    for step in (0.05, 0.7, 60.0):  # however often it is looked at
        world = World(site, 8, floors=["g"])
        for k in range(1, int(40 / step) + 1):
            world.at(k * step)
        world.advance(45.0)
        truths.append(msgspec.json.encode(world.truth("2026-01-01T00:00:00.000Z")))
    assert truths[0] == truths[1] == truths[2]
    other = World(site, 9, floors=["g"])
    other.advance(45.0)
    assert msgspec.json.encode(other.truth("2026-01-01T00:00:00.000Z")) != truths[0]


def test_crossings_are_where_paths_cut_lines(walked):
    world, track = walked
    expected = set()
    for (floor, person), rows in track.items():
        for line in world.floors[floor].lines.values():
            a, b = line.ends_m
            side = (rows[:, 1:] - a) @ line.in_normal
            for i in np.flatnonzero((side[:-1] >= 0) != (side[1:] >= 0)):
                share = side[i] / (side[i] - side[i + 1])
                at = rows[i, 1:] + share * (rows[i + 1, 1:] - rows[i, 1:])
                if 0 <= (at - a) @ (b - a) <= (b - a) @ (b - a):
                    expected.add(
                        (line.id, person, "in" if side[i + 1] >= 0 else "out", float(rows[i, 0] + share * TICK_S))
                    )
    found = sorted((c.line, c.person, c.direction, c.at_s) for c in world.recorder.crossings)
    assert len(found) > 30
    assert [row[:3] for row in found] == [row[:3] for row in sorted(expected)]
    assert [row[3] for row in found] == pytest.approx([row[3] for row in sorted(expected)], abs=1e-3)


def test_visits_are_the_time_inside_the_zone(walked):
    world, track = walked
    for visit in world.recorder.visits:
        rows = track[visit.floor, visit.person]
        inside = world.floors[visit.floor].zones[visit.zone].contains(rows[:, 1:])
        left = visit.left_s if visit.left_s is not None else SECONDS
        middle = (rows[:, 0] > visit.entered_s + 1e-3) & (rows[:, 0] < left - 1e-3)
        assert inside[middle].all()
        if visit.dwell_s is not None:
            assert visit.dwell_s == pytest.approx(left - visit.entered_s, abs=1e-3)
    total = sum((v.left_s if v.left_s is not None else SECONDS) - v.entered_s for v in world.recorder.visits)
    samples = sum(
        zone.contains(rows[:, 1:]).sum() * TICK_S
        for (floor, _), rows in track.items()
        for zone in world.floors[floor].zones.values()
    )
    assert total == pytest.approx(samples, rel=0.01)


def test_occupancy_counts_open_visits(walked):
    world, _ = walked
    for floor, zones in world.recorder.occupancy.items():
        for zone, steps in zones.items():
            assert min(count for _, count in steps) >= 0
            assert steps[-1][1] == len(world.recorder.inside(floor, zone))


def test_people_walk_as_people_do(walked):
    world, track = walked
    for (floor, _), rows in track.items():
        speed = np.hypot(*np.diff(rows[:, 1:], axis=0).T) / TICK_S
        assert speed.max() < 2.3
        walking = speed[speed > 0.5]
        if len(walking) > 100:
            assert 0.7 < np.median(walking) < 1.7
        width, depth = world.floors[floor].size_m
        assert ((rows[:, 1:] > 0) & (rows[:, 1:] < [width, depth])).all()


def test_nobody_walks_through_walls(walked):
    world, track = walked
    for (floor, _), rows in track.items():
        for wall in world.floors[floor].walls:
            for a, b in zip(wall.path_m[:-1], wall.path_m[1:], strict=True):
                along = (b - a) / np.linalg.norm(b - a)
                side = (rows[:, 1:] - a) @ np.array([-along[1], along[0]])
                share = (rows[:, 1:] - a) @ along
                cut = (side[:-1] > 0) != (side[1:] > 0)
                assert not (cut & (share[:-1] > 0.05) & (share[:-1] < np.linalg.norm(b - a) - 0.05)).any()


def test_staff_stay_and_shoppers_leave(walked):
    world, track = walked
    kinds = {person.id: person.kind for person in world.recorder.persons}
    staff = [key for key in track if kinds[key[1]] == "staff"]
    assert len(staff) == 6
    assert all(track[key][-1, 0] == pytest.approx(SECONDS) for key in staff)
    assert not [c for c in world.recorder.crossings if kinds[c.person] == "staff"]
    assert any(rows[-1, 0] < SECONDS - 10 for rows in track.values())
    assert {"adult", "child"} <= set(kinds.values())


def test_members_check_in_where_they_stand_at_a_kiosk(walked):
    world, track = walked
    members = {person.id: person.member for person in world.recorder.persons}
    assert world.recorder.checkins
    for checkin in world.recorder.checkins:
        assert members[checkin.person] == checkin.member != ""
        rows = track[checkin.floor, checkin.person]
        at = rows[np.searchsorted(rows[:, 0], checkin.at_s), 1:]
        assert world.floors[checkin.floor].zones[checkin.zone].contains(at[None])[0]
        assert np.hypot(*(at - checkin.place_m)) < 0.8  # a pushchair stands between


def test_whoever_takes_the_escalator_arrives_upstairs_later(site):
    world = World(site, 1, people_per_minute=25)
    world.advance(120)
    assert world.recorder.transfers
    for transfer in world.recorder.transfers:
        assert transfer.arrived_s - transfer.left_s == pytest.approx(world.scene.people.escalator_s, abs=2 * TICK_S)
        assert any(v.person == transfer.person and v.floor == transfer.to_floor for v in world.recorder.visits)


def test_moments_between_ticks_lie_between_their_places(site):
    world = World(site, 2, floors=["g"])
    world.advance(30.0)
    before, middle, after = (world.at(30.0 + share * TICK_S)["g"] for share in (0.0, 0.5, 1.0))
    rows = {person: i for i, person in enumerate(before.ids.tolist())}
    for i, person in enumerate(middle.ids.tolist()):
        if person in rows and person in after.ids:
            ends = before.xy_m[rows[person]], after.xy_m[after.ids.tolist().index(person)]
            assert np.allclose(middle.xy_m[i], (ends[0] + ends[1]) / 2, atol=1e-9)
    assert math.isclose(middle.time_s, 30.025)


def test_no_arrivals_empty_the_mall(site):
    world = World(site, 4, floors=["g"], arrivals_until_s=20.0)
    world.advance(300.0)
    kinds = {person.id: person.kind for person in world.recorder.persons}
    assert {kinds[int(person)] for person in world.at(300.0)["g"].ids} == {"staff"}


def test_a_floor_without_a_scene_is_said(site):
    with pytest.raises(BadInputError, match="roof"):
        World(site, floors=["roof"])


def test_a_site_without_a_scene_is_said(site, tmp_path):
    lonely = tmp_path / "site.toml"
    lonely.write_text("")
    object.__setattr__(site, "source", lonely)
    try:
        with pytest.raises(BadInputError, match=r"scene\.toml"):
            load_scene(site)
    finally:
        object.__setattr__(site, "source", GALLERIA)
