"""All that is looked at on central's host: one check a thing, each given what it needs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import httpx

from calibration.site import load_site
from central.config import CentralFile, Config, load_config
from central.doctor.boxes import silent_boxes
from central.doctor.keeping import backup_age, database_version, forgetting, log_size, quarantine
from central.enrolment.authority import CERTIFICATE, KEY
from contract.errors import BadInputError
from contract.files import read_toml, secret_path
from upkeep.broker import Way, broker_lets_in
from upkeep.clock import ask_chrony, clock_offset
from upkeep.databases import database_integrity
from upkeep.findings import Finding
from upkeep.host import host_checks
from upkeep.lifetimes import AUTHORITY_LATE_DAYS, OF_CENTRAL, OF_THE_SITE, certificate_belongs, certificate_life
from upkeep.permissions import secret_permissions
from upkeep.ports import EVERY_HOST, Expected, listeners, open_ports
from upkeep.rounds import Check

CHECK_LIMIT_S = 24.0
READ_LIMIT_S = 20.0
HTTP_TIMEOUT_S = 5.0
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}
OURS = frozenset({"broker", "central"})
"""Certificates that the site's own authority signs; that of the pages may be a public one's."""
DAMAGED = "Stop central, keep the file, and restore the newest backup: boxes send again what came after it."


def central_checks(path: Path) -> list[Check]:
    """What is to be looked at on the host that a configuration describes; less where it is wrong.

    Args:
        path: ``CENTRAL.toml``.
    """
    try:
        config, found = load_config(path), read_toml(path, CentralFile)
        site = load_site(config.site).id
    except BadInputError as error:
        return [_misconfigured(path, error), *host_checks([path.parent])]
    database = config.database

    def now_of(look: Callable[[Path, str, float], list[Finding]]) -> Callable[[], list[Finding]]:
        return lambda: look(database, site, time.time())

    return [
        Check("configuration", partial(_configured, path, site), str(path)),
        Check("database-integrity", partial(_integrity, database), str(database), CHECK_LIMIT_S),
        *host_checks([database.parent]),
        Check("clock-offset", lambda: clock_offset(ask_chrony())),
        Check("open-ports", partial(_ports, config)),
        Check("secret-permissions", lambda: secret_permissions(secrets_of(path, config, found))),
        Check("broker", partial(broker_lets_in, way_of(config)), limit_s=18.0),
        Check("certificate-life", partial(_certificates, path.parent / "tls", config.enrolment.folder / CERTIFICATE)),
        Check("http", partial(central_answers, config.host, config.port)),
        Check("database-version", partial(database_version, database)),
        Check("database-log", partial(log_size, database)),
        Check("retention", now_of(forgetting)),
        Check("quarantine", now_of(quarantine)),
        Check("backup", lambda: backup_age(config.backup.folder, time.time())),
        Check("box-silent", now_of(silent_boxes)),
    ]


def way_of(config: Config) -> Way:
    """The way to the broker by central's own credentials."""
    to = config.broker
    return Way(to.host, to.port, to.client_id, to.username, to.password, to.ca, to.certificate, to.key)


def secrets_of(path: Path, config: Config, found: CentralFile) -> list[Path]:
    """Files of central's host that nobody else may read."""
    folder = path.parent
    named = [found.mqtt.password_file, found.mqtt.key, found.enrolment.passphrase_file]
    named += [one.secret_file for one in found.webhooks]
    paths = [config.secrets, config.tokens, config.database, config.enrolment.folder / KEY]
    paths += [secret_path(folder, name) for name in named if name]
    return [*paths, *(folder / "secrets").glob("*"), *(folder / "tls").glob("*.key")]


def central_answers(host: str, port: int) -> list[Finding]:
    """Whether central serves its pages and API.

    Args:
        host: that it listens on.
        port: its port.
    """
    check, where = "http", EVERYWHERE.get(host, host)
    where = f"[{where}]:{port}" if ":" in where else f"{where}:{port}"
    mend = "Run: systemctl restart atrium-central; then journalctl -u atrium-central -n 50."
    if not port:
        said = "takes a free port at each start, so it cannot be asked"
        return [Finding(check=check, level="unknown", said=said, mend="Set a port in [http].")]
    try:
        with httpx.Client(timeout=HTTP_TIMEOUT_S, trust_env=False) as client:
            answer = client.get(f"http://{where}/healthz")
    except httpx.ConnectError:
        return [Finding(check=check, subject=where, level="fault", said="nobody serves pages and API", mend=mend)]
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        said = f"takes connections and does not answer ({type(error).__name__})"
        return [Finding(check=check, subject=where, level="fault", said=said, mend=mend)]
    if answer.status_code != httpx.codes.OK:
        said = f"somebody answers with {answer.status_code}: it is not central, or not well"
        return [Finding(check=check, subject=where, level="fault", said=said, mend=mend)]
    return [Finding(check=check, subject=where, level="fine", said="serves pages and API")]


def _misconfigured(path: Path, error: BadInputError) -> Check:
    said, _, mend = str(error).partition("; ")
    mend = mend or "correct what it names"
    finding = Finding(
        check="configuration", subject=str(path), level="fault", said=said, mend=f"{mend[0].upper()}{mend[1:]}."
    )
    return Check("configuration", lambda: [finding], str(path))


def _configured(path: Path, site: str) -> Sequence[Finding]:
    return [Finding(check="configuration", subject=str(path), level="fine", said=f"central of site {site}")]


def _integrity(database: Path) -> Sequence[Finding]:
    return database_integrity("database-integrity", database, DAMAGED, READ_LIMIT_S)


def _ports(config: Config) -> Sequence[Finding]:
    own = [
        Expected("tcp", 8883, "the mall's broker"),
        Expected("tcp", 1883, "a broker without TLS", local=True),
        Expected("tcp", config.port, "pages and API", local=config.host in {"127.0.0.1", "::1"}),
        Expected("tcp", 443, "pages and API behind a proxy"),
    ]
    return open_ports(listeners(), [*EVERY_HOST, *own])


def _certificates(folder: Path, authority: Path) -> Sequence[Finding]:
    """Every pair in the folder of certificates, and the authority."""
    now, ca = time.time(), folder / "ca.pem"
    authorities = [path for path in (ca, authority) if path.exists()]
    found = [one for path in authorities for one in certificate_life(path, now, OF_THE_SITE, AUTHORITY_LATE_DAYS)]
    for certificate in sorted(folder.glob("*.pem")):
        key = certificate.with_suffix(".key")
        if certificate != ca and key.exists():
            found += certificate_life(certificate, now, OF_CENTRAL)
            ours = ca if ca.exists() and certificate.stem in OURS else None
            found += certificate_belongs(certificate, key, ours)
    return found
