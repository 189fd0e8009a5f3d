"""Where offers go, as the configuration says; nothing else decides on an address."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from contract.errors import BadInputError

MQTT = "mqtt"
WEBHOOK = "webhook:"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A webhook.

    Attributes:
        name: of the configuration; its channel is ``webhook:<name>``.
        url: where offers are posted.
        keys: to sign with, the newest first; two while a secret is being replaced.
        timeout_s: for connecting, and for every pause of the answer.
        concurrency: requests at a time.
        only: the campaigns' channels (``app``, ``sms``, ...) that it wants; all where empty.
    """

    name: str
    url: str
    keys: tuple[bytes, ...]
    timeout_s: float = 10.0
    concurrency: int = 4
    only: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Endpoint({self.name!r}, keys hidden)"

    @property
    def channel(self) -> str:
        """As deliveries name it."""
        return WEBHOOK + self.name

    @property
    def mark(self) -> str:
        """Changes with the address, so that what stood against the old one does not stand against the new one."""
        return hashlib.sha256(self.url.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Outlets:
    """Every way out, and how long each offer is worth trying.

    Attributes:
        mqtt: whether offers are published on the broker.
        webhooks: where they are posted.
        attempts: a webhook is given up after so many.
        keep_s: an offer whose coupon has no expiry is given up after so long.
    """

    mqtt: bool = False
    webhooks: tuple[Endpoint, ...] = ()
    attempts: int = 12
    keep_s: float = 86_400.0

    @property
    def channels(self) -> tuple[str, ...]:
        """Every channel of deliveries."""
        return ((MQTT,) if self.mqtt else ()) + tuple(one.channel for one in self.webhooks)

    def of(self, channel: str) -> Sequence[str]:
        """The channels of deliveries that an offer of a campaign's channel (``app``, ...) is queued for."""
        wanted = (one.channel for one in self.webhooks if not one.only or channel in one.only)
        return ((MQTT,) if self.mqtt else ()) + tuple(wanted)


def check_url(url: str) -> str:
    """The address itself where offers may be posted to it: over TLS, or in the clear to a private one named as such.

    Raises:
        BadInputError: where it may not; what it holds (it may be a secret) is not told.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise BadInputError("url: not an address; write https://host/path") from None
    if not host or parts.username is not None or parts.fragment or port == 0:
        raise BadInputError("url: not an address to post to; write https://host/path, without a user in it")
    if parts.scheme == "https" or (parts.scheme == "http" and is_private(host)):
        return url
    raise BadInputError(
        "url: offers name members, so they go out by https; http is for localhost and private addresses by number"
    )


def is_private(host: str) -> bool:
    """Whether a host is this machine, or a private address written as a number.

    >>> [is_private(host) for host in ("localhost", "127.0.0.1", "10.1.2.3", "::1", "example.com", "8.8.8.8")]
    [True, True, True, True, False, False]
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_private
    except ValueError:
        return False
