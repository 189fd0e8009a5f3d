"""Template messages by a platform of the mini-program or enterprise-chat kind: a token, a JSON table, error codes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
import msgspec
from msgspec import Meta

from contract.errors import BadInputError
from trigger.message import DELIVERED, Outcome
from trigger.offer import Offer
from trigger.tokens import AccessToken, NoTokenError
from trigger.words import check_placeholders, field_of, filled, shortened

Letters = Annotated[int, Meta(ge=2, le=2000)]
BUSY = frozenset({429, 503})
"""Said before a message is looked at."""
PAUSE_S = 60.0
"""A platform that says that it has had enough, without for how long, is left alone for so long."""


class Codes(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[adapter.codes]``: what the platform's error codes mean; any other one means that this message never will."""

    ok: tuple[int, ...] = (0,)
    token_expired: tuple[int, ...] = ()
    refused: tuple[int, ...] = ()
    rate_limited: tuple[int, ...] = ()
    again: tuple[int, ...] = ()


class TemplateFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag="template", tag_field="kind"):
    """``[adapter]`` of kind ``template``; addresses may hold ``{token}``, ``{id}`` and ``{secret}``.

    Attributes:
        url: where a message is posted.
        token_url: where an access token is fetched; empty where the platform needs none.
        message: the JSON of a message, its strings with placeholders such as ``{wording}``.
        longest: letters that a placeholder may have, by its name.
        code_field: dotted path of the error code in an answer.
        key_header: header that carries the offer's id, where the platform sends one message for one key.
        lookup_url: where it can be asked whether ``{offer}`` was sent: 200 with an ``ok`` code for yes, 404 for no.
        date: how ``{expires}`` is written (``strftime``).
    """

    url: str
    message: dict[str, Any]
    token_url: str = ""
    id: str = ""
    secret_file: str = ""
    token_field: str = "access_token"  # noqa: S105 - where it stands, not what it is
    expires_field: str = "expires_in"
    code_field: str = "errcode"
    codes: Codes = Codes()
    longest: dict[str, Letters] = {}
    key_header: str = ""
    lookup_url: str = ""
    date: str = "%Y-%m-%d %H:%M"
    timeout_s: Annotated[float, Meta(ge=0.5, le=60)] = 10.0

    def check(self) -> None:
        """Nothing where it can work.

        Raises:
            BadInputError: naming the field.
        """
        for name in ("url", "token_url", "lookup_url"):
            value = getattr(self, name)
            if value and not value.startswith(("https://", "http://")):
                raise BadInputError(f"adapter.{name}: not an address; write https://host/path")
        if "{token}" in self.url + self.lookup_url and not self.token_url:
            raise BadInputError("adapter.token_url: missing, and an address holds {token}")
        check_placeholders(self.message, "adapter.message")


class TemplateAdapter:
    """Sends messages by one platform's API.

    Args:
        config: how the platform wants it.
        secret: for its tokens.
        timezone: of ``{expires}``.
        clock: seconds since 1970.
    """

    def __init__(self, config: TemplateFile, secret: str, timezone: ZoneInfo, clock: Callable[[], float]) -> None:
        self.is_idempotent = bool(config.key_header)
        self._config = config
        self._timezone = timezone
        self._client = httpx.Client(timeout=config.timeout_s, follow_redirects=False, trust_env=False)
        self._secret = secret
        self._token = AccessToken(
            self._client,
            self._address(config.token_url),
            token_field=config.token_field,
            expires_field=config.expires_field,
            clock=clock,
        )

    def close(self) -> None:
        """Close connections."""
        self._client.close()

    def send(self, offer: Offer, to: str) -> Outcome:
        """Post it; once more with a fresh token where the platform says that the old one has expired."""
        outcome, has_expired = self._post(offer, to)
        if has_expired:
            self._token.forget()
            outcome, _ = self._post(offer, to)
        return outcome

    def was_sent(self, offer: Offer) -> bool | None:
        """Whether the platform says that it has sent it; None where it cannot be asked, or says nothing clear."""
        if not self._config.lookup_url:
            return None
        try:
            answer = self._client.get(self._address(self._config.lookup_url, self._lent_token(), offer.offer))
        except (httpx.HTTPError, httpx.InvalidURL, NoTokenError):
            return None
        if answer.status_code == 404:
            return False
        return True if answer.is_success and self._code(answer) in self._config.codes.ok else None

    def _post(self, offer: Offer, to: str) -> tuple[Outcome, bool]:
        """What came of it, and whether the token was to blame."""
        body = filled(self._config.message, self._values(offer, to))
        headers = {self._config.key_header: offer.offer} if self._config.key_header else {}
        try:
            url = self._address(self._config.url, self._lent_token(), offer.offer)
            answer = self._client.post(url, json=body, headers=headers)
        except NoTokenError as error:
            return Outcome("again", str(error)), False
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.InvalidURL) as error:
            return Outcome("again", f"the platform cannot be reached ({type(error).__name__})"), False
        except httpx.HTTPError as error:  # the request may have been read before it broke off
            return Outcome("unsure", f"no answer ({type(error).__name__})"), False
        return self._judge(answer)

    def _judge(self, answer: httpx.Response) -> tuple[Outcome, bool]:
        if answer.status_code in BUSY:
            return Outcome("limited", f"answered {answer.status_code}", _asked(answer)), False
        if answer.status_code >= 500:
            return Outcome("unsure", f"answered {answer.status_code}"), False
        code, codes = self._code(answer), self._config.codes
        if code in codes.token_expired or (answer.status_code == 401 and code is None):
            return Outcome("again", f"the access token is not taken ({answer.status_code}, {code})"), True
        if answer.is_success and code is None:
            return Outcome("unsure", "the answer has no code where one was expected"), False
        meanings = (
            (codes.refused, Outcome("refused", f"the recipient wants no such messages ({code})")),
            (codes.rate_limited, Outcome("limited", f"the platform has had enough ({code})", _asked(answer))),
            (codes.again, Outcome("again", f"the platform asks to try again ({code})")),
            (codes.ok if answer.is_success else (), DELIVERED),
        )
        refused = Outcome("failed", f"the platform refuses the message ({answer.status_code}, {code})")
        return next((outcome for known, outcome in meanings if code in known), refused), False

    def _code(self, answer: httpx.Response) -> int | None:
        try:
            code = field_of(answer.json(), self._config.code_field)
        except ValueError:
            return None
        return code if isinstance(code, int) and not isinstance(code, bool) else None

    def _lent_token(self) -> str:
        return self._token.get() if self._config.token_url else ""

    def _address(self, url: str, token: str = "", offer: str = "") -> str:
        values = {"token": token, "id": self._config.id, "secret": self._secret, "offer": offer}
        return str(filled(url, {name: quote(value, safe="") for name, value in values.items()}))

    def _values(self, offer: Offer, to: str) -> dict[str, str]:
        values = {
            "to": to,
            "wording": offer.wording,
            "coupon": offer.coupon,
            "code": offer.code,
            "expires": self._written(offer.expires_at),
            "offer": offer.offer,
            "made": self._written(offer.at or None),
        }
        return {
            name: shortened(value, self._config.longest[name]) if name in self._config.longest else value
            for name, value in values.items()
        }

    def _written(self, at: float | None) -> str:
        return "" if at is None else datetime.fromtimestamp(at, self._timezone).strftime(self._config.date)


def _asked(answer: httpx.Response) -> float:
    text = answer.headers.get("retry-after", "")
    return min(float(text[:9]), 3600.0) if text.isascii() and text.isdecimal() else PAUSE_S
