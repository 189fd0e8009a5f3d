"""`atrium calibrate walk DIR --fps F --out cameras.json`: one person's walk ties a floor's cameras to one another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from calibration.camera import Camera


def walk(
    recording: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="Folder with cameras.json and a <camera>.det.txt for each camera, as `atrium detect` writes it; "
            "where there is a <camera>.times.csv (frame,time_s), its times count.",
        ),
    ],
    fps: Annotated[float, typer.Option(help="Frames a second of the recordings; they need not begin together.")],
    out: Annotated[Path, typer.Option(help="Result: cameras.json, corrected; the next version of one that is there.")],
    anchors: Annotated[
        Path | None, typer.Option(help="Measured points of the plan: CSV camera,u,v,x,y; pixels, metres.")
    ] = None,
    clocks: Annotated[float, typer.Option(help="Largest clock offset looked for, either way, seconds.")] = 2.5,
    report_to: Annotated[Path | None, typer.Option("--report", help="Keep the findings there, as JSON.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The findings as one JSON object, no tables.")] = False,
) -> None:
    """Correct the poses and find the clocks of all cameras of a floor from one person who walks it.

    Let one person walk all over the floor for two or three minutes, hands free, while all cameras record: wherever two
    cameras look, there and back, near and far. Nobody else should walk. Lenses stay as they are. Where the floor as a
    whole lies is decided by the measured points; without any, by the calibrations as they were.

    Ends with status 1 where a camera could not be tied or is mirrored, or a clock jumps; the others are written all
    the same.
    """
    import math  # noqa: PLC0415 - numpy and OpenCV load only when the command runs

    import msgspec  # noqa: PLC0415

    from calibration.walk.adjust import adjust  # noqa: PLC0415
    from calibration.walk.bundle import Settings  # noqa: PLC0415
    from calibration.walk.files import read_anchors, read_walk, report  # noqa: PLC0415
    from contract.disk import write_whole  # noqa: PLC0415
    from contract.errors import AtriumError  # noqa: PLC0415

    if not (0 < fps < math.inf):
        raise typer.BadParameter("must be above 0", param_hint="--fps")
    if not (0 <= clocks <= 10):
        raise typer.BadParameter("must be 0 to 10", param_hint="--clocks")
    settings = Settings(widest_s=clocks)
    cameras, seen = read_walk(recording, fps)
    points = None if anchors is None else read_anchors(anchors, cameras)
    adjusted = adjust(cameras, seen, settings, points)
    found = report(cameras, adjusted)
    if report_to is not None:
        write_whole(report_to, msgspec.json.format(msgspec.json.encode(found)))
    if not adjusted.groups:
        raise AtriumError("; ".join(each.text for each in found.findings) or f"{recording}: no two cameras saw a walk")
    _keep(adjusted.cameras, out)
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
    else:
        _show(found, out)
    if any(each.gravity == "fail" for each in found.findings):
        raise typer.Exit(1)


def _keep(cameras: Mapping[str, Camera], out: Path) -> None:
    """Writes the cameras: as a version of a cameras.json that is there, with the pairs that were kept in it."""
    import time  # noqa: PLC0415

    from msgspec.structs import replace  # noqa: PLC0415

    from calibration.versions.record import CalibrationFile  # noqa: PLC0415
    from calibration.versions.store import Calibrations  # noqa: PLC0415
    from calibration.walk.files import cameras_json  # noqa: PLC0415
    from cli.calibrate_history import login  # noqa: PLC0415
    from contract.disk import write_whole  # noqa: PLC0415

    if not out.exists():
        write_whole(out, cameras_json(cameras))
        return
    store = Calibrations(out)
    known = {name: each.calibration or CalibrationFile() for name, each in store.read().items()}
    changed = {
        name: (camera, replace(known.get(name, CalibrationFile()), method="walk", terms=[], covariance=[], noise=None))
        for name, camera in cameras.items()
    }
    store.write_all(changed, time.time(), login(), "walk test")


def _show(found: object, out: Path) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from calibration.walk.files import WalkReport  # noqa: PLC0415

    assert isinstance(found, WalkReport)  # noqa: S101 - types of a module that loads late
    console = Console()
    table = Table("camera", "turned deg", "moved cm", "clock s", "against")
    for name, each in found.cameras.items():
        clock = ", ".join(f"{offset:+.3f}" + (f" from {at:.0f} s" if at else "") for at, offset in each.clock_s)
        if each.tied:
            table.add_row(name, f"{each.turned_deg:.2f}", f"{each.moved_cm:.0f}", clock, each.reference)
        else:
            table.add_row(name, "-", "-", "-", "not tied")
    console.print(table)
    table = Table("pair", "moments", "before cm", "90 %", "now cm", "90 %", "over 2 s: before", "now")
    for pair in found.pairs:
        values = (pair.before_median_cm, pair.before_90_cm, pair.median_cm, pair.p90_cm)
        cells = ("-" if value is None else f"{value:.0f}" for value in (*values, pair.steady_before_cm, pair.steady_cm))
        table.add_row(" ".join(pair.cameras), str(pair.moments), *cells)
    console.print(table)
    for finding in found.findings:
        console.print(f"{finding.gravity.upper() if finding.gravity == 'fail' else finding.gravity}: {finding.text}")
    console.print(f"{sum(each.tied for each in found.cameras.values())} of {len(found.cameras)} cameras tied -> {out}")
