"""Every file that a central needs to live again, beside its database."""

from __future__ import annotations

import grp
import pwd
from collections.abc import Iterator
from pathlib import Path

from calibration.site import SiteFile
from calibration.versions.gate import certificate_path
from central.config import CentralFile
from contract.files import read_toml


def belongings(config: Path) -> list[Path]:
    """Files that ``CENTRAL.toml`` names and that are there, itself first, each once.

    The broker's certificate files are not among them: they belong to the host, which is enrolled anew.

    Raises:
        BadInputError: where it, or the site's file, cannot be read.
    """
    found = dict.fromkeys(path for path in _named(config) if path.is_file())
    return list(found)


def _named(config: Path) -> Iterator[Path]:
    here, file = config.resolve().parent, read_toml(config, CentralFile)
    yield here / config.name
    names = [file.tokens, file.secrets, file.campaigns, file.members.tags, file.mqtt.password_file]
    names += [one.secret_file for one in file.webhooks]
    yield from (here / name for name in names if name)
    yield here / file.backup.recipient
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
