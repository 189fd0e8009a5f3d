"""Our tracker beside five others on the same detections: quality, frames a second, growth with the crowd.

    python -m benchmarks.track [--quick] [--json] [--write] [--data DIR]

DIR holds one folder a sequence with `det.txt`, `gt.txt` (MOTChallenge text) and `seqinfo.ini` (`frameRate=`). All see
every detection and the true frame rate, and start cold of anything but compilation; each is timed on one thread, best
of several turns. "atrium" is what `atrium track` writes, first boxes, joined pieces and bridged gaps included, and
that work is in its time. "atrium live" is what a box tells picture by picture; it says nothing of anybody before they
have moved, and does not go back. Peers that are not installed are named and left out.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.streams.report import told_command, write_section
from benchmarks.track.growth import CROWDS, peer_step_ms, step_ms
from benchmarks.track.ours import Run, live, ours
from benchmarks.track.peers import installed
from benchmarks.track.report import Figures, Step, markdown, show
from benchmarks.track.scores import Bar, Score, bars, mean, score
from benchmarks.track.sequences import DATA, read

TURNS, QUICK_TURNS = 5, 1
STEPS, QUICK_STEPS = 40, 10
PEER_BOXES = 10_000
"""Boxes a peer is given at each size of crowd; it would be at it for minutes else."""
STEP_MS = 2.0
"""Most a step of `STEP_BOXES` boxes may take."""
STEP_BOXES = 300


def grow(run: Run | None, steps: int) -> list[Step]:
    """How long a step takes by the number of boxes, ours and that of a peer."""
    curve = []
    for people in CROWDS:
        median, longest = step_ms(people, steps)
        theirs = peer_step_ms(run, people, max(2, min(steps, PEER_BOXES // people))) if run else float("nan")
        curve.append(Step(people, median, longest, theirs))
    return curve


def main(
    quick: Annotated[bool, typer.Option(help="One timed turn instead of five, and short crowds.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object of figures as the last line.")] = False,
    write: Annotated[bool, typer.Option(help="Put the figures into docs/performance.md.")] = False,
    data: Annotated[Path, typer.Option(help="Folder of sequences in MOTChallenge text.")] = DATA,
) -> None:
    """Prints our tracker beside the others, and which bars it clears."""
    folders = sorted(p.parent for p in data.glob("*/gt.txt"))
    if not folders:
        raise SystemExit(f"no sequences in {data}: give their folder with --data")
    warnings.filterwarnings("ignore", message="OpenCV", category=UserWarning)
    peers, missing = installed()
    if missing:
        print(f"not installed and left out: {', '.join(missing)}")
    runs = {"atrium": ours, "atrium live": live, **peers}
    turns = QUICK_TURNS if quick else TURNS
    scores: dict[str, dict[str, Score]] = {}
    for folder in folders:
        footage = read(folder)
        scores[folder.name] = score(runs, footage, turns)
    by_tracker = {name: [row[name] for row in scores.values()] for name in runs}
    means = {name: mean(rows) for name, rows in by_tracker.items()}
    fastest = max(peers, key=lambda name: means[name].fps, default="")
    growth = grow(peers.get(fastest), QUICK_STEPS if quick else STEPS)
    step = next(s.ms for s in growth if s.boxes == STEP_BOXES)
    reached = [Bar(f"milliseconds to spare in a step of {STEP_BOXES} boxes", STEP_MS - step, 0.0)]
    if peers:
        theirs = {name: by_tracker[name] for name in peers}
        reached = [*bars(by_tracker["atrium"], by_tracker["atrium live"], theirs), *reached]
    figures = Figures({**scores, "mean": means}, growth, fastest, missing, reached)
    show(figures)
    if write:
        command = told_command("benchmarks.track", sys.argv[1:])
        write_section("track", markdown(figures, command, time.strftime("%Y-%m-%d")))
    if as_json:
        told = {
            "sequences": {name: {who: asdict(s) for who, s in row.items()} for name, row in scores.items()},
            "mean": {who: asdict(s) for who, s in means.items()},
            "growth": [asdict(s) for s in growth],
            "fastest_peer": fastest,
            "missing": missing,
            "bars": [{**asdict(bar), "clears": bar.clears} for bar in reached],
        }
        print(json.dumps(told))
    sys.exit(0 if all(bar.clears for bar in reached) else 1)


if __name__ == "__main__":
    typer.run(main)
