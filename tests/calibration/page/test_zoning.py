"""Zones are drawn, moved, named and deleted; what would be no zone is refused; every change can be taken back."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.camera import Camera
from calibration.geometry import Line, Wall, Zone
from calibration.page.acts import Act, act_on_zones, read_act
from calibration.page.ports import Geometry
from calibration.page.zoning import ZoneWork
from contract.errors import BadInputError

SIZE_M = (12.0, 9.0)


def work() -> ZoneWork:
    ring = np.array([[1.0, 1.0], [4.0, 1.0], [4.0, 5.0], [1.0, 5.0]])
    line = Line("door", "Door", "shop", np.array([[2.0, 1.0], [3.0, 1.0]]), np.array([0.0, 1.0]))
    zones = {"shop": Zone("shop", "Shop", "fashion", (ring,))}
    return ZoneWork(Geometry(zones, {"door": line}, [Wall("w", np.array([[0.0, 8.0], [12.0, 8.0]]), 2.5)]))


def draw(zones: ZoneWork, *corners: tuple[float, float]) -> None:
    zones.draw("zone")
    for corner in corners:
        zones.click(corner)


def test_a_zone_is_its_corners_closed_by_the_first() -> None:
    zones = work()
    draw(zones, (6.0, 1.0), (8.0, 1.0), (8.0, 3.0), (6.05, 1.05))
    assert zones.drawing is not None
    assert len(zones.drawing.points) == 4
    zones.grab(0)
    made = zones.geometry.zones["zone-1"]
    assert zones.chosen == "zone-1"
    assert len(made.rings_m[0]) == 4


def test_corners_of_neighbours_draw_a_click_to_themselves() -> None:
    zones = work()
    draw(zones, (4.1, 1.05), (6.0, 1.0), (6.0, 5.0), (3.95, 4.9))
    zones.close()
    ring = zones.geometry.zones["zone-1"].rings_m[0].tolist()
    assert [4.0, 1.0] in ring
    assert [4.0, 5.0] in ring


def test_corners_are_drawn_to_borders_walls_and_right_angles() -> None:
    zones = work()
    draw(zones, (4.1, 3.0), (7.0, 3.1), (7.0, 7.9))
    assert zones.drawing is not None
    assert zones.drawing.points == ((4.0, 3.0), (7.0, 3.0), (7.0, 8.0))
    zones.choose("shop")
    zones.move(2, (4.1, 7.9))
    assert zones.corners_m[2].tolist() == [4.1, 8.0]
    zones.move(2, (4.1, 7.8))
    assert zones.corners_m[2].tolist() == [4.1, 7.8], "and not to where it was itself"


@pytest.mark.parametrize(
    ("corners", "said"),
    [
        ([(6.0, 1.0), (8.0, 1.0)], "three corners"),
        ([(6.0, 1.0), (8.0, 3.0), (8.0, 1.0), (6.0, 3.0)], "cross itself"),
        ([(6.0, 1.0), (6.3, 1.0), (6.3, 1.3)], "too small"),
    ],
)
def test_what_is_no_zone_is_refused_and_the_drawing_goes_on(corners: list[tuple[float, float]], said: str) -> None:
    zones = work()
    draw(zones, *corners)
    with pytest.raises(BadInputError, match=said):
        zones.close()
    assert zones.drawing is not None
    assert list(zones.geometry.zones) == ["shop"]


def test_a_corner_may_not_make_its_zone_cross_itself() -> None:
    zones = work()
    zones.choose("shop")
    with pytest.raises(BadInputError, match="it stays as it was"):
        zones.move(0, (6.0, 3.0))
    assert zones.corners_m[0].tolist() == [1.0, 1.0]
    zones.move(0, (0.5, 0.5))
    assert zones.corners_m[0].tolist() == [0.5, 0.5]


def test_undo_brings_everything_back_and_redo_does_it_again() -> None:
    zones = work()
    before = zones.geometry
    zones.choose("shop")
    zones.move(2, (5.0, 6.0))
    zones.name("  Nova   Loja ", "Dining")
    zones.choose("shop")
    zones.delete()
    assert zones.geometry.zones == {}
    assert zones.geometry.lines == {}
    for _ in range(3):
        zones.undo()
    assert zones.geometry is before
    for _ in range(2):
        zones.redo()
    assert (zones.geometry.zones["shop"].name, zones.geometry.zones["shop"].category) == ("Nova Loja", "dining")
    assert not zones.is_kept


def test_undo_takes_the_corners_of_a_drawing_first() -> None:
    zones = work()
    draw(zones, (6.0, 1.0), (8.0, 1.0))
    zones.undo()
    assert zones.drawing is not None
    assert zones.drawing.points == ((6.0, 1.0),)
    zones.undo()
    zones.undo()
    assert zones.drawing is None


def test_a_line_belongs_to_the_zone_in_hand_and_counts_into_it() -> None:
    zones = work()
    with pytest.raises(BadInputError, match="choose the zone first"):
        zones.draw("line")
    zones.click((2.5, 3.0))
    zones.draw("line")
    zones.click((3.5, 5.0))
    zones.click((1.5, 5.0))
    line = zones.geometry.lines["shop-door-1"]
    assert line.zone == "shop"
    assert line.in_normal.tolist() == [0, -1]
    zones.turn()
    assert zones.geometry.lines["shop-door-1"].in_normal.tolist() == [0, 1]


def test_deleting_a_corner_leaves_a_zone_or_nothing_changes() -> None:
    zones = work()
    zones.choose("shop")
    zones.grab(3)
    zones.delete()
    assert len(zones.corners_m) == 3
    zones.grab(0)
    with pytest.raises(BadInputError, match="three corners"):
        zones.delete()
    assert len(zones.corners_m) == 3


def looking_north(tilt_deg: float = 38.0) -> Camera:
    tilt = np.radians(tilt_deg)
    ahead, right = np.array([0.0, np.cos(tilt), -np.sin(tilt)]), np.array([1.0, 0.0, 0.0])
    rotation = np.stack([right, np.cross(ahead, right), ahead])
    matrix = np.array([[420.0, 0, 319.5], [0, 420.0, 179.5], [0, 0, 1]])
    return Camera("c", 640, 360, matrix, np.empty(0), rotation, -rotation @ np.array([6.0, 0.5, 3.4]))


def test_a_click_in_the_picture_is_one_on_the_floor() -> None:
    zones, camera = work(), looking_north()
    zones.draw("zone")
    u, v = camera.pixels_from_floor(np.array([[7.0, 4.0]]))[0]
    act_on_zones(Act("place", side="picture", x=u, y=v), zones, camera, SIZE_M)
    assert zones.corners_m[0] == pytest.approx([7.0, 4.0], abs=1e-3)
    with pytest.raises(BadInputError, match="not calibrated"):
        act_on_zones(Act("place", side="picture", x=u, y=v), zones, None, SIZE_M)
    with pytest.raises(BadInputError, match="above the horizon"):
        act_on_zones(Act("place", side="picture", x=320, y=5), zones, looking_north(5.0), SIZE_M)


@pytest.mark.parametrize(
    "raw",
    [
        None, [], {"do": "format"}, {"do": "place", "x": "a"}, {"do": "place", "x": float("nan")},
        {"do": "place", "y": float("inf")}, {"do": "name", "text": "x" * 9999}, {"do": "place", "side": "ceiling"},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_no_act(raw: object) -> None:
    assert read_act(raw) is None


def test_a_point_far_away_stays_within_reason() -> None:
    act = read_act({"do": "place", "side": "plan", "x": 1e300, "y": -1e300})
    assert act is not None
    zones = work()
    zones.draw("zone")
    act_on_zones(act, zones, None, SIZE_M)
    assert zones.corners_m.tolist() == [[12.0, 0.0]]
