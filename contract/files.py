"""Reading our own files (TOML, JSON) strictly, with errors that name the file, the field and the mend."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

import msgspec

from contract.errors import BadInputError

T = TypeVar("T")

CREDENTIAL = "credential:"
"""Before the name of a secret that the service manager hands over; see :func:`secret_path`."""
CREDENTIALS_FOLDER = "CREDENTIALS_DIRECTORY"
SECRETS_FOLDER = "secrets"
OF_FOLDER = "atrium_"
"""Before the names of credentials that our units load by the folder (``LoadCredential=atrium:FOLDER``)."""


def read_bytes(path: Path) -> bytes:
    """The file's content.

    Raises:
        BadInputError: where it is missing or unreadable.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BadInputError(f"{path}: no such file; check the path") from None
    except OSError as error:
        raise BadInputError(f"{path}: cannot be read ({error.strerror or error}); check its permissions") from None


def secret_path(folder: Path, name: str) -> Path:
    """Where a secret lies that a configuration names: a path relative to ``folder``, or ``credential:NAME``.

    The latter is a file that the service manager hands to this process alone, in the folder that it names in
    ``CREDENTIALS_DIRECTORY`` (systemd's ``LoadCredential=``), so that the service's user need not own it. Without a
    service manager it is the one of that name in the folder ``secrets`` beside the configuration, for whoever may read
    it: a command that root runs by hand.

    Raises:
        BadInputError: the credential was not handed over, or its name is a path.
    """
    if not name.startswith(CREDENTIAL):
        return folder / name
    wanted = name.removeprefix(CREDENTIAL)
    if not wanted or "/" in wanted or wanted.startswith("."):
        raise BadInputError(f"{name!r} is no credential; write {CREDENTIAL}NAME, the name of a file without its folder")
    given = os.environ.get(CREDENTIALS_FOLDER, "")
    if not given:
        return folder / SECRETS_FOLDER / wanted
    for found in (Path(given, wanted), Path(given, OF_FOLDER + wanted)):
        if found.is_file():
            return found
    raise BadInputError(
        f"{name}: not among the credentials of this service; put the file {wanted} into the folder that its unit's "
        "LoadCredential= names, and restart it"
    )


def read_toml(path: Path, kind: type[T]) -> T:
    """The TOML file as ``kind``, unknown fields and wrong types refused.

    Raises:
        BadInputError: where the file is missing, is not TOML, or a field is wrong.
    """
    return _decoded(path, kind, msgspec.toml.decode, "TOML")


def read_json(path: Path, kind: type[T]) -> T:
    """The JSON file as ``kind``, unknown fields and wrong types refused.

    Raises:
        BadInputError: where the file is missing, is not JSON, or a field is wrong.
    """
    return _decoded(path, kind, msgspec.json.decode, "JSON")


def _decoded(path: Path, kind: type[T], decode: object, language: str) -> T:
    content = read_bytes(path)
    try:
        return decode(content, type=kind)  # type: ignore[operator, no-any-return]
    except msgspec.ValidationError as error:
        raise BadInputError(f"{path}: {error}; correct that field") from None
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise BadInputError(f"{path}: not {language} ({error}); correct the file") from None
