"""``atrium central``: serve the mall's central service; make tokens for those who use it."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from central.app import serve as serve_central
from central.config import load_config
from central.identity.tokens import NEVER, USUAL_LIFE, add_token, expiry, known_tokens, remove_token
from central.observe.logs import configure_logs
from cli.central_backup import backup, backup_key, restore
from cli.central_ca import ca, enrol_code
from cli.central_purge import purge
from cli.central_user import role_of, user
from contract.tokens import ROLES

central = typer.Typer(no_args_is_help=True, help="The mall's central service.")
central.add_typer(user, name="user")
central.command("backup")(backup)
central.command("backup-key")(backup_key)
central.command("restore")(restore)
central.add_typer(ca, name="ca")
central.command("enrol-code")(enrol_code)
central.command()(purge)

ConfigPath = Annotated[
    Path, typer.Argument(metavar="CENTRAL.toml", help="Configuration; paths in it are relative to it.")
]


@central.command()
def serve(
    config: ConfigPath, verbose: Annotated[bool, typer.Option(help="Log what happens, to stderr.")] = False
) -> None:
    """Take in what the boxes send; serve API and pages until SIGTERM."""
    configure_logs(sys.stderr, verbose=verbose)
    serve_central(config, typer.echo)


@central.command()
def token(
    config: ConfigPath,
    name: Annotated[str, typer.Option(help="Whose token; an older one of that name stops working.")],
    role: Annotated[str, typer.Option(help=f"One of {', '.join(ROLES)}.")],
    expires: Annotated[
        str, typer.Option(help=f"Days as 90d, UTC as 2026-12-31T00:00:00.000Z, or {NEVER}, which has to be said.")
    ] = USUAL_LIFE,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="Confine it to a part of the API, as offers or offers:read; repeat it for more."),
    ] = None,
) -> None:
    """Make a token, print it once, keep only its hash."""
    ends = expiry(expires, time.time())
    typer.echo(add_token(load_config(config).tokens, name, role_of(role), ends, scope or ()))


@central.command()
def tokens(config: ConfigPath, json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Name all tokens: role, scopes, when each ends; never a token itself."""
    entries = known_tokens(load_config(config).tokens).tokens
    if json:
        typer.echo(msgspec.json.encode(entries).decode())
        return
    for entry in entries:
        parts = ", ".join(entry.scopes) or "all its role may"
        typer.echo(f"{entry.name}: {entry.role}, {parts}, until {entry.expires_at or NEVER}")


@central.command()
def revoke(config: ConfigPath, name: Annotated[str, typer.Option(help="Whose token stops working, at once.")]) -> None:
    """Take a token back."""
    remove_token(load_config(config).tokens, name)
