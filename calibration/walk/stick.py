"""The box that a walker's body gives in a picture: a stick with feet around its lower end.

The lower edge of a box is the foot nearer to the camera, not the middle of the body: half a step when the walker comes
or goes, half a shoe when they walk across. Two cameras that face each other would disagree by that, twice, and a fit of
bare foot points would bend both to hide it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from calibration.camera import Camera, Floats

MIDDLE, LOW, TOP = 0, 1, 2
"""Columns of a box's measures: pixels of its middle across, its lower and its upper edge."""
SHAPE_TERMS = 8
PROBE_M = 2e-3


@dataclass(frozen=True, slots=True)
class Body:
    """What is common to all boxes of one walker and one detector.

    Attributes:
        tall_m: height of the upper edge above the floor.
        foot_m: how far the nearer foot stands before the body's middle, standing.
        stride_s: how much further for each metre a second towards or away from the camera.
        low_share: how much lower the detector draws the lower edge than the foot is, share of the box's height.
        head_m: how far behind the body's middle, seen from the camera, the head's outline is highest.
        lean_s: how far ahead of the feet's middle the head is, for each metre a second of walking.
        along_s: the same of the box's middle: a rucksack or a skirt hangs behind.
        aside_s: how far it is to the left of the way, for each metre a second: what is carried on one side.
    """

    tall_m: float = 1.72
    foot_m: float = 0.16
    stride_s: float = 0.11
    low_share: float = -0.0265
    head_m: float = 0.05
    lean_s: float = 0.022
    along_s: float = 0.0
    aside_s: float = 0.0

    def as_array(self) -> Floats:
        """(8,) in the order above."""
        return np.array(
            [
                *(self.tall_m, self.foot_m, self.stride_s, self.low_share),
                *(self.head_m, self.lean_s, self.along_s, self.aside_s),
            ]
        )


def turned(camera: Camera, turn_rad: Floats, move_m: Floats) -> Camera:
    """The camera turned about its own centre by a rotation vector of the world, and moved."""
    rotation = camera.rotation @ cv2.Rodrigues(-np.asarray(turn_rad, np.float64))[0]
    centre = camera.centre_m + move_m
    return replace(camera, rotation=rotation, translation=-rotation @ centre)


def _ahead(camera: Camera, xy_m: Floats) -> Floats:
    """(N, 2) unit vectors on the floor from the walker to the camera; 0 right below it."""
    to = camera.centre_m[:2] - xy_m
    return np.asarray(to / np.maximum(np.linalg.norm(to, axis=1, keepdims=True), 0.3), np.float64)


def _left(velocity_mps: Floats) -> Floats:
    return np.column_stack([-velocity_mps[:, 1], velocity_mps[:, 0]])


def ends_m(camera: Camera, xy_m: Floats, velocity_mps: Floats, body: Body) -> tuple[Floats, Floats]:
    """(N, 3) where the nearer foot and the highest outline of the head are, of a body at (N, 2) metres."""
    ahead = _ahead(camera, xy_m)
    along = np.abs((ahead * velocity_mps).sum(1))
    foot = xy_m + ahead * (body.foot_m + body.stride_s * along)[:, None]
    head = xy_m - body.head_m * ahead + body.lean_s * velocity_mps
    return np.column_stack([foot, np.zeros(len(foot))]), np.column_stack([head, np.full(len(head), body.tall_m)])


def measures(camera: Camera, xy_m: Floats, velocity_mps: Floats, body: Body) -> Floats:
    """(N, 3) pixels of the middle, the lower and the upper edge of the box; NaN behind the camera."""
    ends = ends_m(camera, xy_m, velocity_mps, body)
    foot, head = (camera.pixels_from_world(end) for end in ends)
    off = np.zeros_like(ends[0])
    off[:, :2] = body.along_s * velocity_mps + body.aside_s * _left(velocity_mps)
    middle = sum(camera.pixels_from_world(end + off)[:, 0] for end in ends) / 2
    low = foot[:, 1] + body.low_share * (foot[:, 1] - head[:, 1])
    return np.column_stack([middle, low, head[:, 1]])


def derivatives(camera: Camera, xy_m: Floats, velocity_mps: Floats, body: Body) -> tuple[Floats, Floats, Floats]:
    """How the measures depend on place, pose and body.

    Central differences of the projection by the point in space serve for all: moving the camera is moving the point the
    other way, turning it is turning the point about the camera. So any lens will do.

    Returns:
        (N, 3, 2) by place, (N, 3, 6) by turn and move of `turned`, (N, 3, 8) by the terms of the body.
    """
    count, ahead = len(xy_m), _ahead(camera, xy_m)
    foot, head = ends_m(camera, xy_m, velocity_mps, body)
    by_foot, by_head = _by_point(camera, foot), _by_point(camera, head)
    grown = 1 + body.low_share
    mixed = np.zeros((2, count, 3, 3))  # of the three measures by foot and by head
    mixed[0, :, MIDDLE], mixed[1, :, MIDDLE] = by_foot[:, 0] / 2, by_head[:, 0] / 2
    mixed[0, :, LOW], mixed[1, :, LOW] = grown * by_foot[:, 1], -body.low_share * by_head[:, 1]
    mixed[1, :, TOP] = by_head[:, 1]
    by_place = (mixed[0] + mixed[1])[:, :, :2]
    pose = np.empty((count, 3, 6))
    pose[:, :, 3:] = -(mixed[0] + mixed[1])
    pose[:, :, :3] = sum(
        np.cross((point - camera.centre_m)[:, None], part) for point, part in ((foot, mixed[0]), (head, mixed[1]))
    )
    pose[:, :, :3] *= -1.0
    shape = np.zeros((count, 3, SHAPE_TERMS))
    shape[:, :, 0] = mixed[1][:, :, 2]
    shape[:, :, 1] = np.einsum("nij,nj->ni", mixed[0][:, :, :2], ahead)
    shape[:, :, 2] = shape[:, :, 1] * np.abs((ahead * velocity_mps).sum(1))[:, None]
    shape[:, LOW, 3] = (camera.pixels_from_world(foot) - camera.pixels_from_world(head))[:, 1]
    shape[:, :, 4] = -np.einsum("nij,nj->ni", mixed[1][:, :, :2], ahead)
    shape[:, :, 5] = np.einsum("nij,nj->ni", mixed[1][:, :, :2], velocity_mps)
    shape[:, MIDDLE, 6] = (by_place[:, MIDDLE] * velocity_mps).sum(1)
    shape[:, MIDDLE, 7] = (by_place[:, MIDDLE] * _left(velocity_mps)).sum(1)
    return by_place, pose, shape


def _by_point(camera: Camera, xyz_m: Floats) -> Floats:
    """(N, 2, 3) pixels by metres in space."""
    steps = PROBE_M * np.eye(3)
    probes = np.concatenate([xyz_m + step for step in (*steps, *-steps)])
    uv = camera.pixels_from_world(probes).reshape(2, 3, len(xyz_m), 2)
    return np.asarray(((uv[0] - uv[1]) / (2 * PROBE_M)).transpose(1, 2, 0), np.float64)
