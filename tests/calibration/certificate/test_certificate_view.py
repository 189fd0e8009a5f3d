"""What a camera covers, its horizon, the size of people, and pairs held against one another."""

from dataclasses import replace

import numpy as np
import pytest
import shapely

from calibration.certificate.limits import Limits
from calibration.certificate.measure import check_pairs, error_grid, left_out_covariance_m2
from calibration.certificate.view import View
from calibration.solve.solution import median_distance
from tests.calibration.certificate.hall import PERSON_PX, clicked, hall, hung, of_plain, plain, random_camera, useful


def test_a_wall_hides_what_is_behind_it():
    camera = plain()
    free, walled = hall(), hall(walls=([[0, 9.5], [20, 9.5]],))
    places = np.array([[10.0, 8.0], [10.0, 11.0]])
    assert View(camera, free, PERSON_PX).sees(places).tolist() == [True, True]
    assert View(camera, walled, PERSON_PX).sees(places).tolist() == [True, False]
    assert View(camera, walled, PERSON_PX).cover().useful_m2 < View(camera, free, PERSON_PX).cover().useful_m2


def test_a_privacy_mask_hides_what_is_under_it():
    camera = plain()
    floor = replace(hall(), masks_px={"cam": [np.array([[0, 0], [640, 0], [640, 720], [0, 720.0]])]})
    left, right = View(camera, floor, PERSON_PX).sees(np.array([[8.0, 8.0], [12.0, 8.0]]))
    assert (left, right) == (False, True)


def test_the_outline_of_what_is_covered_has_its_area():
    cover = View(plain(), hall(walls=([[6, 9], [8, 9]],)), PERSON_PX).cover()
    outer = [ring for ring in cover.rings_m if shapely.LinearRing(ring).is_ccw]
    holes = [ring for ring in cover.rings_m if not shapely.LinearRing(ring).is_ccw]
    area = sum(shapely.Polygon(ring).area for ring in outer) - sum(shapely.Polygon(ring).area for ring in holes)
    assert area == pytest.approx(cover.useful_m2, rel=0.02)
    farthest = max(np.hypot(x - 10, y - 1) for ring in cover.rings_m for x, y in ring)
    assert cover.reach_m == pytest.approx(farthest, abs=0.4)


@pytest.mark.parametrize("seed", [0, 2, 3, 5, 8])
def test_the_horizon_parts_floor_from_no_floor(seed):
    camera = random_camera(seed)
    level = hung((10, 1, 3), (10, 9, 2.0), 500, lens=camera.lens, distortion=camera.distortion)
    horizon = View(level, hall(), PERSON_PX).horizon()
    line = np.array(horizon.line_px)
    assert len(line) > 20
    down = np.array([0.0, 12.0])
    below = line + down
    inside = below[:, 1] < level.height
    assert np.isfinite(level.floor_from_pixels(below[inside])).all()
    above = (line - down)[line[:, 1] > 12]
    assert np.isnan(level.floor_from_pixels(above)).all()
    assert horizon.above_share == pytest.approx(line[:, 1].mean() / level.height, abs=0.06)


def test_a_camera_that_looks_down_has_no_horizon():
    down = hung((10, 7, 4), (10, 7.2, 0), 500)
    horizon = View(down, hall(), PERSON_PX).horizon()
    assert (horizon.line_px, horizon.above_share) == ([], 0.0)


def test_people_are_as_large_as_their_height_and_from_above_as_their_breadth():
    down = View(hung((10, 7, 4), (10, 7.2, 0), 500), hall(), PERSON_PX)
    assert down.person_px(np.array([[10.0, 7.0]]))[0] == pytest.approx(0.45 * 500 / (4 - 1.2), rel=0.05)
    view = View(plain(), hall(), PERSON_PX)
    places = np.array([[10.0, 9.0], [10.0, 13.0]])
    assert view.person_px(places) == pytest.approx(view.camera.person_height_px(places))
    smallest, far = view.far_end(places)
    assert (smallest, far) == (pytest.approx(view.person_px(places)[1]), pytest.approx(12.0))


def test_the_grid_holds_the_error_where_the_camera_sees():
    floor, _, solution = of_plain(12)
    view = View(solution.camera, floor, PERSON_PX)
    grid = error_grid(view, solution)
    assert len(grid.error_cm) == grid.rows * grid.columns
    told = np.array([np.nan if each is None else each for each in grid.error_cm])
    assert (np.isfinite(told) == view.is_seen).all()
    k = int(np.flatnonzero(view.is_seen)[100])
    assert told[k] == pytest.approx(100 * solution.expected_error_m(view.cells_m[k : k + 1])[0], abs=0.06)


def test_left_out_distances_are_as_large_as_expected():
    """Over many right pairs, half of them are nearer than the median that the others lead to expect."""
    nearer = []
    for seed in range(2):
        _, _, solution = of_plain(12, seed)
        usual = median_distance(left_out_covariance_m2(solution))
        nearer += (solution.left_out_m < usual).tolist()
    assert 0.25 < np.mean(nearer) < 0.75


def test_a_pair_above_the_horizon_is_said_so():
    _, _, solution = of_plain(12)
    gone = replace(solution, is_used=np.arange(12) != 3, left_out_m=np.where(np.arange(12) == 3, np.inf, 0.05))
    pair = check_pairs(gone, Limits())[3]
    assert pair.said == "pair 4 shows no floor by what the others say: move or delete it"
    assert pair.left_out_cm is None


def test_clicked_pairs_are_where_the_camera_sees_them():
    camera, floor = plain(), hall()
    places = useful(camera, floor)[::50]
    pairs = clicked(camera, places, np.random.default_rng(0))
    assert np.linalg.norm(camera.floor_from_pixels(pairs.pixel_px) - places, axis=1).max() < 0.5
