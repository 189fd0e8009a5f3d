"""The plan in the picture and the picture on the plan agree with the camera to a pixel; lines follow the lens."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.camera import Camera, Floats
from calibration.geometry import Line, Wall, Zone
from calibration.page.ports import Geometry
from calibration.page.see_through import drawn_plan, picture_in_plan, plan_in_picture, plan_scale
from calibration.page.through_lens import densified, floor_line_px, footprint_m, grid_m, horizon_px, seen_and_hidden_px
from calibration.zones.sight import behind_walls, shows_floor

SIZE_M = (12.0, 9.0)


def camera(distortion: tuple[float, ...] = (-0.2, 0.03, 0.0, 0.0, 0.0), tilt_deg: float = 38.0) -> Camera:
    """At (6, 0.5), 3.4 m high, looking north."""
    tilt = np.radians(tilt_deg)
    ahead, right = np.array([0.0, np.cos(tilt), -np.sin(tilt)]), np.array([1.0, 0.0, 0.0])
    rotation = np.stack([right, np.cross(ahead, right), ahead])
    matrix = np.array([[420.0, 0, 319.5], [0, 420.0, 179.5], [0, 0, 1]])
    return Camera("c", 640, 360, matrix, np.array(distortion), rotation, -rotation @ np.array([6.0, 0.5, 3.4]))


def blob(at: Floats, size: tuple[int, int]) -> np.ndarray:
    image = np.zeros((size[1], size[0], 3), np.uint8)
    y, x = np.mgrid[: size[1], : size[0]]
    image[np.hypot(x - at[0], y - at[1]) < 6] = 255
    return image


def middle(image: np.ndarray) -> Floats:
    y, x = np.nonzero(image[..., :3].max(-1) > 100)
    return np.array([x.mean(), y.mean()])


@pytest.mark.parametrize("distortion", [(), (-0.2, 0.03, 0.0, 0.0, 0.0)])
def test_a_spot_of_the_plan_is_where_the_camera_sees_it(distortion: tuple[float, ...]) -> None:
    spot, scale = np.array([7.2, 3.1]), 50
    plan = blob(np.array([spot[0], SIZE_M[1] - spot[1]]) * scale - 0.5, (600, 450))
    seen = plan_in_picture(camera(distortion), plan, SIZE_M)
    assert seen.shape == (360, 640, 4)
    assert np.abs(middle(seen) - camera(distortion).pixels_from_floor(spot[None])[0]).max() < 1.0


def test_a_spot_of_the_picture_is_where_it_stands_on_the_plan() -> None:
    spot = np.array([4.7, 3.4])
    picture = blob(camera().pixels_from_floor(spot[None])[0], (640, 360))
    plan = picture_in_plan(camera(), picture, SIZE_M)
    x, y = (middle(plan) + 0.5) / plan_scale(SIZE_M)
    assert np.hypot(x - spot[0], SIZE_M[1] - y - spot[1]) < 0.03


def test_nothing_is_painted_above_the_horizon_or_beside_the_plan() -> None:
    tilted = camera(tilt_deg=5.0)
    seen = plan_in_picture(tilted, np.full((90, 120, 3), 200, np.uint8), SIZE_M)
    v, u = np.mgrid[0:360:7, 0:640:7]
    floor = tilted.floor_from_pixels(np.column_stack([u.ravel(), v.ravel()]).astype(float))
    beside = ~((floor > -0.5) & (floor < np.array(SIZE_M) + 0.5)).all(1)
    assert (seen[v.ravel()[beside], u.ravel()[beside], 3] == 0).all()
    assert (seen[..., 3] > 0).any()


def test_the_picture_on_the_plan_leaves_out_what_the_camera_does_not_see() -> None:
    plan = picture_in_plan(camera(), np.full((360, 640, 3), 200, np.uint8), SIZE_M)
    scale = plan_scale(SIZE_M)
    for spot in ((0.2, 0.2), (11.8, 0.2)):
        assert plan[int((SIZE_M[1] - spot[1]) * scale), int(spot[0] * scale), 3] == 0
    assert plan[int((SIZE_M[1] - 4) * scale), int(6 * scale), 3] == 255


def test_a_straight_line_bends_as_the_lens_bends_it() -> None:
    path = np.array([[3.5, 3.0], [8.5, 3.0]])
    (run,) = floor_line_px(camera(), path)
    ends = run[[0, -1]]
    across = (run - ends[0]) @ np.array([-(ends[1] - ends[0])[1], (ends[1] - ends[0])[0]])
    assert np.abs(across).max() / np.hypot(*(ends[1] - ends[0])) > 3
    assert np.allclose(camera().floor_from_pixels(run)[:, 1], 3.0, atol=1e-3)


def test_a_line_that_runs_out_of_sight_ends_there() -> None:
    runs = floor_line_px(camera(), np.array([[6.0, -20.0], [6.0, 8.0]]))
    assert runs
    assert all(np.isfinite(run).all() for run in runs)
    assert floor_line_px(camera(), np.array([[6.0, -20.0], [6.0, -10.0]])) == []


def test_the_horizon_is_level_with_the_camera() -> None:
    (run,) = horizon_px(camera((), tilt_deg=10.0))
    assert np.allclose(run[:, 1], 179.5 - 420 * np.tan(np.radians(10)), atol=0.5)
    assert horizon_px(camera((), tilt_deg=60.0)) == []


def test_walls_hide_what_is_behind_them_and_not_what_is_before() -> None:
    wall = Wall("w", np.array([[5.0, 4.0], [7.0, 4.0]]), 3.0)
    places = np.array([[6.0, 3.0], [6.0, 6.0], [9.0, 6.0], [6.0, 4.0]])
    assert behind_walls(camera(), places, [wall]).tolist() == [False, True, False, False]
    assert not behind_walls(camera(), places, [Wall("low", wall.path_m, 0.05)])[1]
    seen, hidden = seen_and_hidden_px(camera(), np.array([[6.0, 2.0], [6.0, 7.0]]), [wall])
    assert len(seen) == 1
    assert len(hidden) == 1
    assert shows_floor(camera(), places, [wall]).tolist() == [True, False, True, True]


def test_the_plan_is_not_painted_over_walls() -> None:
    wall = Wall("w", np.array([[0.0, 4.0], [12.0, 4.0]]), 3.5)
    white = np.full((90, 120, 3), 200, np.uint8)
    before, behind = (camera().pixels_from_floor(np.array([[6.0, y]]))[0].round().astype(int) for y in (3.0, 6.0))
    open_floor, walled = (plan_in_picture(camera(), white, SIZE_M, walls) for walls in ([], [wall]))
    assert [image[before[1], before[0], 3] for image in (open_floor, walled)] == [255, 255]
    assert [image[behind[1], behind[0], 3] for image in (open_floor, walled)] == [255, 0]
    above = picture_in_plan(camera(), np.full((360, 640, 3), 200, np.uint8), SIZE_M, [wall])
    scale = plan_scale(SIZE_M)
    assert [above[int((SIZE_M[1] - y) * scale), int(6 * scale), 3] for y in (3.0, 6.0)] == [255, 0]


def test_the_footprint_is_what_the_picture_covers() -> None:
    outline = footprint_m(camera(), SIZE_M)
    assert np.isfinite(outline).all()
    near = camera().floor_from_pixels(np.array([[319.5, 359.0]]))[0]
    assert np.hypot(*(outline - near).T).min() < 0.1


def test_a_grid_has_a_line_a_metre_and_never_too_many() -> None:
    assert len(grid_m(SIZE_M)) == 11 + 8
    assert len(grid_m((5000.0, 10.0))) < 250


def test_a_path_is_followed_in_small_steps_to_its_end() -> None:
    path = densified(np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 2.0]]), 0.1, closed=True)
    steps = np.hypot(*np.diff(path, axis=0).T)
    assert steps.max() <= 0.1 + 1e-9
    assert path[0].tolist() == path[-1].tolist() == [0, 0]


def geometry() -> Geometry:
    ring = np.array([[1.0, 1.0], [4.0, 1.0], [4.0, 5.0], [1.0, 5.0]])
    hole = np.array([[2.0, 2.0], [3.0, 2.0], [3.0, 3.0], [2.0, 3.0]])
    zone = Zone("shop", "Shop", "fashion", (ring, hole))
    line = Line("door", "Door", "shop", np.array([[2.0, 1.0], [3.0, 1.0]]), np.array([0.0, 1.0]))
    return Geometry({"shop": zone}, {"door": line}, [Wall("w", np.array([[0.0, 8.0], [12.0, 8.0]]), 2.5)])


def test_a_drawn_plan_shows_shops_walls_and_holes() -> None:
    plan = drawn_plan(geometry(), SIZE_M)
    scale = plan_scale(SIZE_M)

    def at(x: float, y: float) -> list[int]:
        return plan[int((SIZE_M[1] - y) * scale), int(x * scale)].tolist()

    assert at(1.5, 4.0)[3] == 255
    assert at(2.5, 2.5)[3] == 0
    assert at(6.0, 8.0)[:3] != at(1.5, 4.0)[:3]
