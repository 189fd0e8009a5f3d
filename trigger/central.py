"""What the service tells central, over its public API: what came of an offer, and who wants no more of them."""

from __future__ import annotations

import logging
from typing import Literal
from urllib.parse import quote

import httpx

from contract.errors import AtriumError
from contract.times import to_rfc3339

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0


class NotToldError(AtriumError):
    """Central could not be told now; try again later."""


class CentralRefusedError(AtriumError):
    """Central will not hear it from us: the token is wrong, or not for this."""


class Central:
    """Central's API for a token of role ``trigger``.

    Args:
        address: without a slash at its end.
        token: the bearer token.
    """

    def __init__(self, address: str, token: str) -> None:
        self._client = httpx.Client(
            base_url=address,
            timeout=TIMEOUT_S,
            follow_redirects=False,
            trust_env=False,
            headers={"Authorization": f"Bearer {token}"},
        )

    def receipt(self, offer: str, state: Literal["delivered", "failed", "refused"], at: float) -> None:
        """Say what came of an offer; nothing where central does not know it any more.

        Raises:
            NotToldError: where central could not be told now.
            CentralRefusedError: where it never will.
        """
        body = {"state": state, "at": to_rfc3339(at)}
        self._tell("POST", f"/v1/offers/{quote(offer, safe='')}/receipt", body)

    def withdraw(self, member: str, purpose: str) -> None:
        """Withdraw a member's consent; nothing where it does not stand any more.

        Raises:
            NotToldError: where central could not be told now.
            CentralRefusedError: where it never will.
        """
        self._tell("DELETE", f"/v1/members/{quote(member, safe='')}/consents/{quote(purpose, safe='')}", None)

    def close(self) -> None:
        """Close connections."""
        self._client.close()

    def _tell(self, method: str, path: str, body: dict[str, str] | None) -> None:
        try:
            answer = self._client.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise NotToldError(f"central cannot be reached ({type(error).__name__})") from None
        if answer.status_code in {401, 403}:
            raise CentralRefusedError(
                f"central answers {answer.status_code}; give a token of role trigger with the scopes offers and members"
            )
        if answer.status_code == 422:  # saying it again would not help, and hold up the rest
            log.error("central does not understand what we tell of an offer; is it of another version?")
        elif not answer.is_success and answer.status_code != 404:
            raise NotToldError(f"central answers {answer.status_code}")
