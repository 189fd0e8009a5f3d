"""``atrium central user``: people who log in with a name and a password."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from calibration.site import load_site
from central.config import load_config
from central.identity.people import Users
from central.store.store import Store
from contract.errors import BadInputError
from contract.times import to_rfc3339
from contract.tokens import ROLES, Role

user = typer.Typer(no_args_is_help=True, help="People who log in with a name and a password.")

ConfigPath = Annotated[
    Path, typer.Argument(metavar="CENTRAL.toml", help="Configuration; central may be running on it.")
]
Name = Annotated[str, typer.Argument(help="The user's name.")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin, one line.")]


@user.command()
def add(
    config: ConfigPath,
    name: Name,
    role: Annotated[str, typer.Option(help=f"One of {', '.join(ROLES)}.")],
    password_stdin: FromStdin = False,
) -> None:
    """Add a user; asks for the password."""
    with _users(config) as users:
        users.add(name, role_of(role), _password(from_stdin=password_stdin), time.time())


@user.command("list")
def list_(config: ConfigPath, json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Name all users with their roles."""
    with _users(config) as users:
        found = users.everybody()
    if json:
        told = [{"name": one.name, "role": one.role, "disabled": one.disabled} for one in found]
        typer.echo(msgspec.json.encode(told).decode())
        return
    for one in found:
        last = "never logged in" if one.last_login is None else f"last in {to_rfc3339(one.last_login)}"
        typer.echo(f"{one.name}: {one.role}, {'disabled, ' if one.disabled else ''}{last}")


@user.command()
def disable(
    config: ConfigPath, name: Name, undo: Annotated[bool, typer.Option(help="Let the user in again.")] = False
) -> None:
    """Shut a user out: every session of theirs ends at once."""
    with _users(config) as users:
        users.set_disabled(name, disabled=not undo)


@user.command()
def password(config: ConfigPath, name: Name, password_stdin: FromStdin = False) -> None:
    """Give a user another password: every session of theirs ends at once."""
    with _users(config) as users:
        users.set_password(name, _password(from_stdin=password_stdin), time.time())


def role_of(text: str) -> Role:
    """The role of that name.

    Raises:
        BadInputError: where there is none.
    """
    known: dict[str, Role] = {one: one for one in ROLES}
    if text not in known:
        raise BadInputError(f"role {text!r} is unknown; use one of {', '.join(ROLES)}")
    return known[text]


@contextlib.contextmanager
def _users(config: Path) -> Iterator[Users]:
    found = load_config(config)
    with contextlib.closing(Store(found.database, load_site(found.site).id)) as store:
        yield Users(store.database, store.site)


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
