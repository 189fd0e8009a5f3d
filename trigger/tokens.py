"""The access token that a message platform lends for an hour or two: fetched when needed, renewed before it ends."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from contract.errors import AtriumError
from trigger.words import field_of

RENEW_BEFORE_S = 60.0
LEAST_LIFE_S = 10.0


class NoTokenError(AtriumError):
    """The platform gave no token; the line says why, without our secret in it."""


class AccessToken:
    """One token, kept in memory alone.

    Args:
        client: asks for it.
        url: where, with our credentials in it.
        token_field: dotted path of the token in the answer.
        expires_field: dotted path of its life in seconds.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        client: httpx.Client,
        url: str,
        *,
        token_field: str,
        expires_field: str,
        clock: Callable[[], float],
    ) -> None:
        self._client = client
        self._url = url
        self._token_field = token_field
        self._expires_field = expires_field
        self._clock = clock
        self._token = ""
        self._until = 0.0

    def get(self) -> str:
        """A token that holds for a while yet.

        Raises:
            NoTokenError: where the platform gives none.
        """
        if not self._token or self._clock() >= self._until:
            self._fetch()
        return self._token

    def forget(self) -> None:
        """The platform does not take it any more: the next one is asked for anew."""
        self._token = ""

    def _fetch(self) -> None:
        self._token = ""
        try:
            answer = self._client.get(self._url)
            content = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NoTokenError(f"no access token: {type(error).__name__}") from None
        except ValueError:
            raise NoTokenError(f"no access token: the answer ({answer.status_code}) is no JSON") from None
        token, life = field_of(content, self._token_field), field_of(content, self._expires_field)
        if not answer.is_success or not isinstance(token, str) or not token:
            raise NoTokenError(f"no access token: answered {answer.status_code}; check id and secret")
        seconds = float(life) if isinstance(life, int | float) and not isinstance(life, bool) else 0.0
        self._token, self._until = token, self._clock() + max(seconds - RENEW_BEFORE_S, LEAST_LIFE_S)
