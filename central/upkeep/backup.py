"""One night's backup: copied while central runs, sealed, opened again and compared before it is called good."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import shutil
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from calibration.site import SiteFile
from central.config import CentralFile, load_config
from central.store.copying import copy_database, damage, digest_of, row_counts
from central.upkeep.belongings import belongings, owner_names, stored_name
from central.upkeep.book import bring_along
from central.upkeep.standing import note_backup
from contract.disk import held, sync_folder
from contract.errors import AtriumError, BadInputError
from contract.files import read_bytes, read_toml
from upkeep.sealed import Recipient, SealReader, SealWriter, read_recipient, wipe

BACKUP_SCHEMA = "atrium.backup.v1"
MANIFEST, DATABASE = "manifest.json", "central.db"
NAME = re.compile(r"^central-\d{8}T\d{6}Z\.sealed$")
ROOM_SHARE = 1.3
"""Free space that a backup needs, in sizes of the database, on each of the two disks."""
ROOM_BYTES = 16 << 20
BLOCK_BYTES = 1 << 20


class StoredFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A file in a backup: path as `stored_name` gives it, mode's last nine bits, owner and group, SHA-256 hex."""

    path: str
    mode: int
    owner: str
    sha256: str


class Manifest(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What a backup holds; ``at`` is the instant of the database's snapshot, seconds since 1970."""

    schema: str
    at: float
    site: str
    database: str
    """Path, as of the files."""
    owner: str
    sha256: str
    size: int
    rows: dict[str, int]
    files: list[StoredFile]


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was found good.

    Attributes:
        path: of the file.
        size: bytes of it.
        manifest: what it holds.
        removed: older ones that gave way.
    """

    path: Path
    size: int
    manifest: Manifest
    removed: tuple[Path, ...]


def back_up(
    config: Path,
    now: float,
    *,
    to: Path | None = None,
    keep: int | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Backup:
    """Make a backup, and see that it opens.

    Args:
        config: ``CENTRAL.toml``.
        now: seconds since 1970.
        to: folder for it; None for ``[backup] folder``.
        keep: so many are kept, the newest; None for ``[backup] keep``.
        on_progress: told pages copied and pages in all.

    Raises:
        BadInputError: the configuration is wrong, or there is no recipient.
        AtriumError: it could not be made, or did not open; the older ones are untouched.
    """
    plan = load_config(config)
    folder = to or plan.backup.folder
    recipient = _recipient(plan.backup.recipient)
    files = [(name, one, read_bytes(one)) for name, one in belongings(config).items()]
    path = folder / f"central-{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}.sealed"
    with _scratch(plan.database, folder) as scratch:
        _see_room(plan.database, scratch, folder)
        copy = scratch / DATABASE
        copy_database(plan.database, copy, on_progress=on_progress)
        if found := damage(copy):
            raise AtriumError(f"{plan.database}: is damaged ({found}); nothing was backed up, restore the last backup")
        manifest = Manifest(
            BACKUP_SCHEMA,
            now,
            _site_of(config),
            stored_name(plan.database, config),
            owner_names(plan.database),
            digest_of(copy),
            copy.stat().st_size,
            row_counts(copy),
            [_stored(*one) for one in files],
        )
        part = path.with_name(f".{path.name}.part")
        try:
            key = _seal(part, recipient, manifest, copy, [content for _, _, content in files])
            wipe(copy)
            _verify(part, key, manifest, copy)
            part.replace(path)
            sync_folder(folder)
        except OSError as error:
            raise AtriumError(f"{path}: cannot be written ({error.strerror or error}); check room and rights") from None
        finally:
            part.unlink(missing_ok=True)
    bring_along(plan.database, folder, now)
    note_backup(plan.database, now)
    return Backup(path, path.stat().st_size, manifest, _rotate(folder, plan.backup.keep if keep is None else keep))


def backups(folder: Path) -> list[Path]:
    """All backups in a folder, oldest first."""
    try:
        return sorted(path for path in folder.iterdir() if NAME.match(path.name))
    except OSError:
        return []


def read_members(archive: tarfile.TarFile) -> Iterator[tuple[str, BinaryIO]]:
    """Name and content of every plain file in an archive that is read as a stream, in order."""
    for member in archive:
        content = archive.extractfile(member)
        if not member.isreg() or content is None:
            raise AtriumError(f"backup: holds {member.name!r}, which is no plain file; it was not made by Atrium")
        yield member.name, cast("BinaryIO", content)


def _stored(name: str, path: Path, content: bytes) -> StoredFile:
    digest = hashlib.sha256(content).hexdigest()
    return StoredFile(name, path.stat().st_mode & 0o777, owner_names(path), digest)


def _recipient(path: Path) -> Recipient:
    if not path.exists():
        raise BadInputError(f"{path}: no such file; make a key pair with `atrium central backup-key CENTRAL.toml`")
    return read_recipient(path)


def _site_of(config: Path) -> str:
    return read_toml(config.resolve().parent / read_toml(config, CentralFile).site, SiteFile).id


@contextlib.contextmanager
def _scratch(database: Path, folder: Path) -> Iterator[Path]:
    """A folder for the copy, beside the database and no less private; what a killed backup left is wiped."""
    scratch = database.with_name(f".{database.name}.backup")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        scratch.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise AtriumError(f"{error.filename}: cannot be made ({error.strerror}); check the folder's rights") from None
    with held(scratch):
        try:
            _clear(scratch)
            for left in folder.glob(".central-*.sealed.part"):
                left.unlink(missing_ok=True)
            yield scratch
        finally:
            _clear(scratch)


def _clear(scratch: Path) -> None:
    for left in scratch.iterdir():
        wipe(left)


def _see_room(database: Path, *folders: Path) -> None:
    needed = int(ROOM_SHARE * database.stat().st_size) + ROOM_BYTES if database.is_file() else ROOM_BYTES
    for folder in folders:
        free = shutil.disk_usage(folder).free
        if free < needed:
            raise AtriumError(
                f"{folder}: {free >> 20} MB are free, a backup needs {needed >> 20} MB; make room or use another disk"
            )


def _seal(part: Path, recipient: Recipient, manifest: Manifest, copy: Path, files: list[bytes]) -> bytes:
    """Write the sealed archive and bring it to the disk; its own key."""
    with _private(part) as file:
        with SealWriter(file, recipient) as writer, tarfile.open(fileobj=writer, mode="w|") as archive:  # type: ignore[call-overload]
            _add(archive, MANIFEST, msgspec.json.encode(manifest))
            info = tarfile.TarInfo(DATABASE)
            info.size, info.mode = manifest.size, 0o600
            with copy.open("rb") as content:
                archive.addfile(info, content)
            for number, (stored, one) in enumerate(zip(manifest.files, files, strict=True)):
                _add(archive, f"files/{number}", one, stored.mode)
        os.fsync(file.fileno())
    return writer.key


def _private(path: Path) -> BinaryIO:
    """A new file that only its owner can read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int = 0o600) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), mode
    archive.addfile(info, io.BytesIO(content))


def _verify(part: Path, key: bytes, manifest: Manifest, scratch: Path) -> None:
    """Open what was just written as a restore would, and compare.

    Raises:
        AtriumError: it is not what went in.
    """
    with part.open("rb") as file:
        reader = SealReader(file, part.name, key)
        found = unpack(reader, part.name, scratch, lambda _name, _content: None)
    wrong = ""
    if found != manifest:
        wrong = "its manifest"
    elif digest_of(scratch) != manifest.sha256 or row_counts(scratch) != manifest.rows or damage(scratch):
        wrong = "the database in it"
    wipe(scratch)
    if wrong:
        raise AtriumError(f"{part}: {wrong} is not what was written; look at the disk's health, then back up again")


def unpack(reader: SealReader, name: str, database: Path, take: Callable[[StoredFile, bytes], None]) -> Manifest:
    """The manifest of a backup, its database written to a file, and every other file handed on, all of it checked.

    Args:
        reader: of the sealed file.
        name: of it, for errors.
        database: where the database goes; must not exist.
        take: given what each file is called, and its content.

    Raises:
        AtriumError: it is damaged, or no backup of this version.
    """
    try:
        with tarfile.open(fileobj=reader, mode="r|") as archive:  # type: ignore[call-overload]
            members = read_members(archive)
            _, content = next(members)
            manifest = msgspec.json.decode(content.read(), type=Manifest)
            if manifest.schema != BACKUP_SCHEMA:
                raise BadInputError(f"{name}: schema is {manifest.schema!r}; this version reads {BACKUP_SCHEMA!r}")
            _, content = next(members)
            _write_out(content, database)
            for stored, (_, content) in zip(manifest.files, members, strict=True):
                take(stored, content.read())
    except (tarfile.TarError, msgspec.MsgspecError, StopIteration, ValueError) as error:
        raise AtriumError(f"{name}: is no backup that this version reads ({error})") from None
    while reader.read(BLOCK_BYTES):  # to its checked end
        pass
    return manifest


def _write_out(content: BinaryIO, path: Path) -> None:
    with _private(path) as file:
        shutil.copyfileobj(content, file, BLOCK_BYTES)
        file.flush()
        os.fsync(file.fileno())


def _rotate(folder: Path, keep: int) -> tuple[Path, ...]:
    """Remove all but the newest; which."""
    old = backups(folder)[: -max(keep, 1)]
    for path in old:
        path.unlink(missing_ok=True)
    return tuple(old)
