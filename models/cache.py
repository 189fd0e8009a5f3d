"""Where pulled models and what was measured of them lie on this machine."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from contract.errors import AtriumError

SYSTEM = Path("/var/lib/atrium/models")
"""Services see it; homes they do not."""
VARIABLE = "ATRIUM_MODELS"


def user_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The models of one user, by the XDG base directory specification."""
    data = environment.get("XDG_DATA_HOME", "")
    root = Path(data) if Path(data).is_absolute() else Path(environment.get("HOME", "~")).expanduser() / ".local/share"
    return root / "atrium" / "models"


def store(environment: Mapping[str, str] = os.environ, system: Path = SYSTEM) -> Path:
    """Where models are written: ATRIUM_MODELS where set, else the system's folder where we may, else the user's."""
    told = environment.get(VARIABLE)
    if told:
        return Path(told)
    return system if _may_write(system) else user_folder(environment)


def stores(environment: Mapping[str, str] = os.environ, system: Path = SYSTEM) -> tuple[Path, ...]:
    """Where models are looked for, in this order: ATRIUM_MODELS alone where set, else the system's and the user's."""
    told = environment.get(VARIABLE)
    return (Path(told),) if told else (system, user_folder(environment))


def _may_write(folder: Path) -> bool:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


@contextlib.contextmanager
def alone(path: Path, what: str) -> Iterator[None]:
    """Holds a lock file, removed at the end, that one process at a time can have.

    Raises:
        AtriumError: another process has it; the message begins with ``what``.
    """
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AtriumError(f"{what} is under way in another process; wait for it") from None
            # the one before us may have removed the file between our opening and our lock
            if path.exists() and os.path.samestat(os.fstat(handle), path.stat()):
                try:
                    yield
                finally:
                    path.unlink(missing_ok=True)
                return
        finally:
            os.close(handle)
