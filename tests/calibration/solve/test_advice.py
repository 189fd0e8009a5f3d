"""Where to click next: the best place, and a gain that is true."""

from itertools import pairwise

import numpy as np
import pytest

from calibration.solve.advice import MARGIN, clickable, next_click, next_clicks, with_clicks, without_pair
from calibration.solve.pairs import Pairs
from tests.calibration.certificate.hall import clicked, hall, of_plain, random_camera, solved, some_pairs, useful


def mean_error(solution, places):
    return float(np.nanmean(solution.expected_error_m(places)))


def joined(one, other):
    return Pairs(
        np.concatenate([one.pixel_px, other.pixel_px]),
        np.concatenate([one.floor_m, other.floor_m]),
    )


def test_no_other_place_helps_more():
    floor, camera, solution = of_plain(6)
    places = useful(camera, floor)[::40]
    best = next_click(solution, places, useful(camera, floor)[::25])
    gap = np.linalg.norm(useful(camera, floor)[::25][:, None] - solution.pairs.floor_m[None], axis=2).min(1)
    open_to = clickable(solution.camera, useful(camera, floor)[::25][gap >= 0.5])
    by_hand = [mean_error(with_clicks(solution, place[None]), places) for place in open_to]
    assert best.after_m == pytest.approx(min(by_hand), rel=1e-6)
    assert best.place_m == pytest.approx(open_to[int(np.argmin(by_hand))])
    assert best.before_m == pytest.approx(mean_error(solution, places))
    assert best.gain_m > 0


def test_a_click_is_well_inside_the_picture_and_no_mark_clicked_before():
    floor, camera, solution = of_plain(6)
    for click in next_clicks(solution, useful(camera, floor), 4):
        edge = MARGIN * camera.width
        assert edge <= click.pixel_px[0] <= camera.width - edge
        assert edge <= click.pixel_px[1] <= camera.height - edge
        assert np.linalg.norm(solution.pairs.floor_m - click.place_m, axis=1).min() >= 0.5
        assert solution.camera.pixels_from_floor(click.place_m[None])[0] == pytest.approx(click.pixel_px)


def test_clicks_bring_less_and_less_and_are_apart():
    floor, camera, solution = of_plain(4)
    clicks = next_clicks(solution, useful(camera, floor), 5)
    gains = [click.gain_m for click in clicks]
    assert len(clicks) == 5
    assert gains == sorted(gains, reverse=True)
    for one, other in pairwise(clicks):
        assert other.before_m == pytest.approx(one.after_m, rel=1e-6)
        assert np.linalg.norm(one.place_m - other.place_m) >= 0.5


def test_nowhere_to_click_and_nothing_to_gain():
    floor, camera, solution = of_plain(6)
    nothing = np.empty((0, 2))
    assert next_click(solution, nothing) is None
    assert next_click(solution, useful(camera, floor), nothing) is None
    assert next_click(solution, np.array([[10.0, -50.0]])) is None, "behind the camera"
    assert next_click(solution, useful(camera, floor), solution.pairs.floor_m) is None, "clicked already"


def test_two_updates_are_one_of_both():
    floor, camera, solution = of_plain(6)
    places = useful(camera, floor)[[10, -10]]
    both = with_clicks(solution, places)
    either = with_clicks(with_clicks(solution, places[1:]), places[:1])
    assert both.covariance == pytest.approx(either.covariance, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("seed", [1, 5])
def test_doing_what_is_said_brings_what_was_promised(seed):
    """Clicked where told, and solved again."""
    camera, floor = random_camera(seed), hall()
    rng = np.random.default_rng(seed)
    solution = solved(camera, some_pairs(camera, floor, 7, rng))
    places = useful(camera, floor)[::7]
    places = places[solution.camera.sees(places)]
    clicks = next_clicks(solution, places, 3)
    told = np.stack([click.place_m for click in clicks])
    after = solved(camera, joined(solution.pairs, clicked(camera, told, rng)))
    again = mean_error(after, places)
    assert 1 / 2 < again / clicks[-1].after_m < 2
    assert again / after.noise < clicks[0].before_m / solution.noise, "of equal noise, it got better as said"


def test_deleting_a_pair_brings_what_was_promised():
    """A pair that is off too little to be left out, but spoils the rest."""
    camera, floor = random_camera(102), hall()
    rng = np.random.default_rng(102)
    pairs = some_pairs(camera, floor, 9, rng)
    pairs.pixel_px[0] += 4.0
    solution = solved(camera, pairs)
    places = useful(camera, floor)[::7]
    places = places[solution.camera.sees(places)]
    promised = without_pair(solution, 0)
    kept = solved(camera, pairs.only(np.arange(1, 9)))
    assert 1 / 1.5 < mean_error(promised, places) / mean_error(kept, places) < 1.5
    assert not promised.is_used[0]


def test_deleting_a_pair_that_is_left_out_changes_nothing():
    floor, camera, _ = of_plain(10)
    pairs = some_pairs(camera, floor, 10, np.random.default_rng(4))
    pairs.floor_m[2] += 1.5
    solution = solved(camera, pairs)
    assert not solution.is_used[2]
    places = useful(camera, floor)[::9]
    assert mean_error(without_pair(solution, 2), places) == pytest.approx(mean_error(solution, places), rel=0.02)
