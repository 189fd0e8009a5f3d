"""From a token or a cookie to who it is, and whether they still are."""

from __future__ import annotations

from dataclasses import dataclass

from central.identity.origin import Network
from central.identity.people import Users
from central.identity.principal import Principal
from central.identity.rates import Brake
from central.identity.sessions import Sessions
from central.identity.tokens import Tokens
from central.store.logins import Login
from contract.tokens import digest


@dataclass(frozen=True, slots=True)
class Identity:
    """Everybody who may come in.

    Attributes:
        trusted_proxies: whose word about a caller's address is taken.
    """

    users: Users
    sessions: Sessions
    tokens: Tokens
    brake: Brake
    trusted_proxies: tuple[Network, ...] = ()

    def of_bearer(self, token: str, now: float) -> Principal | None:
        """Whose token this is."""
        entry = self.tokens.entry(token, now)
        return None if entry is None else Principal(entry.name, entry.role, "token", tuple(entry.scopes))

    def of_cookie(self, cookie: str, now: float) -> Principal | None:
        """Whose session this is."""
        login = self.sessions.find(cookie, now) if cookie else None
        return None if login is None else self._of_login(login, now)

    def stands(self, principal: Principal, now: float) -> bool:
        """Whether a session is still up, for what goes on longer than a request; a token holds for its request."""
        if not principal.session:
            return True
        login = self.sessions.of_sha256(principal.session, now)
        return login is not None and self._of_login(login, now) is not None

    def enter_with_token(self, token: str, now: float) -> str | None:
        """A new session's cookie for a token that opens pages."""
        entry = self.tokens.entry(token, now)
        return None if entry is None or not entry.opens_pages else self.sessions.begin("token", digest(token), now)

    def enter_with_password(self, name: str, password: str, now: float) -> str | None:
        """A new session's cookie for a user; takes about 0.1 s of one core, right or wrong."""
        user = self.users.check(name, password, now)
        return None if user is None else self.sessions.begin("user", user.name, now)

    def enter_as_first(self, code: str, name: str, password: str, now: float) -> str | None:
        """A new session's cookie for the first administrator; None where the code is wrong.

        Raises:
            BadInputError: where name or password will not do.
        """
        user = self.users.add_first(code, name, password, now)
        return None if user is None else self.sessions.begin("user", user.name, now)

    def _of_login(self, login: Login, now: float) -> Principal | None:
        csrf = self.sessions.csrf(login.sha256)
        if login.kind == "user":
            user = self.users.find(login.subject)
            return None if user is None else Principal(user.name, user.role, "user", (), login.sha256, csrf)
        entry = self.tokens.entry_of_digest(login.subject, now)
        if entry is None or not entry.opens_pages:
            return None
        return Principal(entry.name, entry.role, "token", (), login.sha256, csrf)
