"""Service tokens: hashed at rest in a file that the installer's page reads, too; scoped, expiring, revocable."""

from __future__ import annotations

import re
import secrets
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

from central.access import write_private
from central.store import logins
from contract.errors import BadInputError
from contract.ids import END
from contract.times import from_rfc3339, to_rfc3339
from contract.tokens import Role, TokenEntry, TokensFile, digest, read_tokens

TOKEN_PREFIX = "atrium_"  # noqa: S105 - a prefix, for scanners that look for leaked tokens
TOKEN_BYTES = 32
"""256 random bits: a fast hash is enough, there is nothing to guess."""
NEVER = "never"
USUAL_LIFE = "180d"
MOST_DAYS = 3650

_DAYS = re.compile(r"^([1-9][0-9]{0,4})d" + END)
_SCOPE = re.compile(r"^[a-z][a-z0-9_-]{0,31}(:read)?" + END)


class Tokens:
    """The tokens in a file, read again when it changes, so that a revoked one stops working at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._entries: dict[str, TokenEntry] = {}
        self._used: dict[str, float] = {}
        self._lock = threading.Lock()
        self._refresh()

    def entry(self, token: str, now: float) -> TokenEntry | None:
        """Whose token this is, None where it is nobody's or has expired."""
        return self.entry_of_digest(digest(token), now)

    def entry_of_digest(self, sha256: str, now: float) -> TokenEntry | None:
        """The same from the token's digest, which a session keeps."""
        self._refresh()
        entry = self._entries.get(sha256)
        if entry is None or not entry.is_current(now):
            return None
        with self._lock:
            self._used[sha256] = now
        return entry

    def entries(self) -> list[TokenEntry]:
        """All tokens of the file, expired ones included."""
        self._refresh()
        return list(self._entries.values())

    def flush(self, connection: sqlite3.Connection, site: str) -> None:
        """Write down which tokens were used since the last time, within the caller's transaction."""
        with self._lock:
            used, self._used = self._used, {}
        logins.note_token_uses(connection, site, used)

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


def add_token(path: Path, name: str, role: Role, expires_at: str = "", scopes: Sequence[str] = ()) -> str:
    """A new token for that name and role, its hash added to the file; shown this once only.

    Args:
        path: the tokens file.
        name: whose it is; an older token of that name stops working.
        role: what it may.
        expires_at: UTC, RFC 3339; empty for never.
        scopes: first parts of the paths below ``/v1`` that it is confined to, each perhaps with ``:read``.

    Raises:
        BadInputError: where the file is damaged or a scope cannot be one.
        AtriumError: where it cannot be written.
    """
    for scope in scopes:
        if not _SCOPE.match(scope):
            raise BadInputError(f"scope {scope[:40]!r}: name a part of the API, as 'offers' or 'offers:read'")
    token = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    kept = [entry for entry in known_tokens(path).tokens if entry.name != name]
    write_private(path, TokensFile([*kept, TokenEntry(name, role, digest(token), expires_at, list(scopes))]))
    return token


def remove_token(path: Path, name: str) -> None:
    """Take a token out of the file: it stops working at once.

    Raises:
        BadInputError: where there is no token of that name.
    """
    entries = known_tokens(path).tokens
    kept = [entry for entry in entries if entry.name != name]
    if len(kept) == len(entries):
        raise BadInputError(f"no token {name[:80]!r}; `atrium central tokens` names them")
    write_private(path, TokensFile(kept))


def expiry(wanted: str, now: float) -> str:
    """When a token ends, as the file keeps it: of ``90d``, a time, or ``never``, which has to be said.

    >>> expiry("1d", 0.0), expiry("never", 0.0)
    ('1970-01-02T00:00:00.000Z', '')

    Raises:
        BadInputError: where it is none of these, or over.
    """
    if wanted == NEVER:
        return ""
    if days := _DAYS.match(wanted):
        if int(days[1]) > MOST_DAYS:
            raise BadInputError(f"expires {wanted!r}: {MOST_DAYS} days at most; or say {NEVER}")
        return to_rfc3339(now + int(days[1]) * 86_400.0)
    at = from_rfc3339(wanted)
    if at <= now:
        raise BadInputError(f"expires {wanted!r} is over; give a later time, or days as {USUAL_LIFE}")
    return to_rfc3339(at)
