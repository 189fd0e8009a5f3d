"""`atrium fuse` on real sequences beside an ordinary filter and assignment, and how its cost grows.

    python -m benchmarks.fuse [--quick] [--json] [--data DIR]

DIR holds folders with `cameras.json`, `<camera>.det.txt`, `sequence.json` and `gt_floor.csv`. Every sequence is
tracked as it is, and in copies that are a little different (3 % of the boxes gone, the rest trembling by 1 % of their
height, cameras in another order, every other copy backwards): where a swap or two decide, their mean says more. Each
is told twice: two seconds behind, and by `--whole`, with the whole film before the tracker. The peer is the
Kalman filter with Hungarian assignment of `eval/baseline_floor.py --better` beside DIR, where it is there. Times are of
one thread's CPU, without reading files.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from math import sqrt
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.eval.floor import FloorScore, floor_score
from benchmarks.fuse.scene import AREA_EACH_M2, boxes_of, cameras_around, walk
from benchmarks.track.sequences import SHARED
from calibration.camera import Camera
from edge.floor.joint.recording import fuse_recording, read_sequence
from edge.floor.joint.tracker import JointTracker
from edge.floor.joint.whole.film import fuse_whole
from edge.track.seen import NOTHING_SEEN, Boxes

DEFAULT_DATA = SHARED / "multicam"
BARS = {
    "CMC1": {"idf1": 0.98, "mota": 0.97},
    "CMC2": {"idf1": 0.88, "mota": 0.95, "hota": 0.75},
    "wildtrack_a": {"idf1": 0.90, "mota": 0.92, "hota": 0.80, "count_error": 0.6},
    "pets_s2l1_view1": {"idf1": 0.85, "mota": 0.86},
}
"""What each sequence has to reach; of the count error it is the most it may be."""
BY_WHOLE_FILM = ("pets_s2l1_view1",)
"""Sequences whose bars may be reached with the whole film before the tracker; the others two seconds behind."""
REAL_TIME = 5.0
"""How many times real time seven cameras at ten frames a second and forty people have to be tracked."""

Frames = dict[str, list[Boxes]]


@dataclass(frozen=True, slots=True)
class Run:
    """One tracker on one sequence: its score and how many times real time it took."""

    score: FloorScore
    speed: float


def perturbed(cameras: dict[str, Camera], frames: Frames, seed: int) -> tuple[dict[str, Camera], Frames]:
    """A copy that is a little different; odd ones run backwards. The 0th is the original."""
    if seed == 0:
        return cameras, frames
    rng = np.random.default_rng(seed)
    names = rng.permutation(list(cameras)).tolist()
    length = max(len(each) for each in frames.values())
    copy = {}
    for name in names:
        each = frames[name] + [NOTHING_SEEN] * (length - len(frames[name]))
        changed = []
        for found in each:
            is_kept = rng.random(len(found)) > 0.03
            boxes = found.xyxy[is_kept]
            tall = (boxes[:, 3] - boxes[:, 1])[:, None]
            changed.append(Boxes(boxes + rng.normal(0, 0.01, boxes.shape) * tall, found.confidence[is_kept]))
        copy[name] = changed[::-1] if seed % 2 else changed
    return {name: cameras[name] for name in names}, copy


def ours(folder: Path, info: dict[str, Any], truth: NDArray[np.float64], seed: int, *, whole: bool = False) -> Run:
    """Atrium on one copy of a sequence, two seconds behind or with the whole film before it."""
    cameras, frames = read_sequence(folder)
    length = int(info["frames"])
    cameras, frames = perturbed(cameras, {name: each[:length] for name, each in frames.items()}, seed)
    begun = time.process_time()
    rows = (fuse_whole if whole else fuse_recording)(cameras, frames, info["fps"])
    seconds = time.process_time() - begun
    rows[:, 0] += 1
    if seed % 2:
        truth = truth.copy()
        truth[:, 0] = length + 1 - truth[:, 0]
    return Run(floor_score(truth, rows, np.array(info["score_area"])), length / info["fps"] / seconds)


def peer(folder: Path, info: dict[str, Any], truth: NDArray[np.float64], script: Path) -> FloorScore | None:
    """The ordinary filter, where its script is there."""
    if not script.exists():
        return None
    done = subprocess.run([sys.executable, str(script), str(folder), "--better"], capture_output=True, check=True)
    rows = np.array([line.split(b",") for line in done.stdout.splitlines()[1:]], float).reshape(-1, 4)
    return floor_score(truth, rows, np.array(info["score_area"]))


def mean_score(scores: list[FloorScore]) -> FloorScore:
    """The mean of several."""
    mean = {key: float(np.mean([asdict(score)[key] for score in scores])) for key in asdict(scores[0])}
    return FloorScore(mean["hota"], mean["idf1"], mean["mota"], round(mean["switches"]), mean["count_error"])


def misses(name: str, score: FloorScore) -> list[str]:
    """Which bars a sequence does not reach."""
    bars = BARS.get(name, {})
    found = asdict(score)
    return [
        f"{key} {found[key]:.3f} ({bar})"
        for key, bar in bars.items()
        if (found[key] > bar if key == "count_error" else found[key] < bar)
    ]


def pace(people: int, cameras: int, fps: float, seconds: float) -> float:
    """Times real time that a made crowd takes, after a warm-up of a second."""
    rng = np.random.default_rng(people * 100 + cameras)
    side = sqrt(people * AREA_EACH_M2)
    views = cameras_around(cameras, side)
    height = rng.normal(1.7, 0.08, people)
    path = walk(people, fps, round((seconds + 1) * fps), side, rng)
    moments = [boxes_of(views, place, height, rng) for place in path]
    tracker = JointTracker(views)
    warm = round(fps)
    for index in range(warm):
        tracker.update(index / fps, moments[index])
    begun = time.process_time()
    for index in range(warm, len(moments)):
        tracker.update(index / fps, moments[index])
    return (len(moments) - warm) / fps / (time.process_time() - begun)


def main(
    quick: Annotated[bool, typer.Option(help="One copy of each sequence, short crowds.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object of figures as the last line.")] = False,
    data: Annotated[Path, typer.Option(help="Folder of sequences.")] = DEFAULT_DATA,
    copies: Annotated[int, typer.Option(min=1, help="Copies of each sequence, the original included.")] = 8,
) -> None:
    """Prints accuracy beside the peer and the bars, and speed as crowds and cameras grow."""
    folders = sorted(path.parent for path in data.glob("*/gt_floor.csv"))
    if not folders:
        raise SystemExit(f"no sequences in {data}: give their folder with --data")
    table = Table("sequence", "tracker", "HOTA", "IDF1", "MOTA", "switches", "count error", "x real time")
    figures: dict[str, Any] = {"sequences": {}}
    short: list[str] = []

    def row(name: str, who: str, score: FloorScore, speed: str) -> None:
        numbers = [f"{score.hota:.3f}", f"{score.idf1:.3f}", f"{score.mota:.3f}"]
        table.add_row(name, who, *numbers, str(score.switches), f"{score.count_error:.2f}", speed)

    for folder in folders:
        info = json.loads((folder / "sequence.json").read_text())
        truth = np.loadtxt(folder / "gt_floor.csv", delimiter=",", skiprows=1)[:, :4]
        ours(folder, info, truth, 0)  # compiles, or loads what was compiled
        runs = [ours(folder, info, truth, seed) for seed in range(1 if quick else copies)]
        row(folder.name, "atrium", runs[0].score, f"{np.median([run.speed for run in runs]):.0f}")
        mean = mean_score([run.score for run in runs])
        if len(runs) > 1:
            row("", f"atrium, mean of {len(runs)} copies", mean, "")
        by_whole = [ours(folder, info, truth, seed, whole=True) for seed in range(len(runs))]
        row("", "whole film", by_whole[0].score, f"{np.median([run.speed for run in by_whole]):.0f}")
        mean_whole = mean_score([run.score for run in by_whole])
        if len(runs) > 1:
            row("", f"whole film, mean of {len(runs)} copies", mean_whole, "")
        other = peer(folder, info, truth, data.parent.parent / "eval" / "baseline_floor.py")
        if other is not None:
            row("", "Kalman and Hungarian", other, "")
        counts = (by_whole if folder.name in BY_WHOLE_FILM else runs)[0].score
        short += [f"{folder.name}: {miss}" for miss in misses(folder.name, counts)]
        figures["sequences"][folder.name] = {
            "as_it_is": asdict(runs[0].score), "mean": asdict(mean), "peer": None if other is None else asdict(other),
            "speed": runs[0].speed, "whole_film": asdict(by_whole[0].score), "whole_film_mean": asdict(mean_whole),
        }  # fmt: skip
    console = Console(width=120)
    console.print(table)
    seconds = 5.0 if quick else 15.0
    pace(10, 2, 10, 1.0)
    growth = Table("people", "cameras", "x real time at 10 frames a second", "CPU ms a person-second")
    figures["pace"] = []
    shapes = [(people, 7) for people in (10, 20, 40, 80, 160)] + [(40, cameras) for cameras in (1, 2, 4, 16, 32)]
    for people, cameras in shapes:
        speed = pace(people, cameras, 10, seconds)
        growth.add_row(str(people), str(cameras), f"{speed:.1f}", f"{1000 / speed / people:.2f}")
        figures["pace"].append({"people": people, "cameras": cameras, "speed": speed})
        if (people, cameras) == (40, 7) and speed < REAL_TIME:
            short.append(f"{speed:.1f} times real time ({REAL_TIME})")
    console.print(growth)
    print("every bar is reached" if not short else "short of: " + "; ".join(short))
    if as_json:
        print(json.dumps(figures | {"short": short}))
    sys.exit(1 if short else 0)


if __name__ == "__main__":
    typer.run(main)
