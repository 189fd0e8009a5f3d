"""Who may what: roles, bearer tokens hashed at rest, the secrets of this installation."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from contract.errors import AtriumError
from contract.files import read_json
from contract.tokens import Role, TokenEntry, TokensFile, digest, read_tokens

TOKEN_PREFIX = "atrium_"  # noqa: S105 - a prefix, for scanners that look for leaked tokens
TOKEN_BYTES = 32
"""256 random bits: a fast hash is enough, there is nothing to guess."""


class SecretsFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Random keys of this installation, hex: for phone numbers, for login cookies, for the noise of figures."""

    phone_key: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    cookie_key: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    figure_key: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")] = ""


class Tokens:
    """The tokens in a file, read again when it changes, so that a revoked one stops working at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._entries: dict[str, TokenEntry] = {}
        self._refresh()

    def entry(self, token: str, now: float) -> TokenEntry | None:
        """Whose token this is, None where it is nobody's or has expired."""
        return self.entry_of_digest(digest(token), now)

    def entry_of_digest(self, sha256: str, now: float) -> TokenEntry | None:
        """The same from the token's digest, which a login cookie carries."""
        self._refresh()
        entry = self._entries.get(sha256)
        if entry is None or not entry.is_current(now):
            return None
        return entry

    def _refresh(self) -> None:
        try:
            stat = self._path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size)
        except OSError:
            stamp = None
        if stamp == self._stamp and stamp is not None:
            return
        self._entries = {entry.sha256: entry for entry in known_tokens(self._path).tokens}
        self._stamp = stamp


def known_tokens(path: Path) -> TokensFile:
    """The tokens file; empty where there is none yet.

    Raises:
        BadInputError: where it is damaged.
    """
    return read_tokens(path) if path.exists() else TokensFile()


def add_token(path: Path, name: str, role: Role, expires_at: str = "") -> str:
    """A new token for that name and role, its hash added to the file; shown this once only.

    Raises:
        BadInputError: where the file is damaged.
        AtriumError: where it cannot be written.
    """
    token = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    kept = [entry for entry in known_tokens(path).tokens if entry.name != name]
    _write_private(path, TokensFile([*kept, TokenEntry(name, role, digest(token), expires_at)]))
    return token


def load_secrets(path: Path) -> SecretsFile:
    """The installation's secrets, made at the first start.

    Raises:
        BadInputError: where the file is damaged.
        AtriumError: where it cannot be written.
    """
    if not path.exists():
        _write_private(path, SecretsFile(*(secrets.token_hex(32) for _ in range(3))))
    found = read_json(path, SecretsFile)
    if not found.figure_key:  # made before figures had noise
        found = msgspec.structs.replace(found, figure_key=secrets.token_hex(32))
        _write_private(path, found)
    return found


def phone_hmac(key: str, phone: str) -> str:
    """HMAC-SHA-256 of a phone number reduced to its digits and leading plus, hex."""
    plain = "".join(letter for letter in phone if letter.isdigit() or letter == "+")
    return hmac.new(bytes.fromhex(key), plain.encode(), hashlib.sha256).hexdigest()


def pseudonym(key: str, member: str) -> str:
    """A short name that stands for a member on a page: the same for the same member, and no way back."""
    return "M-" + hmac.new(bytes.fromhex(key), b"pseudonym " + member.encode(), hashlib.sha256).hexdigest()[:8].upper()


def _write_private(path: Path, content: msgspec.Struct) -> None:
    """Replace the file in one step; only its owner can read it."""
    fresh = path.with_name(path.name + ".new")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n")
        fresh.replace(path)
    except OSError as error:
        raise AtriumError(f"{path}: cannot be written ({error.strerror}); check the folder's permissions") from None
