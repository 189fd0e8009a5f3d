"""How long commands take from nothing to their answer on a recording of a second, what they compiled being kept.

    python -m benchmarks.start [--quick] [--json]

*track* and *fuse* are whole commands on eight made-up frames, each in a process of its own, after one that compiles;
*replay, loaded* is all that `atrium replay` and a box import before their first picture, without a model or a stream.
*edge run* is a box on a real RTSP camera and a real broker until its first picture is analysed, less the time in which
it is ready and waits for nothing but the camera's next key picture; what it does meanwhile is a table of its own.
Processor seconds, its own and the system's, say more than the clock where other work goes on.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.first_picture import ANALYSED, FirstPicture, first_picture
from contract.errors import AtriumError

ROOT = Path(__file__).resolve().parent.parent
MOST_S = 1.5
"""A start may take so long."""
FRAMES = 8


@dataclass(frozen=True, slots=True)
class Start:
    """Medians of one command's starts.

    Attributes:
        name: of the command.
        wall_s: by the clock.
        processor_s: of the process.
    """

    name: str
    wall_s: float
    processor_s: float


def write_inputs(folder: Path) -> None:
    """Detections of three people on a floor that one camera in a corner sees, and the camera."""
    ahead = np.array([5.0, 4.0, -1.7]) / np.linalg.norm([5.0, 4.0, -1.7])
    right = np.cross(ahead, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    turned = np.stack([right, np.cross(ahead, right), ahead])
    lens = np.array([[330.0, 0, 320], [0, 330, 180], [0, 0, 1]])
    shift = -turned @ [0.0, 0.0, 2.6]
    camera = {"width": 640, "height": 360, "K": lens.tolist(), "dist": [0.0] * 5, "R": turned.tolist()}
    (folder / "cameras.json").write_text(json.dumps({"cam": camera | {"t": shift.tolist()}}))
    lines = []
    for frame in range(FRAMES):
        for x, y in ((4.0 + 0.1 * frame, 4.0), (6.0, 4.0 - 0.1 * frame), (5.0, 6.0)):
            feet, head = (lens @ (turned @ [x, y, z] + shift) for z in (0.0, 1.7))
            (u, v), top = feet[:2] / feet[2], head[1] / head[2]
            wide = 0.35 * (v - top)
            lines.append(f"{frame + 1},-1,{u - wide / 2:.2f},{top:.2f},{wide:.2f},{v - top:.2f},0.95,-1,-1,-1\n")
    (folder / "cam.det.txt").write_text("".join(lines))


def start(name: str, arguments: list[str], rounds: int) -> Start:
    """Medians of a command, after one that compiles what is not compiled yet."""
    walls, processors = [], []
    for number in range(rounds + 1):
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
        wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            raise SystemExit(f"{name}: {done.stderr.strip()}")
        if number:
            walls.append(wall)
            processors.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return Start(name, statistics.median(walls), statistics.median(processors))


def box_start(folder: Path, rounds: int) -> FirstPicture | None:
    """A box's starts, or None, with a line why, where this machine has no RTSP server or no broker."""
    try:
        return first_picture(folder, rounds)
    except AtriumError as error:
        print(f"edge run: {error}")
        return None


def moments_table(box: FirstPicture) -> Table:
    """What a box did until when."""
    title = (
        f"edge run: first picture after {box.wall_s:.2f} s, of which {box.waited_s:.2f} s waiting for the camera alone"
    )
    table = Table("until", "s by the clock", "processor s", title=title)
    for what, at_s in sorted(box.moments_s.items(), key=lambda each: each[1]):
        table.add_row(what, f"{at_s:.2f}", f"{box.spent_s[what]:.2f}")
    return table


def main(
    quick: Annotated[bool, typer.Option(help="One start each instead of five.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object of figures as the last line.")] = False,
) -> None:
    """Prints how long commands take to start, and whether the bar is cleared."""
    rounds = 1 if quick else 5
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_inputs(folder)
        atrium, out = ["-m", "cli.main"], str(folder / "out")
        starts = [
            start("track", [*atrium, "track", str(folder / "cam.det.txt"), "--fps", "8", "--out", out], rounds),
            start("fuse", [*atrium, "fuse", str(folder), "--fps", "8", "--out", out], rounds),
            start("replay, loaded", ["-c", "import cli.replay"], rounds),
        ]
        box = box_start(folder, rounds)
    if box is not None:
        starts.append(Start("edge run", box.own_s, box.spent_s[ANALYSED]))
    table = Table("command", "s by the clock", "processor s", title=f"median of {rounds}, compiled before")
    for each in starts:
        table.add_row(each.name, f"{each.wall_s:.2f}", f"{each.processor_s:.2f}")
    Console(width=100).print(table)
    if box is not None:
        Console(width=100).print(moments_table(box))
    bars = {f"{each.name}: within {MOST_S} s ({each.wall_s:.2f})": each.wall_s <= MOST_S for each in starts}
    for bar, cleared in bars.items():
        print("yes" if cleared else "no ", bar)
    if as_json:
        found = {"starts": [asdict(each) for each in starts], "box": box and asdict(box), "bars": bars}
        print(json.dumps(found))
    sys.exit(0 if all(bars.values()) else 1)


if __name__ == "__main__":
    typer.run(main)
