"""A recorded sequence of one floor, detections of all its cameras, to people on the floor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, Floats, load_cameras
from contract.errors import BadInputError
from edge.floor.joint.ground import Ground
from edge.floor.joint.settings import JointSettings
from edge.floor.joint.tracker import JointTracker
from edge.track.mot import read_detections
from edge.track.seen import NOTHING_SEEN, Boxes, Seen

BRIDGE_S = 1.0
"""Longest gap between two sightings of one person that is filled along a straight line, seconds; with the tracker's
own lag nothing is told later than two seconds."""
FASTEST_MPS = 2.5
"""No gap is filled that would take running."""
SWAY_M = 0.5
"""Added to how far somebody may get, metres: positions are not exact."""


def read_sequence(folder: Path) -> tuple[dict[str, Camera], dict[str, list[Boxes]]]:
    """Cameras and detections of a folder with `cameras.json` and a `<camera>.det.txt` for each.

    Raises:
        BadInputError: naming the file and the mend; also where a camera has no detections or the other way round.
    """
    cameras = load_cameras(folder / "cameras.json")
    if not cameras:
        raise BadInputError(f"{folder / 'cameras.json'}: no cameras; calibrate some")
    files = {path.name.removesuffix(".det.txt"): path for path in sorted(folder.glob("*.det.txt"))}
    if strange := sorted(files.keys() - cameras.keys()):
        raise BadInputError(f"{files[strange[0]]}: cameras.json has no camera {strange[0]!r}; it has {sorted(cameras)}")
    if missing := sorted(cameras.keys() - files.keys()):
        raise BadInputError(
            f"{folder / (missing[0] + '.det.txt')}: no such file; write it with `atrium detect`, "
            f"or take {missing[0]!r} out of cameras.json"
        )
    return cameras, {name: read_detections(files[name]) for name in cameras}


def fuse_recording(
    cameras: Mapping[str, Camera],
    frames: Mapping[str, Sequence[Seen]],
    fps: float,
    settings: JointSettings | None = None,
    bridge_s: float = BRIDGE_S,
    *,
    ground: Ground | None = None,
) -> Floats:
    """People of a recording on the floor.

    Args:
        cameras: by name.
        frames: each camera's detections of every frame from the first; all begin together.
        fps: frames a second.
        settings: of the tracker.
        bridge_s: gaps up to this long are filled; 0 leaves them open.
        ground: what the floor's plan says, cameras in the same order.

    Returns:
        (R, 4) rows of frame (from 0), id (from 1 in order of appearance), x, y in metres; sorted by frame, then id.
    """
    tracker = JointTracker(cameras, settings or JointSettings(), ground)
    told = []
    for index, seen in enumerate(moments_of(frames)):
        told += tracker.update(index / fps, seen)
    told += tracker.close()
    rows = [np.empty((0, 4))]
    for moment in told:
        frame = np.full(len(moment), float(round(moment.at * fps)))
        rows.append(np.column_stack([frame, moment.id, moment.position_m]))
    table = _bridge(np.concatenate(rows), fps, bridge_s)
    names, first = np.unique(table[:, 1], return_index=True)
    order = np.empty(len(names))
    order[np.argsort(table[first, 0], kind="stable")] = np.arange(1, len(names) + 1)
    table[:, 1] = order[np.searchsorted(names, table[:, 1])]
    return table[np.lexsort((table[:, 1], table[:, 0]))]


def _bridge(table: Floats, fps: float, bridge_s: float) -> Floats:
    """Rows with short gaps of one person filled, sorted by id, then frame."""
    table = table[np.lexsort((table[:, 0], table[:, 1]))]
    frames = np.diff(table[:, 0]).astype(np.int64)
    gone_m = np.hypot(*np.diff(table[:, 2:], axis=0).T)
    is_gap = (np.diff(table[:, 1]) == 0) & (frames > 1) & (frames <= bridge_s * fps + 1e-9)
    is_gap &= gone_m <= FASTEST_MPS * frames / fps + SWAY_M
    table = filled(table, is_gap)
    return table[np.lexsort((table[:, 0], table[:, 1]))]


def moments_of(frames: Mapping[str, Sequence[Seen]]) -> Iterator[dict[str, Seen]]:
    """What all cameras saw, frame by frame; a camera whose detections ended sees nothing."""
    for index in range(max((len(each) for each in frames.values()), default=0)):
        yield {name: each[index] if index < len(each) else NOTHING_SEEN for name, each in frames.items()}


def filled(table: Floats, is_gap: NDArray[np.bool_]) -> Floats:
    """(R, 4) rows of frame, id, x, y with those behind which a gap (R - 1,) is to be filled joined by straight lines.

    The new rows stand at the end.
    """
    rows = [table]
    for row in np.flatnonzero(is_gap).tolist():
        steps = round(table[row + 1, 0] - table[row, 0])
        share = np.arange(1, steps)[:, None] / steps
        rows.append(table[row] + share * (table[row + 1] - table[row]))
        rows[-1][:, 0] = np.round(rows[-1][:, 0])
    return np.concatenate(rows)


def write_floor(path: Path, rows: NDArray[np.float64]) -> None:
    """Writes rows of `fuse_recording` as CSV `frame,id,x,y`, frames from 1, metres.

    Raises:
        BadInputError: where the file cannot be written.
    """
    lines = [f"{frame + 1:.0f},{name:.0f},{x:.3f},{y:.3f}\n" for frame, name, x, y in rows.tolist()]
    try:
        path.write_text("frame,id,x,y\n" + "".join(lines))
    except OSError as error:
        raise BadInputError(f"{path}: cannot be written ({error.strerror or error}); choose another place") from None
