"""All that is looked at on a box: one check a thing, each given what it needs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from calibration.site import cameras_path
from calibration.versions.gate import certificate_path
from contract.errors import BadInputError
from contract.files import read_toml, secret_path
from edge.app import OUTBOX_NAME
from edge.box import Box, BoxFile, CameraSource, load_box
from edge.doctor.calibrated import camera_drift, floor_certificate
from edge.doctor.cameras import camera_findings, recording_findings
from edge.doctor.events import box_runs, outbox_events
from edge.doctor.looking import look
from edge.doctor.model import model_file, model_speed
from upkeep.broker import Way, broker_lets_in
from upkeep.central_clock import central_off_s
from upkeep.clock import ask_chrony, clock_offset
from upkeep.databases import database_integrity
from upkeep.findings import Finding
from upkeep.host import host_checks
from upkeep.lifetimes import AUTHORITY_LATE_DAYS, OF_A_BOX, OF_THE_SITE, certificate_belongs, certificate_life
from upkeep.permissions import secret_permissions
from upkeep.ports import EVERY_HOST, Expected, listeners, open_ports
from upkeep.rounds import Check

CAMERA_LIMIT_S = 24.0
"""Dialling, opening and looking each have limits of their own, which come to less."""
CHECK_LIMIT_S = 18.0
MALL_PORT = 8883
INSTALLER_PORT = 8090
LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})
DAMAGED = "Restart the box: it sets the damaged outbox aside and begins a new one; keep the file for what was not sent."


def box_checks(path: Path) -> list[Check]:
    """What is to be looked at on the box that a configuration describes; less where it is wrong.

    Args:
        path: ``BOX.toml``.
    """
    try:
        box, found = load_box(path), read_toml(path, BoxFile)
    except BadInputError as error:
        return [_misconfigured(path, error), *host_checks([path.parent])]
    checks = [
        Check("configuration", partial(_configured, box), str(path)),
        *host_checks([box.state_dir]),
        Check("clock-offset", partial(_clock, box, found)),
        Check("open-ports", partial(_ports, box)),
        Check("secret-permissions", lambda: secret_permissions(secrets_of(path, found))),
        Check("box-running", partial(box_runs, box.state_dir)),
        Check("outbox-integrity", partial(_integrity, box), limit_s=CHECK_LIMIT_S),
        Check("outbox-depth", lambda: outbox_events(box.state_dir / OUTBOX_NAME, box.outbox_limit_bytes, time.time())),
        Check("calibration", partial(_calibration, box), box.floor.id),
        Check("model-file", partial(model_file, box.model), box.model),
        Check("model-speed", partial(model_speed, box.model, len(box.cameras), box.fps), box.model, CHECK_LIMIT_S),
    ]
    ways = [way_of(box), *mall_ways(path, found, box)]
    checks += [Check("broker", partial(broker_lets_in, way), way.host, CHECK_LIMIT_S) for way in ways]
    for way in {way.certificate or way.ca: way for way in ways if way.ca is not None}.values():
        checks.append(Check("certificate-life", partial(_certificates, way), str(way.certificate or way.ca)))
    for one in box.cameras:
        if one.live:
            camera = box.floor.cameras[one.name]
            checks.append(
                Check("camera-drift", partial(camera_drift, camera, box.state_dir, watched=box.drift), one.name)
            )
    # cameras first: they take longest
    return [
        *(Check("camera-stream", partial(_camera, box, one), one.name, CAMERA_LIMIT_S) for one in box.cameras),
        *checks,
    ]


def way_of(box: Box) -> Way:
    """The way to the broker by the box's own credentials."""
    to = box.broker
    return Way(to.host, to.port, to.client_id, to.username, to.password, to.ca, to.certificate, to.key)


def mall_ways(path: Path, found: BoxFile, box: Box) -> list[Way]:
    """The way of the box's own broker to the mall's, where the box has one: by the certificate it was enrolled with."""
    mall: Any = found.appliance.get("mall", {})
    host, port = (mall.get("broker"), mall.get("port", MALL_PORT)) if isinstance(mall, dict) else (None, MALL_PORT)
    if box.broker.host not in LOCAL or not isinstance(host, str) or not isinstance(port, int):
        return []
    tls = path.parent / "tls"
    return [Way(host, port, box.broker.client_id, "", "", tls / "ca.pem", tls / "box.pem", tls / "box.key")]


def secrets_of(path: Path, found: BoxFile) -> list[Path]:
    """Files of the box that nobody else may read."""
    folder, mqtt = path.parent, found.mqtt
    paths = [secret_path(folder, name) for name in (mqtt.password_file, mqtt.key) if name]
    if found.reid is not None:
        paths.append(secret_path(folder, found.reid.secret_file))
    if any("@" in camera.url for camera in found.cameras):
        paths.append(path)  # it holds the cameras' passwords
    paths += [*(folder / "secrets").glob("*"), *(folder / "tls").glob("*.key"), folder / "broker" / "passwords"]
    return [*paths, folder / found.state_dir / OUTBOX_NAME]


def _misconfigured(path: Path, error: BadInputError) -> Check:
    said, _, mend = str(error).partition("; ")
    mend = mend or "correct what it names"
    finding = Finding(
        check="configuration", subject=str(path), level="fault", said=said, mend=f"{mend[0].upper()}{mend[1:]}."
    )
    return Check("configuration", lambda: [finding], str(path))


def _configured(box: Box) -> Sequence[Finding]:
    said = f"box {box.id} of floor {box.floor.id}, site {box.site.id}: {len(box.cameras)} cameras, {box.fps:g} a second"
    return [Finding(check="configuration", subject=str(box.source), level="fine", said=said)]


def _camera(box: Box, source: CameraSource) -> Sequence[Finding]:
    if not source.live:
        return recording_findings(source.name, Path(source.url))
    return camera_findings(source.name, look(source.url), box.floor.cameras[source.name], box.fps)


def _clock(box: Box, found: BoxFile) -> Sequence[Finding]:
    mall: Any = found.appliance.get("mall", {})
    url = mall.get("central") if isinstance(mall, dict) else None
    ask = partial(central_off_s, url, box.broker.ca) if isinstance(url, str) else lambda: None
    return clock_offset(ask_chrony(), ask)


def _ports(box: Box) -> Sequence[Finding]:
    to = box.broker
    own = [Expected("tcp", INSTALLER_PORT, "the installer's page")]
    own += [Expected("tcp", to.port, "the box's own broker", local=True)] if to.host in LOCAL else []
    return open_ports(listeners(), [*EVERY_HOST, *own])


def _integrity(box: Box) -> Sequence[Finding]:
    return database_integrity("outbox-integrity", box.state_dir / OUTBOX_NAME, DAMAGED, CHECK_LIMIT_S / 2)


def _calibration(box: Box) -> Sequence[Finding]:
    certificate = certificate_path(cameras_path(box.site.source, box.floor.id))
    names = [one.name for one in box.cameras]
    return floor_certificate(box.floor, certificate, names, box.accept_failed_zones, box.source)


def _certificates(way: Way) -> Sequence[Finding]:
    now = time.time()
    found = certificate_life(way.ca, now, OF_THE_SITE, AUTHORITY_LATE_DAYS) if way.ca is not None else []
    if way.certificate is not None and way.key is not None:
        found = [
            *found,
            *certificate_life(way.certificate, now, OF_A_BOX),
            *certificate_belongs(way.certificate, way.key, way.ca),
        ]
    return found
