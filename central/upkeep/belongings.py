"""Every file that a central needs to live again, beside its database."""

from __future__ import annotations

import contextlib
import grp
import pwd
from collections.abc import Iterator
from pathlib import Path

from calibration.site import SiteFile
from calibration.versions.gate import certificate_path
from central.config import CentralFile
from contract.errors import BadInputError
from contract.files import CREDENTIAL, SECRETS_FOLDER, read_toml, secret_path


def belongings(config: Path) -> dict[str, Path]:
    """Files that ``CENTRAL.toml`` names and that are there, itself first, by what a backup calls them.

    The broker's certificate files are not among them: they belong to the host, which is enrolled anew. A credential is
    called by its place in the folder ``secrets`` beside ``CENTRAL.toml``.

    Raises:
        BadInputError: where it, or the site's file, cannot be read.
    """
    here, file = config.resolve().parent, read_toml(config, CentralFile)
    found = {stored_name(path, config): path for path in _named(here / config.name, file) if path.is_file()}
    for name in secret_names(file):
        with contextlib.suppress(BadInputError):  # a credential that was not handed to this process
            if (path := secret_path(here, name)).is_file():
                found[stored_secret(name, config)] = path
    return found


def secret_names(file: CentralFile) -> list[str]:
    """What ``CENTRAL.toml`` calls its secrets: paths, or ``credential:NAME``."""
    names = [file.mqtt.password_file, file.enrolment.passphrase_file, *(one.secret_file for one in file.webhooks)]
    return [name for name in names if name]


def stored_secret(name: str, config: Path) -> str:
    """How a backup calls a secret of that name."""
    if name.startswith(CREDENTIAL):
        return f"{SECRETS_FOLDER}/{name.removeprefix(CREDENTIAL)}"
    return stored_name(config.resolve().parent / name, config)


def authority_folder(here: Path, file: CentralFile) -> Path:
    """Where the site's certificate authority is."""
    return here / file.enrolment.folder if file.enrolment.folder else (here / file.database).parent / "ca"


def _named(config: Path, file: CentralFile) -> Iterator[Path]:
    here = config.parent
    yield config
    yield from (here / name for name in (file.tokens, file.secrets, file.campaigns, file.members.tags) if name)
    yield here / file.backup.recipient
    if (authority := authority_folder(here, file)).is_dir():
        yield from sorted(authority.iterdir())
    site = here / file.site
    if site.is_file():
        yield site
        for floor in read_toml(site, SiteFile).floors:
            cameras = site.parent / floor.cameras
            yield from (site.parent / name for name in (floor.geometry, floor.cameras, floor.plan) if name)
            yield certificate_path(cameras)
            yield from sorted(cameras.with_name(f"{cameras.stem}.history").glob("*.json"))


def stored_name(path: Path, config: Path) -> str:
    """How a backup calls a file: relative to the folder of ``CENTRAL.toml`` where it is inside, else absolute."""
    here = config.resolve().parent
    whole = path.resolve()
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else str(whole)


def owner_names(path: Path) -> str:
    """Owner and group of a file, as ``atrium:atrium``; numbers where they have no name."""
    found = path.stat()
    try:
        owner = pwd.getpwuid(found.st_uid).pw_name
    except KeyError:
        owner = str(found.st_uid)
    try:
        group = grp.getgrgid(found.st_gid).gr_name
    except KeyError:
        group = str(found.st_gid)
    return f"{owner}:{group}"
