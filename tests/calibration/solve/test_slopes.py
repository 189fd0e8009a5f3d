"""Slopes out of formulas equal differences between shifted cameras."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from calibration.camera import Camera
from calibration.solve.terms import STEP, TERMS, floor_slopes, pixel_slopes, projected, shifted


def hung(lens: str, distortion: list[float], tilt_deg: float = 35.0) -> Camera:
    tilt, heading = np.radians(tilt_deg), 0.7
    ahead = np.array([np.cos(heading) * np.cos(tilt), np.sin(heading) * np.cos(tilt), -np.sin(tilt)])
    right = np.array([np.sin(heading), -np.cos(heading), 0.0])
    rotation = cv2.Rodrigues(0.05 * ahead)[0] @ np.stack([right, np.cross(ahead, right), ahead])
    focal = 800.0 if lens == "brown" else 450.0
    matrix = np.array([[focal, 1.5, 655.0], [0, focal * 1.01, 350.0], [0, 0, 1]])
    centre = np.array([4.0, 6.0, 3.4])
    return Camera("c", 1280, 720, matrix, np.array(distortion), rotation, -rotation @ centre, lens)  # type: ignore[arg-type]


CAMERAS = [
    hung("brown", []),
    hung("brown", [-0.2, 0.05, 0.004, -0.003]),
    hung("brown", [-0.2, 0.05, 0.004, -0.003, 0.01, 0.02, -0.01, 0.01, 0.002, -0.001, 0.003, 0.001, 0.02, -0.03]),
    hung("fisheye", []),
    hung("fisheye", [0.03, -0.01, 0.002, -0.001], 60.0),
]


def places(camera: Camera) -> np.ndarray:
    rng = np.random.default_rng(3)
    floor = camera.floor_from_pixels(rng.uniform([40, 200], [1240, 700], (40, 2)))
    return floor[np.isfinite(floor).all(1)]


@pytest.mark.parametrize("camera", CAMERAS)
def test_pixels_are_the_cameras_own(camera: Camera) -> None:
    floor = np.concatenate([places(camera), np.random.default_rng(0).uniform(-30, 40, (200, 2))])
    there, own = projected(camera, floor)[0], camera.pixels_from_floor(floor)
    assert (np.isnan(there) == np.isnan(own)).mean() > 0.99  # the lens's fold is looked for in steps
    both = np.isfinite(there) & np.isfinite(own)
    assert both.sum() > 60
    assert np.allclose(there[both], own[both], rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("camera", CAMERAS)
def test_slopes_are_differences(camera: Camera) -> None:
    floor = places(camera)
    slopes = pixel_slopes(camera, TERMS, floor)
    for k, term in enumerate(TERMS):
        step = np.array([STEP[term]])
        more, less = (shifted(camera, (term,), s).pixels_from_floor(floor) for s in (step, -step))
        expected = (more - less) / (2 * step)
        assert np.allclose(slopes[:, :, k], expected, rtol=1e-5, atol=1e-3), term
    for k in range(2):
        step = 1e-4 * np.eye(2)[k]
        expected = (camera.pixels_from_floor(floor + step) - camera.pixels_from_floor(floor - step)) / 2e-4
        assert np.allclose(floor_slopes(camera, floor)[:, :, k], expected, rtol=1e-5, atol=1e-3)


def test_what_is_behind_has_no_slope() -> None:
    camera = CAMERAS[1]
    behind = (camera.centre_m - 5 * camera.rotation[2])[None, :2]
    uv, slopes = projected(camera, behind)
    assert np.isnan(uv).all()
    assert np.isnan(slopes).all()


def test_a_camera_kept_in_another_order_gives_the_same() -> None:
    camera = replace(CAMERAS[1], rotation=np.asfortranarray(CAMERAS[1].rotation))
    floor = places(camera)
    assert np.allclose(projected(camera, floor)[0], projected(CAMERAS[1], floor)[0])
