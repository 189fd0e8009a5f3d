"""Reading our own files (TOML, JSON) strictly, with errors that name the file, the field and the mend."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from contract.errors import BadInputError

T = TypeVar("T")


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
