"""One process per state directory, for as long as the process lives, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Self

from contract.errors import BadInputError


class StateLock:
    """Holds a state directory; the kernel lets go when the process ends, even by kill -9."""

    def __init__(self, folder: Path) -> None:
        """Create the directory where it is missing (mode 0700) and take it.

        Raises:
            BadInputError: it cannot be created, or another process holds it.
        """
        path = folder / "lock"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise BadInputError(f"{folder}: cannot be used as state_dir ({error.strerror}); choose another") from None
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._handle)
            raise BadInputError(f"{folder}: another box process uses this state_dir; stop it first") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)
