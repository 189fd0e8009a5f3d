"""``atrium central``: serve the mall's central service; make tokens for those who use it."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from central.access import add_token
from central.app import serve as serve_central
from central.config import load_config
from contract.errors import BadInputError
from contract.tokens import ROLES, Role

central = typer.Typer(no_args_is_help=True, help="The mall's central service.")

ConfigPath = Annotated[
    Path, typer.Argument(metavar="CENTRAL.toml", help="Configuration; paths in it are relative to it.")
]


@central.command()
def serve(
    config: ConfigPath, verbose: Annotated[bool, typer.Option(help="Log what happens, to stderr.")] = False
) -> None:
    """Take in what the boxes send; serve API and pages until SIGTERM."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    serve_central(config, lambda address: typer.echo(f"serving {address}"))


@central.command()
def token(
    config: ConfigPath,
    name: Annotated[str, typer.Option(help="Whose token; an older one of that name stops working.")],
    role: Annotated[str, typer.Option(help=f"One of {', '.join(ROLES)}.")],
    expires: Annotated[str, typer.Option(help="UTC, as 2026-12-31T00:00:00.000Z; never where absent.")] = "",
) -> None:
    """Make a token, print it once, keep only its hash."""
    known: dict[str, Role] = {one: one for one in ROLES}
    if role not in known:
        raise BadInputError(f"role {role!r} is unknown; use one of {', '.join(ROLES)}")
    typer.echo(add_token(load_config(config).tokens, name, known[role], expires))
