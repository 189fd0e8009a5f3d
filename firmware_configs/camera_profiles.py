"""What camera vendors document about their streams and settings, each fact with the document it stands in.

A profile is a file in ``firmware_configs/cameras``. It tells people where to look; what a camera really offers, ONVIF
and a trial of the stream say.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from contract.errors import BadInputError
from contract.files import read_toml
from contract.ids import END

PROFILE_SCHEMA = "atrium.camera_profile.v1"
FOLDER = Path(__file__).with_name("cameras")
_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,39}" + END)
_ADDRESS = re.compile(r"^https?://[^\s]+" + END)
_PATH = re.compile(r"^/[!-~]*" + END)
_Line = Annotated[str, Meta(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")]

Topic = Literal["stream", "codec", "key frames", "frame rate", "clock", "privacy masks", "ONVIF", "channels"]


class Source(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A document.

    Attributes:
        title: as it calls itself.
        address: where it was read.
        by: ``vendor``, or ``others`` for pages of integrators and users, where the vendor's own was not to be had.
    """

    title: _Line
    address: _Line
    by: Literal["vendor", "others"]


class Stream(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A stream's place on the camera.

    Attributes:
        path: behind ``rtsp://HOST:PORT``, for the first or only lens.
        source: key in ``sources``.
    """

    path: _Line
    source: _Line


class Setting(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where something is set, or what to know about it.

    Attributes:
        what: the topic.
        where: a sentence.
        source: key in ``sources``.
    """

    what: Topic
    where: _Line
    source: _Line


class CameraProfile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A vendor.

    Attributes:
        name: the file's name without ``.toml``.
        vendor: its name for people.
        manufacturers: how its cameras name it over ONVIF, lower case; a camera's word need only begin so.
        port: RTSP's TCP port.
        main, sub: the large and the small stream; None where they are found by ONVIF alone.
        settings: what to set and where.
        sources: documents, by key.
    """

    schema: str
    name: str
    vendor: _Line
    sources: dict[str, Source]
    manufacturers: list[_Line] = []
    port: Annotated[int, Meta(ge=1, le=65535)] = 554
    main: Stream | None = None
    sub: Stream | None = None
    settings: list[Setting] = []


def read_profiles(folder: Path = FOLDER) -> dict[str, CameraProfile]:
    """All profiles, by name.

    Raises:
        BadInputError: naming the file, the field and the mend.
    """
    return {path.stem: load_profile(path) for path in sorted(folder.glob("*.toml"))}


def read_profile(name: str, folder: Path = FOLDER) -> CameraProfile:
    """The profile of that name.

    Raises:
        BadInputError: where there is none; it names those there are.
    """
    path = folder / f"{name}.toml"
    if not _NAME.match(name) or not path.is_file():
        known = ", ".join(sorted(one.stem for one in folder.glob("*.toml")))
        raise BadInputError(f"no camera profile {name[:40]!r}; choose of {known}")
    return load_profile(path)


def profile_of(manufacturer: str, folder: Path = FOLDER) -> CameraProfile | None:
    """The profile of the vendor that a camera names as its manufacturer; None where there is none."""
    said = manufacturer.strip().lower()
    return next(
        (one for one in read_profiles(folder).values() if any(said.startswith(word) for word in one.manufacturers)),
        None,
    )


def load_profile(path: Path) -> CameraProfile:
    """The profile in a file.

    Raises:
        BadInputError: naming the file, the field and the mend.
    """
    found = read_toml(path, CameraProfile)
    if found.schema != PROFILE_SCHEMA:
        raise BadInputError(f"{path}: schema is {found.schema!r}; this version reads {PROFILE_SCHEMA!r}")
    if found.name != path.stem or not _NAME.match(found.name):
        raise BadInputError(f"{path}: name is {found.name[:40]!r}; it must be the file's, in lower case")
    for key, source in found.sources.items():
        if not _ADDRESS.match(source.address):
            raise BadInputError(f"{path}: sources.{key}: address is no http(s) address; give where the document is")
    for word in found.manufacturers:
        if word != word.lower():
            raise BadInputError(f"{path}: manufacturers: {word!r} is not in lower case; write it so")
    _check_paths(path, found)
    used = {one.source for one in (found.main, found.sub, *found.settings) if one is not None}
    if unknown := sorted(used - found.sources.keys()):
        raise BadInputError(f"{path}: source {unknown[0]!r} is not under [sources]; add the document")
    if unused := sorted(found.sources.keys() - used):
        raise BadInputError(f"{path}: sources.{unused[0]} proves nothing here; remove it or name it")
    return found


def _check_paths(path: Path, found: CameraProfile) -> None:
    for field, stream in (("main", found.main), ("sub", found.sub)):
        if stream is None:
            continue
        if not _PATH.match(stream.path) or "@" in stream.path or stream.path.startswith("//"):
            raise BadInputError(f"{path}: {field}: {stream.path[:60]!r} is no path on a camera; begin it with one /")
