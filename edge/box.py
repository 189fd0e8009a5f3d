"""A box's configuration, ``BOX.toml``: which floor it watches, through which cameras, and whom it tells.

Example::

    schema = "atrium.box.v1"
    id = "box-ground"
    site = "site.toml"          # relative to this file, like every path here
    floor = "ground"
    state_dir = "state"
    fps = 5.0                   # analysed per camera and second

    [mqtt]
    host = "127.0.0.1"
    username = "box-ground"
    password_file = "mqtt.password"

    [[cameras]]
    name = "entrance"
    url = "rtsp://192.0.2.7/stream2"
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec
from msgspec import Meta

from calibration.site import Floor, Site, load_site
from calibration.versions.gate import EVERY_ZONE
from contract.errors import BadInputError
from contract.files import read_bytes, read_toml, secret_path
from contract.ids import check_id
from contract.times import from_rfc3339
from edge.capture.address import is_live, redact, unknown_scheme
from edge.outbox.store import DEFAULT_KEEP_S, DEFAULT_LIMIT_BYTES
from edge.publish.link import BrokerAddress
from models.registry import DEFAULT_MODEL

BOX_SCHEMA = "atrium.box.v1"
MEGABYTE = 1 << 20


class MqttFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[mqtt]``: the broker."""

    host: Annotated[str, Meta(min_length=1, max_length=253)] = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 1883
    username: str = ""
    password_file: str = ""
    """A file that holds the password alone; mode 0600 becomes it. Or credential:NAME, from the service manager."""
    ca: str = ""
    """Certificate file to trust; switches TLS on."""
    certificate: str = ""
    """Certificate file by which the broker knows this box; see ``atrium box enroll``."""
    key: str = ""
    """File with its key."""
    protocol: Literal["5", "3.1.1"] = "5"


class CameraFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[[cameras]]``: a camera of the site's floor and where its pictures come from."""

    name: str
    url: Annotated[str, Meta(min_length=1)]
    """rtsp://, rtsps://, http(s)://, or the path of a recording."""
    password_file: str = ""
    """For a stream whose url names a user: holds the user's password alone; a path, or credential:NAME."""
    start_at: str = ""
    """For a recording: when its first frame was taken, as 2026-01-31T12:00:00.000Z; else the box's first start."""


class ReidFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[reid]``: whoever leaves or comes by an exit is announced with a keyed code; without it nobody is."""

    secret_file: Annotated[str, Meta(min_length=1)]
    """A file of 32 random bytes or more, mode 0600, the same in all boxes of a site; a path, or credential:NAME."""
    model: str = ""
    """The path of an ONNX file that tells people apart, the same in all boxes; else by the colours of their clothes."""


class BoxFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``BOX.toml``."""

    schema: str
    id: str
    site: str
    floor: str
    state_dir: str
    cameras: list[CameraFile]
    mqtt: MqttFile = MqttFile()
    reid: ReidFile | None = None
    fps: Annotated[float, Meta(gt=0, le=60)] = 5.0
    """Pictures analysed per camera and second."""
    pace: Literal["realtime", "fast"] = "realtime"
    """Recordings: as they were taken, or as fast as the machine goes."""
    model: str = DEFAULT_MODEL
    """A name on the shelf, or the path of an ONNX file."""
    score_min: Annotated[float, Meta(ge=0, le=1)] | None = None
    drift: bool = True
    """Streams: whether to look every few seconds if a camera was moved, and to pause its zones then."""
    appliance: dict[str, Any] = {}
    """The host that the box runs on; :mod:`firmware_configs` reads it."""
    outbox_limit_mb: Annotated[int, Meta(ge=1, le=1 << 20)] = DEFAULT_LIMIT_BYTES // MEGABYTE
    outbox_keep_hours: Annotated[float, Meta(ge=0, le=48)] = DEFAULT_KEEP_S / 3600
    """Events stay so long after central has them, for a central that is restored from a backup; within the limit."""
    pipeline: dict[str, Any] = {}
    """Settings of the floor's pipeline that differ from its defaults."""
    accept_failed_zones: list[str] = []
    """Zones that are counted although the floor's certificate fails them; ["*"] for all, and for an outdated one."""


@dataclass(frozen=True, slots=True)
class CameraSource:
    """A camera's name, the address or path its pictures come from, and when a recording began (None: not said)."""

    name: str
    url: str
    start_at: float | None = None

    @property
    def live(self) -> bool:
        """Whether this is a stream rather than a recording."""
        return is_live(self.url)


@dataclass(frozen=True, slots=True)
class ReidSource:
    """By what people are told apart, and where the site's secret is; see :class:`ReidFile`. It is not read here."""

    model: Path | None
    secret_file: str


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """A box's configuration, everything it names read and checked; fields as in :class:`BoxFile`."""

    id: str
    site: Site
    floor: Floor
    state_dir: Path
    cameras: tuple[CameraSource, ...]
    broker: BrokerAddress
    reid: ReidSource | None
    fps: float
    paced: bool
    model: str
    score_min: float | None
    drift: bool
    outbox_limit_bytes: int
    outbox_keep_s: float
    pipeline: dict[str, Any]
    accept_failed_zones: tuple[str, ...]
    source: Path

    @property
    def recorded(self) -> bool:
        """Whether this box plays recordings instead of watching streams."""
        return not self.cameras[0].live


def load_box(path: Path) -> Box:
    """The box that ``BOX.toml`` describes.

    Raises:
        BadInputError: naming the file, the field and the mend.
    """
    found = read_toml(path, BoxFile)
    if found.schema != BOX_SCHEMA:
        raise BadInputError(f"{path}: schema is {found.schema!r}; this version reads {BOX_SCHEMA!r}")
    check_id(found.id, f"{path}: box id")
    folder = path.parent
    site = load_site(folder / found.site)
    try:
        floor = site.floor(found.floor)
    except BadInputError as error:
        raise BadInputError(f"{path}: floor: {error}") from None
    return Box(
        id=found.id,
        site=site,
        floor=floor,
        state_dir=folder / found.state_dir,
        cameras=_sources(path, found, floor),
        broker=_broker(path, found, site.id),
        reid=_reid(folder, found.reid),
        fps=found.fps,
        paced=found.pace == "realtime",
        model=_model(folder, found.model),
        score_min=found.score_min,
        drift=found.drift,
        outbox_limit_bytes=found.outbox_limit_mb * MEGABYTE,
        outbox_keep_s=found.outbox_keep_hours * 3600,
        pipeline=found.pipeline,
        accept_failed_zones=_accepted(path, found, floor),
        source=path,
    )


def _accepted(path: Path, found: BoxFile, floor: Floor) -> tuple[str, ...]:
    for zone in found.accept_failed_zones:
        if zone != EVERY_ZONE and zone not in floor.zones:
            known = ", ".join(floor.zones) or "none"
            raise BadInputError(
                f"{path}: accept_failed_zones: no zone {zone!r} on floor {floor.id!r}; it has {known}, "
                f'or "{EVERY_ZONE}" for all'
            )
    return tuple(found.accept_failed_zones)


def _sources(path: Path, found: BoxFile, floor: Floor) -> tuple[CameraSource, ...]:
    if not found.cameras:
        raise BadInputError(f"{path}: no [[cameras]]; add at least one with name and url")
    sources: dict[str, CameraSource] = {}
    for entry in found.cameras:
        check_id(entry.name, f"{path}: camera name")
        if entry.name in sources:
            raise BadInputError(f"{path}: camera {entry.name!r} stands twice; keep one of them")
        if entry.name not in floor.cameras:
            known = ", ".join(floor.cameras) or "none"
            raise BadInputError(
                f"{path}: camera {entry.name!r} is not calibrated on floor {floor.id!r}; it has {known}"
            )
        sources[entry.name] = _source(path, entry)
    if len({source.live for source in sources.values()}) > 1:
        raise BadInputError(f"{path}: [[cameras]] mixes recordings and live streams; give each kind a box of its own")
    return tuple(sources.values())


def _source(path: Path, entry: CameraFile) -> CameraSource:
    where = f"{path}: camera {entry.name!r}"
    if scheme := unknown_scheme(entry.url):
        raise BadInputError(
            f"{where}: url {redact(entry.url)[:200]!r} has the unknown scheme {scheme!r}; "
            "use rtsp://, rtsps://, http(s):// or a path"
        )
    if is_live(entry.url):
        if entry.start_at:
            raise BadInputError(f"{where}: start_at is for recordings; remove it, a stream brings its own time")
        return CameraSource(entry.name, stream_url(path, entry))
    if entry.password_file:
        raise BadInputError(f"{where}: password_file is for streams; remove it")
    recording = path.parent / entry.url
    if not recording.exists():
        raise BadInputError(f"{where}: url {str(recording)!r} does not exist; correct the path")
    if not entry.start_at:
        return CameraSource(entry.name, str(recording))
    try:
        return CameraSource(entry.name, str(recording), from_rfc3339(entry.start_at))
    except BadInputError as error:
        raise BadInputError(f"{where}: start_at: {error}") from None


def _broker(path: Path, found: BoxFile, site: str) -> BrokerAddress:
    mqtt = found.mqtt
    password = ""
    if mqtt.password_file:
        if not mqtt.username:
            raise BadInputError(f"{path}: [mqtt] has password_file but no username; add one")
        password = _password(path, mqtt.password_file, "[mqtt]")
    certificate = path.parent / mqtt.ca if mqtt.ca else None
    if certificate is not None and not certificate.is_file():
        raise BadInputError(f"{path}: [mqtt] ca: {certificate} does not exist; correct the path")
    client_id = f"atrium-{site}-{found.floor}-{found.id}"
    return BrokerAddress(
        *(mqtt.host, mqtt.port, client_id, mqtt.username, password, mqtt.protocol, certificate), *_shown(path, mqtt)
    )


def _shown(path: Path, mqtt: MqttFile) -> tuple[Path | None, Path | None]:
    """Certificate and key by which the broker knows this box; neither where none are named."""
    if not (mqtt.certificate or mqtt.key):
        return None, None
    if not (mqtt.certificate and mqtt.key and mqtt.ca):
        raise BadInputError(f"{path}: [mqtt] certificate and key need each other, and ca; name all three")
    certificate, key = path.parent / mqtt.certificate, path.parent / mqtt.key
    for name, file in (("certificate", certificate), ("key", key)):
        if not file.is_file():
            raise BadInputError(f"{path}: [mqtt] {name}: {file} does not exist; enrol this box: atrium box enroll")
    return certificate, key


def _password(path: Path, name: str, where: str) -> str:
    try:
        secret = secret_path(path.parent, name)
        return read_bytes(secret).decode().strip()
    except UnicodeDecodeError:
        raise BadInputError(f"{secret}: is no text; write the password alone into it, in UTF-8") from None
    except BadInputError as error:
        raise BadInputError(f"{path}: {where} password_file: {error}") from None


def stream_url(path: Path, entry: CameraFile) -> str:
    """A camera's address, with the password of the user it names where a file holds that.

    Raises:
        BadInputError: the password cannot be read, or there is nobody to whom it would belong.
    """
    if not entry.password_file:
        return entry.url
    where = f"camera {entry.name!r}:"
    parts = urlsplit(entry.url)
    if not is_live(entry.url) or not parts.username or parts.password is not None:
        raise BadInputError(
            f"{path}: {where} password_file is for a stream whose url names a user and no password; "
            "write rtsp://USER@HOST/PATH"
        )
    password = quote(_password(path, entry.password_file, where), safe="")
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{host}"))


def _reid(folder: Path, found: ReidFile | None) -> ReidSource | None:
    if found is None:
        return None
    return ReidSource(folder / found.model if found.model else None, found.secret_file)


def _model(folder: Path, model: str) -> str:
    """A path relative to the configuration, a name as it stands."""
    is_path = model.endswith(".onnx") or "/" in model
    return str(folder / model) if is_path else model
