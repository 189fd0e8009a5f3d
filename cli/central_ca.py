"""``atrium central ca`` and ``enrol-code``: the site's certificate authority, on central's own machine."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from calibration.site import load_site
from central.config import load_config
from central.enrolment.authority import make_authority
from central.enrolment.enrolment import CODE_S, Enrolment
from central.enrolment.own import make_client_pair, make_server_pair, put_authority, renew_pairs
from central.store.store import Store
from contract.times import to_rfc3339
from upkeep.certificates import CertificateFacts, facts_of
from upkeep.pair import Pair

ca = typer.Typer(no_args_is_help=True, help="The site's certificate authority.")

ConfigPath = Annotated[
    Path, typer.Argument(metavar="CENTRAL.toml", help="Configuration; central may be running on it.")
]
Out = Annotated[Path, typer.Option(help="Folder that the certificate, its key and ca.pem go to.")]
Group = Annotated[str, typer.Option(help="Let this group read the key, too, such as mosquitto.")]
IfDue = Annotated[
    bool, typer.Option("--if-due", help="Only where the present one has a third of its life left or less: for a timer.")
]


@ca.command()
def init(config: ConfigPath) -> None:
    """Make the authority: once for the site's whole life; [enrolment] says where, and with which passphrase."""
    found = load_config(config, check_broker=False)
    settings = found.enrolment
    made = make_authority(settings.folder, load_site(found.site).id, settings.passphrase, time.time())
    if not settings.passphrase:
        typer.echo("its key rests unencrypted; [enrolment] passphrase_file would encrypt it", err=True)
    with _enrolment(config) as enrolment:
        enrolment.write_revocations(time.time())
    typer.echo(f"{settings.folder}: SHA-256 {facts_of(made.certificate).fingerprint}")


@ca.command("broker-certificate")
def broker_certificate(
    config: ConfigPath,
    name: Annotated[list[str], typer.Option(help="Name or address that boxes reach it by; repeat it for more.")],
    out: Out,
    file: Annotated[str, typer.Option(help="Name of the files: broker, or web for a proxy.")] = "broker",
    group: Group = "",
    if_due: IfDue = False,
) -> None:
    """Make the broker's own certificate and key, or those of the web server in front of central."""
    with _enrolment(config) as enrolment:
        pair = Pair(out, file)
        made = make_server_pair(enrolment, pair, name, time.time(), if_due=if_due)
        put_authority(enrolment, out)
    _made(made, pair, group)


@ca.command("client-certificate")
def client_certificate(
    config: ConfigPath,
    name: Annotated[str, typer.Option(help="central, or offers: whom the broker's access list knows.")],
    out: Out,
    group: Group = "",
    if_due: IfDue = False,
) -> None:
    """Make the certificate and key by which the broker knows central, or whoever delivers offers."""
    with _enrolment(config) as enrolment:
        pair = Pair(out, name)
        made = make_client_pair(enrolment, pair, name, time.time(), if_due=if_due)
        put_authority(enrolment, out)
    _made(made, pair, group)


@ca.command()
def renew(
    config: ConfigPath,
    tls: Annotated[
        Path, typer.Option(help="Folder with the pairs that broker-certificate and client-certificate made.")
    ],
) -> None:
    """Renew the pairs of broker, web server and central that have a third of their life left or less: for a timer."""
    with _enrolment(config) as enrolment:
        renewed = renew_pairs(enrolment, tls, time.time())
    for one in renewed:
        typer.echo(f"{one.name}: good until {to_rfc3339(one.not_after)}")
    if not renewed:
        typer.echo("nothing is due")


@ca.command()
def crl(
    config: ConfigPath,
    out: Annotated[Path | None, typer.Option(help="Write it here, too, such as where the broker reads it.")] = None,
) -> None:
    """Write the list of revoked certificates anew; restart the broker then, or who is connected stays."""
    with _enrolment(config) as enrolment:
        enrolment.write_revocations(time.time(), out)


@ca.command("list")
def list_(config: ConfigPath, json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Name everybody who has a certificate, until when, and whether it was revoked."""
    with _enrolment(config) as enrolment:
        found = enrolment.current()
    now = time.time()
    rows = [
        {"name": one.name, "serial": one.serial, "expires_at": to_rfc3339(one.not_after), "state": one.state(now)}
        for one in found
    ]
    if json:
        typer.echo(msgspec.json.encode(rows).decode())
        return
    for row in rows:
        typer.echo(f"{row['name']}: {row['state']}, until {row['expires_at']}")


@ca.command()
def revoke(config: ConfigPath, box: Annotated[str, typer.Option(help="Whose certificates stop being good.")]) -> None:
    """Take back every certificate of a box; restart the broker then, or a connection of it stays."""
    with _enrolment(config) as enrolment:
        typer.echo(f"{enrolment.revoke(box, time.time())} certificates of {box} are revoked")


def enrol_code(
    config: ConfigPath,
    floor: Annotated[str, typer.Option(help="Id of the floor that the box watches.")],
    box: Annotated[str, typer.Option(help="Id of the box.")],
) -> None:
    """Make a one-time code to enrol a box with, and print it once."""
    now = time.time()
    with _enrolment(config) as enrolment:
        code = enrolment.new_code(floor, box, "the command line", now)
    typer.echo(str(code))
    sys.stderr.write(f"for {box} on floor {floor}, good once until {to_rfc3339(now + CODE_S)}\n")


@contextlib.contextmanager
def _enrolment(config: Path) -> Iterator[Enrolment]:
    found = load_config(config, check_broker=False)
    site = load_site(found.site)
    if not found.database.exists():  # made by root before central's first start, it is central's user's all the same
        owner = found.database.parent.stat()
        found.database.touch(mode=0o600)
        with contextlib.suppress(PermissionError):
            os.chown(found.database, owner.st_uid, owner.st_gid)
    with contextlib.closing(Store(found.database, site.id)) as store:
        yield Enrolment(store, found.enrolment, site.floors)


def _made(made: CertificateFacts | None, pair: Pair, group: str) -> None:
    if made is None:
        typer.echo(f"{pair.certificate}: not due yet")
        return
    if group:
        pair.share(group)
    typer.echo(f"{pair.certificate}: {made.name}, good until {to_rfc3339(made.not_after)}")
