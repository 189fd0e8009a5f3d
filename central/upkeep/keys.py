"""The key pair of a site's backups, as two files."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from contract.disk import sync_folder
from contract.errors import AtriumError, BadInputError
from upkeep.sealed import new_secret, recipient_line, secret_line


def make_keys(recipient: Path, secret: Path) -> str:
    """The name of a new key pair; its halves are written to files that only their owner can read.

    The recipient may be read by the group of its folder, too: the service that backs up is no owner of configuration.

    Raises:
        BadInputError: one of the files is there already.
        AtriumError: they cannot be written.
    """
    for path in (recipient, secret):
        if path.exists():
            raise BadInputError(
                f"{path}: is there already, and backups may need it; name another file, or move it away"
            )
    pair = new_secret()
    name = pair.recipient.name
    _write(secret, f"# opens backups sealed for key {name}; keep it off the machine\n{secret_line(pair)}\n")
    _write(recipient, f"# seals backups for key {name}; opens none\n{recipient_line(pair.recipient)}\n")
    with contextlib.suppress(PermissionError):
        os.chown(recipient, -1, recipient.resolve().parent.stat().st_gid)
        recipient.chmod(0o640)
    return name


def _write(path: Path, text: str) -> None:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
    except OSError as error:
        raise AtriumError(f"{path}: cannot be written ({error.strerror}); check the folder's rights") from None
