"""People of a film that is all there: followed forward and backward, cut where both differ, joined as fits best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from calibration.camera import Camera, Floats
from edge.floor.joint.body.kernels import INSIDE, expect
from edge.floor.joint.ground import Ground, in_sight
from edge.floor.joint.recording import filled
from edge.floor.joint.settings import JointSettings
from edge.floor.joint.tracker import JointTracker
from edge.floor.joint.whole.chains import chains_of
from edge.floor.joint.whole.joins import JoinSettings, height_said, motion_evidence
from edge.floor.joint.whole.passes import Film, film_of, follow_through
from edge.floor.joint.whole.pieces import Piece, cut
from edge.floor.joint.whole.ways import Way, smoothed, walk_along
from edge.track.seen import Seen

BRIDGE_S = 2.0
"""Longest gap in somebody's way that is filled, seconds; longer than where nobody knows what comes after."""
SEEN_SHARE = 0.6
"""Somebody of whom a camera sees this much does not leave there."""
DOORSTEP_S = (0.0, 0.5, 1.0)
"""Nor does somebody whom a camera still sees so long after, walking on, seconds."""
LONG_S = 6.0
"""Pieces at least this long say how much body heights are off, seconds;"""
ENOUGH = 10
"""so many of them do,"""
COMMON_SLACK_M = 0.03
"""and fewer say this, metres."""
LEAST_SLACK_M = 0.01
"""Heights are off by this at least, metres."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A piece, followed forward and backward, and whether it begins or ends where cameras look."""

    piece: Piece
    ahead: Way
    behind: Way
    begins_in_view: bool
    ends_in_view: bool


def fuse_whole(
    cameras: Mapping[str, Camera],
    frames: Mapping[str, Sequence[Seen]],
    fps: float,
    settings: JointSettings | None = None,
    joins: JoinSettings | None = None,
    *,
    bridge_s: float = BRIDGE_S,
    ground: Ground | None = None,
) -> Floats:
    """People of a recording on the floor, told when it has ended.

    Args:
        cameras: by name.
        frames: each camera's detections of every frame from the first; all begin together.
        fps: frames a second.
        settings: of the tracker.
        joins: what speaks for two pieces being one person's.
        bridge_s: gaps up to this long are filled; 0 leaves them open.
        ground: what the floor's plan says, cameras in the same order.

    Returns:
        (R, 4) rows of frame (from 0), id (from 1 in order of appearance), x, y in metres; sorted by frame, then id.
    """
    rules, joins = settings or JointSettings(), joins or JoinSettings()
    film = film_of(cameras, frames, fps)
    forward = follow_through(film, rules, ground, backward=False)
    backward = follow_through(film, rules, ground, backward=True)
    tracker = forward.tracker
    pieces = cut(forward, backward, max(1, round(joins.steady_s * fps)))
    known = [one for one in (_followed(film, tracker, piece) for piece in pieces) if one is not None]
    slack_m = _height_slack_m(film, tracker, known)
    said = [height_said(one.ahead, rules, slack_m) for one in known]
    rows = [np.empty((0, 4))]
    for chain in chains_of(_worth(known, rules, joins), said, rules):
        each = [known[k].piece for k in chain]
        frame, took = np.concatenate([one.frame for one in each]), np.concatenate([one.took for one in each])
        way = _way(film, tracker, Piece(frame, took, each[0].forward, each[0].backward))
        if way is not None:
            state = smoothed(way, rules.acceleration, rules.height_walk)
            own = np.column_stack([np.round(way.at * fps), np.full(len(state), float(len(rows))), state[:, :2]])
            gaps = np.diff(own[:, 0])
            rows.append(filled(own, (gaps > 1) & (gaps <= bridge_s * fps + 1e-9)))
    table = np.concatenate(rows)
    return table[np.lexsort((table[:, 1], table[:, 0]))]


def _way(film: Film, tracker: JointTracker, piece: Piece, *, backward: bool = False) -> Way | None:
    """States along a piece."""
    boxes = [film.boxes[frame] for frame in piece.frame.tolist()]
    return walk_along(piece.frame / film.fps, boxes, piece.took, tracker.views, tracker.rules, backward=backward)


def _followed(film: Film, tracker: JointTracker, piece: Piece) -> _Known | None:
    """A piece with its ways; None where no box can be somebody's."""
    ahead, behind = _way(film, tracker, piece), _way(film, tracker, piece, backward=True)
    if ahead is None or behind is None:
        return None
    begins_in_view = all(_is_in_view(tracker, behind.mean[0], -each_s) for each_s in DOORSTEP_S)
    ends_in_view = all(_is_in_view(tracker, ahead.mean[-1], each_s) for each_s in DOORSTEP_S)
    return _Known(piece, ahead, behind, begins_in_view, ends_in_view)


def _is_in_view(tracker: JointTracker, mean: Floats, ahead_s: float) -> bool:
    """Whether a camera sees most of somebody some seconds on."""
    there = mean.copy()
    there[:2] += there[2:4] * ahead_s
    expected, jacobian, scratch = np.empty(5), np.zeros((3, 5)), np.empty(5)
    return any(
        expect(view, there, tracker.settings.radius_m, expected, jacobian, scratch)
        and expected[INSIDE] * in_sight(tracker.plan, c, there[0], there[1]) >= SEEN_SHARE
        for c, view in enumerate(tracker.views)
    )


def _height_slack_m(film: Film, tracker: JointTracker, known: Sequence[_Known]) -> float:
    """How much more than their noise the two halves of a piece differ about body height, metres a half.

    Nobody needs to know who is who for it. Cameras differ: it is 1 to 3 cm where several look, 4 cm in
    one that is far off.
    """
    off, variance = [], []
    for one in known:
        frame, took = one.piece.frame, one.piece.took
        if frame[-1] - frame[0] < LONG_S * film.fps:
            continue
        half = len(frame) // 2
        halves = [
            _way(film, tracker, Piece(frame[rows], took[rows], one.piece.forward, one.piece.backward))
            for rows in (slice(0, half), slice(half, None))
        ]
        (first, at_first), (second, at_second) = (
            height_said(way, tracker.settings, 0.0) if way is not None else (0.0, 0.0) for way in halves
        )
        if first > 0 and second > 0:
            off.append(abs(at_first / first - at_second / second))
            variance.append(1 / first + 1 / second)
    if len(off) < ENOUGH:
        return COMMON_SLACK_M
    more = (np.median(off) / 0.6745) ** 2 - np.median(variance)  # a normal error's median to its deviation
    return float(np.sqrt(max(more / 2, LEAST_SLACK_M**2)))


def _worth(known: Sequence[_Known], rules: JointSettings, joins: JoinSettings) -> Floats:
    """(N, N) evidence that row's piece goes on in column's, but for body height; -inf where it cannot."""
    worth = np.full((len(known), len(known)), -np.inf)
    for a, one in enumerate(known):
        for b, other in enumerate(known):
            gap_s = float(other.behind.at[0] - one.ahead.at[-1])
            if not 0 < gap_s <= joins.longest_s:
                continue
            votes = int(one.piece.forward == other.piece.forward >= 0)
            votes += int(one.piece.backward == other.piece.backward >= 0)
            worth[a, b] = motion_evidence(one.ahead, other.behind, rules, joins) + joins.agreed * votes
            worth[a, b] += joins.vanish * (int(one.ends_in_view) + int(other.begins_in_view)) - gap_s / joins.hidden_s
    return worth
