"""Secrets that a box makes for itself: the edge's password for its own broker, and the hash that the broker keeps."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path

from contract.files import read_bytes
from firmware_configs.appliance import Host
from firmware_configs.render import BROKER_PASSWORDS, EDGE_PASSWORD, RenderedFile, secrets

PASSWORD_BYTES, SALT_BYTES = 32, 12
ITERATIONS = 101
"""Mosquitto's own default; the password is 256 random bits, which no number of tries finds."""


def local_secrets(host: Host, root: Path, random: Callable[[int], bytes]) -> dict[str, RenderedFile]:
    """Contents of the files that are made on the host, by path: what is there stays while it is right.

    Args:
        host: whose.
        root: of its file system.
        random: gives so many random bytes.

    Raises:
        BadInputError: one is there and cannot be read.
    """
    if not secrets(host):
        return {}
    at = root / EDGE_PASSWORD.path.lstrip("/")
    password = read_bytes(at).strip() if at.exists() else b""
    if not password:
        password = base64.urlsafe_b64encode(random(PASSWORD_BYTES)).rstrip(b"=")
    kept = root / BROKER_PASSWORDS.path.lstrip("/")
    line = read_bytes(kept) if kept.exists() else b""
    if not matches(line, host.mqtt_user, password):
        line = password_line(host.mqtt_user, password, random(SALT_BYTES))
    return {
        EDGE_PASSWORD.path: RenderedFile(password + b"\n", EDGE_PASSWORD.mode, EDGE_PASSWORD.owner),
        BROKER_PASSWORDS.path: RenderedFile(line, BROKER_PASSWORDS.mode, BROKER_PASSWORDS.owner),
    }


def password_line(user: str, password: bytes, salt: bytes) -> bytes:
    """A line of mosquitto's password file: PBKDF2 with SHA-512, its kind 7."""
    digest = hashlib.pbkdf2_hmac("sha512", password, salt, ITERATIONS)
    return (
        b":".join(
            (
                user.encode(),
                b"$".join((b"", b"7", str(ITERATIONS).encode(), base64.b64encode(salt), base64.b64encode(digest))),
            )
        )
        + b"\n"
    )


def matches(line: bytes, user: str, password: bytes) -> bool:
    """Whether the file lets this user in with this password, and nobody else."""
    parts = line.rstrip(b"\n").split(b"$")
    if len(parts) != 5 or parts[0] != user.encode() + b":":
        return False
    try:
        salt = base64.b64decode(parts[3], validate=True)
    except ValueError:
        return False
    return hmac.compare_digest(line, password_line(user, password, salt))
