"""A floor's ``cameras.json`` with its history: written whole or not at all, every version kept, any brought back.

Beside ``g.cameras.json`` stands the folder ``g.cameras.history``: ``0007-1f0c9a3be2d4.json`` is the whole file as the
seventh version left it, named by the floor's hash; ``index.json`` says when, who and why. A version is in the history
before it is in force. So whatever is cut off where, the file is whole and is one of the versions; one that was cut off
before it came into force can be brought in like any other.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from calibration.camera import Camera, CameraFile, camera_from_file
from calibration.versions.digest import camera_hash, floor_hash
from calibration.versions.record import CalibrationFile
from contract.disk import held, make_folder, replace_file
from contract.errors import AtriumError, BadInputError
from contract.files import read_bytes, read_json
from contract.times import to_rfc3339

HISTORY_SCHEMA = "atrium.calibration.history.v1"
MOST_VERSIONS = 100
"""The oldest beyond are deleted."""
FOUND = "found: older than this history, or changed without it"
NO_HASH = "none"
"""Stands in a version's file name where its content names no calibration: no cameras, edited by hand, or damaged."""
ASIDE = ".new"
_VERSION_NAME = re.compile(rf"([0-9]{{4,}})-([0-9a-f]{{12}}|{NO_HASH})\.json")
_OURS = {field.encode_name for field in msgspec.structs.fields(CameraFile)}


class Note(msgspec.Struct, frozen=True):
    """What the index says of a version."""

    number: int
    at: str
    who: str
    why: str


class IndexFile(msgspec.Struct, frozen=True, rename={"schema_": "schema"}):
    """``index.json``."""

    versions: list[Note] = []
    schema_: str = HISTORY_SCHEMA


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the file.

    Attributes:
        number: counts up from 1.
        hash: the floor's; empty where it has no cameras or they cannot be read.
        at: when it was made, RFC 3339; empty where the index does not say.
        who: made it; may be empty.
        why: it was made.
        is_in_force: whether the file has this content now.
    """

    number: int
    hash: str
    at: str
    who: str
    why: str
    is_in_force: bool


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """A camera and how its calibration came about, None where the file does not say."""

    camera: Camera
    calibration: CalibrationFile | None


class Calibrations:
    """One floor's ``cameras.json``; safe to use from several processes and threads."""

    def __init__(self, path: Path) -> None:
        """Takes the file's path; nothing is read or made yet."""
        self.path = path
        self._file = path.resolve()
        self._folder = self._file.with_name(f"{self._file.stem}.history")

    def read(self) -> dict[str, Calibrated]:
        """All cameras by name.

        Raises:
            BadInputError: naming the file, the camera and the field.
        """
        entries = read_json(self.path, dict[str, CameraFile])
        return {
            name: Calibrated(camera_from_file(name, entry, str(self.path)), entry.calibration)
            for name, entry in entries.items()
        }

    def write(self, name: str, camera: Camera, calibration: CalibrationFile, now: float, who: str) -> Version:
        """Makes a camera's calibration the one in force; as `write_all`."""
        return self.write_all({name: (camera, calibration)}, now, who)

    def write_all(
        self, solved: Mapping[str, tuple[Camera, CalibrationFile]], now: float, who: str, why: str = ""
    ) -> Version:
        """Makes the calibrations of cameras that were solved together the ones in force, as one new version.

        Other cameras, and fields of other tools, stay as they are. ``made_at``, ``made_by`` and ``hash`` of the blocks
        are set here.

        Args:
            solved: by camera.
            now: seconds since 1970.
            who: made it, in their own words; may be empty.
            why: for the history; empty names cameras and methods.

        Raises:
            BadInputError: the file there is not JSON, or what is to be written would not read back.
            AtriumError: it cannot be written (full disk, permissions); the file is as it was.
        """
        entries = {name: self._entry(name, *one, now, who) for name, one in solved.items()}
        reason = why or "; ".join(f"{name}: {one.method or 'calibrated'}" for name, (_, one) in sorted(solved.items()))

        def changed(before: bytes | None) -> bytes:
            everything = {} if before is None else self._decoded(before)
            for name, entry in entries.items():
                others = {key: value for key, value in everything.get(name, {}).items() if key not in _OURS}
                everything[name] = entry | others
            return msgspec.json.format(msgspec.json.encode(everything), indent=1) + b"\n"

        with self._locked():
            before = self._content()
            return self._commit(before, changed(before), to_rfc3339(now), who, reason)

    def history(self) -> list[Version]:
        """Every version that is kept, oldest first."""
        current = self._content()
        kept = self._kept()
        in_force = None if current is None else self._find(current, kept)
        notes = self._notes()
        found = []
        for number in sorted(kept):
            note = notes.get(number, Note(number, "", "", ""))
            found.append(
                Version(number, _hash_in(kept[number]), note.at, note.who, note.why, is_in_force=number == in_force)
            )
        return found

    def roll_back(self, number: int, now: float, who: str) -> Version:
        """Makes an earlier version the one in force again, as a new version.

        Args:
            number: the earlier version's.
            now: seconds since 1970.
            who: did it; may be empty.

        Raises:
            BadInputError: there is no such version, it is in force, or it cannot be read as cameras.
            AtriumError: it cannot be written; the file is as it was.
        """
        if not self._kept():
            raise BadInputError(f"{self.path}: has no history yet; nothing to roll back to")
        with self._locked():
            kept = self._kept()
            if number not in kept:
                known = f"{min(kept)} to {max(kept)}"
                raise BadInputError(f"{self.path}: no version {number} in its history; it has {known}")
            content = read_bytes(kept[number])
            before = self._content()
            if content == before:
                raise BadInputError(f"{self.path}: version {number} is in force; nothing to roll back")
            _cameras(content, f"{self.path}: version {number}")
            return self._commit(before, content, to_rfc3339(now), who, f"rolled back to version {number}")

    def _entry(self, name: str, camera: Camera, calibration: CalibrationFile, now: float, who: str) -> dict[str, Any]:
        """The camera's entry as plain data, once it is certain that it reads back as what it is."""
        camera_from_file(name, camera.to_file(), str(self.path))
        stamped = msgspec.structs.replace(calibration, made_at=to_rfc3339(now), made_by=who, hash=camera_hash(camera))
        content = msgspec.json.encode(msgspec.structs.replace(camera.to_file(), calibration=stamped))
        try:
            msgspec.json.decode(content, type=CameraFile)
        except msgspec.ValidationError as error:
            raise BadInputError(
                f"{self.path}: camera {name}: its calibration is not whole ({error}); solve it again"
            ) from None
        plain: dict[str, Any] = msgspec.json.decode(content)
        return plain

    def _decoded(self, content: bytes) -> dict[str, dict[str, Any]]:
        try:
            return msgspec.json.decode(content, type=dict[str, dict[str, Any]])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadInputError(
                f"{self.path}: not a JSON object of cameras ({error}); correct it, or roll it back"
            ) from None

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            make_folder(self._folder)
            with held(self._folder):
                yield
        except OSError as error:
            raise AtriumError(
                f"{self.path}: not written ({error.strerror or error}), what stood there stands; "
                "make room or set permissions, and do it again"
            ) from None

    def _commit(self, before: bytes | None, content: bytes, at: str, who: str, why: str) -> Version:
        """Makes the content a version, then puts it in force."""
        kept, notes = self._kept(), self._notes()
        number = max((*kept, *notes), default=0)
        added: list[Path] = []
        try:
            if before is not None and self._find(before, kept) is None:
                number += 1
                added.append(self._version_path(number, before))
                replace_file(added[-1], before, self._folder / ASIDE)
                notes[number] = Note(number, at, "", FOUND)
            number += 1
            added.append(self._version_path(number, content))
            replace_file(added[-1], content, self._folder / ASIDE)
            notes[number] = Note(number, at, who, why)
            self._write_index(notes.values())
            replace_file(self._file, content, self._file.with_name(f".{self._file.name}{ASIDE}"))
        except OSError:
            if self._content() != content:
                for path in added:
                    with contextlib.suppress(OSError):
                        path.unlink()
            raise
        self._forget_oldest()
        return Version(number, _hash_in(added[-1]), at, who, why, is_in_force=True)

    def _version_path(self, number: int, content: bytes) -> Path:
        try:
            name = floor_hash(_cameras(content, "")) or NO_HASH
        except BadInputError:
            name = NO_HASH
        return self._folder / f"{number:04d}-{name}.json"

    def _write_index(self, notes: Iterable[Note]) -> None:
        index = IndexFile(sorted(notes, key=lambda note: note.number)[-MOST_VERSIONS:])
        content = msgspec.json.format(msgspec.json.encode(index), indent=1) + b"\n"
        replace_file(self._folder / "index.json", content, self._folder / ASIDE)

    def _forget_oldest(self) -> None:
        kept = self._kept()
        for number in sorted(kept)[:-MOST_VERSIONS]:
            # A version too many does no harm, and the next write tries again.
            with contextlib.suppress(OSError):
                kept[number].unlink()

    def _kept(self) -> dict[int, Path]:
        """Files of versions by number."""
        try:
            names = os.listdir(self._folder)  # noqa: PTH208 - names alone are wanted
        except OSError:
            return {}
        matched = ((_VERSION_NAME.fullmatch(name), name) for name in names)
        return {int(match[1]): self._folder / name for match, name in matched if match}

    def _notes(self) -> dict[int, Note]:
        """What the index says; nothing where it is missing or damaged, as versions are whole without it."""
        try:
            found = read_json(self._folder / "index.json", IndexFile)
        except BadInputError:
            return {}
        return {note.number: note for note in found.versions}

    def _content(self) -> bytes | None:
        return read_bytes(self.path) if self._file.exists() else None

    def _find(self, content: bytes, kept: Mapping[int, Path]) -> int | None:
        """The newest version of that content."""
        for number in sorted(kept, reverse=True):
            with contextlib.suppress(OSError):
                if kept[number].stat().st_size == len(content) and kept[number].read_bytes() == content:
                    return number
        return None


def _hash_in(path: Path) -> str:
    name = path.stem.split("-", 1)[1]
    return "" if name == NO_HASH else name


def _cameras(content: bytes, source: str) -> dict[str, Camera]:
    """Cameras of a file's content, checked.

    Raises:
        BadInputError: they cannot be read.
    """
    try:
        entries = msgspec.json.decode(content, type=dict[str, CameraFile])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInputError(f"{source}: cannot be read as cameras ({error}); choose another version") from None
    return {name: camera_from_file(name, entry, source) for name, entry in entries.items()}
