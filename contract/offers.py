"""An offer on its way to whoever delivers it: the same JSON by MQTT and as a webhook's body."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from contract.events import Count, Id, Time
from contract.ids import check_id

OFFER_SCHEMA = "atrium.offer.v1"
OFFERS_ADDRESS = "atrium/{site}/offers"

Name = Annotated[str, Meta(min_length=1, max_length=64)]


class OfferMessage(msgspec.Struct, frozen=True):
    """An offer to one member, or to a screen; it may come more than once, always under the same ``offer``.

    Fields may be added; whoever reads it ignores those it does not know.
    """

    schema: Name
    site: Id
    number: Annotated[Count, Meta(description="counts up with every offer of the site; two never share one")]
    offer: Annotated[Name, Meta(description="idempotency key: act once on each")]
    member: Annotated[str, Meta(min_length=1, max_length=200, description="the mall's id, or screen:<floor>/<zone>")]
    campaign: Name
    version: Annotated[int, Meta(ge=1, description="of the campaign")]
    coupon: Annotated[str, Meta(max_length=200, description="the pool it comes from")]
    code: Annotated[str, Meta(max_length=2000, description="what the till redeems; empty where it has none")]
    wording: Annotated[str, Meta(max_length=2000, description="what the member reads")]
    channel: Annotated[Name, Meta(description="by which it is to reach them, such as app or sms")]
    at: Time
    expires_at: Annotated[Time | None, Meta(description="do not deliver it afterwards")]
    sentence: Annotated[str, Meta(max_length=8000, description="why it was made, for people")]


def offers_topic(site: str) -> str:
    """The topic that a site's offers are published under.

    >>> offers_topic("mall")
    'atrium/mall/offers'
    """
    return OFFERS_ADDRESS.format(site=check_id(site, "site id"))
