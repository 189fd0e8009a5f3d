"""What sends one offer, as the lane of a channel sees it, and the message itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec

from central.store.deliveries import Outgoing
from contract.offers import OFFER_SCHEMA, OfferMessage
from contract.times import to_rfc3339


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of sending.

    Attributes:
        kind: ``sent``: it is acknowledged. ``again``: it is not, and may be tried again. ``gone``: the endpoint wants
            nothing any more.
        reason: why not, in few words; never anything of what the endpoint said, since that may name a member.
        wait_s: the endpoint asks to be left alone for so long.
    """

    kind: Literal["sent", "again", "gone"]
    reason: str = ""
    wait_s: float = 0.0


SENT = Answer("sent")


class Sender(Protocol):
    """Sends offers to one endpoint; called by several threads at a time."""

    @property
    def mark(self) -> str:
        """Changes with the endpoint's address."""

    def is_ready(self) -> bool:
        """Whether it makes sense to try now."""

    def send(self, body: bytes, offer: str, now: float) -> Answer:
        """Send a message; ``offer`` is its idempotency key. Never raises what a network does."""

    def close(self) -> None:
        """Give up whatever is under way."""


def message_of(site: str, outgoing: Outgoing) -> bytes:
    """The offer as UTF-8 JSON of schema ``atrium.offer.v1``."""
    offer = outgoing.offer
    return msgspec.json.encode(
        OfferMessage(
            schema=OFFER_SCHEMA,
            site=site,
            number=offer.number,
            offer=offer.offer,
            member=offer.member,
            campaign=offer.campaign,
            version=offer.version,
            coupon=offer.coupon,
            code=offer.code,
            wording=offer.wording,
            channel=offer.channel,
            at=to_rfc3339(offer.at),
            expires_at=None if outgoing.expires_at is None else to_rfc3339(outgoing.expires_at),
            sentence=offer.sentence,
        )
    )
