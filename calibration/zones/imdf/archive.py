"""Opening an IMDF archive: a folder or a .zip, never trusted with more memory than a mall needs."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TypeVar

import msgspec

from calibration.zones.imdf.words import Collection, Feature, Manifest
from contract.disk import write_whole
from contract.errors import AtriumError, BadInputError
from contract.files import read_bytes

MOST_BYTES = 64 * 1024 * 1024
"""Of one file, unpacked; the largest airports take 20 MB."""
MOST_FEATURES = 200_000
NEEDED = ("level", "unit")
OPTIONAL = ("opening", "occupant", "anchor", "detail", "kiosk")

T = TypeVar("T")


class Archive(msgspec.Struct, frozen=True):
    """What an archive holds of what we read: features by type and id."""

    source: str
    manifest: Manifest
    features: dict[str, dict[str, Feature]]


def read_archive(path: Path) -> Archive:
    """The archive's features.

    Raises:
        BadInputError: naming the file and the feature: not IMDF, a file missing, too large or damaged, an id twice.
    """
    if path.is_dir():
        contents = _unpacked(path)
    elif path.is_file():
        contents = _unzipped(path)
    else:
        raise BadInputError(f"{path}: no such folder or .zip; check the path")
    features = {}
    for kind in (*NEEDED, *OPTIONAL):
        name = f"{kind}.geojson"
        if name in contents:
            features[kind] = _collected(f"{path}/{name}", kind, contents[name])
        elif kind in NEEDED:
            raise BadInputError(f"{path}: no {name} in it: an IMDF archive has level.geojson and unit.geojson")
    manifest = Manifest()
    if "manifest.json" in contents:
        manifest = _decoded(f"{path}/manifest.json", contents["manifest.json"], Manifest)
    return Archive(str(path), manifest, features)


def write_archive(path: Path, files: Mapping[str, bytes]) -> None:
    """Writes an archive: a .zip in one piece where the path says so, a folder else.

    Raises:
        AtriumError: where it cannot be written.
    """
    if path.suffix.lower() != ".zip":
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise AtriumError(f"{path}: no folder can be made there ({error.strerror or error})") from None
        for name, content in files.items():
            write_whole(path / name, content)
        return
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)  # of 1980: the same floor packs to the same bytes
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, content)
    write_whole(path, packed.getvalue())


def _names() -> set[str]:
    return {"manifest.json", *(f"{kind}.geojson" for kind in (*NEEDED, *OPTIONAL))}


def _bounded(where: object, size: int) -> None:
    if size > MOST_BYTES:
        raise BadInputError(
            f"{where}: {size / 1e6:.0f} MB unpacked, more than {MOST_BYTES / 1e6:.0f} MB: no mall's map"
        )


def _unpacked(folder: Path) -> dict[str, bytes]:
    found = {}
    for name in sorted(_names()):
        file = folder / name
        if file.is_file():
            _bounded(file, file.stat().st_size)
            found[name] = read_bytes(file)
    return found


def _unzipped(path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(path) as packed:
            for entry in packed.infolist():
                inner = PurePosixPath(entry.filename)
                if entry.is_dir() or inner.name not in _names() or "__MACOSX" in inner.parts:
                    continue
                if inner.name in found:
                    raise BadInputError(f"{path}: {inner.name} is in it twice: pack one venue an archive")
                _bounded(f"{path}/{entry.filename}", entry.file_size)
                with packed.open(entry) as file:
                    content = file.read(MOST_BYTES + 1)  # what an entry says of its size need not be true
                _bounded(f"{path}/{entry.filename}", len(content))
                found[inner.name] = content
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise BadInputError(f"{path}: no folder and no sound .zip ({error}); get the archive anew") from None
    except RuntimeError:
        raise BadInputError(f"{path}: locked with a password; unpack it and name the folder") from None
    return found


def _collected(where: str, kind: str, content: bytes) -> dict[str, Feature]:
    collection = _decoded(where, content, Collection)
    if len(collection.features) > MOST_FEATURES:
        raise BadInputError(f"{where}: {len(collection.features)} features, more than {MOST_FEATURES}: no mall's map")
    found: dict[str, Feature] = {}
    for feature in collection.features:
        if feature.feature_type not in {"", kind}:
            raise BadInputError(f"{where}: {feature.id}: feature_type is {feature.feature_type!r}, not {kind!r}")
        if feature.id in found:
            raise BadInputError(f"{where}: {feature.id}: stands twice; give each feature its own id")
        found[feature.id] = feature
    return found


def _decoded(where: str, content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        raise BadInputError(f"{where}: {error}; correct that field") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInputError(f"{where}: not JSON ({error}); export the archive anew") from None
