"""`atrium calibrate serve`: the installer's page."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy loads: the box's cores belong to its cameras

import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
import uvicorn

from calibration.camera import Camera
from calibration.geometry import load_geometry
from calibration.page.bench import Bench
from calibration.page.login import Doorkeeper, Logins, OneToken, TokenFile
from calibration.page.looks import SnapshotStore
from calibration.page.mount import build_app
from calibration.page.plain import (
    judge,
    pairs_reader,
    plain_report,
    save_camera,
    save_geometry,
    save_pairs,
    saved_cameras,
)
from calibration.page.ports import Geometry, Image, Ports, Verdict
from calibration.site import SITE_SCHEMA, Floor, Site, SiteFile, load_site
from calibration.solve.solution import Solution
from cli.calibrate_stills import CameraStills, people_finder, sources_of_box, sources_of_folder
from contract.errors import AtriumError, BadInputError
from contract.files import read_toml
from edge.detect.mask import PrivacyMask
from models.registry import DEFAULT_MODEL

SHUTDOWN_S = 3
PLAN_PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".bmp"}


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """A floor to calibrate, where its files lie, and where its pictures come from."""

    site: Site
    floor: Floor
    cameras: Path
    geometry: Path
    state: Path
    sources: dict[str, str]
    model: str


def serve(
    config: Annotated[
        Path, typer.Argument(metavar="SITE.toml|BOX.toml", help="the site, or the box on whose floor to work")
    ],
    floor: Annotated[
        str, typer.Option(help="floor id; may be left out where the site has one, or a box is given")
    ] = "",
    stills: Annotated[
        Path | None, typer.Option(help="folder of CAMERA.jpg or CAMERA.mp4, in place of the box's cameras")
    ] = None,
    host: Annotated[str, typer.Option(help="address to listen on; 0.0.0.0 lets phones in")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="TCP port, 0 for a free one", min=0, max=65535)] = 8090,
    tokens: Annotated[
        Path | None, typer.Option(help="file of `atrium central token`; without it a token for this run is printed")
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="folder of snapshots, their log, and pairs; beside the configuration by default")
    ] = None,
) -> None:
    """Serve the installer's page until Ctrl-C.

    Snapshots stay on this machine, end after 24 h, and each look at one is logged (looks.jsonl).
    """
    cv2.setNumThreads(1)
    place = _place(config, floor, stills, state)
    masks = {
        name: PrivacyMask(rings, (place.floor.cameras[name].width, place.floor.cameras[name].height))
        for name, rings in place.floor.masks_px.items()
    }
    pictures = CameraStills(place.sources, masks)
    door: Doorkeeper = OneToken() if tokens is None else TokenFile(tokens)
    bench = Bench(
        f"{place.site.name}, {place.floor.name}",
        _ports(place, pictures),
        SnapshotStore(place.state / "snapshots"),
        Logins(door),
        time.time,
        place.site.timezone,
    )
    listener = _listen(host, port)
    app = build_app(bench)
    shown = f"[{host}]" if ":" in host else host
    typer.echo(f"serving http://{shown}:{listener.getsockname()[1]}")
    if isinstance(door, OneToken):
        typer.echo(f"token: {door.token}")
    settings = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=SHUTDOWN_S, server_header=False
    )
    try:
        uvicorn.Server(settings).run(sockets=[listener])
    finally:
        pictures.close()


def _ports(place: _Place, pictures: CameraStills) -> Ports:
    pairs = place.state / "pairs"

    def save(solution: Solution, _who: str) -> str:
        save_camera(solution.camera, place.cameras)
        save_pairs(solution.pairs, pairs / f"{solution.camera.name}.pairs.csv")
        return f"{solution.camera.name} in {place.cameras.name}"

    def saved() -> dict[str, Camera]:
        return saved_cameras(place.cameras)

    def verdicts() -> dict[str, Verdict]:
        return dict.fromkeys(saved(), "unjudged")

    plan = _plan_picture(place.floor)
    return Ports(
        floor=place.floor,
        cameras=tuple(sorted({*place.sources, *place.floor.cameras})),
        still=pictures.take,
        certify=judge,
        report=plain_report,
        save=save,
        saved=saved,
        verdicts=verdicts,
        read_pairs=pairs_reader(pairs),
        geometry=lambda: Geometry(*load_geometry(place.geometry)),
        write_geometry=lambda geometry, _who: save_geometry(geometry, place.geometry),
        people=people_finder(place.model),
        plan=lambda: plan,
        tidy=pictures.tidy,
    )


def _place(config: Path, floor_id: str, stills: Path | None, state: Path | None) -> _Place:
    sources: dict[str, str] = {}
    model, site_path = DEFAULT_MODEL, config
    state = state or config.parent / "calibration-page"
    if "schema" in (found := read_toml(config, dict[str, object])) and found["schema"] != SITE_SCHEMA:
        box, sources = sources_of_box(config)
        model, site_path = box.model, config.parent / box.site
        floor_id = floor_id or box.floor
    if stills is not None:
        sources = sources_of_folder(stills)
    site = load_site(site_path)
    floors = {entry.id: entry for entry in read_toml(site_path, SiteFile).floors}
    if not floor_id and len(floors) > 1:
        raise BadInputError(f"{site_path}: has floors {', '.join(floors)}; choose one with --floor")
    floor = site.floor(floor_id or next(iter(floors)))
    if not sources and not floor.cameras:
        raise BadInputError(f"{config}: no pictures to work on; give BOX.toml, or --stills with a folder")
    entry = floors[floor.id]
    return _Place(
        site, floor, site_path.parent / entry.cameras, site_path.parent / entry.geometry, state, sources, model
    )


def _plan_picture(floor: Floor) -> Image | None:
    if floor.plan is None or floor.plan.suffix.lower() not in PLAN_PICTURES:
        return None
    image = cv2.imdecode(np.fromfile(floor.plan, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise BadInputError(f"{floor.plan}: not a readable picture; convert it to PNG")
    return np.asarray(image, np.uint8)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise AtriumError(f"{host}:{port} cannot be taken ({error.strerror}); choose another --port") from None
    return listener
