"""An offer as central tells of it, by stream or webhook, reduced to what a message needs."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from contract.errors import AtriumError, BadInputError
from contract.times import from_rfc3339


class NoOfferError(AtriumError):
    """What came is no offer; the line says what is wrong, and names nobody."""


class _Told(msgspec.Struct, frozen=True):
    number: int
    offer: str
    member: str
    coupon: str
    wording: str
    code: str = ""
    channel: str = "app"
    at: str = ""
    expires_at: str | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer; times are seconds since 1970.

    Attributes:
        number: counts up; where to resume.
        offer: its id, on which to act once.
        member: the mall's id of whom it is for.
        coupon: the pool.
        wording: what the member reads.
        code: what the till redeems; empty where it has none.
        channel: by which it is to reach them.
        at: when it was made; 0 where nobody said.
        expires_at: when its coupon does; None where nobody said.
    """

    number: int
    offer: str
    member: str
    coupon: str
    wording: str
    code: str = ""
    channel: str = "app"
    at: float = 0.0
    expires_at: float | None = None


def read_offer(content: bytes | str) -> Offer:
    """The offer in a JSON object; fields that we do not know are left alone.

    Raises:
        NoOfferError: where there is none in it.
    """
    try:
        told = msgspec.json.decode(content, type=_Told)
        at = from_rfc3339(told.at) if told.at else 0.0
        expires_at = None if told.expires_at is None else from_rfc3339(told.expires_at)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NoOfferError(f"no offer ({type(error).__name__}); does central speak another version?") from None
    except BadInputError as error:
        raise NoOfferError(f"an offer with a time that is none: {error}") from None
    if not told.offer or told.number < 0:
        raise NoOfferError("an offer without id or number")
    return Offer(
        told.number,
        told.offer,
        told.member,
        told.coupon,
        told.wording,
        told.code,
        told.channel,
        at,
        expires_at,
    )


def write_offer(offer: Offer) -> str:
    """The offer as the book keeps it while it waits."""
    return msgspec.json.encode(offer).decode()


def reread(content: str) -> Offer:
    """What ``write_offer`` gave."""
    return msgspec.json.decode(content, type=Offer)
