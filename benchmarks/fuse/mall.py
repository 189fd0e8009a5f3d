"""The box's fusion and the joint tracker on the demo's mall, shops with walls, beside its truth.

    python -m benchmarks.fuse.mall [--seeds 11-14] [--json] [--folder DIR]

Crowds are those of `benchmarks.mall`, kept in the same folder: rendered, filmed and detected once. Both trackers get
the same detections at the same moments; the joint tracker knows the floor's plan, and is shown without it as well.
The box tells of nobody who has not moved, as mannequins do not: IDF1 is told of everybody, and of those who move.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.eval.floor import floor_score
from benchmarks.eval.names import matched
from benchmarks.mall import (
    DEFAULT_FOLDER,
    FLOOR,
    SECONDS,
    Moments,
    Played,
    filmed,
    identities,
    looked_at,
    play,
    seeds_of,
    true_places,
)
from calibration.camera import Camera
from calibration.site import Floor, load_site
from edge.floor.joint.ground import Ground, ground_of
from edge.floor.joint.settings import JointSettings
from edge.floor.joint.tracker import JointTracker
from simulator.clips import quiet_threads
from simulator.scene import GALLERIA

Floats = NDArray[np.float64]
MOVES_M = 0.6
"""Whoever is never farther than this from where they were, along either side of the plan, does not move."""
NEAR_M = 1.0
"""A visitor this near to somebody may be they."""


def jointly(
    moments: Moments,
    cameras: Mapping[str, Camera],
    ground: Ground | None,
    settings: JointSettings | None = None,
) -> Played:
    """What the joint tracker tells, without doors and zones."""
    tracker = JointTracker(cameras, settings or JointSettings(), ground)
    told = []
    for now, seen in moments:
        told += tracker.update(now, {name: each.detections for name, each in seen.items()})
    told += tracker.close()
    places = [
        (moment.at, [(str(i), x, y) for i, (x, y) in zip(moment.id.tolist(), moment.position_m.tolist(), strict=True)])
        for moment in told
    ]
    return Played([], [], places)


def floor_rows(played: Played, true: Mapping[int, Floats]) -> tuple[Floats, Floats]:
    """(R, 4) truth and (Q, 4) result as frame, id, x, y at the moments that were told and count."""
    number: dict[str, int] = {}
    truth, result = [], []
    frame = 0
    for at, visitors in played.places:
        here = [(who, np.interp(at, way[:, 0], way[:, 1]), np.interp(at, way[:, 0], way[:, 2]))
                for who, way in true.items() if way[0, 0] <= at <= way[-1, 0]]  # fmt: skip
        if at > SECONDS or not here:
            continue
        frame += 1
        truth += [(frame, *row) for row in here]
        result += [(frame, number.setdefault(token, len(number)), x, y) for token, x, y in visitors]
    return np.array(truth, np.float64).reshape(-1, 4), np.array(result, np.float64).reshape(-1, 4)


def of_those_who_move(truth: Floats, result: Floats) -> tuple[Floats, Floats]:
    """The same rows without people who never move, and without whoever is at the place of one and of nobody else."""
    names = np.unique(truth[:, 1])
    span_m = np.array([np.ptp(truth[truth[:, 1] == name, 2:], axis=0).max() for name in names])
    is_still = np.isin(truth[:, 1], names[span_m < MOVES_M])
    keep = np.ones(len(result), np.bool_)
    for frame in np.unique(truth[is_still, 0]):
        rows = np.flatnonzero(result[:, 0] == frame)
        here = truth[:, 0] == frame
        still_m, moving_m = (
            np.linalg.norm(result[rows, None, 2:] - truth[None, here & which, 2:], axis=2).min(1, initial=np.inf)
            for which in (is_still, ~is_still)
        )
        keep[rows[(still_m <= NEAR_M) & (still_m < moving_m)]] = False
    return truth[~is_still], result[keep]


def plan_of(floor: Floor) -> Floats:
    """(4, 2) the plan's corners, counter-clockwise, metres."""
    width, height = floor.size_m
    return np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])


def figures_of(played: Played, true: Mapping[int, Floats], area_m: Floats) -> dict[str, float]:
    """What one tracker made of one crowd."""
    truth, result = floor_rows(played, true)
    people, names, swaps = identities(matched(played.places, true))
    return asdict(floor_score(truth, result, area_m)) | {
        "idf1_moving": floor_score(*of_those_who_move(truth, result), area_m).idf1,
        "names_per_person": names / max(1, people),
        "swaps": swaps,
    }


def main(
    seeds: Annotated[str, typer.Option(help="Crowds, as 1-3,7.")] = "11-14",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object of figures as the last line.")] = False,
    folder: Annotated[Path, typer.Option(help="Keeps clips and detections.")] = DEFAULT_FOLDER,
) -> None:
    """Prints floor scores and names of both on every crowd, and their means."""
    quiet_threads()
    floor = load_site(GALLERIA).floor(FLOOR)
    ground = ground_of(floor, floor.cameras)
    table = Table(
        *("seed", "tracker", "IDF1", "who move", "HOTA", "MOTA", "switches", "count off", "names/person", "swaps")
    )
    figures: dict[str, dict[str, dict[str, float]]] = defaultdict(dict)
    for seed in seeds_of(seeds):
        place = filmed(folder, seed)
        moments = looked_at(place)
        true = true_places(place)
        ways = {
            "box": play(moments, floor),
            "joint": jointly(moments, floor.cameras, ground),
            "joint, no plan": jointly(moments, floor.cameras, None),
        }
        for who, played in ways.items():
            figures[str(seed)][who] = figures_of(played, true, plan_of(floor))
    crowds = list(figures)
    for who in figures[crowds[0]]:
        each = [figures[crowd][who] for crowd in crowds]
        figures["mean"][who] = {key: float(np.mean([one[key] for one in each])) for key in each[0]}
    for crowd, by_tracker in figures.items():
        for who, one in by_tracker.items():
            shares = [f"{one[key]:.3f}" for key in ("idf1", "idf1_moving", "hota", "mota")]
            counts = [f"{one['switches']:.0f}", f"{one['count_error']:.2f}", f"{one['names_per_person']:.2f}"]
            table.add_row(crowd, who, *shares, *counts, f"{one['swaps']:.0f}")
    Console(width=120).print(table)
    if as_json:
        print(json.dumps(figures))


if __name__ == "__main__":
    typer.run(main)
