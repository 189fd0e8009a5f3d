"""The site's secret that the keys of its days come from, read from its file."""

from __future__ import annotations

import stat
from pathlib import Path

from contract.errors import BadInputError
from contract.files import CREDENTIAL, read_bytes, secret_path
from edge.reid.keys import KEY_BYTES

MOST_BYTES = 4096
"""What is longer is some other file."""
MEND = f"write {KEY_BYTES} random bytes into it once and copy it to every box of the site"


def read_secret(folder: Path, name: str) -> bytes:
    """The bytes of a file of 32 random bytes or more, the same in all boxes of the site; nothing is cut off.

    Args:
        folder: that of the configuration.
        name: a path relative to it, mode 0600; or ``credential:NAME``.

    Raises:
        BadInputError: it is missing, too short, no secret, or others than its owner may read it. The message shows
            nothing of what is in it.
    """
    path = secret_path(folder, name)
    secret = read_bytes(path)
    if not KEY_BYTES <= len(secret) <= MOST_BYTES:
        raise BadInputError(f"{path}: holds {len(secret)} bytes, {KEY_BYTES} to {MOST_BYTES} are wanted; {MEND}")
    if len(set(secret)) < KEY_BYTES // 4:
        raise BadInputError(f"{path}: is not random; {MEND}")
    # what the service manager hands over has permissions of its own, for this process alone
    if not name.startswith(CREDENTIAL) and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise BadInputError(f"{path}: others than its owner may read it; chmod 600 {path}")
    return secret
