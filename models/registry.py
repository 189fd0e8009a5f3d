"""The model shelf: which ONNX models ship with Atrium, and whether a file is the one it should be."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from contract.errors import BadInputError

SHELF = Path(__file__).resolve().parent / "shelf"
DEFAULT_MODEL = "person-n"


class ShelfEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model of registry.toml."""

    name: str
    file: str
    """File name on the shelf."""
    sha256: str
    head: str
    """How outputs become boxes, as in the file's own metadata `atrium.head`."""
    input_width: int
    input_height: int
    licence: str
    card: str
    """Model card on the shelf: data, figures, limits."""


class ShelfFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """registry.toml."""

    model: list[ShelfEntry]


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model ready to load: where it lies, what to call it, and the shelf's entry unless it is the user's own file."""

    path: Path
    name: str
    metadata: ShelfEntry | None


def read_shelf(shelf: Path = SHELF) -> dict[str, ShelfEntry]:
    """The models of a shelf by name.

    Raises:
        BadInputError: registry.toml is missing or has a wrong field.
    """
    path = shelf / "registry.toml"
    try:
        entries = msgspec.toml.decode(path.read_bytes(), type=ShelfFile).model
    except OSError as error:
        raise BadInputError(f"{path}: no model shelf here ({error.strerror}); reinstall atrium-vision") from error
    except msgspec.DecodeError as error:
        raise BadInputError(f"{path}: {error}; mend that field") from error
    return {entry.name: entry for entry in entries}


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_file(entry: ShelfEntry, shelf: Path = SHELF) -> Path:
    """Path of a shelf entry's file, once its hash is the registry's.

    Raises:
        BadInputError: the file is missing or holds other bytes.
    """
    path = shelf / entry.file
    if not path.is_file():
        raise BadInputError(f"{path}: model {entry.name} is not on the shelf; reinstall atrium-vision")
    found = file_sha256(path)
    if found != entry.sha256:
        raise BadInputError(
            f"{path}: sha256 is {found[:12]}..., registry.toml says {entry.sha256[:12]}...; "
            "the file is damaged or was replaced: reinstall atrium-vision, or give your own model by its path"
        )
    return path


def resolve(name_or_path: str | Path = DEFAULT_MODEL, shelf: Path = SHELF) -> ModelFile:
    """The model of that name on the shelf, hash checked, or the user's own file.

    Anything that ends in `.onnx` or contains a path separator is a path, everything else a name.

    Raises:
        BadInputError: no such name, no such file, or a damaged shelf file.
    """
    text = str(name_or_path)
    if text.endswith(".onnx") or "/" in text or "\\" in text:
        path = Path(text)
        if not path.is_file():
            raise BadInputError(f"{path}: no such model file; give an ONNX file or one of {_names(read_shelf(shelf))}")
        return ModelFile(path, path.stem, None)
    entries = read_shelf(shelf)
    entry = entries.get(text)
    if entry is None:
        raise BadInputError(
            f"model {text!r} is not on the shelf; choose {_names(entries)} or give a path to an ONNX file"
        )
    return ModelFile(check_file(entry, shelf), entry.name, entry)


def _names(entries: dict[str, ShelfEntry]) -> str:
    return ", ".join(sorted(entries)) or "nothing (the shelf is empty)"
