"""``atrium coupons``: the public key for tills, and a till's check of a code without network."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from calibration.site import load_site
from central.access import derived, load_secrets
from central.config import load_config
from central.coupons import codes
from central.coupons.coupons import Coupons
from central.coupons.value import HUNDRED
from contract.errors import AtriumError, BadInputError
from contract.files import read_bytes
from contract.times import from_rfc3339, to_rfc3339

coupons = typer.Typer(no_args_is_help=True, help="Codes of coupons: the key to check them by, and the check.")

AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


@coupons.command()
def key(
    config: Annotated[
        Path, typer.Argument(metavar="CENTRAL.toml", help="Configuration; central may be running on it.")
    ],
    json: AsJson = False,
) -> None:
    """Print the public key, as PEM: give it to every till. It checks codes and makes none."""
    found = load_config(config)
    site = load_site(found.site)
    public = Coupons(derived(load_secrets(found.secrets).offer_key, "coupons"), site.timezone).public
    if json:
        raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
        typer.echo(msgspec.json.encode({"site": site.id, "algorithm": "Ed25519", "hex": raw}).decode())
        return
    typer.echo(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(), nl=False)


@coupons.command()
def check(
    code: Annotated[str, typer.Argument(help="The code as scanned; - reads it from stdin.")],
    key_file: Annotated[Path, typer.Option("--key", metavar="KEY.pem", help="What `atrium coupons key` printed.")],
    site: Annotated[str, typer.Option(help="The mall's id.")],
    tenant: Annotated[str, typer.Option(help="Whose till it is; without, shops are not looked at.")] = "",
    at: Annotated[str, typer.Option(help="When, UTC as 2026-01-31T12:00:00.000Z; now where absent.")] = "",
    json: AsJson = False,
) -> None:
    """Check a code without network. Whether it has been used before only central knows."""
    now = from_rfc3339(at) if at else time.time()
    text = sys.stdin.read(codes.MOST_CODE + 1) if code == "-" else code
    found = codes.check(_public(key_file), text, site=site, at=now, tenant=tenant)
    if isinstance(found, str):
        raise AtriumError(found)
    if json:
        typer.echo(msgspec.json.encode(msgspec.structs.asdict(found)).decode())
        return
    unit = {"percent": " %", "parking": " hours of parking", "amount": "", "gift": ""}[found.kind]
    value = "a gift" if found.kind == "gift" else f"{found.value / HUNDRED:g}{unit} off"
    most = "" if found.ceiling is None else f", {found.ceiling / HUNDRED:.2f} at most"
    least = f", on a sale of {found.least_spend / HUNDRED:.2f} at least" if found.least_spend else ""
    short = codes.spaced(codes.short_of(found.serial))
    typer.echo(f"{found.pool} {short}: {value}{most}{least}, valid until {to_rfc3339(found.valid_to)}")


def _public(path: Path) -> Ed25519PublicKey:
    try:
        found = load_pem_public_key(read_bytes(path))
    except (ValueError, UnsupportedAlgorithm):
        raise BadInputError(f"{path}: no public key in PEM; write there what `atrium coupons key` prints") from None
    if not isinstance(found, Ed25519PublicKey):
        raise BadInputError(f"{path}: no Ed25519 key; write there what `atrium coupons key` prints")
    return found
