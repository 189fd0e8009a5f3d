"""What installers do wrong is recognised, and said in words that they can act on."""

from __future__ import annotations

import contextlib
import re

import numpy as np
import pytest

from calibration.solve.pairs import Pairs
from calibration.solve.remarks import remarks
from calibration.solve.solver import solve
from contract.errors import BadInputError
from tests.calibration.simulated import clicked, floor_points, mall_camera

SIZE = (1280, 720)


def good_pairs(count: int = 10, seed: int = 3, kind: str = "ordinary") -> Pairs:
    rng = np.random.default_rng(seed)
    while True:
        camera = mall_camera(rng, kind)
        if (camera.width, camera.height) == SIZE:
            return clicked(camera, floor_points(camera, rng, count), rng)


def refused(pairs: Pairs, said: str, **known: object) -> None:
    with pytest.raises(BadInputError, match=said) as caught:
        solve(pairs, SIZE, source="pairs.csv", **known)  # type: ignore[arg-type]
    assert str(caught.value).startswith("pairs.csv: ")
    assert "\n" not in str(caught.value)


def test_the_good_pairs_are_good() -> None:
    found = solve(good_pairs(), SIZE)
    assert found.is_used.all()
    assert remarks(found, SIZE) == []


@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few(count: int) -> None:
    some = good_pairs().only(np.arange(count))
    refused(some, rf"{count} pairs?; at least 4 are needed, 8 or more show how good .*add points spread over the floor")


def test_points_in_a_line_on_the_floor() -> None:
    pairs = good_pairs()
    along = np.linspace(0, 1, 10)[:, None]
    floor = pairs.floor_m[0] + along * (pairs.floor_m[1] - pairs.floor_m[0])
    refused(Pairs(pairs.pixel_px, floor), "lie on one line on the floor; add some well beside it")


def test_points_in_a_line_in_the_picture() -> None:
    pixel = np.column_stack([np.linspace(100, 1100, 10), np.linspace(300, 500, 10)])
    refused(Pairs(pixel, good_pairs().floor_m), "on one line in the picture; add some nearer and farther ones")


@pytest.mark.parametrize("way", ["y", "x", "swapped"])
@pytest.mark.parametrize("kind", ["ordinary", "fisheye"])
def test_mirrored_axes(way: str, kind: str) -> None:
    pairs = good_pairs(kind=kind)
    x, y = pairs.floor_m.T
    floor = {"y": [x, 40 - y], "x": [40 - x, y], "swapped": [y, x]}[way]
    refused(Pairs(pairs.pixel_px, np.column_stack(floor)), "floor looks mirrored: .*subtract it from the plan's height")


def test_mirrored_axes_and_a_wrong_pair_besides() -> None:
    pairs = good_pairs(12)
    floor = pairs.floor_m * [1, -1] + [0, 40]
    floor[4] += [2.0, 1.0]
    refused(Pairs(pairs.pixel_px, floor), "floor looks mirrored")


def test_pixel_and_floor_swapped() -> None:
    pairs = good_pairs()
    refused(Pairs(pairs.floor_m, pairs.pixel_px), "pixels and metres look swapped; columns are u,v in pixels")


def test_a_click_in_a_picture_of_another_size() -> None:
    pairs = good_pairs()
    refused(
        Pairs(pairs.pixel_px * 1.5, pairs.floor_m), r"outside the 1280 x 720 picture; was it clicked in a picture of"
    )


def test_millimetres() -> None:
    pairs = good_pairs()
    refused(Pairs(pairs.pixel_px, pairs.floor_m * 1000), "give metres, not millimetres")


def test_feet_where_the_plans_size_is_known() -> None:
    pairs = good_pairs()
    size = tuple((pairs.floor_m.max(0) + 1.0).tolist())
    floor = pairs.floor_m / 0.3048
    refused(Pairs(pairs.pixel_px, floor), r"measured in feet\? multiply by 0.3048", floor_size_m=size)


def test_feet_where_nothing_but_the_camera_tells() -> None:
    pairs = good_pairs()
    true_m = solve(pairs, SIZE).camera.centre_m[2]
    found = solve(Pairs(pairs.pixel_px, pairs.floor_m / 0.3048), SIZE)
    (said,) = [each for each in remarks(found, SIZE) if "feet" in each]
    assert re.search(
        r"would hang \d+\.\d m high; were the floor points measured in feet\? .*multiply them by 0.3048", said
    )
    assert f"hangs at {true_m:.1f} m" in said


@pytest.mark.parametrize(("scale", "said"), [(0.2, "only 0."), (12.0, "m high: check")])
def test_a_plan_of_the_wrong_scale(scale: float, said: str) -> None:
    pairs = good_pairs()
    found = solve(Pairs(pairs.pixel_px, pairs.floor_m * scale), SIZE)
    assert any(said in each and "the plan's scale" in each for each in remarks(found, SIZE))


def test_a_point_outside_the_plan() -> None:
    pairs = good_pairs()
    pairs.floor_m[3] = [300.0, 2.0]
    refused(
        pairs, r"pair 4 at \(300.0, 2.0\) m is outside the plan of 60 x 60 m; correct the point", floor_size_m=(60, 60)
    )


@pytest.mark.parametrize("kind", ["ordinary", "wide"])
def test_a_point_above_the_horizon(kind: str) -> None:
    rng = np.random.default_rng(11)
    while True:
        camera = mall_camera(rng, kind)
        top = np.isnan(camera.floor_from_pixels(np.array([[640.0, 12.0]]))).all()
        if (camera.width, camera.height) == SIZE and top:
            break
    pairs = clicked(camera, floor_points(camera, rng, 12), rng)
    pairs.pixel_px[4] = [640.0, 12.0]
    found = solve(pairs, SIZE)
    assert np.flatnonzero(~found.is_used).tolist() == [4]
    assert "pair 5 lies above the horizon, where no floor is: click it again or delete it" in remarks(found, SIZE)


def test_a_pair_that_is_off_is_named_with_its_distance() -> None:
    pairs = good_pairs(12)
    pairs.floor_m[2] += [0.6, 0.7]
    said = remarks(solve(pairs, SIZE), SIZE)[0]
    centimetres = re.fullmatch(r"pair 3 is (\d+) cm off: move or delete it", said)
    assert centimetres
    assert 75 < float(centimetres[1]) < 110


def test_one_pixel_for_two_floor_points() -> None:
    pairs = good_pairs()
    pairs.pixel_px[7] = pairs.pixel_px[2]
    refused(pairs, "pairs 3 and 8 have the same pixel")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_no_number(value: float) -> None:
    pairs = good_pairs()
    pairs.floor_m[0, 0] = value
    refused(pairs, "every number must be finite")


def test_four_pairs_are_not_praised() -> None:
    found = solve(good_pairs(4), SIZE)
    assert any("4 pairs fit some camera whatever they are: add 4" in each for each in remarks(found, SIZE))


def test_few_pairs_are_not_praised() -> None:
    found = solve(good_pairs(6), SIZE)
    assert any("6 pairs hardly show a wrong one: add 2" in each for each in remarks(found, SIZE))


def test_pairs_in_one_corner_are_said() -> None:
    pairs = good_pairs(40)
    near = np.argsort(np.hypot(*(pairs.pixel_px - pairs.pixel_px.mean(0)).T))[:8]
    found = solve(pairs.only(near), SIZE)
    assert any("add some near its edges, near and far" in each for each in remarks(found, SIZE))


def test_careless_clicks_are_said() -> None:
    rng = np.random.default_rng(5)
    camera = mall_camera(rng, "ordinary")
    pairs = clicked(camera, floor_points(camera, rng, 16), rng, 9.0, 0.2)
    size = (camera.width, camera.height)
    assert any("times less well than careful clicks" in each for each in remarks(solve(pairs, size), size))


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_clicked_a_camera_or_a_sentence_comes_of_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(4, 11))
    pixel, floor = rng.uniform(0, SIZE, (count, 2)), rng.uniform(0, 20, (count, 2))
    if seed % 3 == 0:
        pixel, floor = np.round(pixel, -2), np.round(floor / 4) * 4
    if seed % 4 == 1:
        floor = np.column_stack([pixel[:, 0] / 80, (800 - pixel[:, 1]) / 60]) + rng.normal(0, 0.5, (count, 2))
    with contextlib.suppress(BadInputError):  # anything else is ours to mend
        found = solve(Pairs(pixel, floor), SIZE)
        assert np.isfinite(found.covariance).all()
        assert np.isfinite(found.camera.rotation).all()
        assert found.camera.centre_m[2] > 0
