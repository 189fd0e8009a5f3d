"""What cameras make of a day: positions once a second with noise, gaps, tracks that end and begin anew, ids swapped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter
from scipy.spatial import cKDTree

from simulator.shoppers.arcade import FLOORS
from simulator.shoppers.day import Day, Shopper
from simulator.shoppers.settings import SightErrors

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
BIAS_CELL_M = 5.0
"""A calibration is off by much the same within so many metres."""


@dataclass(frozen=True, slots=True)
class Truth:
    """Everybody in sight, each second; sorted by time.

    Attributes:
        at: (N,) whole seconds.
        shopper: (N,) who.
        floor: (N,) index into ``FLOORS``.
        xy: (N, 2) metres.
    """

    at: Ints
    shopper: Ints
    floor: Ints
    xy: Floats


@dataclass(frozen=True, slots=True)
class Seen:
    """The same as it is seen.

    Attributes:
        truth: what it is seen of.
        track: (N,) the visitor's number as the cameras have it.
        is_seen: (N,) whether there is a position at all.
        xy: (N, 2) metres, as measured.
        crowd: (N,) how many others stand within two metres.
    """

    truth: Truth
    track: Ints
    is_seen: npt.NDArray[np.bool_]
    xy: Floats
    crowd: Ints


def truth(day: Day) -> Truth:
    """Where everybody was at every whole second in which they were on a floor."""
    parts = [_of_one(one) for one in day.shoppers]
    at, shopper, floor = (np.concatenate([part[index] for part in parts]).astype(np.int64) for index in range(3))
    xy = np.concatenate([part[3] for part in parts])
    order = np.lexsort((shopper, floor, at))
    return Truth(at[order], shopper[order], floor[order], xy[order])


def _of_one(one: Shopper) -> tuple[Floats, Floats, Floats, Floats]:
    knots = np.array(one.knots)
    at = np.arange(np.ceil(knots[0, 0]), np.floor(knots[-1, 0]) + 1)
    after = np.clip(np.searchsorted(knots[:, 0], at, side="right"), 1, len(knots) - 1)
    same = knots[after - 1, 1] == knots[after, 1]
    x, y = np.interp(at, knots[:, 0], knots[:, 2]), np.interp(at, knots[:, 0], knots[:, 3])
    floor = knots[after - 1, 1]
    return at[same], np.full(int(same.sum()), one.number, np.float64), floor[same], np.column_stack([x, y])[same]


def see(of: Truth, errors: SightErrors, seed: int) -> Seen:
    """A day as seen; the same for the same seed."""
    rng = np.random.default_rng(seed)
    track, is_seen, crowd = _tracks(of, errors, rng)
    return Seen(of, track, is_seen, of.xy + _noise(of, track, errors, rng) + _bias(of, errors, rng), crowd)


def _bias(of: Truth, errors: SightErrors, rng: np.random.Generator) -> Floats:
    field = rng.normal(0.0, errors.bias_m, (len(FLOORS), 20, 20, 2))
    cell = np.clip((of.xy / BIAS_CELL_M).astype(np.int64), 0, 19)
    return np.asarray(field[of.floor, cell[:, 0], cell[:, 1]])


def _noise(of: Truth, track: Ints, errors: SightErrors, rng: np.random.Generator) -> Floats:
    """(N, 2) noise that lasts, of each track its own strength."""
    order = np.lexsort((of.at, track))
    starts = np.flatnonzero(np.r_[True, np.diff(track[order]) != 0])
    strength = rng.uniform(*errors.noise_m, len(starts))
    innovation = rng.normal(0.0, np.sqrt(1 - errors.noise_lasts**2), (len(order), 2))
    innovation[starts] = rng.normal(0.0, 1.0, (len(starts), 2))
    smooth = np.empty_like(innovation)
    for first, last in zip(starts.tolist(), [*starts[1:].tolist(), len(order)], strict=True):
        smooth[first:last] = lfilter([1.0], [1.0, -errors.noise_lasts], innovation[first:last], axis=0)
    found = np.empty_like(smooth)
    found[order] = smooth * np.repeat(strength, np.diff(np.r_[starts, len(order)]))[:, None]
    return found


def _tracks(of: Truth, errors: SightErrors, rng: np.random.Generator) -> tuple[Ints, npt.NDArray[np.bool_], Ints]:
    """Track of every position, whether it is seen, and how many others are near; second by second."""
    people = int(of.shopper.max()) + 1
    track_of = np.full(people, -1, np.int64)
    blind_until = np.full(people, -1.0)
    last_seen, last_floor = np.full(people, -(10**9), np.int64), np.full(people, -1, np.int64)
    track, is_seen, crowd = (
        np.empty(len(of.at), np.int64),
        np.ones(len(of.at), np.bool_),
        np.zeros(len(of.at), np.int64),
    )
    following = 0
    frame = of.at * len(FLOORS) + of.floor
    cuts = np.flatnonzero(np.r_[True, np.diff(frame) != 0, True])
    for first, last in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        who, xy, now = of.shopper[first:last], of.xy[first:last], int(of.at[first])
        tree = cKDTree(xy)
        pairs = tree.query_pairs(2.0, output_type="ndarray")
        apart = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T)
        crowd[first:last] = np.bincount(pairs.ravel(), minlength=len(who))
        close = np.zeros(len(who), np.bool_)
        close[pairs[apart < errors.close_m].ravel()] = True
        fresh = (last_floor[who] != of.floor[first]) | (now - last_seen[who] > 2)
        last_seen[who], last_floor[who] = now, of.floor[first]
        hazard = np.where(close, errors.lost_close_a_minute, errors.lost_a_minute) / 60.0
        lost = ~fresh & (rng.random(len(who)) < hazard) & (blind_until[who] < now)
        blind_until[who[lost]] = now + rng.uniform(*errors.gap_s, int(lost.sum()))
        anew = fresh | lost
        track_of[who[anew]] = following + np.arange(int(anew.sum()))
        following += int(anew.sum())
        near = pairs[(apart < errors.swap_m) & (rng.random(len(apart)) < errors.swap_a_second)]
        for a, b in near.tolist():
            track_of[who[a]], track_of[who[b]] = track_of[who[b]], track_of[who[a]]
        track[first:last] = track_of[who]
        missed = rng.random(len(who)) < np.where(close, errors.missed_close, errors.missed)
        is_seen[first:last] = ~missed & (blind_until[who] < now)
    return track, is_seen, crowd
