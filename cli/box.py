"""``atrium box``: enrol a box with a one-time code from the Ops page, and renew its certificate."""

from __future__ import annotations

import shlex
import subprocess
import time
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from contract.errors import AtriumError, BadInputError
from contract.files import read_toml
from contract.ids import check_id
from contract.times import to_rfc3339
from upkeep import enrolment
from upkeep.certificates import CertificateFacts, facts_of
from upkeep.enrolment import Who
from upkeep.enrolment_code import read_code
from upkeep.pair import Pair

RELOAD_TIMEOUT_S = 60

box = typer.Typer(no_args_is_help=True, help="A box's identity: its key never leaves it.")

ConfigPath = Annotated[Path, typer.Argument(metavar="BOX.toml", help="The box's configuration.")]
CentralAddress = Annotated[
    str, typer.Option("--central", help="Address of central; else [appliance.mall] central of BOX.toml.")
]
TlsFolder = Annotated[
    Path | None,
    typer.Option("--tls", help="Folder of ca.pem, box.pem and box.key; else tls beside BOX.toml.", show_default=False),
]
ReloadCommand = Annotated[
    str, typer.Option("--reload", help='Run this once the new certificate is in place: "systemctl restart mosquitto".')
]
AsJson = Annotated[bool, typer.Option("--json", help="Tell the certificate as JSON.")]


class _Site(msgspec.Struct, frozen=True):
    id: str


class _Box(msgspec.Struct, frozen=True):
    """What of BOX.toml says who the box is and where central is; a box is enrolled before it is calibrated."""

    id: str
    floor: str
    site: str = ""
    appliance: dict[str, Any] = {}


@box.command()
def enroll(
    config: ConfigPath,
    code: Annotated[str, typer.Option(help="From the Ops page; good once, for a quarter of an hour.")],
    central: CentralAddress = "",
    tls: TlsFolder = None,
    group: Annotated[str, typer.Option(help="Let this group read the key, too, such as mosquitto.")] = "",
    reload: ReloadCommand = "",
    json: AsJson = False,
) -> None:
    """Make a key and exchange a one-time code for its certificate."""
    who, address = _read(config, central)
    folder = tls or config.parent / "tls"
    facts = enrolment.enroll(address, read_code(code), who, folder, time.time())
    if group:
        Pair(folder, "box").share(group)
    _reload(reload)
    _tell(facts, json=json, done="enrolled as")


@box.command()
def renew(
    config: ConfigPath,
    central: CentralAddress = "",
    tls: TlsFolder = None,
    force: Annotated[bool, typer.Option("--force", help="Also while more than a third of its life is left.")] = False,
    reload: ReloadCommand = "",
    json: AsJson = False,
) -> None:
    """Replace key and certificate once a third of the certificate's life is left; does nothing before."""
    who, address = _read(config, central)
    folder = tls or config.parent / "tls"
    facts = enrolment.renew(address, who, folder, time.time(), force=force)
    if facts is None:
        present = Pair(folder, "box").read()
        if present is not None:
            _tell(facts_of(present[0]), json=json, done="not due yet:")
        return
    _reload(reload)
    _tell(facts, json=json, done="renewed:")


def _read(config: Path, central: str) -> tuple[Who, str]:
    """Who the box is, and central's address."""
    found = read_toml(config, _Box)
    mall = found.appliance.get("mall", {})
    address = central or (str(mall.get("central", "")) if isinstance(mall, dict) else "")
    if not address:
        raise BadInputError(f"{config}: [appliance.mall] central: not there; add it, or say --central https://…")
    site_file = config.parent / found.site
    site = read_toml(site_file, _Site).id if found.site and site_file.is_file() else ""
    return Who(check_id(found.floor, f"{config}: floor"), check_id(found.id, f"{config}: id"), site), address


def _reload(command: str) -> None:
    if not command:
        return
    words = shlex.split(command)
    try:
        done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=RELOAD_TIMEOUT_S)  # noqa: S603 - root's own words
    except (OSError, subprocess.TimeoutExpired, IndexError) as error:
        raise AtriumError(f"the new certificate is in place, but {command!r} cannot be run ({error})") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-300:]
        raise AtriumError(f"the new certificate is in place, but {command!r} failed: {said or done.returncode}")


def _tell(facts: CertificateFacts, *, json: bool, done: str) -> None:
    until = to_rfc3339(facts.not_after)
    if json:
        told = {"name": facts.name, "serial": facts.serial, "expires_at": until, "fingerprint": facts.fingerprint}
        typer.echo(msgspec.json.encode(told).decode())
    else:
        typer.echo(f"{done} {facts.name}, certificate {facts.serial[:12]}, good until {until}")
