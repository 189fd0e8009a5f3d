"""`atrium calibrate check SITE.toml --pairs DIR --out DIR`: what the calibration of a floor's cameras is worth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from calibration.certificate.pictures import Picture
    from calibration.certificate.records import FloorCertificate
    from calibration.site import Floor, Site
    from calibration.solve.pairs import Pairs

PAIRS_SUFFIX = ".pairs.csv"
STILL_SUFFIXES = (".png", ".jpg", ".jpeg")


def check(
    site_file: Annotated[Path, typer.Argument(metavar="SITE.toml", help="The site.")],
    out: Annotated[Path, typer.Option(help="Folder for certificate.json, certificate.html and certificate.pdf.")],
    pairs: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR|FILE.csv",
            help="Folder of <camera>.pairs.csv (columns u,v in pixels and x,y in metres), or one such file; without it "
            "the pairs that were saved with the calibrations.",
        ),
    ] = None,
    floor: Annotated[str, typer.Option(help="Id of the floor; may be left out where only one has pairs.")] = "",
    camera: Annotated[str, typer.Option(help="Certify only this camera.")] = "",
    still: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of <camera>.png or .jpg: a picture of each camera.")
    ] = None,
    limits: Annotated[
        Path | None, typer.Option(metavar="LIMITS.toml", help="Other limits, e.g. error_pass_cm = 20.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the certificate instead of sentences.")] = False,
) -> None:
    """Say how good each camera's calibration is: centimetres over the floor and per zone, a verdict, and what to do.

    Exit status 0 where every camera passes, with remarks or without; 1 where one fails. A camera without pairs fails:
    nothing says how good it is. A certificate of a whole floor is also put beside its cameras.json, where the floor's
    box looks for it.
    """
    import cv2  # noqa: PLC0415 - OpenCV and matplotlib load only when the command runs

    from calibration.certificate.files import save_certificate, to_json  # noqa: PLC0415
    from calibration.certificate.html import html_of  # noqa: PLC0415
    from calibration.certificate.limits import Limits, load_limits  # noqa: PLC0415
    from calibration.certificate.pdf import pdf_of  # noqa: PLC0415
    from calibration.certificate.saved import certify_pairs  # noqa: PLC0415
    from calibration.site import cameras_path, load_site  # noqa: PLC0415
    from calibration.versions.gate import certificate_path  # noqa: PLC0415
    from contract.disk import write_whole  # noqa: PLC0415

    cv2.setNumThreads(1)  # many small calls: more threads only wait for one another
    site = load_site(site_file)
    judged_by = load_limits(limits) if limits else Limits()
    if pairs is None:
        chosen, found = _saved_pairs(site, floor, camera)
        sources = dict.fromkeys(found, cameras_path(site_file, chosen.id))
    else:
        found, sources = _read_pairs(pairs, camera)
        chosen = _floor_of(site, floor, camera, found, pairs)
    certificate = certify_pairs(site.id, chosen, found, judged_by, _now(), sources=sources, only=camera)
    stills = _stills(still, certificate)
    save_certificate(out / "certificate.json", certificate)
    if not camera:
        save_certificate(certificate_path(cameras_path(site_file, chosen.id)), certificate)
    write_whole(out / "certificate.html", html_of(certificate, chosen, stills).encode())
    write_whole(out / "certificate.pdf", pdf_of(certificate, chosen, stills))
    if as_json:
        typer.echo(to_json(certificate).decode(), nl=False)
    else:
        _print(certificate, out)
    if certificate.verdict == "fail":
        raise typer.Exit(1)


def _saved_pairs(site: Site, floor: str, camera: str) -> tuple[Floor, dict[str, Pairs]]:
    """The floor that is meant, and the pairs that were saved with its cameras' calibrations."""
    from calibration.certificate.saved import saved_pairs  # noqa: PLC0415
    from calibration.site import cameras_path  # noqa: PLC0415
    from contract.errors import BadInputError  # noqa: PLC0415

    if camera:
        chosen = site.floor_of_camera(camera)
    elif floor or len(site.floors) == 1:
        chosen = site.floor(floor or next(iter(site.floors)))
    else:
        raise BadInputError(f"{site.source}: has floors {', '.join(site.floors)}; choose one with --floor")
    path = cameras_path(site.source, chosen.id)
    found = {name: pairs for name, pairs in saved_pairs(path).items() if camera in ("", name)}
    if not found:
        raise BadInputError(f"{path}: no camera has saved pairs; give them with --pairs, or calibrate anew")
    return chosen, found


def _read_pairs(path: Path, camera: str) -> tuple[dict[str, Pairs], dict[str, Path]]:
    """Pairs by camera, and the files they came from."""
    from calibration.solve.pairs import read_pairs  # noqa: PLC0415
    from contract.errors import BadInputError  # noqa: PLC0415

    if path.is_dir():
        sources = {each.name.removesuffix(PAIRS_SUFFIX): each for each in sorted(path.glob(f"*{PAIRS_SUFFIX}"))}
        if not sources:
            raise BadInputError(f"{path}: no <camera>{PAIRS_SUFFIX} in it; write one for each camera")
        if camera and camera not in sources:
            raise BadInputError(f"{path}: no {camera}{PAIRS_SUFFIX}; it has pairs of {', '.join(sources)}")
    else:
        sources = {camera or path.name.removesuffix(PAIRS_SUFFIX).removesuffix(".csv"): path}
    return {name: read_pairs(source) for name, source in sources.items()}, sources


def _floor_of(site: Site, floor: str, camera: str, found: dict[str, Pairs], pairs: Path) -> Floor:
    """The floor that is meant, its pairs sorted out: pairs of cameras of other floors are passed over."""
    from contract.errors import BadInputError  # noqa: PLC0415

    if camera:
        chosen = site.floor_of_camera(camera)
        if floor and floor != chosen.id:
            raise BadInputError(f"{site.source}: camera {camera!r} hangs on floor {chosen.id!r}, not {floor!r}")
    elif floor:
        chosen = site.floor(floor)
    else:
        ids = {site.floor_of_camera(name).id for name in found}
        if len(ids) > 1:
            raise BadInputError(f"{pairs}: has pairs of floors {', '.join(sorted(ids))}; choose one with --floor")
        chosen = site.floor(ids.pop())
    for name in list(found):
        if site.floor_of_camera(name).id != chosen.id:  # refuses a camera that no floor has
            del found[name]
    if not found:
        raise BadInputError(f"{pairs}: no pairs of a camera of floor {chosen.id!r}; it has {', '.join(chosen.cameras)}")
    return chosen


def _stills(folder: Path | None, certificate: FloorCertificate) -> dict[str, Picture]:
    """RGB pictures by camera, of those that are there.

    Raises:
        BadInputError: where one is no picture, or has another shape than the camera's.
    """
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    from contract.errors import BadInputError  # noqa: PLC0415
    from contract.files import read_bytes  # noqa: PLC0415

    if folder is None:
        return {}
    if not folder.is_dir():
        raise BadInputError(f"{folder}: no such folder; give one with a <camera>.png for each camera")
    stills: dict[str, Picture] = {}
    for each in certificate.cameras:
        path = next((p for p in (folder / f"{each.camera}{s}" for s in STILL_SUFFIXES) if p.is_file()), None)
        if path is None:
            continue
        picture = cv2.imdecode(np.frombuffer(read_bytes(path), np.uint8), cv2.IMREAD_COLOR)
        if picture is None:
            raise BadInputError(f"{path}: is no PNG or JPEG picture; save it again")
        high, wide = picture.shape[:2]
        size = each.calibration
        if abs(wide * size.height - high * size.width) > 0.02 * wide * size.height:
            raise BadInputError(
                f"{path}: {wide} x {high} has another shape than camera {each.camera} ({size.width} x {size.height}); "
                "take the picture from the stream that is calibrated"
            )
        stills[each.camera] = np.ascontiguousarray(picture[:, :, ::-1])
    return stills


def _now() -> str:
    import time  # noqa: PLC0415

    from contract.times import to_rfc3339  # noqa: PLC0415

    return to_rfc3339(time.time())


def _print(certificate: FloorCertificate, out: Path) -> None:
    for finding in certificate.findings:
        typer.echo(f"{certificate.floor}: {finding.said}")
    for each in certificate.cameras:
        error = "" if each.error_cm is None else f", expected error {each.error_cm:.0f} cm"
        typer.echo(f"{each.camera}: {each.verdict}{error}")
        for finding in each.findings:
            typer.echo(f"    {finding.said}")
        for number, advice in enumerate(each.advice, 1):
            typer.echo(f"  {number}. {advice.said}")
    typer.echo(f"{certificate.floor}: {certificate.verdict} -> {out / 'certificate.html'}")
