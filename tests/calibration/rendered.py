"""Pictures of something flat, drawn through a camera's lens, with its blur and noise."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.interpolate import RectBivariateSpline

from calibration.camera import Camera

FINER, STEP = 2, 8


def rendered(
    camera: Camera,
    texture: np.ndarray,
    texel_m: float,
    rng: np.random.Generator,
    *,
    corner_m: tuple[float, float] = (0.0, 0.0),
    flip: bool = False,
    blur_px: float = 0.6,
    noise: float = 3.0,
) -> np.ndarray:
    """What the camera shows of a (H, W) texture in the plane z = 0, its first texel's corner at ``corner_m``.

    Rows of the texture run along y, or against it with ``flip``, as on a plan seen from above.
    """
    across, down = np.meshgrid(
        np.arange(-STEP, camera.width + STEP, STEP), np.arange(-STEP, camera.height + STEP, STEP)
    )
    floor = camera.floor_from_pixels(np.column_stack([across.ravel(), down.ravel()]).astype(float))
    where = (floor - corner_m) / texel_m
    if flip:
        where[:, 1] = texture.shape[0] - where[:, 1]
    where = np.nan_to_num(where - 0.5, nan=-1e4).clip(-1e4, 1e4)
    # The lens is asked at every eighth pixel, and smooth between (not by cv2.remap, which rounds to 1/32 of that).
    # Finer pixels lie beside the middle of each pixel.
    fine_u, fine_v = (np.arange(n * FINER) / FINER - (FINER - 1) / (2 * FINER) for n in (camera.width, camera.height))
    grids = where.reshape(*across.shape, 2)
    splines = [RectBivariateSpline(down[:, 0], across[0], grids[:, :, k], kx=3, ky=3) for k in range(2)]
    maps = np.stack([spline(fine_v, fine_u) for spline in splines], -1).astype(np.float32)
    drawn = cv2.remap(texture, maps, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=150)
    small = cv2.resize(drawn, (camera.width, camera.height), interpolation=cv2.INTER_AREA).astype(float)
    small = cv2.GaussianBlur(small, (0, 0), blur_px) * 0.75 + 25
    return np.clip(small + noise * rng.normal(size=small.shape), 0, 255).astype(np.uint8)
