"""``CENTRAL.toml``: where everything is. Paths are relative to the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from central.delivery.endpoints import Endpoint, Outlets, check_url
from central.enrolment.authority import REVOKED
from central.enrolment.enrolment import Settings
from central.identity.origin import Network, networks
from central.identity.rates import Rates
from central.ingest.client import BrokerAddress
from central.offers.campaigns import Channel
from central.privacy.retention import DAY_S, HOUR_S, Keep
from contract.errors import BadInputError
from contract.files import read_bytes, read_toml, secret_path
from contract.webhooks import read_secret

CONFIG_SCHEMA = "atrium.central.v1"
MOST_SECRETS = 2

Port = Annotated[int, Meta(ge=0, le=65_535)]


class MqttFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[mqtt]``: the broker, over TLS where ``ca`` names a certificate file.

    ``certificate`` and ``key``, both or neither: what we prove to the broker who we are with.
    """

    host: str = "127.0.0.1"
    port: Port = 1883
    client_id: Annotated[str, Meta(min_length=1, max_length=64)] = "atrium-central"
    username: str = ""
    password_file: str = ""
    ca: str = ""
    certificate: str = ""
    key: str = ""
    protocol: Literal["5", "3.1.1"] = "5"


class HttpFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[http]``: where pages and API are served; port 0 takes a free one."""

    host: str = "127.0.0.1"
    port: Port = 8080
    trusted_proxies: list[str] = []
    """Addresses or networks whose ``X-Forwarded-For``, ``-Proto`` and ``-Host`` are believed."""


class LimitsFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[limits]``: how often one may knock, per minute."""

    requests: Annotated[int, Meta(ge=60, le=1_000_000)] = 1200
    """Requests to the API by one user or token."""
    wrong_passwords: Annotated[int, Meta(ge=3, le=60)] = 5
    """Wrong passwords of one name from one address."""


class JourneysFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[journeys]``: how days are told apart."""

    reckon_at_hour: Annotated[int, Meta(ge=0, le=23)] = 4
    """Hour of the local night at which the day's doors are reckoned up: when hardly anybody is inside."""


class MembersFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[members]``: how the mall's members are told."""

    calling_code: Annotated[str, Meta(pattern="^([1-9][0-9]{0,3})?$")] = ""
    """Of the country of phone numbers that are written without one, as ``351``. Choose it before the first import:
    numbers that were taken in without are found again only once they are sent again."""
    tags: str = ""
    """File of the rules by which visits give tags; without it those that come with Atrium."""


class RetentionFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[retention]``: how long what is kept; the bounds are ours, since a promise of privacy is not for sale.

    What is not here is fixed: heat knows its visitors for 24 hours, and visits lose their ids 24 to 48 hours after.
    """

    positions_minutes: Annotated[int, Meta(ge=15, le=60)] = 15
    links_hours: Annotated[int, Meta(ge=1, le=24)] = 24
    touchpoints_days: Annotated[int, Meta(ge=1, le=90)] = 30
    history_days: Annotated[int, Meta(ge=30, le=800)] = 400
    quarantine_days: Annotated[int, Meta(ge=1, le=90)] = 30
    audit_days: Annotated[int, Meta(ge=30, le=400)] = 90

    def keep(self) -> Keep:
        """The same in seconds."""
        return Keep(
            positions=self.positions_minutes * 60.0,
            links=self.links_hours * HOUR_S,
            touchpoints=self.touchpoints_days * DAY_S,
            history=self.history_days * DAY_S,
            quarantine=self.quarantine_days * DAY_S,
            audit=self.audit_days * DAY_S,
        )


class EnrolmentFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[enrolment]``: the site's certificate authority, which gives boxes their certificates."""

    folder: str = ""
    """Of its key, certificate and list of revoked certificates; else ``ca`` beside the database."""
    passphrase_file: str = ""
    """A file that holds the passphrase of its key alone: a path, or credential:NAME, from the service manager. Without
    one the key rests unencrypted, mode 0600."""
    crl: str = ""
    """Where the list of revoked certificates is written; else ``crl.pem`` in the folder."""

    def settings(self, here: Path, database: Path) -> Settings:
        """The same with paths resolved and the passphrase read.

        Args:
            here: folder of the file.
            database: central's.

        Raises:
            BadInputError: naming the field.
        """
        try:
            name = self.passphrase_file
            passphrase = read_bytes(secret_path(here, name)).strip() if name else b""
        except BadInputError as error:
            raise BadInputError(f"enrolment.passphrase_file: {error}") from None
        if name and not passphrase:
            raise BadInputError(f"enrolment.passphrase_file: {name} is empty; write the passphrase into it")
        folder = here / self.folder if self.folder else database.parent / "ca"
        return Settings(folder, passphrase, here / self.crl if self.crl else folder / REVOKED)


class DeliveryFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[delivery]``: how offers go out, besides the stream that whoever delivers them may follow."""

    mqtt: bool = False
    """Whether they are published under ``atrium/{site}/offers``, where the broker's access list lets whom read them."""
    attempts: Annotated[int, Meta(ge=1, le=100)] = 12
    """A webhook's offer is given up after so many."""
    keep_hours: Annotated[float, Meta(gt=0, le=72)] = 24.0
    """An offer whose coupon has no expiry is given up after so long."""


class WebhookFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[[webhooks]]``: an address that offers are posted to, signed."""

    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
    url: str
    secret_file: str
    """One secret a line, the newest first; two lines while the receiver goes over to the newer one. A path, or
    credential:NAME, from the service manager."""
    timeout_s: Annotated[float, Meta(ge=0.5, le=60)] = 10.0
    concurrency: Annotated[int, Meta(ge=1, le=32)] = 4
    only: list[Channel] = []
    """Channels of campaigns whose offers it gets; all where empty."""

    def endpoint(self, here: Path) -> Endpoint:
        """The same, checked, with its secrets read.

        Raises:
            BadInputError: naming the field.
        """
        lines = read_bytes(secret_path(here, self.secret_file)).decode(errors="replace").split()
        if not 1 <= len(lines) <= MOST_SECRETS:
            raise BadInputError(f"secret_file: {len(lines)} secrets; write one a line, and at most {MOST_SECRETS}")
        keys = tuple(read_secret(line) for line in lines)
        url = check_url(self.url)
        return Endpoint(self.name, url, keys, self.timeout_s, self.concurrency, frozenset(self.only))


class BackupFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[backup]``: where sealed copies of everything go, and for whom they are sealed; see ``central.upkeep``."""

    folder: str = ""
    """Else ``backups`` beside the database."""
    recipient: str = "backup.recipient"
    """File that ``atrium central backup-key`` writes."""
    keep: Annotated[int, Meta(ge=1, le=400)] = 14
    """Backups kept, the newest."""


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """The same with paths resolved."""

    folder: Path
    recipient: Path
    keep: int


class CentralFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``CENTRAL.toml``."""

    schema: str
    site: str
    database: str = "central.db"
    tokens: str = "tokens.json"
    secrets: str = "secrets.json"
    campaigns: str = ""
    k: Annotated[int, Meta(ge=3, le=1000)] = 5
    """Figures about fewer people than this are not shown."""
    appliance: dict[str, Any] = {}
    """The host that central runs on; :mod:`firmware_configs` reads it."""
    mqtt: MqttFile = MqttFile()
    http: HttpFile = HttpFile()
    limits: LimitsFile = LimitsFile()
    journeys: JourneysFile = JourneysFile()
    members: MembersFile = MembersFile()
    retention: RetentionFile = RetentionFile()
    delivery: DeliveryFile = DeliveryFile()
    backup: BackupFile = BackupFile()
    enrolment: EnrolmentFile = EnrolmentFile()
    webhooks: list[WebhookFile] = []


@dataclass(frozen=True, slots=True)
class Config:
    """The same with paths resolved and the broker's password read."""

    source: Path
    site: Path
    database: Path
    tokens: Path
    secrets: Path
    campaigns: Path | None
    k: int
    broker: BrokerAddress
    host: str
    port: int
    trusted_proxies: tuple[Network, ...]
    rates: Rates
    reckon_at_hour: int
    keep: Keep
    outlets: Outlets
    backup: BackupPlan
    enrolment: Settings
    calling_code: str = ""
    tags: Path | None = None


def load_config(path: Path, *, check_broker: bool = True) -> Config:
    """The configuration in the file.

    Args:
        path: ``CENTRAL.toml``.
        check_broker: whether the certificates that ``[mqtt]`` names must be there: not where they are about to be made.

    Raises:
        BadInputError: naming the file, the field and the mend.
    """
    found = read_toml(path, CentralFile)
    if found.schema != CONFIG_SCHEMA:
        raise BadInputError(f"{path}: schema is {found.schema!r}; this version reads {CONFIG_SCHEMA!r}")
    here = path.resolve().parent
    password = _password(path, found.mqtt.password_file)
    ca = here / found.mqtt.ca if found.mqtt.ca else None
    if check_broker and ca is not None and not ca.is_file():
        raise BadInputError(f"{path}: mqtt.ca: no such file {ca}; name the broker's CA certificate")
    database = here / found.database
    if not database.parent.is_dir():
        raise BadInputError(f"{path}: database: no such folder {database.parent}; create it")
    mqtt = found.mqtt
    return Config(
        source=path,
        site=here / found.site,
        database=database,
        tokens=here / found.tokens,
        secrets=here / found.secrets,
        campaigns=here / found.campaigns if found.campaigns else None,
        k=found.k,
        broker=BrokerAddress(
            *(mqtt.host, mqtt.port, mqtt.client_id, mqtt.username, password, ca, mqtt.protocol),
            *_shown(path, found, here, check=check_broker),
        ),
        host=found.http.host,
        port=found.http.port,
        trusted_proxies=networks(found.http.trusted_proxies),
        rates=Rates(found.limits.requests, found.limits.wrong_passwords),
        reckon_at_hour=found.journeys.reckon_at_hour,
        keep=found.retention.keep(),
        outlets=_outlets(path, found, here),
        backup=_backup(found.backup, here, database),
        enrolment=_enrolment(path, found, here),
        calling_code=found.members.calling_code,
        tags=here / found.members.tags if found.members.tags else None,
    )


def _backup(found: BackupFile, here: Path, database: Path) -> BackupPlan:
    folder = here / found.folder if found.folder else database.parent / "backups"
    return BackupPlan(folder, here / found.recipient, found.keep)


def _shown(path: Path, found: CentralFile, here: Path, *, check: bool) -> tuple[Path | None, Path | None]:
    """Certificate and key that we prove ourselves to the broker with; neither where none are named."""
    mqtt = found.mqtt
    if not (mqtt.certificate or mqtt.key):
        return None, None
    if not (mqtt.certificate and mqtt.key and mqtt.ca):
        raise BadInputError(f"{path}: mqtt: certificate and key need each other, and ca; name all three")
    certificate, key = here / mqtt.certificate, here / mqtt.key
    for name, file in (("certificate", certificate), ("key", key)):
        if check and not file.is_file():
            raise BadInputError(f"{path}: mqtt.{name}: no {file}; make it: atrium central ca client-certificate")
    return certificate, key


def _enrolment(path: Path, found: CentralFile, here: Path) -> Settings:
    try:
        return found.enrolment.settings(here, here / found.database)
    except BadInputError as error:
        raise BadInputError(f"{path}: {error}") from None


def _password(path: Path, name: str) -> str:
    if not name:
        return ""
    try:
        return read_bytes(secret_path(path.resolve().parent, name)).decode().strip()
    except BadInputError as error:
        raise BadInputError(f"{path}: [mqtt] password_file: {error}") from None


def _outlets(path: Path, found: CentralFile, here: Path) -> Outlets:
    names = [one.name for one in found.webhooks]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise BadInputError(f"{path}: webhooks: {twice!r} stands twice; give each its own name")
    endpoints = []
    for one in found.webhooks:
        try:
            endpoints.append(one.endpoint(here))
        except BadInputError as error:
            raise BadInputError(f"{path}: webhooks {one.name!r}: {error}") from None
    delivery = found.delivery
    return Outlets(delivery.mqtt, tuple(endpoints), delivery.attempts, delivery.keep_hours * HOUR_S)
