"""Sessions: a signed secret in the browser's cookie, its hash here, so that ending one takes effect at once."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
import threading

from itsdangerous import BadSignature, Signer

from central.store import logins
from central.store.database import Database
from central.store.logins import Login
from contract.tokens import digest

LIFE_S = 12 * 3600.0
"""A session ends this long after logging in, whatever happens."""
IDLE_S = 2 * 3600.0
"""It ends this long after the last page was closed; an open page keeps it."""


class Sessions:
    """The sessions of one site.

    Args:
        database: where they are kept.
        site: the site's id.
        key: hex, of the installation's secrets.
    """

    def __init__(self, database: Database, site: str, key: str) -> None:
        self._database = database
        self._site = site
        self._key = bytes.fromhex(key)
        self._signer = Signer(self._key, salt="atrium.session", digest_method=hashlib.sha256)
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()

    def begin(self, kind: str, subject: str, now: float) -> str:
        """The cookie of a new session; the secret in it is known to nobody else."""
        secret = secrets.token_urlsafe(32)
        logins.add(self._database, self._site, Login(digest(secret), kind, subject, now, now))
        return self._signer.sign(secret).decode()

    def find(self, cookie: str, now: float) -> Login | None:
        """The session of a cookie, None where it is none of ours or its time is up; finding it keeps it up."""
        try:
            secret = self._signer.unsign(cookie).decode()
        except (BadSignature, UnicodeDecodeError):
            return None
        return self.of_sha256(digest(secret), now)

    def of_sha256(self, sha256: str, now: float) -> Login | None:
        """The same by the secret's hash."""
        login = logins.find(self._database, self._site, sha256)
        if login is None or now >= login.created + LIFE_S:
            return None
        with self._lock:
            if now >= max(login.seen, self._seen.get(sha256, 0.0)) + IDLE_S:
                return None
            self._seen[sha256] = now
        return login

    def end(self, cookie: str) -> None:
        """End the session of a cookie, where there is one."""
        try:
            secret = self._signer.unsign(cookie).decode()
        except (BadSignature, UnicodeDecodeError):
            return
        logins.end(self._database, self._site, digest(secret))

    def csrf(self, sha256: str) -> str:
        """What a page of that session must send along with a write (OWASP: signed double submit)."""
        return hmac.new(self._key, b"csrf " + sha256.encode(), hashlib.sha256).hexdigest()

    def flush(self, connection: sqlite3.Connection) -> None:
        """Write down what was active since the last time, within the caller's transaction."""
        with self._lock:
            seen, self._seen = self._seen, {}
        logins.note_seen(connection, self._site, seen)
