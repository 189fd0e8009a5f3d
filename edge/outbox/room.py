"""Room in reserve: on a full disk even forgetting needs some, and what is forgotten makes more."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

ROOM_BYTES = 2 << 20
"""Enough for the log of a few hundred small transactions."""
PLENTY = 4
"""The reserve is taken only where the disk has so many times of it left."""


class Room:
    """A file beside another that can be given up for it. Taken again when there is plenty."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + ".room")
        self._is_taken = self._path.exists()

    @property
    def is_scarce(self) -> bool:
        """Whether the disk has hardly more room than the reserve."""
        with contextlib.suppress(OSError):
            return shutil.disk_usage(self._path.parent).free < 2 * ROOM_BYTES
        return False

    @property
    def free_share(self) -> float | None:
        """Share of the disk that is free, 0 to 1; None where it cannot be told."""
        with contextlib.suppress(OSError):
            disk = shutil.disk_usage(self._path.parent)
            return disk.free / max(1, disk.total)
        return None

    def take(self) -> None:
        """Take the reserve, where it is not taken and there is plenty."""
        if self._is_taken:
            return
        with contextlib.suppress(OSError):
            if shutil.disk_usage(self._path.parent).free < PLENTY * ROOM_BYTES:
                return
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(handle, 0, ROOM_BYTES)
                self._is_taken = True
            except OSError:
                self._path.unlink(missing_ok=True)
            finally:
                os.close(handle)

    def give_up(self) -> bool:
        """Whether there was a reserve; its room is free now."""
        if self._is_taken:
            self._is_taken = False
            with contextlib.suppress(OSError):
                self._path.unlink()
                return True
        return False
