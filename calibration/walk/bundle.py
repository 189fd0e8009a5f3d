"""Cameras, clocks, the walk and the walker fitted together to all boxes: bundle adjustment with robust weights.

Levenberg and Marquardt's method on the normal equations (Triggs et al., "Bundle Adjustment: A Modern Synthesis", 1999,
sections 4.3 and 6), reweighted every round. A few hundred unknowns make a small dense system, whatever the number
of boxes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_array

from calibration.camera import Camera, Floats
from calibration.walk.observations import BOX_ORIGIN_PX, Sightings, is_cut
from calibration.walk.stick import LOW, MIDDLE, SHAPE_TERMS, TOP, Body, derivatives, measures, turned
from calibration.walk.trajectory import DEGREE, Knots

POSE_TERMS = 6
COARSE = ((8.0, 12), (4.0, 12), (2.0, 12))
FINE = ((1.5, 10), (1.0, 30))
"""Beyond how many standard deviations a box loses its say, and rounds at most: from forgiving to strict. Half the
boxes of a shop floor end behind a counter or a rack; a forgiving end would bend the poses to them."""
ENOUGH = 1e-5
"""A round that gains less than this share of the cost is the last of its stage."""
CORRELATED_S = 0.3
"""Boxes of one camera closer in time than this err alike: a gait takes half a second a step."""
SURE_SCORE, DOUBT_SHARE = 0.75, 0.2
"""For every unit of score below the sure one, edges are so much less certain, share of the box's height."""
STEEP = 1.0
"""How much noise grows with the square of the tangent of the angle that the camera looks down at."""
UNSEEN = 1e3
"""Residual of a box that the camera cannot see from where it hangs, standard deviations."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is believed before the walk.

    Attributes:
        turn_deg: how far poses may be off, standard deviation.
        move_m: the same for where cameras hang.
        widest_s: largest clock offset looked for, either way.
        low_share: noise of the lower edge of a box, share of its height; gait and detector.
        top_share: of its upper edge.
        middle_share: of its middle across.
        noise_px: added to each.
        body: of the walker, in boxes as the detector draws them.
        tall_sigma_m: standard deviation of its height; people are 1.5 to 1.9 m.
        acceleration_mps2: of the walk, standard deviation.
        knot_s: between knots of the walk.
        anchor_px: click noise of an anchor.
    """

    turn_deg: float = 3.0
    move_m: float = 0.2
    widest_s: float = 2.5
    low_share: float = 0.03
    top_share: float = 0.025
    middle_share: float = 0.025
    noise_px: float = 0.7
    body: Body = field(default_factory=Body)
    tall_sigma_m: float = 0.1
    acceleration_mps2: float = 1.2
    knot_s: float = 0.5
    anchor_px: float = 1.5


SHAPE_SIGMA = (0.02, 0.02, 0.005, 0.04, 0.03, 0.03, 0.03)
"""Standard deviations of a body's other terms before the walk.

What they are about is in `stick.Body`, as fitted with the true cameras to six walks of the twin and the boxes of
person-mall; they varied by 0.011 m, 0.010 s and 0.006 in the first three. The third is the one that matters: boxes
cannot tell a detector that draws the lower edge too high from cameras that hang too low, and 1 cm of height is 5 cm
between two cameras that face each other 16 m apart. A known height of the walker does not help: the upper edge is off
by -6 to +2 cm as hair and background have it. Measured points of the plan do."""


@dataclass(frozen=True, slots=True, eq=False)
class Anchors:
    """(A, 2) pixels and the (A, 2) metres of the plan that they show."""

    uv_px: Floats
    xy_m: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """One camera's part: its boxes as measures, and which of its clocks holds for each.

    Attributes:
        time_s: (N,) by the camera's clock.
        measured: (N, 3) pixels, see `stick.measures`.
        sigma: (N, 3) pixels; infinite where the edge is cut off.
        clock: (N,) number of the clock.
    """

    time_s: Floats
    measured: Floats
    sigma: Floats
    clock: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """Everything that is fitted.

    Attributes:
        cameras: by name.
        offset_s: (K,) to add to each clock.
        walk: (M, 2) coefficients of the walk.
        body: the walker's.
    """

    cameras: dict[str, Camera]
    offset_s: Floats
    walk: Floats
    body: Body


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What is fitted to what.

    Attributes:
        given: cameras as calibrated before, by name.
        watches: by camera.
        knots: of the walk.
        fixed_clock: the clock whose offset stays 0.
        settings: what is believed before.
        anchors: by camera.
    """

    given: dict[str, Camera]
    watches: dict[str, Watch]
    knots: Knots
    fixed_clock: int
    settings: Settings
    anchors: Mapping[str, Anchors] = field(default_factory=dict)


def watch(camera: Camera, seen: Sightings, clock: NDArray[np.int64], settings: Settings) -> Watch:
    """A camera's boxes as measures with their noise."""
    box = seen.box_px
    tall = box[:, 3] - box[:, 1]
    share = np.zeros(3)
    share[[MIDDLE, LOW, TOP]] = settings.middle_share, settings.low_share, settings.top_share
    share = share + DOUBT_SHARE * np.maximum(0.0, SURE_SCORE - seen.score)[:, None]
    sigma = settings.noise_px + tall[:, None] * share
    # who walks right below fills a box with shoulders and swinging arms, whose edges are neither foot nor head
    foot = camera.floor_from_pixels(np.column_stack([(box[:, 0] + box[:, 2]) / 2, box[:, 3]]))
    far = np.linalg.norm(foot - camera.centre_m[:2], axis=1)
    steep = camera.centre_m[2] / np.where(np.isfinite(far), np.maximum(far, 0.5), np.inf)
    sigma *= 1 + STEEP * steep[:, None] ** 2
    side, top, low = is_cut(camera, box)
    sigma[side, MIDDLE] = sigma[top, TOP] = sigma[low, LOW] = np.inf
    # boxes close in time err alike: together they count as few as are independent
    spacing = float(np.median(np.diff(seen.time_s))) if len(seen) > 2 else CORRELATED_S
    sigma *= np.sqrt(max(1.0, CORRELATED_S / max(spacing, 1e-3)))
    measured = np.column_stack([(box[:, 0] + box[:, 2]) / 2, box[:, 3], box[:, 1]]) - BOX_ORIGIN_PX
    return Watch(seen.time_s, measured, sigma, clock)


def residuals(problem: Problem, state: State, name: str, later_s: float = 0.0) -> Floats:
    """(N, 3) standard deviations that a camera's boxes are off by; 0 where an edge is cut off.

    Args:
        problem: with its boxes.
        state: to compare with.
        name: of the camera.
        later_s: added to its clock.
    """
    own = problem.watches[name]
    place, velocity = problem.knots.values(state.walk, own.time_s + state.offset_s[own.clock] + later_s)
    off = (measures(state.cameras[name], place, velocity, state.body) - own.measured) / own.sigma
    return np.clip(np.nan_to_num(off, nan=UNSEEN), -UNSEEN, UNSEEN)


def robust_cost(off: Floats, soft: float) -> Floats:
    """Geman and McClure's cost of residuals: half their square when small, never above half ``soft`` squared."""
    return 0.5 * off**2 / (1 + (off / soft) ** 2)


def fit(problem: Problem, state: State, stages: tuple[tuple[float, int], ...] = COARSE + FINE) -> State:
    """The state that explains all boxes, from one that is near."""
    for soft, rounds in stages:
        state = _descend(problem, state, soft, rounds)
    return state


def _descend(problem: Problem, state: State, soft: float, rounds: int) -> State:
    cost, damping = total_cost(problem, state, soft), 1e-4
    for _ in range(rounds):
        normal, gradient = _normal_equations(problem, state, soft)
        before = cost
        for _ in range(8):
            damped = normal + damping * np.diag(np.diag(normal))
            trial = _moved(problem, state, -cho_solve(cho_factor(damped, check_finite=False), gradient))
            trial_cost = total_cost(problem, trial, soft)
            if trial_cost < cost:
                state, cost, damping = trial, trial_cost, max(damping / 5, 1e-9)
                break
            damping *= 6
        if before - cost < ENOUGH * before:
            break
    return state


def total_cost(problem: Problem, state: State, soft: float) -> float:
    """Half the squares of everything that is off, boxes robustly."""
    boxes = sum(float(robust_cost(residuals(problem, state, name), soft).sum()) for name in problem.watches)
    prior, _ = _prior(problem, state)
    bends, _ = _bends(problem, state.walk)
    anchors = sum(float((each**2).sum()) for each, _ in _anchored(problem, state).values())
    return boxes + 0.5 * (float((prior**2).sum()) + float((bends**2).sum()) + anchors)


def _layout(problem: Problem, state: State) -> tuple[int, int, int, int]:
    """Where clocks, body and walk begin among the unknowns, and how many there are."""
    clocks = POSE_TERMS * len(problem.watches)
    body = clocks + len(state.offset_s)
    walk = body + SHAPE_TERMS
    return clocks, body, walk, walk + 2 * len(state.walk)


def _normal_equations(problem: Problem, state: State, soft: float) -> tuple[Floats, Floats]:
    clocks, body, walk, size = _layout(problem, state)
    normal, gradient = np.zeros((size, size)), np.zeros(size)
    for index, (name, own) in enumerate(problem.watches.items()):
        off = residuals(problem, state, name)
        weight = 1 / (1 + (off / soft) ** 2) ** 2
        weight[np.abs(off) >= UNSEEN] = 0.0
        time = own.time_s + state.offset_s[own.clock]
        first, basis, _ = problem.knots.basis(time)
        place, velocity = problem.knots.values(state.walk, time)
        parts = derivatives(state.cameras[name], place, velocity, state.body)
        by_place, pose, shape = (np.nan_to_num(part / own.sigma[..., None]) for part in parts)
        late = np.einsum("nij,nj->ni", by_place, velocity)[..., None]
        spread = (by_place[:, :, None, :] * basis[:, None, :, None]).reshape(len(time), 3, -1)
        values = np.concatenate([pose, late, shape, spread], 2)
        columns = np.empty((len(time), values.shape[2]), np.int64)
        columns[:, :POSE_TERMS] = POSE_TERMS * index + np.arange(POSE_TERMS)
        columns[:, POSE_TERMS] = clocks + own.clock
        columns[:, POSE_TERMS + 1 : POSE_TERMS + 1 + SHAPE_TERMS] = body + np.arange(SHAPE_TERMS)
        columns[:, POSE_TERMS + 1 + SHAPE_TERMS :] = walk + 2 * first[:, None] + np.arange(2 * (DEGREE + 1))
        _add(normal, gradient, values * np.sqrt(weight)[..., None], columns, off * np.sqrt(weight))
    for name, (off, slopes) in _anchored(problem, state).items():
        first_term = POSE_TERMS * list(problem.watches).index(name)
        at = slice(first_term, first_term + POSE_TERMS)
        normal[at, at] += slopes.T @ slopes
        gradient[at] += slopes.T @ off
    prior, sigma = _prior(problem, state)
    known = np.arange(walk)
    normal[known, known] += 1 / sigma**2
    gradient[:walk] += prior / sigma
    bends, rows = _bends(problem, state.walk)
    for axis in (0, 1):
        own_axis = slice(walk + axis, size, 2)
        normal[own_axis, own_axis] += (rows.T @ rows).toarray()
        gradient[own_axis] += rows.T @ bends[:, axis]
    return normal, gradient


def _add(normal: Floats, gradient: Floats, values: Floats, columns: NDArray[np.int64], off: Floats) -> None:
    """Adds boxes' (N, 3, V) derivatives, at (N, V) unknowns, and (N, 3) residuals to the normal equations."""
    count, edges, width = values.shape
    pointers = np.arange(0, count * edges * width + 1, width)
    table = csr_array((values.ravel(), np.repeat(columns, edges, 0).ravel(), pointers), (count * edges, len(normal)))
    normal += (table.T @ table).toarray()
    gradient += table.T @ off.ravel()


def _prior(problem: Problem, state: State) -> tuple[Floats, Floats]:
    """What poses, clocks and body are off by from what was believed, in standard deviations, and those deviations."""
    settings = problem.settings
    off, sigma = [], []
    for name in problem.watches:
        now, given = state.cameras[name], problem.given[name]
        turn = -cv2.Rodrigues(given.rotation.T @ now.rotation)[0].ravel()
        off += [turn, now.centre_m - given.centre_m]
        # the three axes of a turn share its size
        sigma += [np.full(3, np.radians(settings.turn_deg) / 3**0.5), np.full(3, settings.move_m / 3**0.5)]
    clock = np.full(len(state.offset_s), 2 * settings.widest_s)
    clock[problem.fixed_clock] = 1e-6
    off += [state.offset_s, state.body.as_array() - settings.body.as_array()]
    sigma += [clock, np.array([settings.tall_sigma_m, *SHAPE_SIGMA])]
    scale = np.concatenate(sigma)
    return np.concatenate(off) / scale, scale


def _bends(problem: Problem, walk: Floats) -> tuple[Floats, csr_array]:
    """(M - 2, 2) accelerations in standard deviations, and the matrix that gives them."""
    count = len(walk)
    # white acceleration: its mean over a knot's time has a variance that falls as that time grows
    scale = 1 / (problem.settings.acceleration_mps2 * problem.knots.step_s**2)
    rows = np.repeat(np.arange(count - 2), 3)
    columns = (np.arange(count - 2)[:, None] + np.arange(3)).ravel()
    matrix = csr_array((np.tile([scale, -2 * scale, scale], count - 2), (rows, columns)), (count - 2, count))
    return matrix @ walk, matrix


def _anchored(problem: Problem, state: State) -> dict[str, tuple[Floats, Floats]]:
    """Residuals (2A,) of each camera's anchors in standard deviations and their (2A, 6) derivatives by its pose."""
    told = {}
    for name, points in problem.anchors.items():
        if name in problem.watches:
            camera, sigma = state.cameras[name], problem.settings.anchor_px
            off = (camera.pixels_from_floor(points.xy_m) - points.uv_px) / sigma
            slopes = np.empty((len(off), 2, POSE_TERMS))
            for term in range(POSE_TERMS):
                step = np.zeros(POSE_TERMS)
                step[term] = 1e-4
                ends = [turned(camera, s * step[:3], s * step[3:]).pixels_from_floor(points.xy_m) for s in (1, -1)]
                slopes[..., term] = (ends[0] - ends[1]) / 2e-4 / sigma
            sound = np.isfinite(off).all(1)
            told[name] = off[sound].ravel(), slopes[sound].reshape(-1, POSE_TERMS)
    return told


def _moved(problem: Problem, state: State, step: Floats) -> State:
    clocks, body, walk, _ = _layout(problem, state)
    poses = step[:clocks].reshape(-1, 2, 3)
    cameras = dict(state.cameras)
    for name, (turn, move) in zip(problem.watches, poses, strict=True):
        cameras[name] = turned(cameras[name], turn, move)
    shape = state.body.as_array() + step[body:walk]
    return State(
        cameras, state.offset_s + step[clocks:body], state.walk + step[walk:].reshape(-1, 2), Body(*shape.tolist())
    )


def first_walk(problem: Problem, state: State, tracks: Mapping[str, tuple[Floats, Floats, Floats]]) -> State:
    """The state with the walk laid through what the cameras, as they are, say of the floor.

    Args:
        problem: with its knots.
        state: with clocks.
        tracks: by camera, (N,) seconds of the common time, (N, 2) metres and (N,) standard deviations.
    """
    _, matrix = _bends(problem, state.walk)
    time, place, sigma = (np.concatenate([each[k] for each in tracks.values()]) for k in range(3))
    first, basis, _ = problem.knots.basis(time)
    rows = np.repeat(np.arange(len(time)), DEGREE + 1)
    columns = (first[:, None] + np.arange(DEGREE + 1)).ravel()
    table = csr_array((basis.ravel(), (rows, columns)), (len(time), problem.knots.coefficients))
    weight, walk = 1 / sigma**2, state.walk
    for _ in range(5):
        normal = (table.T @ (table * weight[:, None]) + matrix.T @ matrix).toarray() + 1e-6 * np.eye(len(walk))
        walk = cho_solve(cho_factor(normal), table.T @ (place * weight[:, None]))
        off = ((table @ walk - place) ** 2).sum(1) / sigma**2
        weight = 1 / sigma**2 / (1 + off / 4) ** 2
    return replace(state, walk=walk)
