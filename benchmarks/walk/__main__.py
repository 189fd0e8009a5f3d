"""The walk test on the twin: pictures rendered, the walker detected with the shipped model, calibrations disturbed.

    python -m benchmarks.walk [--quick] [--json] [--walks 31-33] [--seeds 1-5] [--folder DIR]

One installer walks alone over the ground floor of the twin for 200 seconds; six cameras film at 5 frames a second, each
at its own moments, and lose one picture in twenty. Each seed turns every true camera by 3 degrees about a random axis,
moves it by 20 cm and puts its clock up to 2 s off. The bar is "floor": true floor points of the walk, put back to the
floor by both cameras of a pair. "boxes" is what the command itself can see: detector and gait are in it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.mall import seeds_of
from benchmarks.walk.disturb import Error, error_of, shared_places, wrong_cameras, wrong_clocks
from benchmarks.walk.film import FLOOR, detected, phases_of, walk_of
from calibration.camera import Camera
from calibration.site import load_site
from calibration.walk.adjust import adjust
from calibration.walk.bundle import Anchors, Settings
from calibration.walk.observations import sightings
from calibration.walk.walker import one_walker, passages
from simulator.scene import GALLERIA

SECONDS, FPS = 200.0, 5.0
LOST = 0.05
"""Share of pictures that never arrive."""
BAR_M, BAR_CLOCK_S = 0.05, 0.05
CLICK_PX = 1.0
ANCHORED = 2
"""Cameras with measured points, in the runs that have some."""
DEFAULT_FOLDER = Path(tempfile.gettempdir()) / "atrium-walk"


def errors(folder: Path, walk: int, seeds: list[int], *, anchored: bool) -> dict[int, Error]:
    """Errors of one walk under each disturbance."""
    true = load_site(GALLERIA).floor(FLOOR).cameras
    installer, phases = walk_of(SECONDS, walk), phases_of(list(true), FPS, walk)
    rows = detected(folder, SECONDS, FPS, walk)
    found = {}
    for seed in seeds:
        rng = np.random.default_rng([walk, seed])
        seen = {}
        for name, table in rows.items():
            kept = ~np.isin(table[:, 0], np.flatnonzero(rng.random(round(SECONDS * FPS)) < LOST))
            seen[name] = sightings(table[kept, 0] / FPS + phases[name], table[kept, 1:5], table[kept, 5])
        walker = {name: one_walker(passages(each))[0] for name, each in seen.items()}
        shared = shared_places(walker, {n: installer.places(each.time_s) for n, each in walker.items()}, true)
        given = wrong_cameras(true, rng)
        late, offsets = wrong_clocks(seen, rng)
        anchors = {name: clicked(true[name], rng) for name in list(true)[:ANCHORED]} if anchored else {}
        found[seed] = error_of(adjust(given, late, Settings(), anchors), given, true, shared, offsets)
    return found


def clicked(camera: Camera, rng: np.random.Generator) -> Anchors:
    """Four points of the plan that the camera sees, clicked with a pixel's noise."""
    around = camera.floor_from_pixels(
        np.array([[0.25, 0.5], [0.75, 0.5], [0.3, 0.85], [0.7, 0.85]]) * [camera.width, camera.height]
    )
    return Anchors(camera.pixels_from_floor(around) + rng.normal(0, CLICK_PX, (4, 2)), around)


def show(found: dict[tuple[int, int], Error], title: str, console: Console) -> None:
    """Print a line for each disturbance."""
    table = Table(
        *("walk", "seed", "floor before cm", "after cm", "all moments", "worst pair", "boxes before", "after"),
        *("over 2 s", "true cm", "turn deg", "place cm", "clock ms"),
        title=title,
    )
    for (walk, seed), each in found.items():
        lengths = (each.before_m, each.after_m, each.moments_m, each.worst_m, each.boxes_before_m, each.boxes_m)
        table.add_row(
            *(str(walk), str(seed), *(f"{value * 100:.1f}" for value in lengths), f"{each.steady_m * 100:.1f}"),
            *(f"{each.true_m * 100:.0f}", f"{each.turn_deg:.2f}", f"{each.move_m * 100:.0f}"),
            f"{each.clock_s * 1000:.0f}",
        )
    console.print(table)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="the walk test on the twin, beside its truth")
    parser.add_argument("--quick", action="store_true", help="one walk only")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--walks", default="31-33", help="seeds of the walks, as 31-33,40")
    parser.add_argument("--seeds", default="1-5", help="seeds of the disturbances")
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="keeps detections")
    wanted = parser.parse_args()
    walks = seeds_of(wanted.walks)[:1] if wanted.quick else seeds_of(wanted.walks)
    console, good = Console(width=150), True
    figures: dict[str, object] = {}
    for anchored in (False, True):
        found = {
            (walk, seed): each
            for walk in walks
            for seed, each in errors(wanted.folder, walk, seeds_of(wanted.seeds), anchored=anchored).items()
        }
        name = "four measured points in two cameras" if anchored else "no measured points"
        show(found, name, console)
        after = np.array([each.after_m for each in found.values()])
        clock = max(each.clock_s for each in found.values())
        met = int((after < BAR_M).sum())
        print(
            f"{name}: median {np.median(after) * 100:.1f} cm, {met} of {len(after)} under {BAR_M * 100:.0f} cm, worst "
            f"{after.max() * 100:.1f} cm; worst clock {clock * 1000:.0f} ms (bar {BAR_CLOCK_S * 1000:.0f})"
        )
        good &= bool(np.median(after) < BAR_M) and clock < BAR_CLOCK_S
        figures["anchored" if anchored else "free"] = {
            "median_m": float(np.median(after)), "under_bar": met, "runs": len(after), "worst_clock_s": clock,
            "each": {f"{walk}/{seed}": asdict(each) for (walk, seed), each in found.items()},
        }  # fmt: skip
    if wanted.json:
        print(json.dumps(figures))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
