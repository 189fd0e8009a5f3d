"""The installer's login: whose token this is, sessions in memory, and a brake on guessing."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from contract.errors import BadInputError
from contract.tokens import Role, digest, read_tokens

ROLE: Role = "installer"
SESSION_LIFE_S = 12 * 3600.0
MOST_SESSIONS = 64
MOST_WRONG = 5
"""Wrong tokens from one address that a minute allows: enough against guessing 96 random bits, and nobody who guesses
locks out the installer."""
WRONG_WINDOW_S = 60.0
MOST_ADDRESSES = 1000


class Doorkeeper(Protocol):
    """Knows tokens."""

    def name_of(self, sha256: str, now: float) -> str | None:
        """Whose token has this SHA-256 (hex); None where it is no installer's or has expired."""
        ...


class OneToken:
    """One token made for this run and kept nowhere else.

    Attributes:
        token: to be told to the installer.
    """

    def __init__(self) -> None:
        self.token = "atrium_" + secrets.token_urlsafe(12)
        self._sha256 = digest(self.token)

    def name_of(self, sha256: str, now: float) -> str | None:  # noqa: ARG002 - it lives as long as this run
        """``installer`` for that token."""
        return ROLE if secrets.compare_digest(sha256, self._sha256) else None


class TokenFile:
    """The installers' tokens of a file, read anew whenever asked, so that a revoked one stops working at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        read_tokens(path)

    def name_of(self, sha256: str, now: float) -> str | None:
        """See `Doorkeeper`; a file that has become unreadable lets nobody in."""
        try:
            entries = read_tokens(self._path).tokens
        except BadInputError:
            return None
        for entry in entries:
            if entry.role != ROLE or not entry.opens_pages or not entry.is_current(now):
                continue
            if secrets.compare_digest(entry.sha256, sha256):
                return entry.name
        return None


@dataclass(frozen=True, slots=True)
class _Session:
    sha256: str
    ends_at: float


class Logins:
    """Who is logged in. Sessions live in memory, end with the token, after half a day, and with the process.

    Args:
        door: knows tokens.
    """

    def __init__(self, door: Doorkeeper) -> None:
        self._door = door
        self._sessions: dict[str, _Session] = {}
        self._wrong: dict[str, list[float]] = {}

    def is_braked(self, address: str, now: float) -> bool:
        """Whether too many wrong tokens came from an address lately, so that none of it is looked at."""
        lately = [at for at in self._wrong.pop(address, []) if 0 <= now - at < WRONG_WINDOW_S]
        if lately:
            self._wrong[address] = lately
        while len(self._wrong) > MOST_ADDRESSES:
            del self._wrong[next(iter(self._wrong))]
        return len(lately) >= MOST_WRONG

    def log_in(self, token: str, address: str, now: float) -> str | None:
        """A new session's secret for a right token; None for a wrong one, or while its address is braked."""
        if self.is_braked(address, now):
            return None
        sha256 = digest(token)
        if self._door.name_of(sha256, now) is None:
            self._wrong.setdefault(address, []).append(now)
            return None
        self._sessions = {key: one for key, one in self._sessions.items() if one.ends_at > now}
        while len(self._sessions) >= MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        secret = secrets.token_urlsafe(32)
        self._sessions[digest(secret)] = _Session(sha256, now + SESSION_LIFE_S)
        return secret

    def who(self, secret: str, now: float) -> str | None:
        """Whose session this is."""
        session = self._sessions.get(digest(secret)) if secret else None
        if session is None or session.ends_at <= now:
            return None
        return self._door.name_of(session.sha256, now)

    def log_out(self, secret: str) -> None:
        """Ends a session."""
        self._sessions.pop(digest(secret), None)
