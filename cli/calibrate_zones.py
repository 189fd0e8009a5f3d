"""`atrium calibrate zones`: checks what is drawn on a floor, brings in maps and plans, and gives maps back."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from calibration.camera import load_cameras
from calibration.zones.checks import Verdict, check_drawing
from calibration.zones.drawing import Drawing
from calibration.zones.findings import Finding, in_order
from calibration.zones.floor_files import open_floor
from calibration.zones.geojson import read_drawing, to_geojson, write_drawing
from calibration.zones.imdf.archive import read_archive, write_archive
from calibration.zones.imdf.frame import Frame, frame_about
from calibration.zones.imdf.reader import import_level
from calibration.zones.imdf.writer import ExportedFloor, export_level, to_degrees_geojson
from calibration.zones.plan import DPI, PlanPicture, import_plan
from calibration.zones.plan_scale import Measured, scale_from
from calibration.zones.scale_checks import check_picture, check_size
from cli.model_work import AsJson
from contract.disk import write_whole
from contract.errors import BadInputError

zones = typer.Typer(
    name="zones",
    help="Zones, tripwires and walls: check them, import IMDF maps and plans, export them.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Site = Annotated[Path, typer.Argument(help="site.toml")]
OfFloor = Annotated[str | None, typer.Option("--floor", help="the floor's id; may be left out where there is one")]
Force = Annotated[bool, typer.Option("--force", help="replace the file that is there")]
Language = Annotated[str, typer.Option(help="language tag of names, such as pt")]
Middle = tuple[float, float]


class Align(StrEnum):
    """How an imported level is turned."""

    NORTH = "north"
    AUTO = "auto"


@zones.command("check")
def check(
    source: Annotated[Path, typer.Argument(help="site.toml, or a floor's GeoJSON file with --size")],
    floor: OfFloor = None,
    size: Annotated[tuple[float, float] | None, typer.Option(help="width and height of the plan, m")] = None,
    cameras: Annotated[Path | None, typer.Option(help="cameras.json, for a GeoJSON file")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what is wrong with a floor's zones, tripwires and walls; exit status 2 where numbers would be wrong."""
    if source.suffix.lower() == ".toml":
        if size or cameras:
            raise BadInputError(f"{source}: tells size and cameras itself; leave out --size and --cameras")
        files = open_floor(source, floor)
        verdict = check_drawing(files.drawing, files.entry.size_m, files.cameras)
        if files.plan:
            more = check_picture(import_plan(files.plan).size_px, files.entry.size_m)
            verdict = Verdict(in_order([*verdict.findings, *more]), verdict.sights)
        drawing = files.drawing
    else:
        if size is None or not min(size) > 0:
            raise BadInputError(f"{source}: give the plan's --size WIDTH HEIGHT in metres, or name a site.toml")
        drawing = read_drawing(source)
        verdict = check_drawing(drawing, size, load_cameras(cameras) if cameras else None)
    if as_json:
        _print_json(_verdict_json(verdict))
    else:
        _print_verdict(verdict, drawing)
    if verdict.errors:
        raise typer.Exit(2)


@zones.command("import-imdf")
def import_imdf(
    archive: Annotated[Path, typer.Argument(help="folder or .zip of an IMDF archive")],
    out: Annotated[Path, typer.Option(help="GeoJSON file to write, in floor metres")],
    level: Annotated[str | None, typer.Option(help="the level's short name, name, ordinal or id")] = None,
    rotate: Annotated[float | None, typer.Option(help="x runs this far counter-clockwise of east, degrees")] = None,
    align: Annotated[Align, typer.Option(help="auto: lay most walls along x and y")] = Align.NORTH,
    language: Language = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Make a floor's zones, tripwires, walls and tenants of a level of an IMDF map."""
    if rotate is not None and align is Align.AUTO:
        raise BadInputError("--rotate and --align auto contradict one another; leave one out")
    _refuse_to_replace(out, force)
    found = import_level(read_archive(archive), level, None if align is Align.AUTO else rotate or 0.0, language)
    verdict = check_drawing(found.drawing, found.size_m)
    write_drawing(out, found.drawing)
    frame = found.frame
    if as_json:
        place = {"middle": [frame.longitude, frame.latitude], "turn_deg": frame.turn_deg}
        counts = {f"{kind}s": len(found.drawing.of(kind)) for kind in ("zone", "line", "wall")}
        told = {"out": str(out), "name": found.name, "size_m": found.size_m, "frame": place, "remarks": found.remarks}
        _print_json(told | counts | _verdict_json(verdict))
        return
    for remark in found.remarks:
        typer.echo(f"note: {remark}")
    _print_findings(verdict.findings)
    drawn = found.drawing
    typer.echo(
        f"{out}: {len(drawn.of('zone'))} zones, {len(drawn.of('line'))} tripwires, {len(drawn.of('wall'))} walls of "
        f"{found.name or 'the level'}"
    )
    typer.echo(f"in site.toml: size_m = [{found.size_m[0]:.3f}, {found.size_m[1]:.3f}]")
    typer.echo(f"to export again: --middle {frame.longitude:.9f} {frame.latitude:.9f} --turn {frame.turn_deg:.6f}")


@zones.command("export-imdf")
def export_imdf(
    site: Site,
    out: Annotated[Path, typer.Option(help="folder or .zip to write")],
    middle: Annotated[Middle, typer.Option(help="longitude and latitude of the plan's middle, degrees")],
    floor: OfFloor = None,
    turn: Annotated[float, typer.Option(help="the plan's x runs this far counter-clockwise of east, degrees")] = 0.0,
    language: Language = "en",
    force: Force = False,
) -> None:
    """Give a floor's zones, tripwires, walls and tenants back as IMDF files."""
    _refuse_to_replace(out, force)
    files = open_floor(site, floor)
    entry = files.entry
    whose = ExportedFloor(files.site, entry.id, entry.name, entry.size_m)
    frame = _frame(middle, turn, entry.size_m)
    created = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    made = export_level(files.drawing, whose, frame, created=created, language=language)
    write_archive(out, made)
    typer.echo(f"{out}: {', '.join(made)}")


@zones.command("export")
def export(
    site: Site,
    out: Annotated[Path, typer.Option(help="GeoJSON file to write")],
    floor: OfFloor = None,
    middle: Annotated[
        Middle | None, typer.Option(help="longitude and latitude of the plan's middle; the file is then in degrees")
    ] = None,
    turn: Annotated[float, typer.Option(help="the plan's x runs this far counter-clockwise of east, degrees")] = 0.0,
    force: Force = False,
) -> None:
    """Give a floor's drawing as plain GeoJSON: in metres, or in degrees of WGS 84 as maps show it."""
    _refuse_to_replace(out, force)
    files = open_floor(site, floor)
    in_metres = middle is None
    frame = None if middle is None else _frame(middle, turn, files.entry.size_m)
    write_whole(out, to_degrees_geojson(files.drawing, frame) if frame else to_geojson(files.drawing))
    typer.echo(f"{out}: {len(files.drawing.shapes)} features, in {'metres' if in_metres else 'degrees'}")


@zones.command("import-plan")
def import_plan_picture(
    plan: Annotated[Path, typer.Argument(help="PNG, SVG or PDF")],
    out: Annotated[Path, typer.Option(help="PNG file to write")],
    scale: Annotated[float | None, typer.Option(help="the sheet is drawn at 1:SCALE")] = None,
    distance: Annotated[
        list[str] | None,
        typer.Option(help="U1,V1,U2,V2,METRES: two points in the picture, px, and how far apart they are; give two"),
    ] = None,
    size: Annotated[tuple[float, float] | None, typer.Option(help="the floor's size_m, to be compared")] = None,
    page: Annotated[int, typer.Option(help="of a PDF")] = 1,
    dpi: Annotated[float, typer.Option(help="pixels an inch of the sheet, for SVG and PDF")] = DPI,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Make a floor's picture of a plan, and find out how large the floor is; exit status 2 where the scale is wrong."""
    _refuse_to_replace(out, force)
    if scale is not None and distance:
        raise BadInputError("--scale and --distance contradict one another; measured distances are the better")
    if distance and len(distance) != 2:
        raise BadInputError(f"{len(distance)} --distance given; give two, one across the plan and one up")
    measured = [measured_distance(text) for text in distance or []]
    picture = import_plan(plan, page=page, dpi=dpi)
    size_m, findings = _size(picture, scale, measured)
    if size_m:
        findings += check_size(size_m)
    if size:
        findings += check_picture(picture.size_px, size)
    write_whole(out, picture.png)
    if as_json:
        told = {"out": str(out), "size_px": picture.size_px, "paper_m": picture.paper_m, "size_m": size_m}
        _print_json(told | {"findings": [finding.to_json() for finding in findings]})
    else:
        _print_findings(findings)
        typer.echo(f"{out}: {picture.size_px[0]} x {picture.size_px[1]} pixels")
        if size_m:
            typer.echo(f"in site.toml: size_m = [{size_m[0]:.3f}, {size_m[1]:.3f}]")
        else:
            typer.echo("its scale is not known: give --scale, or two --distance that you measured")
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(2)


def _size(
    picture: PlanPicture, scale: float | None, measured: list[Measured]
) -> tuple[tuple[float, float] | None, list[Finding]]:
    if measured:
        found = scale_from(*measured)
        return found.size_m(picture.size_px), list(found.findings)
    return (None if scale is None else picture.size_m(scale)), []


def measured_distance(text: str) -> Measured:
    """The distance that ``U1,V1,U2,V2,METRES`` says."""
    try:
        u1, v1, u2, v2, metres = map(float, text.split(","))
    except ValueError:
        raise BadInputError(f"--distance {text!r}: give five numbers U1,V1,U2,V2,METRES") from None
    return Measured((u1, v1), (u2, v2), metres)


def _frame(middle: Middle, turn: float, size_m: tuple[float, float]) -> Frame:
    if not (abs(middle[0]) <= 180 and abs(middle[1]) < 90):
        raise BadInputError(f"--middle {middle[0]:g} {middle[1]:g} is no longitude and latitude, in that order")
    return frame_about(middle[0], middle[1], turn, size_m)


def _refuse_to_replace(out: Path, force: bool) -> None:
    if out.exists() and not force:
        raise BadInputError(f"{out}: is there already; choose another name, or replace it with --force")


def _print_json(told: dict[str, Any]) -> None:
    typer.echo(msgspec.json.encode(told).decode())


def _verdict_json(verdict: Verdict) -> dict[str, Any]:
    sights = {
        name: {
            "area_m2": round(sight.area_m2, 2),
            "seen": round(sight.seen, 3),
            "by_camera": {camera: round(share, 3) for camera, share in sight.by_camera.items()},
            "shared": [[*pair, round(share, 3)] for pair, share in sight.shared.items()],
        }
        for name, sight in verdict.sights.items()
    }
    return {"errors": verdict.errors, "findings": [one.to_json() for one in verdict.findings], "zones_seen": sights}


def _print_findings(findings: list[Finding]) -> None:
    for finding in findings:
        typer.echo(f"{finding.severity}: {finding.message}")


def _print_verdict(verdict: Verdict, drawing: Drawing) -> None:
    _print_findings(verdict.findings)
    for name, sight in verdict.sights.items():
        by = ", ".join(f"{camera} {share:.0%}" for camera, share in _most(sight.by_camera)) or "no camera"
        line = f"{drawing.shapes[name].label}: {sight.area_m2:.1f} m2, {sight.seen:.0%} seen ({by})"
        if sight.shared:
            (one, other), share = _most(sight.shared)[0]
            line += f"; {one} and {other} share {share:.0%} of it and it stays one zone"
        typer.echo(line)
    warnings = len(verdict.findings) - verdict.errors
    typer.echo(f"{len(drawing.of('zone'))} zones: {verdict.errors} errors, {warnings} remarks")


def _most(shares: dict[Any, float]) -> list[tuple[Any, float]]:
    return sorted(shares.items(), key=lambda pair: -pair[1])
