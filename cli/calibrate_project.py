"""`atrium calibrate project CAMERA.json POINTS.csv --out floor.csv`: pixels to metres through a camera, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from calibration.camera import Camera


def project(
    camera: Annotated[Path, typer.Argument(metavar="CAMERA.json", help="One camera, or a cameras.json.")],
    points: Annotated[Path, typer.Argument(metavar="POINTS.csv", help="Columns u,v (pixels); with --inverse x,y (m).")],
    out: Annotated[Path, typer.Option(help="Result: CSV u,v,x,y; '-' for standard output.")] = Path("-"),
    name: Annotated[str | None, typer.Option("--camera", help="Which camera of a cameras.json.")] = None,
    inverse: Annotated[bool, typer.Option("--inverse", help="Floor metres to pixels.")] = False,
    height: Annotated[float, typer.Option(help="Height of the points above the floor, metres.")] = 0.0,
) -> None:
    """Map pixels to floor metres, or floor metres to pixels.

    Cells stay empty where there is nothing to tell: pixels at or above the horizon, points behind the camera.
    """
    import numpy as np  # noqa: PLC0415 - loads only when the command runs

    from calibration.evidence.table import read_table  # noqa: PLC0415

    if not -10 <= height <= 100:
        raise typer.BadParameter("must be a height in metres", param_hint="--height")
    chosen = read_camera(camera, name)
    asked, told = (("x", "y"), ("u", "v")) if inverse else (("u", "v"), ("x", "y"))
    rows = read_table(points, asked)
    given = np.array([[row[column] for column in asked] for row in rows], np.float64).reshape(-1, 2)
    found = (chosen.pixels_from_floor if inverse else chosen.floor_from_pixels)(given, height)
    digits = 3 if inverse else 4
    lines = [",".join([*asked, *told])]
    for (a, b), (c, d) in zip(given.tolist(), found.tolist(), strict=True):
        cells = (f"{c:.{digits}f}", f"{d:.{digits}f}") if np.isfinite([c, d]).all() else ("", "")
        lines.append(",".join([f"{a:.10g}", f"{b:.10g}", *cells]))
    text = "\n".join(lines) + "\n"
    if str(out) == "-":
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="ascii")
    lost = int((~np.isfinite(found).all(1)).sum())
    if lost:
        where = "behind the camera or beyond its lens" if inverse else "at or above the horizon"
        typer.echo(f"{lost} of {len(given)} points are {where}: their cells are empty", err=True)


def read_camera(path: Path, name: str | None) -> Camera:
    """The camera of a file that holds one, or the named one, or the only one, of a ``cameras.json``.

    Raises:
        BadInputError: naming the file and the mend.
    """
    import msgspec  # noqa: PLC0415

    from calibration.camera import CameraFile, camera_from_file, load_cameras  # noqa: PLC0415
    from contract.errors import BadInputError  # noqa: PLC0415
    from contract.files import read_json  # noqa: PLC0415

    found = read_json(path, dict[str, msgspec.Raw])
    if "K" in found:
        own = read_json(path, CameraFile)
        label = msgspec.json.decode(found["name"]) if "name" in found else "camera"
        if not isinstance(label, str):
            raise BadInputError(f"{path}: name must be text; correct that field")
        if name is not None and name != label:
            raise BadInputError(f"{path}: holds the camera {label!r}, not {name!r}; leave --camera out")
        return camera_from_file(label, own, str(path))
    cameras = load_cameras(path)
    if not cameras:
        raise BadInputError(f"{path}: holds no camera; write one with `atrium calibrate solve`")
    if name is None and len(cameras) > 1:
        raise BadInputError(f"{path}: holds {', '.join(cameras)}; say which with --camera NAME")
    chosen = name if name is not None else next(iter(cameras))
    if chosen not in cameras:
        raise BadInputError(f"{path}: no camera {chosen!r}; it holds {', '.join(cameras)}")
    return cameras[chosen]
