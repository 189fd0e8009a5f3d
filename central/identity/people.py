"""Users: people with a name, a role and a password; the first of them comes in by a code shown once."""

from __future__ import annotations

import base64
import re
import secrets

from central.identity.passwords import check_password, hash_password, is_outdated, verify
from central.store import users
from central.store.database import Database
from central.store.users import User
from contract.errors import BadInputError
from contract.ids import END
from contract.tokens import Role, digest

WELCOME_S = 24 * 3600.0
"""The first administrator's code is good for this long."""
CODE_BYTES = 10
"""80 random bits, 16 letters: enough against guessing, short enough to type from a console."""

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}" + END)


class Users:
    """The people of one site.

    Args:
        database: where they are kept.
        site: the site's id.
    """

    def __init__(self, database: Database, site: str) -> None:
        self._database = database
        self._site = site

    def find(self, name: str) -> User | None:
        """The user of that name who may log in."""
        user = users.find(self._database, self._site, name)
        return None if user is None or user.disabled else user

    def everybody(self) -> list[User]:
        """All users, disabled ones included."""
        return users.everybody(self._database, self._site)

    def check(self, name: str, password: str, now: float) -> User | None:
        """The user whose name and password these are; takes as long for an unknown name (about 0.1 s of one core)."""
        user = self.find(name) if _NAME.match(name) else None
        is_right = verify(password, None if user is None else user.password)
        if user is None or not is_right:
            return None
        rehashed = hash_password(password) if is_outdated(user.password) else None
        users.note_login(self._database, self._site, user.name, now, rehashed)
        return user

    def add(self, name: str, role: Role, password: str, now: float) -> User:
        """A new user.

        Raises:
            BadInputError: where name or password will not do, or the name is taken.
        """
        user = _new_user(name, role, password, now)
        users.add(self._database, self._site, user)
        return user

    def set_password(self, name: str, password: str, now: float) -> None:
        """Give a user another password; every session of theirs ends.

        Raises:
            BadInputError: where the password will not do or there is no such user.
        """
        check_password(password, name)
        if not users.set_password(self._database, self._site, name, hash_password(password), now):
            raise _unknown(name)

    def set_disabled(self, name: str, *, disabled: bool) -> None:
        """Shut a user out, at once and everywhere, or let them in again.

        Raises:
            BadInputError: where there is no such user.
        """
        if not users.set_disabled(self._database, self._site, name, disabled=disabled):
            raise _unknown(name)

    def awaits_first(self) -> bool:
        """Whether nobody has an account yet."""
        return users.is_empty(self._database, self._site)

    def new_welcome(self, now: float) -> str | None:
        """A fresh code for the first administrator, to be shown once; older ones die. None where there is a user."""
        code = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode()
        if not users.put_welcome(self._database, self._site, digest(code), now + WELCOME_S):
            return None
        return "-".join(code[at : at + 4] for at in range(0, len(code), 4))

    def add_first(self, code: str, name: str, password: str, now: float) -> User | None:
        """The first administrator; None where the code is wrong, used or too old.

        Raises:
            BadInputError: where name or password will not do; the code stays good.
        """
        user = _new_user(name, "admin", password, now)
        plain = code.upper().replace("-", "").replace(" ", "")
        return user if users.add_first(self._database, self._site, user, digest(plain), now) else None


def _new_user(name: str, role: Role, password: str, now: float) -> User:
    if not _NAME.match(name):
        raise BadInputError(f"name {name[:80]!r}: use 1 to 64 letters, digits, '.', '_', '@' or '-'")
    check_password(password, name)
    return User(name, role, hash_password(password), disabled=False, created=now, password_at=now, last_login=None)


def _unknown(name: str) -> BadInputError:
    return BadInputError(f"no user {name[:80]!r}; `atrium central user list` names them")
