"""Where the people of one camera stand: foot points through lens and pose to metres, each with its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from calibration.camera import ASSUMED_HEIGHT_M, Camera
from edge.track.tracks import Tracks

Floats = NDArray[np.float64]

CUT_OFF_PX = 2.0
"""A box that ends this close to the picture's lower edge is cut off there."""
HIDDEN_VARIANCE = 4.0
"""Variance of a foot point that the tracker guessed from the head, over that of one it saw."""
PROBE_PX = 1.0
"""Step of the numeric derivative of the projection."""


@dataclass(frozen=True, slots=True)
class FootingSettings:
    """How far a foot point is trusted.

    Attributes:
        noise_share: standard deviation of a foot point as a share of the box's height.
        noise_px: the same, added, pixels.
        doubt_share: so much more of the height for every unit of score below
        sure_score: this: a doubtful box ends anywhere, mostly where something hides the feet. Measured with person-n in
            the twin: 0.024 of the height at scores over 0.85, 0.05 to 0.1 at 0.6, 0.13 to 0.18 at 0.4.
        floor_noise_m: unevenness of floor and stride, metres.
        bias_share: what a calibration is off by, as a share of the picture's width.
        bias_m: the same on the floor, added, metres.
        height_noise_m: spread of people's heights about the assumed one, metres.
        short_box: a box shorter than this share of a person there has its feet hidden.
        blind_m: a position less certain than this is not used, metres.
        beyond_m: how far outside the plan a position may lie, metres.
    """

    noise_share: float = 0.025
    noise_px: float = 1.0
    doubt_share: float = 0.35
    sure_score: float = 0.75
    floor_noise_m: float = 0.08
    bias_share: float = 0.004
    bias_m: float = 0.12
    height_noise_m: float = 0.10
    short_box: float = 0.55
    blind_m: float = 2.5
    beyond_m: float = 3.0


@dataclass(frozen=True, slots=True)
class Footing:
    """N people of one camera on the floor.

    Attributes:
        track: (N,) int64 the camera's track ids.
        position_m: (N, 2) metres.
        covariance_m2: (N, 2, 2) of what changes from picture to picture, square metres.
        bias_m2: (N, 2, 2) of what stays wrong, such as the calibration and a person's height, square metres.
        velocity_mps: (N, 2) metres a second.
        reported: (N,) known to be a person, because it has moved or stirs.
        observed: (N,) matched to a detection in the latest frame.
        from_head: (N,) the feet are hidden; the position comes from the head and the assumed height.
        score: (N,) of the latest detection.
        born_at: (N,) seconds, when first detected.
        born_m: (N, 2) metres, where; NaN where unknown.
        past: (K, 4) track, seconds, x, y: where those reported for the first time have been before, metres.
        at: seconds, when the frame was captured.
        alive: (K,) int64 every track the camera still follows, those without a usable position included.
        stirring: (N,) known to be a person because it stirs, though it never moved; nobody by default.
    """

    track: NDArray[np.int64]
    position_m: Floats
    covariance_m2: Floats
    bias_m2: Floats
    velocity_mps: Floats
    reported: NDArray[np.bool_]
    observed: NDArray[np.bool_]
    from_head: NDArray[np.bool_]
    score: Floats
    born_at: Floats
    born_m: Floats
    past: Floats
    at: float
    alive: NDArray[np.int64]
    stirring: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        """Number of people."""
        return len(self.track)


@dataclass(slots=True)
class FloorView:
    """One camera's way from tracks to the floor.

    Attributes:
        camera: its calibration.
        size_m: width and height of the plan, metres.
        settings: see there.
    """

    camera: Camera
    size_m: tuple[float, float]
    settings: FootingSettings = field(default_factory=FootingSettings)

    def footing(
        self,
        at: float,
        tracks: Tracks,
        size_px: tuple[int, int],
        reported: NDArray[np.bool_] | None = None,
        stirring: NDArray[np.bool_] | None = None,
    ) -> Footing:
        """Where a camera's tracks stand, less those at or above the horizon or off the plan.

        Args:
            at: seconds, when the picture was captured.
            tracks: N tracks.
            size_px: width and height of the picture.
            reported: (N,) which of them are known to be people; all by default.
            stirring: (N,) which of those only because they stir; none by default.
        """
        reported = np.ones(len(tracks), np.bool_) if reported is None else reported
        camera = self.camera.scaled(*size_px)
        foot = np.asarray(tracks.foot_px, np.float64).reshape(-1, 2)
        box = np.asarray(tracks.box_px, np.float64).reshape(-1, 4)
        head = np.column_stack([foot[:, 0], box[:, 1]])
        tall = box[:, 3] - box[:, 1]
        position = camera.floor_from_pixels(foot)
        from_head = self._feet_hidden(camera, tracks, position, tall)
        if from_head.any():
            by_head = camera.floor_from_heads(head)
            from_head &= np.isfinite(by_head).all(1)
            position[from_head] = by_head[from_head]
        pixel = np.where(from_head[:, None], head, foot)
        jacobian, by_height = self._derivatives(camera, pixel, position, from_head)
        doubt = np.maximum(0.0, self.settings.sure_score - np.asarray(tracks.score, np.float64).reshape(-1))
        share = self.settings.noise_share + self.settings.doubt_share * doubt
        sigma = self.settings.noise_px + share * tall
        per_pixel = np.einsum("nij,nkj->nik", jacobian, jacobian)
        covariance = per_pixel * (sigma * sigma)[:, None, None] + self.settings.floor_noise_m**2 * np.eye(2)
        bias = per_pixel * (self.settings.bias_share * camera.width) ** 2 + self.settings.bias_m**2 * np.eye(2)
        bias += np.einsum("ni,nj->nij", by_height, by_height) * self.settings.height_noise_m**2
        covariance[np.asarray(tracks.foot_hidden, np.bool_) & ~from_head] *= HIDDEN_VARIANCE
        velocity = np.einsum("nij,nj->ni", jacobian, np.asarray(tracks.velocity_px, np.float64).reshape(-1, 2))
        keep = self._usable(position, covariance + bias) & np.isfinite(velocity).all(1)
        return Footing(
            track=np.asarray(tracks.id, np.int64)[keep],
            position_m=position[keep],
            covariance_m2=covariance[keep],
            bias_m2=bias[keep],
            velocity_mps=velocity[keep],
            reported=reported[keep],
            observed=np.asarray(tracks.observed, np.bool_)[keep],
            from_head=(from_head | np.asarray(tracks.foot_hidden, np.bool_))[keep],
            score=np.asarray(tracks.score, np.float64)[keep],
            born_at=np.asarray(tracks.born_at, np.float64)[keep],
            born_m=camera.floor_from_pixels(np.asarray(tracks.born_px, np.float64))[keep],
            past=np.column_stack([tracks.past[:, :2], camera.floor_from_pixels(tracks.past[:, 2:])]),
            at=at,
            alive=np.asarray(tracks.id, np.int64),
            stirring=None if stirring is None else stirring[keep],
        )

    def _feet_hidden(self, camera: Camera, tracks: Tracks, position: Floats, tall: Floats) -> NDArray[np.bool_]:
        """(N,) whether the box ends at the picture's lower edge or is far too short for a person there.

        The tracker's own estimate of hidden feet is a foot point already and is kept.
        """
        cut = np.asarray(tracks.box_px, np.float64).reshape(-1, 4)[:, 3] >= camera.height - CUT_OFF_PX
        with np.errstate(invalid="ignore"):
            expected = camera.person_height_px(np.nan_to_num(position))
            short = tall < self.settings.short_box * expected
        return np.asarray((cut | short) & tracks.observed & ~(np.asarray(tracks.foot_hidden) & ~cut), np.bool_)

    def _derivatives(
        self, camera: Camera, pixel: Floats, position: Floats, from_head: NDArray[np.bool_]
    ) -> tuple[Floats, Floats]:
        """(N, 2, 2) metres a pixel, and (N, 2) metres a metre of height, which is zero for feet."""
        jacobian = np.empty((len(pixel), 2, 2))
        for axis, step in enumerate(np.eye(2) * PROBE_PX):
            moved = camera.floor_from_pixels(pixel + step)
            if from_head.any():
                moved[from_head] = camera.floor_from_heads(pixel[from_head] + step)
            jacobian[:, :, axis] = (moved - position) / PROBE_PX
        by_height = np.zeros((len(pixel), 2))
        if from_head.any():
            taller = camera.floor_from_heads(pixel[from_head], ASSUMED_HEIGHT_M + 0.1)
            by_height[from_head] = (taller - position[from_head]) / 0.1
        return jacobian, by_height

    def _usable(self, position: Floats, covariance: Floats) -> NDArray[np.bool_]:
        """(N,) whether a position is on the plan, give or take, and certain enough to be worth something."""
        with np.errstate(invalid="ignore"):
            on_plan = (position >= -self.settings.beyond_m).all(1)
            on_plan &= (position <= np.array(self.size_m) + self.settings.beyond_m).all(1)
            sharp = covariance[:, 0, 0] + covariance[:, 1, 1] < 2 * self.settings.blind_m**2
        return np.asarray(on_plan & sharp, np.bool_)
