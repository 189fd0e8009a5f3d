"""People counted at a real shop's door: Atrium beside ByteTrack, as it comes and tuned, on the same detections.

    python -m benchmarks.doors [MODEL ...] [--quick] [--json] [--data DIR]

The five front clips of CAVIAR, at 25 pictures a second and at 8 from three starting frames, each with one and the same
configuration, and copies of them, mirrored (floor and line, too), darkened and compressed again, at 25 and at 8. DIR
holds `caviar/` (clips, `truth.json`, `geometry.json`) and `detectors/` (YOLOX-nano). Atrium is the whole way from
detections to crossings; ByteTrack's tracks cross a line of supervision by their feet. A crossing counts where one of
the truth's of that direction lies within `TOLERANCE` frames, each used once; wrong is what is told and was not, and
what was and is not told. Copies and detections are kept in a cache (`ATRIUM_BENCH_CACHE`).
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track as progress
from rich.table import Table

from benchmarks.doors.copies import COPIES, Copy, copied, mirrored_floor
from benchmarks.doors.looking import CAMERA, seen_in
from benchmarks.doors.scores import Crossings, Run, Verdict, judge, meets, survives, wrong_of
from benchmarks.doors.ways import Way, atrium, bytetrack, mirrored_line
from benchmarks.track.sequences import SHARED as DATA
from calibration.site import load_site
from edge.detect.detector import Detector
from models.registry import resolve

SITE = Path(__file__).resolve().parent.parent.parent / "tests" / "data" / "caviar" / "site.toml"
NANO = "detectors/yolox_nano_416x416.onnx"
MODELS = ("person-n", "person-s")
RUNS: tuple[Run, ...] = ((25.0, 0), (8.0, 0), (8.0, 1), (8.0, 2))
COPY_RUNS: tuple[Run, ...] = ((25.0, 0), (8.0, 0))
QUICK_RUNS: tuple[Run, ...] = ((8.0, 0),)
QUICK_MODELS = ("person-n",)
AS_IT_IS = "as it is"

Results = dict[str, dict[str, dict[Run, list[Verdict]]]]
"""Verdicts on all clips by copy, way and run."""
Ways = dict[bool, dict[str, Way]]
"""Ways of counting by name, for plain and for mirrored pictures."""


def ways_at(line: list[list[float]]) -> Ways:
    """Those installed; the line is ByteTrack's, in pixels."""
    floor = load_site(SITE).floor_of_camera(CAMERA)
    ways: Ways = {False: {"Atrium": atrium(floor)}, True: {"Atrium": atrium(mirrored_floor(floor))}}
    try:
        for is_mirrored, own in ((False, line), (True, mirrored_line(line, floor.cameras[CAMERA].width))):
            ways[is_mirrored]["ByteTrack"] = bytetrack(own, tuned=False)
            ways[is_mirrored]["ByteTrack tuned"] = bytetrack(own, tuned=True)
    except ImportError:
        print("not installed and left out: ByteTrack (trackers)")
    return ways


def counted(model: str, clips: list[Path], truth: list[Crossings], ways: Ways, *, quick: bool) -> Results:
    """How all ways do with one detector."""
    detector, results = Detector(resolve(model).path), Results()
    jobs: list[tuple[Copy | None, Run]] = [(None, run) for run in (QUICK_RUNS if quick else RUNS)]
    jobs += [(copy, run) for copy in COPIES for run in (QUICK_RUNS if quick else COPY_RUNS)]
    for copy, (fps, start) in progress(
        jobs, description=Path(model).stem, console=Console(stderr=True), transient=True
    ):
        files = clips if copy is None else [copied(clip, copy) for clip in clips]
        seen = [seen_in(file, detector, fps, start) for file in files]
        own = results.setdefault(copy.name if copy else AS_IT_IS, {})
        for way, count in ways[copy is not None and copy.mirrored].items():
            row = [judge(count(each, fps), real) for each, real in zip(seen, truth, strict=True)]
            own.setdefault(way, {})[fps, start] = row
    return results


def note(table: Table, name: str, results: Results) -> list[dict[str, str | float]]:
    """Puts one detector's results into the table, and gives them as figures."""
    figures: list[dict[str, str | float]] = []
    for pictures, by_way in results.items():
        for way, runs in by_way.items():
            for (fps, start), row in runs.items():
                cells = (f"{v.right}/{v.wrong} ({' '.join(f'{x:+.0f}' for x in sorted(v.late))})" for v in row)
                right, wrong = sum(v.right for v in row), wrong_of(row)
                table.add_row(name, pictures, f"{fps:g}", str(start), way, *cells, f"{right}/{wrong}")
                what: dict[str, str | float] = {
                    "detector": name,
                    "pictures": pictures,
                    "fps": fps,
                    "start_frame": start,
                    "way": way,
                }
                figures.append(what | {"right": right, "wrong": wrong})
        table.add_section()
    return figures


def reached(name: str, results: Results) -> dict[str, bool]:
    """Whether Atrium clears the bars with one detector."""
    copies = [results[copy.name]["Atrium"] for copy in COPIES]
    return {
        f"{name}: exact at 25 Hz and from two starts at 8, from a third one wrong at most": meets(
            results[AS_IT_IS]["Atrium"]
        ),
        f"{name}: all copies at 25 and at 8 Hz, one wrong together at most": survives(copies),
    }


def main(
    models: Annotated[
        list[str] | None, typer.Argument(help="Names on the shelf or files; else nano and the shelf's.")
    ] = None,
    quick: Annotated[
        bool, typer.Option(help="The default model, and 8 pictures a second from the first frame only.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object of figures as the last line.")] = False,
    data: Annotated[Path, typer.Option(help="Folder of the real data.")] = DATA,
) -> None:
    """Prints right/wrong crossings by clip, and in parentheses how many frames late the right ones are."""
    warnings.filterwarnings("ignore", message="OpenCV", category=UserWarning)
    folder = data / "caviar"
    if not folder.is_dir():
        raise SystemExit(f"no clips in {folder}: give the folder of the real data with --data")
    noted = json.loads((folder / "truth.json").read_text())
    names = sorted(name for name, told in noted.items() if isinstance(told, dict) and told.get("view") == CAMERA)
    truth = [{"in": noted[name]["enter"], "out": noted[name]["leave"]} for name in names]
    ways = ways_at(json.loads((folder / "geometry.json").read_text())[CAMERA]["door_line"])
    short = (name.split(".")[0].removesuffix("front") for name in names)
    table = Table("detector", "pictures", "Hz", "from", "way", *short, "right/wrong")
    figures: list[dict[str, str | float]] = []
    clears: dict[str, bool] = {}
    for model in models or (QUICK_MODELS if quick else [str(data / NANO), *MODELS]):
        results = counted(model, [folder / name for name in names], truth, ways, quick=quick)
        figures += note(table, Path(model).stem, results)
        clears |= {} if quick else reached(Path(model).stem, results)
    Console(width=200).print(table)
    for says, is_clear in clears.items():
        print(f"{'clears' if is_clear else 'MISSES'}  {says}")
    if as_json:
        print(json.dumps({"runs": figures, "clears": clears}))
    sys.exit(0 if all(clears.values()) else 1)


if __name__ == "__main__":
    typer.run(main)
