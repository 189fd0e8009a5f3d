"""The certificate's expected error is what a person with the truth would measure, fisheyes included."""

import numpy as np

from calibration.certificate.certify import certify_camera
from calibration.certificate.limits import Limits
from calibration.certificate.view import View
from tests.calibration.certificate.hall import PERSON_PX, hall, random_camera, solved, some_pairs

SEEDS = range(8)


def true_error_cm(camera, solution, floor, rng, noise_px):
    """Median distance between floor points and what the solved camera says of their pixels, clicked as the pairs."""
    places = View(camera, floor, PERSON_PX).zone_places_m
    pixel = camera.pixels_from_floor(places) + rng.normal(0, noise_px, places.shape)
    off = solution.camera.floor_from_pixels(pixel) - (places + rng.normal(0, 0.02, places.shape))
    return 100 * float(np.median(np.nan_to_num(np.linalg.norm(off, axis=1), nan=100.0)))


def test_expected_error_is_within_half_of_the_true_one_for_four_cameras_in_five():
    ratios, suspects, verdicts = [], [], []
    for seed in SEEDS:
        camera, floor, rng = random_camera(seed), hall(), np.random.default_rng(seed)
        count, noise_px = int(rng.integers(6, 15)), rng.uniform(1.0, 2.0)
        solution = solved(camera, some_pairs(camera, floor, count, rng, noise_px))
        certificate = certify_camera(solution.camera, floor, solution, Limits())
        ratios.append(certificate.error_cm / true_error_cm(camera, solution, floor, rng, noise_px))
        suspects += [pair.is_suspect for pair in certificate.pairs]
        verdicts.append(certificate.verdict)
    ratio = np.array(ratios)
    assert np.mean((ratio > 1 / 1.5) & (ratio < 1.5)) >= 0.8, np.round(ratio, 2)
    assert 0.75 < np.median(ratio) < 1.33, "neither boastful nor timid"
    assert np.mean(suspects) < 0.02, "right pairs are left in peace"
    assert "fail" not in verdicts
