"""The model shelf: which ONNX models ship with Atrium or can be pulled, and whether a file is the one it should be."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit

import msgspec

from contract.errors import BadInputError
from models.cache import stores

SHELF = Path(__file__).resolve().parent / "shelf"
DEFAULT_MODEL = "person-n"
Precision = Literal["fp32", "fp16", "int8"]


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
    precision: Precision = "fp32"
    good_for: str = ""
    """One line for who chooses."""
    core_ms: float | None = None
    """A run on one thread of an x86-64 server core, as its card tells it, milliseconds."""


class Download(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model that others publish and `atrium models pull` brings."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    file: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.onnx$")]
    """File name in the store."""
    addresses: Annotated[list[Annotated[str, msgspec.Meta(pattern=r"^https?://")]], msgspec.Meta(min_length=1)]
    """Where it is published; tried in this order."""
    size: Annotated[int, msgspec.Meta(gt=0)]
    """Bytes."""
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
    head: str
    """Family of its outputs, as the detector names it."""
    input_width: int
    input_height: int
    precision: Precision
    licence: Literal["Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause"]
    """As its publishers state it; permissive ones only."""
    good_for: str
    """One line for who chooses."""

    def file_names(self) -> tuple[str, ...]:
        """Names its file may go by on a stick: ours, then its publishers'."""
        published = (unquote(PurePosixPath(urlsplit(address).path).name) for address in self.addresses)
        return tuple(dict.fromkeys((self.file, *published)))


class ShelfFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """registry.toml."""

    model: list[ShelfEntry]
    download: list[Download] = []


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model ready to load: where it lies, what to call it, and its entry unless it is the user's own file."""

    path: Path
    name: str
    metadata: ShelfEntry | Download | None


def read_shelf(shelf: Path = SHELF) -> dict[str, ShelfEntry]:
    """The models that ship, by name.

    Raises:
        BadInputError: registry.toml is missing or has a wrong field.
    """
    return {entry.name: entry for entry in _read(shelf).model}


def read_downloads(shelf: Path = SHELF) -> dict[str, Download]:
    """The models that can be pulled, by name.

    Raises:
        BadInputError: registry.toml is missing or has a wrong field.
    """
    return {entry.name: entry for entry in _read(shelf).download}


def _read(shelf: Path) -> ShelfFile:
    path = shelf / "registry.toml"
    try:
        read = msgspec.toml.decode(path.read_bytes(), type=ShelfFile)
    except OSError as error:
        raise BadInputError(f"{path}: no model shelf here ({error.strerror}); reinstall atrium-vision") from error
    except msgspec.DecodeError as error:
        raise BadInputError(f"{path}: {error}; mend that field") from error
    entries: list[ShelfEntry | Download] = [*read.model, *read.download]
    names, files = [entry.name for entry in entries], [entry.file for entry in entries]
    twice = next((name for listed in (names, files) for name in listed if listed.count(name) > 1), None)
    if twice is not None:
        raise BadInputError(f"{path}: {twice} is listed twice; give each model a name and a file of its own")
    return read


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


def is_whole(path: Path, entry: Download) -> bool:
    """Whether a file is there and is the one of the registry, to the byte."""
    return path.is_file() and path.stat().st_size == entry.size and file_sha256(path) == entry.sha256


def pulled(entry: Download, folders: Iterable[Path] | None = None) -> Path | None:
    """Where a model that can be pulled lies, whole or not; None where it has not been pulled.

    Args:
        entry: of the registry.
        folders: searched in this order; the stores of this machine where left out.
    """
    paths = (folder / entry.file for folder in (stores() if folders is None else folders))
    return next((path for path in paths if path.is_file()), None)


def resolve(
    name_or_path: str | Path = DEFAULT_MODEL, shelf: Path = SHELF, folders: Sequence[Path] | None = None
) -> ModelFile:
    """The model of that name on the shelf or pulled, hash checked, or the user's own file.

    Anything that ends in `.onnx` or contains a path separator is a path, everything else a name.

    Args:
        name_or_path: which.
        shelf: the folder of registry.toml.
        folders: where pulled models lie; the stores of this machine where left out.

    Raises:
        BadInputError: no such name, no such file, a model not pulled yet, or a damaged file.
    """
    text = str(name_or_path)
    if text.endswith(".onnx") or "/" in text or "\\" in text:
        path = Path(text)
        if not path.is_file():
            raise BadInputError(f"{path}: no such model file; give an ONNX file or one of {_names(read_shelf(shelf))}")
        return ModelFile(path, path.stem, None)
    entries, downloads = read_shelf(shelf), read_downloads(shelf)
    if text in downloads:
        return _pulled_model(downloads[text], folders)
    entry = entries.get(text)
    if entry is None:
        others = f" (to be pulled: {_names(downloads)})" if downloads else ""
        raise BadInputError(
            f"model {text!r} is not on the shelf; choose {_names(entries)}{others} or give a path to an ONNX file"
        )
    return ModelFile(check_file(entry, shelf), entry.name, entry)


def _pulled_model(entry: Download, folders: Sequence[Path] | None) -> ModelFile:
    path = pulled(entry, folders)
    if path is None:
        raise BadInputError(f"model {entry.name!r} has not been pulled; run: atrium models pull {entry.name}")
    if not is_whole(path, entry):
        raise BadInputError(
            f"{path}: is not the file of registry.toml, damaged or replaced; remove it and run: "
            f"atrium models pull {entry.name}"
        )
    return ModelFile(path, entry.name, entry)


def _names(entries: Iterable[str]) -> str:
    return ", ".join(sorted(entries)) or "nothing (the shelf is empty)"
