"""A central out of a backup: opened and prepared aside, then put in place all or nothing.

Before the database is put in place it is told what happened since: erasures and withdrawals are done again from the
book outside, what has expired meanwhile is forgotten, and nobody is logged in any more.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from calibration.site import SiteFile
from central.access import SecretsFile, pseudonym
from central.config import CentralFile
from central.privacy.retention import NEWEST_DAYS, ROTATED_DAYS, Keep, Retention
from central.store import restoring
from central.store.copying import damage, digest_of, row_counts
from central.store.store import Store
from central.upkeep.backup import Manifest, StoredFile, unpack
from central.upkeep.belongings import (
    authority_folder,
    belongings,
    owner_names,
    secret_names,
    stored_name,
    stored_secret,
)
from central.upkeep.book import MARGIN_S, NAME, Entry, append, beside, merged, read_book
from contract.disk import sync_folder
from contract.errors import AtriumError, BadInputError
from contract.files import read_toml
from upkeep.sealed import SealReader, Secret


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore has done.

    Attributes:
        manifest: of the backup.
        database: where it is now.
        erased: members erased again.
        withdrawn: consents withdrawn again.
        replaced: files that were there and differed; each now stands beside, with ``.replaced`` in its name.
    """

    manifest: Manifest
    database: Path
    erased: int
    withdrawn: int
    replaced: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class _Placed:
    """A file that waits beside the place it is going to."""

    aside: Path
    path: Path


def restore(backup: Path, secret: Secret, config: Path, now: float, *, books: Sequence[Path] | None = None) -> Restored:
    """Put a central where ``CENTRAL.toml`` says, as it was at the backup's instant and with all that has to go gone.

    Files are written only below the folder of ``CENTRAL.toml``, and to places that the ``CENTRAL.toml`` which is there
    names and which stays; where there is none it comes out of the backup.

    Args:
        backup: the sealed file.
        secret: opens it.
        config: ``CENTRAL.toml``, which may be missing.
        now: seconds since 1970.
        books: books of erasures; None for those beside the backup and beside the database, one of which there must be.

    Raises:
        BadInputError: there is a living database, or the backup does not fit the place.
        SealError: the backup is damaged, or of another key.
        AtriumError: it could not be put in place; nothing has changed.
    """
    mark = uuid.uuid4().hex[:8]
    ready: list[_Placed] = []
    staging = config.resolve().parent / f".restore-{mark}"
    try:
        staging.mkdir(mode=0o700, parents=True)
        try:
            contents: list[tuple[StoredFile, bytes]] = []
            with backup.open("rb") as file:
                reader = SealReader(file, str(backup), secret)
                manifest = unpack(reader, str(backup), staging / "central.db", lambda *found: contents.append(found))
            _check(backup, manifest, staging / "central.db")
            places = _Places(config, backup, contents)
            database = places.of(manifest.database)
            _see_free(database)
            found = _books(backup, database) if books is None else merged(*(read_book(one) for one in books))
            settings = _Settings.of(config, contents)
            erased, withdrawn = _made_good(staging / "central.db", manifest, settings, found, now)
            if config.exists():
                contents = [one for one in contents if one[0].path != config.name]
            for stored, content in contents:
                ready.append(_placed(places.of(stored.path), mark))
                _put_beside(ready[-1], content, stored.mode, stored.owner)
            ready.append(_placed(database, mark))
            _put_beside(ready[-1], staging / "central.db", 0o600, manifest.owner)
            replaced = _put_in_place(ready, now)
            append(beside(database), found)
            return Restored(manifest, database, erased, withdrawn, replaced)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
            for one in ready:
                one.aside.unlink(missing_ok=True)
    except FileNotFoundError as error:
        raise BadInputError(f"{error.filename}: no such file; check the path") from None
    except OSError as error:
        raise AtriumError(
            f"{error.filename or config}: cannot be written ({error.strerror or error}); nothing was restored, check "
            "room and rights"
        ) from None


def _check(backup: Path, manifest: Manifest, database: Path) -> None:
    wrong = digest_of(database) != manifest.sha256 or row_counts(database) != manifest.rows
    if wrong or (found := damage(database)):
        raise AtriumError(f"{backup}: its database is not whole ({found if not wrong else 'its digest differs'})")


class _Places:
    """Where files of a backup may go."""

    def __init__(self, config: Path, backup: Path, contents: Sequence[tuple[StoredFile, bytes]]) -> None:
        self._folder = config.resolve().parent
        self._config = config
        self._allowed: set[str] = set()
        self._authority = ""
        if config.is_file():
            file = read_toml(config, CentralFile)
            named = [file.database, file.tokens, file.secrets, file.campaigns, file.site, file.members.tags]
            named.append(file.backup.recipient)
            self._allowed = {stored_name(self._folder / name, config) for name in named if name}
            self._allowed |= {stored_secret(name, config) for name in secret_names(file)}
            self._authority = stored_name(authority_folder(self._folder, file), config)
            with contextlib.suppress(BadInputError):  # a site file that is damaged is about to be replaced
                self._allowed |= set(belongings(config))
        elif not any(stored.path == config.name for stored, _ in contents):
            raise BadInputError(
                f"{backup}: its configuration was not called {config.name}; restore --into a file of the same name"
            )

    def of(self, name: str) -> Path:
        """Where the file of that stored name goes.

        Raises:
            BadInputError: it may not.
        """
        path = (self._folder / name).resolve()
        if (
            name in self._allowed
            or str(Path(name).parent) == self._authority
            or (not name.startswith("/") and path.is_relative_to(self._folder))
        ):
            return path
        raise BadInputError(
            f"{name}: stands outside {self._folder}, and no {self._config} names it; write that file first, as it was"
        )


def _see_free(database: Path) -> None:
    for path in (database, *(database.with_name(database.name + tail) for tail in ("-wal", "-journal"))):
        if path.exists() and (path == database or path.stat().st_size):  # a log would be played into what is restored
            raise BadInputError(
                f"{path}: is there, and a living database is not overwritten; stop central and move it away first"
            )


def _books(backup: Path, database: Path) -> list[Entry]:
    paths = [path for path in (backup.parent / NAME, beside(database)) if path.exists()]
    if not paths:
        raise BadInputError(
            f"{backup.parent / NAME}: no such file, so who was erased since would come back; bring it from where the "
            "backups are, or say --without-erasures if there is none anywhere"
        )
    return merged(*(read_book(path) for path in paths))


@dataclass(frozen=True, slots=True)
class _Settings:
    """What the database is made good by, as the backup and the ``CENTRAL.toml`` that will stand have it."""

    key: str
    keep: Keep
    timezone: ZoneInfo

    @classmethod
    def of(cls, config: Path, contents: Sequence[tuple[StoredFile, bytes]]) -> _Settings:
        """Of that backup's files."""
        by_name = {stored.path: content for stored, content in contents}
        here = config.resolve().parent
        content = config.read_bytes() if config.exists() else by_name[config.name]
        try:
            file = msgspec.toml.decode(content, type=CentralFile)
            secrets = msgspec.json.decode(by_name[stored_name(here / file.secrets, config)], type=SecretsFile)
            site = msgspec.toml.decode(by_name[stored_name(here / file.site, config)], type=SiteFile)
        except (msgspec.MsgspecError, KeyError) as error:
            raise BadInputError(
                f"{config}: does not fit the backup ({error}); it has to name secrets and site as it did then"
            ) from None
        return cls(secrets.phone_key, file.retention.keep(), ZoneInfo(site.timezone))


def _made_good(
    database: Path, manifest: Manifest, settings: _Settings, book: Sequence[Entry], now: float
) -> tuple[int, int]:
    """Tell the database what happened since; members erased and consents withdrawn."""
    due = [entry for entry in book if entry.at >= manifest.at - MARGIN_S]

    def named(member: str) -> str:
        return pseudonym(settings.key, member)

    store = Store(database, manifest.site)
    try:
        where = (store.database, manifest.site)
        gone = {one.subject for one in due if one.kind == "erasure"}
        consents = {(one.subject, one.purpose) for one in due if one.kind == "withdrawal"}
        erased = restoring.erase_again(*where, gone, named, now)
        withdrawn = restoring.withdraw_again(*where, consents, named, now)
        restoring.log_everybody_out(*where)
        restoring.note_restore(*where, now, manifest.at)
        retention = Retention(store, settings.keep, settings.timezone)
        for _ in range(2 + NEWEST_DAYS + ROTATED_DAYS):  # a day a round
            retention.update(now)
        store.database.empty_log()
    finally:
        store.close()
    return erased, withdrawn


def _placed(path: Path, mark: str) -> _Placed:
    return _Placed(path.with_name(f".{path.name}.{mark}.restored"), path)


def _put_beside(one: _Placed, content: bytes | Path, mode: int, owner: str) -> None:
    """Write the content into the folder it is going to, under another name, and bring it to the disk."""
    aside, path = one.aside, one.path
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    aside.touch(mode=0o600)
    if isinstance(content, Path):
        shutil.copyfile(content, aside)
    else:
        aside.write_bytes(content)
    with contextlib.suppress(PermissionError):
        shutil.chown(aside, *owner_names(path.parent).split(":", 1))
        with contextlib.suppress(LookupError):  # this host does not know them
            shutil.chown(aside, *owner.split(":", 1))
    aside.chmod(mode)
    with aside.open("rb") as file:
        os.fsync(file.fileno())


def _put_in_place(ready: Sequence[_Placed], now: float) -> tuple[Path, ...]:
    """Rename everything to where it belongs, the database last; after a failure everything is as it was."""
    undo: list[tuple[Path, Path | None]] = []
    replaced = []
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    try:
        for one in ready:
            if one.path.exists():
                if one.path.read_bytes() == one.aside.read_bytes():
                    one.aside.unlink()
                    continue
                old = one.path.with_name(f"{one.path.name}.replaced-{stamp}")
                one.path.rename(old)
                undo.append((old, one.path))
                replaced.append(old)
            one.aside.rename(one.path)
            undo.append((one.path, None))
            sync_folder(one.path.parent)
    except OSError:
        for path, back in reversed(undo):
            with contextlib.suppress(OSError):
                path.unlink() if back is None else path.rename(back)
        raise
    return tuple(replaced)
