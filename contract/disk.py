"""Files that are whole at every moment: written beside, brought to the disk, then put in place by one rename."""

from __future__ import annotations

import contextlib
import fcntl
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

from contract.errors import AtriumError


def write_whole(path: Path, content: bytes) -> None:
    """Puts ``content`` in the place of a file at once, its folder made where there is none.

    Raises:
        AtriumError: it cannot be written; the old file is untouched, and nothing is left behind.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content, path.with_name(f".{path.name}.{uuid.uuid4().hex}.part"))
    except OSError as error:
        raise AtriumError(
            f"{path}: cannot be written ({error.strerror or error}); what was there is untouched; check room and rights"
        ) from None


def replace_file(path: Path, content: bytes, aside: Path) -> None:
    """Puts ``content`` in the place of a file, or leaves the file as it is.

    Owner and mode stay; a new file belongs to its folder's owner, so that what root writes the box's user can read.

    Args:
        path: of the file.
        content: all of it.
        aside: where it is written first, in the same folder. One writer at a time (see `held`): what a killed one left
            there is written over by the next.

    Raises:
        OSError: it cannot be written; nothing is left behind.
    """
    try:
        with aside.open("wb") as file:
            _take_after(file.fileno(), path)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        sync_folder(path.parent)
    except OSError:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
        raise


def make_folder(path: Path) -> None:
    """Makes a folder that belongs to the owner of the folder it stands in; nothing where it is there.

    Raises:
        OSError: it cannot be made.
    """
    if path.is_dir():
        return
    path.mkdir(exist_ok=True)
    parent = path.parent.stat()
    with contextlib.suppress(PermissionError):
        os.chown(path, parent.st_uid, parent.st_gid)
    sync_folder(path.parent)


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Waits until no other process or thread holds the folder; the kernel lets go of it, even after kill -9."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _take_after(handle: int, path: Path) -> None:
    """Owner and mode of the file that will be replaced; of a new one, the folder's owner."""
    is_there = path.exists()
    like = (path if is_there else path.parent).stat()
    with contextlib.suppress(PermissionError):
        os.fchown(handle, like.st_uid, like.st_gid)
    if is_there:
        os.fchmod(handle, like.st_mode & 0o777)


def sync_folder(folder: Path) -> None:
    """Brings a folder's list of names to the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
