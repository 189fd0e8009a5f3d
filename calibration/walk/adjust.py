"""The walk test from end to end: boxes of all cameras of a floor to poses, clocks and how well they agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from calibration.camera import Camera, Floats
from calibration.walk.agreement import Agreement, agreements, places
from calibration.walk.bundle import COARSE, FINE, Anchors, Problem, Settings, State, first_walk, fit, residuals, watch
from calibration.walk.clocks import Curve, FloorTrack, all_curves, best_offsets, curve, floor_track, offset_grid
from calibration.walk.findings import Finding, about_cameras, about_clocks, about_pairs, about_poses, about_walkers
from calibration.walk.jumps import Clock, find_jump
from calibration.walk.observations import Sightings, check_size
from calibration.walk.stick import Body
from calibration.walk.trajectory import knots_over
from calibration.walk.walker import Passages, one_walker, passages

LEAST_SHARED = 12
"""Fewer common moments do not tie two cameras."""
LEAST_GAIN = 2.0
"""Gain a moment, of 9 at most, below which two walks do not lie on one another."""
MIRRORED_GAIN = 1.6
"""A picture taken the wrong way round has to explain so much more to be called mirrored."""
SLACK_S = 2.0
POSE_SPREAD_M = 0.5
"""Uncertainty of a floor that a wrong pose has moved, when the first walk is laid."""
FITS = 2.5
"""Standard deviations that the boxes of a passage that is the walker's are off by, as a median."""
MOST_JUMPS = 2
"""Rounds of looking for clocks that jump; each clock may jump once."""


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Cameras that saw the same walk, tied to one another.

    Attributes:
        reference: whose clock the others are told against.
        cameras: names, the reference first.
        body: the walker's.
    """

    reference: str
    cameras: tuple[str, ...]
    body: Body


@dataclass(frozen=True, slots=True, eq=False)
class Adjusted:
    """What a walk test gives.

    Attributes:
        cameras: all, by name; those not tied as they were.
        clocks: by camera, of those that are tied; more than one where a clock jumped.
        groups: which cameras are tied together.
        before: how pairs disagreed with the cameras and clocks as they were.
        after: how they disagree now.
        findings: what to tell the installer, gravest first.
    """

    cameras: dict[str, Camera]
    clocks: dict[str, list[Clock]] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)
    before: list[Agreement] = field(default_factory=list)
    after: list[Agreement] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def adjust(
    cameras: Mapping[str, Camera],
    seen: Mapping[str, Sightings],
    settings: Settings | None = None,
    anchors: Mapping[str, Anchors] | None = None,
) -> Adjusted:
    """Cameras and clocks corrected by a walk.

    Where the floor as a whole lies is decided by the anchors where there are any; else by the cameras as they were, as
    a weak prior: all of them together are hardly moved or turned, each against the others freely.

    Args:
        cameras: as calibrated until now.
        seen: boxes of each camera; one that is missing saw nobody.
        settings: what is believed before the walk.
        anchors: measured points of the plan by camera.

    Raises:
        BadInputError: where boxes are of pictures of another size than the calibration's.
    """
    settings, anchors = settings or Settings(), anchors or {}
    for name, boxes in seen.items():
        check_size(name, cameras[name], boxes)
    walked = {name: passages(seen[name]) for name in cameras if name in seen and len(seen[name])}
    own = {name: one_walker(each)[0] for name, each in walked.items()}
    tied, mirrored = _tied(cameras, own, settings)
    result = Adjusted(dict(cameras))
    result.findings.extend(about_cameras(cameras, seen, own, mirrored, [name for each in tied for name in each]))
    told_before, told_after = {}, {}
    for offsets in tied:
        solved = _solve(cameras, {name: walked[name] for name in offsets}, own, offsets, settings, anchors)
        problem, state, chosen, others_s = solved
        names = tuple(chosen)
        result.findings.extend(about_walkers(others_s, [name for name in offsets if name not in names]))
        if len(names) < 2:
            continue
        result.groups.append(Group(names[0], names, state.body))
        result.cameras.update({name: state.cameras[name] for name in names})
        for name in names:
            clock, time = problem.watches[name].clock, problem.watches[name].time_s
            spans = [time[clock == each] for each in np.unique(clock)]
            result.clocks[name] = [
                Clock(float(span[0]), float(span[-1]), offset)
                for span, offset in zip(spans, state.offset_s[np.unique(clock)].tolist(), strict=True)
            ]
            told_before[name] = places(cameras[name], chosen[name], time, settings.body)
            told_after[name] = places(state.cameras[name], chosen[name], time + state.offset_s[clock], state.body)
        result.findings.extend(about_clocks({name: result.clocks[name] for name in names}))
        result.findings.extend(about_poses(cameras, state.cameras, names, settings))
    result.before.extend(agreements(told_before))
    result.after.extend(agreements(told_after))
    result.findings.extend(about_pairs(result.after, [group.cameras for group in result.groups], anchors))
    result.findings.sort(key=lambda finding: finding.gravity)
    return result


def _tied(
    cameras: Mapping[str, Camera], own: Mapping[str, Sightings], settings: Settings
) -> tuple[list[dict[str, float]], list[str]]:
    """Groups of cameras that saw the same walk, with a first guess of their offsets, and cameras that are mirrored."""
    grid = offset_grid(settings.widest_s)
    tracks = {name: floor_track(cameras[name], seen) for name, seen in own.items()}
    curves = all_curves(tracks, grid)
    mirrored = []
    while True:
        names = [name for name in own if name not in mirrored]
        found = _mirrored(cameras, own, names, tracks, curves, grid)
        if found is None:
            break
        mirrored.append(found)
    groups: list[dict[str, float]] = []
    while names:
        steps, _ = best_offsets(names, curves, grid)
        group = _component(names, steps, curves, len(grid) // 2)
        if len(group) > 1:
            groups.append({name: (steps[name] - steps[group[0]]) * float(grid[1] - grid[0]) for name in group})
        names = [name for name in names if name not in group]
    return groups, mirrored


def _component(
    names: list[str], steps: Mapping[str, int], curves: Mapping[tuple[str, str], Curve], middle: int
) -> list[str]:
    """Names tied to the first one, directly or by others, in the order given."""
    group, waiting = {names[0]}, [names[0]]
    while waiting:
        here = waiting.pop()
        for there in names:
            pair = (here, there) if (here, there) in curves else (there, here)
            at = middle + steps[pair[1]] - steps[pair[0]] if there not in group else -1
            if 0 <= at <= 2 * middle:
                moments = int(curves[pair].moments[at])
                if moments >= LEAST_SHARED and curves[pair].gain[at] >= LEAST_GAIN * moments:
                    group.add(there)
                    waiting.append(there)
    return [name for name in names if name in group]


def _mirrored(  # noqa: PLR0917 - one argument a quantity
    cameras: Mapping[str, Camera], own: Mapping[str, Sightings], names: list[str],
    tracks: Mapping[str, FloorTrack], curves: Mapping[tuple[str, str], Curve], grid: Floats,
) -> str | None:  # fmt: skip
    """The camera whose boxes fit the others' far better with left and right swapped, if there is one."""
    best: tuple[float, str | None] = (MIRRORED_GAIN, None)
    for name in names:
        as_is = turned_round = 0.0
        flipped = floor_track(cameras[name], own[name], mirrored=True)
        for other in names:
            if other != name:
                pair = (other, name) if (other, name) in curves else (name, other)
                as_is += float(curves[pair].gain.max())
                turned_round += float(curve(tracks[other], flipped, grid).gain.max())
        ratio = turned_round / max(as_is, LEAST_SHARED * LEAST_GAIN)
        if ratio > best[0]:
            best = (ratio, name)
    return best[1]


def _solve(  # noqa: PLR0917 - one argument a quantity
    cameras: Mapping[str, Camera], walked: Mapping[str, Passages], own: Mapping[str, Sightings],
    offsets: Mapping[str, float], settings: Settings, anchors: Mapping[str, Anchors],
) -> tuple[Problem, State, dict[str, Sightings], dict[str, float]]:  # fmt: skip
    """The group's fit: once with the passages that look best, then with those that fit the walk, then with jumps."""
    cuts: dict[str, list[tuple[float, float]]] = {name: [(-np.inf, offsets[name])] for name in walked}
    chosen = {name: own[name] for name in walked}
    problem, state = _fitted(cameras, chosen, cuts, settings, anchors)
    others_s: dict[str, float] = {}
    for index, (name, found) in enumerate(walked.items()):
        cuts[name] = [(-np.inf, float(state.offset_s[index]))]
        chosen[name], others_s[name] = one_walker(found, _likely(problem, state, name, found))
    chosen = {name: seen for name, seen in chosen.items() if len(seen) >= LEAST_SHARED}
    if len(chosen) < 2:
        return problem, state, {}, others_s
    near: State | None = state
    jumped: set[str] = set()
    for _ in range(1 + MOST_JUMPS):
        problem, state = _fitted(cameras, chosen, cuts, settings, anchors, near)
        for name in chosen:
            clocks = np.arange(len(cuts[name])) + problem.watches[name].clock[0]
            cuts[name] = [(start, float(state.offset_s[k])) for (start, _), k in zip(cuts[name], clocks, strict=True)]
        found_jumps = [find_jump(problem, state, name, settings.widest_s) for name in chosen if name not in jumped]
        jumps = [each for each in found_jumps if each is not None]
        if not jumps:
            break
        for jump in jumps:
            offset = cuts[jump.camera][0][1]
            cuts[jump.camera] = [(-np.inf, offset + jump.before_s), (jump.at_s, offset + jump.after_s)]
            jumped.add(jump.camera)
        near = None  # what fitted one clock to two is bent
    return problem, state, chosen, others_s


def _fitted(  # noqa: PLR0917 - one argument a quantity
    cameras: Mapping[str, Camera], chosen: Mapping[str, Sightings],
    cuts: Mapping[str, list[tuple[float, float]]], settings: Settings, anchors: Mapping[str, Anchors],
    near: State | None = None,
) -> tuple[Problem, State]:  # fmt: skip
    """The fit of the chosen boxes, from far away or from a state that is near already."""
    start = dict(cameras) if near is None else near.cameras
    watches, tracks = {}, {}
    offset: list[float] = []
    for name, seen in chosen.items():
        starts = np.array([start for start, _ in cuts[name]])
        clock = len(offset) + np.searchsorted(starts, seen.time_s, side="right") - 1
        offset += [each for _, each in cuts[name]]
        watches[name] = watch(cameras[name], seen, clock, settings)
        track = floor_track(start[name], seen)
        segment = np.searchsorted(starts, track.time_s, side="right") - 1
        common = track.time_s + np.array([each for _, each in cuts[name]])[segment]
        tracks[name] = (common, track.xy_m, np.hypot(track.sigma_m, POSE_SPREAD_M if near is None else 0.0))
    offsets = np.array(offset) - offset[0]
    shared = np.concatenate([each.time_s + np.array(offset)[each.clock] - offset[0] for each in watches.values()])
    knots = knots_over(float(shared.min()), float(shared.max()), settings.knot_s, SLACK_S)
    given = {name: cameras[name] for name in watches}
    problem = Problem(given, watches, knots, 0, settings, anchors)
    body = settings.body if near is None else near.body
    state = State({name: start[name] for name in given}, offsets, np.zeros((knots.coefficients, 2)), body)
    tracks = {name: (time - offset[0], xy, sigma) for name, (time, xy, sigma) in tracks.items()}
    return problem, fit(problem, first_walk(problem, state, tracks), COARSE if near is None else FINE)


def _likely(problem: Problem, state: State, name: str, found: Passages) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """(P,) passages through a camera's view that are the walk's."""
    clock = np.full(len(found.seen), problem.watches[name].clock[0])
    whole = watch(problem.given[name], found.seen, clock, problem.settings)
    off = residuals(replace(problem, watches={name: whole}), state, name)
    size = np.sqrt((off**2).mean(1))
    return np.array([np.median(size[found.passage == each]) < FITS for each in range(len(found.weight))], np.bool_)
