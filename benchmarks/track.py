"""Our tracker beside ByteTrack (Roboflow `trackers`) on the same detections: quality and frames a second, in one run.

    python -m benchmarks.track [--quick] [--json] [--data DIR]

DIR holds one folder a sequence with `det.txt`, `gt.txt` (MOTChallenge text) and `seqinfo.ini` (`frameRate=`). Both
trackers see every detection and start cold of anything but compilation; each is timed on one thread, best of several
passes. Ours is scored on what `atrium track` writes, first boxes and bridged gaps included, and that work is in its
time; its frames a second are those of that, or of `Tracker.update` picture by picture, whichever is slower.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import supervision as sv
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.eval.clear import clear
from benchmarks.eval.frames import sequence
from benchmarks.eval.hota import hota
from benchmarks.eval.identity import idf1
from edge.track.offline import track_recording
from edge.track.tracker import Tracker

DEFAULT_DATA = (
    Path(os.environ.get("ATRIUM_SHARED", Path(__file__).resolve().parent.parent.parent / "shared" / "data")) / "mot"
)
FASTER = 10
"""How many times the peer's frames a second ours has to reach."""

Run = Callable[[list[sv.Detections], float], NDArray[np.float64]]
"""Detections a frame and frames a second to MOT rows: frame from 1, id, left, top, width, height."""


@dataclass(frozen=True, slots=True)
class Score:
    """One tracker on one sequence."""

    hota: float
    idf1: float
    mota: float
    switches: int
    fps: float


def ours(frames: list[sv.Detections], fps: float) -> NDArray[np.float64]:
    """Atrium's tracker as `atrium track` runs it."""
    rows = track_recording(frames, fps)
    return np.column_stack([rows[:, 0] + 1, rows[:, 1], rows[:, 2:4], rows[:, 4:6] - rows[:, 2:4]])


def live(frames: list[sv.Detections], fps: float) -> NDArray[np.float64]:
    """The same tracker as a box runs it, one picture at a time; timed only."""
    tracker = Tracker()
    for index, found in enumerate(frames):
        tracker.update(index / fps, found)
    return np.empty((0, 6))


def bytetrack(frames: list[sv.Detections], fps: float) -> NDArray[np.float64]:
    """`trackers.ByteTrackTracker` as its documentation runs it."""
    from trackers import ByteTrackTracker  # noqa: PLC0415 - the peer is optional

    tracker = ByteTrackTracker(frame_rate=fps)
    rows = []
    for number, detections in enumerate(frames, 1):
        result = tracker.update(detections)
        identities = np.empty(0, int) if result.tracker_id is None else result.tracker_id
        rows += [
            (number, identity, *box) for box, identity in zip(result.xyxy, identities, strict=True) if identity >= 0
        ]
    table = np.array(rows, float).reshape(-1, 6)
    table[:, 4:6] -= table[:, 2:4]
    return table


def frame_rate(folder: Path) -> float:
    """Frames a second by `seqinfo.ini`."""
    for line in (folder / "seqinfo.ini").read_text().splitlines():
        if line.lower().startswith("framerate"):
            return float(line.split("=")[1])
    raise ValueError(f"{folder / 'seqinfo.ini'}: no frameRate")


def detections(folder: Path, last: int) -> list[sv.Detections]:
    """Detections of the frames 1 to `last`."""
    rows = np.loadtxt(folder / "det.txt", delimiter=",", ndmin=2)
    frames = []
    for number in range(1, last + 1):
        d = rows[rows[:, 0] == number]
        xyxy = np.column_stack([d[:, 2:4], d[:, 2:4] + d[:, 4:6]]).reshape(-1, 4)
        frames.append(sv.Detections(xyxy=xyxy, confidence=d[:, 6], class_id=np.zeros(len(d), int)))
    return frames


def timed(run: Run, frames: list[sv.Detections], fps: float, passes: int) -> tuple[NDArray[np.float64], float]:
    """What `run` gives, and the seconds of its fastest pass."""
    run(frames[:5], fps)
    best = np.inf
    for _ in range(passes):
        start = time.perf_counter()
        rows = run(frames, fps)
        best = min(best, time.perf_counter() - start)
    return rows, best


def score(run: Run, folder: Path, passes: int) -> Score:
    """Quality of a tracker on a sequence, and its best frames a second of `passes`."""
    truth = np.loadtxt(folder / "gt.txt", delimiter=",", ndmin=2)
    last = int(truth[:, 0].max())
    frames, fps = detections(folder, last), frame_rate(folder)
    rows, best = timed(run, frames, fps, passes)
    if run is ours:
        best = max(best, timed(live, frames, fps, passes)[1])
    pairs = sequence(truth, rows, last)
    mot = clear(pairs)
    return Score(hota(pairs).hota, idf1(pairs), mot.mota, mot.switches, last / best)


def main(
    quick: Annotated[bool, typer.Option(help="One timed pass instead of five.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object of figures as the last line.")] = False,
    data: Annotated[Path, typer.Option(help="Folder of sequences in MOTChallenge text.")] = DEFAULT_DATA,
) -> None:
    """Prints our tracker beside ByteTrack, and how many of the bars it clears."""
    folders = sorted(p.parent for p in data.glob("*/gt.txt"))
    if not folders:
        raise SystemExit(f"no sequences in {data}: give their folder with --data")
    warnings.filterwarnings("ignore", message="OpenCV", category=UserWarning)
    try:
        import trackers  # noqa: F401, PLC0415 - the peer is optional
    except ImportError:
        raise SystemExit("the peer is missing: uv pip install --no-deps trackers") from None
    table = Table(
        "sequence", "tracker", "HOTA", "IDF1", "MOTA", "switches", "frames/s", "HOTA ratio", "IDF1 ratio", "speed ratio"
    )
    figures: dict[str, Any] = {}
    passed = 0
    for folder in folders:
        passes = 1 if quick else 5
        us, peer = score(ours, folder, passes), score(bytetrack, folder, passes)
        ratios = (us.hota / peer.hota, us.idf1 / peer.idf1, us.fps / peer.fps)
        passed += ratios[0] >= 1 and ratios[1] >= 1 and ratios[2] >= FASTER
        for name, s, shown in (("atrium", us, [f"{r:.2f}" for r in ratios]), ("ByteTrack", peer, ["", "", ""])):
            table.add_row(
                folder.name,
                name,
                f"{s.hota:.3f}",
                f"{s.idf1:.3f}",
                f"{s.mota:.3f}",
                str(s.switches),
                f"{s.fps:.0f}",
                *shown,
            )
        figures[folder.name] = {
            "hota": us.hota, "idf1": us.idf1, "mota": us.mota, "switches": us.switches, "fps": us.fps,
            "peer_hota": peer.hota, "peer_idf1": peer.idf1, "peer_mota": peer.mota, "peer_switches": peer.switches,
            "peer_fps": peer.fps, "hota_ratio": ratios[0], "idf1_ratio": ratios[1], "fps_ratio": ratios[2],
        }  # fmt: skip
    Console(width=140).print(table)
    print(f"{passed} of {len(folders)} sequences at least equal in HOTA and IDF1 at {FASTER} times the frames a second")
    if as_json:
        print(json.dumps({"sequences": figures, "passed": passed, "of": len(folders)}))
    sys.exit(0 if passed == len(folders) else 1)


if __name__ == "__main__":
    typer.run(main)
