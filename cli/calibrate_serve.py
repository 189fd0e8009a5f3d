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
import typer
import uvicorn

from calibration.certificate.limits import Limits, load_limits
from calibration.page.bench import Bench
from calibration.page.kept_floor import KeptFloor
from calibration.page.login import Doorkeeper, Logins, OneToken, TokenFile
from calibration.page.looks import SnapshotStore
from calibration.page.mount import build_app
from calibration.page.ports import Ports
from calibration.site import SITE_SCHEMA, SiteFile
from cli.calibrate_stills import CameraStills, people_finder, sources_of_box, sources_of_folder
from contract.errors import AtriumError, BadInputError
from contract.files import read_toml
from contract.service import Lifeline
from contract.serving import SupervisedServer
from models.registry import DEFAULT_MODEL

SHUTDOWN_S = 3


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """A floor to calibrate, where its files lie, and where its pictures come from."""

    kept: KeptFloor
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
        Path | None, typer.Option(help="folder of snapshots and their log; beside the configuration by default")
    ] = None,
    limits: Annotated[
        Path | None, typer.Option(metavar="LIMITS.toml", help="other limits of certificates, e.g. error_pass_cm = 20.")
    ] = None,
) -> None:
    """Serve the installer's page until Ctrl-C.

    What is saved there is a new version of the floor's cameras.json (`atrium calibrate history`), and renews the
    certificate beside it, by which the floor's box starts.

    Snapshots stay on this machine, end after 24 h, and each look at one is logged (looks.jsonl).
    """
    cv2.setNumThreads(1)
    place = _place(config, floor, stills, state, Limits() if limits is None else load_limits(limits))
    kept = place.kept
    sizes = {name: (camera.width, camera.height) for name, camera in kept.floor.cameras.items()}
    pictures = CameraStills(place.sources, kept.floor.masks_px, sizes)
    door: Doorkeeper = OneToken() if tokens is None else TokenFile(tokens)
    bench = Bench(
        f"{kept.site.name}, {kept.floor.name}",
        _ports(place, pictures),
        SnapshotStore(place.state / "snapshots"),
        Logins(door),
        time.time,
        kept.site.timezone,
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
        SupervisedServer(settings, Lifeline(), lambda: "serving the installer's page").run(sockets=[listener])
    finally:
        pictures.close()


def _ports(place: _Place, pictures: CameraStills) -> Ports:
    kept = place.kept
    return Ports(
        floor=kept.floor,
        cameras=tuple(sorted({*place.sources, *kept.floor.cameras})),
        still=pictures.take,
        certify=kept.certify,
        report=kept.report,
        save=kept.save,
        saved=kept.saved,
        renew=kept.renew,
        verdicts=kept.verdicts,
        geometry=kept.geometry,
        write_geometry=kept.write_geometry,
        check_geometry=kept.check_geometry,
        people=people_finder(place.model),
        plan=kept.plan,
        tidy=pictures.tidy,
    )


def _place(config: Path, floor_id: str, stills: Path | None, state: Path | None, limits: Limits) -> _Place:
    sources: dict[str, str] = {}
    model, site_path = DEFAULT_MODEL, config
    state = state or config.parent / "calibration-page"
    if "schema" in (found := read_toml(config, dict[str, object])) and found["schema"] != SITE_SCHEMA:
        box, sources = sources_of_box(config)
        model, site_path = box.model, config.parent / box.site
        floor_id = floor_id or box.floor
    if stills is not None:
        sources = sources_of_folder(stills)
    floors = [entry.id for entry in read_toml(site_path, SiteFile).floors]
    if not floor_id and len(floors) != 1:
        raise BadInputError(f"{site_path}: has floors {', '.join(floors) or 'none'}; choose one with --floor")
    kept = KeptFloor(site_path, floor_id or floors[0], limits, time.time)
    if not sources and not kept.floor.cameras:
        raise BadInputError(f"{config}: no pictures to work on; give BOX.toml, or --stills with a folder")
    return _Place(kept, state, sources, model)


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
