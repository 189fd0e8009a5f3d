"""Campaigns and coupon pools as their TOML file describes them.

::

    schema = "atrium.campaigns.v1"
    currency = "EUR"

    [[pools]]
    id = "DINE-15"
    title = "15 % off your lunch"
    kind = "percent"
    value = 15
    stock = 500

    [[campaigns]]
    id = "lunch"
    version = 1
    coupon = "DINE-15"
    wording = "15 % off your lunch"
    holdout_percent = 10
    conditions = [
        { kind = "window", from = "11:00", to = "14:00" },
        { kind = "dwell", category = "fashion", minutes = 10.0 },
        { kind = "not_visited", category = "dining" },
    ]

Amounts are decimals of the currency in the file and whole minor units everywhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from contract.events import Id

CAMPAIGNS_SCHEMA = "atrium.campaigns.v1"
DAY_MINUTES = 24 * 60

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ClockTime = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$", description="HH:MM, site time")]
Date = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="YYYY-MM-DD, site time")]
Words = Annotated[str, Meta(min_length=1, max_length=300)]
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Minutes = Annotated[float, Meta(ge=0, le=DAY_MINUTES)]
Days = Annotated[int, Meta(ge=0, le=800)]
Money = Annotated[float, Meta(ge=0, le=10_000_000, description="of the currency, two decimals")]
Count = Annotated[int, Meta(ge=1, le=100_000_000)]
Channel = Literal["app", "sms", "message", "kiosk", "screen"]
Audience = Literal["members", "screen"]
Once = Literal["day", "visit", "week", "month", "campaign"]
Scene = Literal[
    "life_cycle", "spend_and_get", "related_shops", "anniversary", "entering", "time_of_day", "one_off", "screen", ""
]


def minor(money: float) -> int:
    """Whole minor units (hundredths of the currency).

    >>> minor(19.99)
    1999
    """
    return round(money * 100)


class Place(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A category, a zone (``zone`` or ``floor/zone``) or a floor: exactly one of them."""

    category: str = ""
    zone: str = ""
    floor: str = ""


class _Condition(msgspec.Struct, tag_field="kind", forbid_unknown_fields=True, frozen=True, kw_only=True):
    pass


class _OfPlace(_Condition, tag_field="kind", frozen=True, kw_only=True):
    category: str = ""
    zone: str = ""
    floor: str = ""

    @property
    def place(self) -> Place:
        """Where."""
        return Place(self.category, self.zone, self.floor)


class Window(_Condition, frozen=True, kw_only=True, tag="window", rename={"start": "from"}):
    """It is between ``from`` and ``to`` (site time; past midnight where ``to`` is earlier), on one of the days.

    The minute ``to`` is outside. A window past midnight belongs to the day on which it began. It is read off the clock
    on the wall: where clocks are put back it may come twice, and what they skip does not come.
    """

    start: ClockTime
    to: ClockTime
    days: list[Day] = []


class Calendar(_Condition, frozen=True, kw_only=True, tag="calendar", rename={"start": "from"}):
    """It is a day from ``from`` to ``to`` of the site, both included (open where empty), and none of ``but``."""

    start: Date | Literal[""] = ""
    to: Date | Literal[""] = ""
    but: list[Date] = []


class InPlace(_OfPlace, frozen=True, kw_only=True, tag="in_place"):
    """The visitor is there now, and has been for so long in one go."""

    minutes: Minutes = 0.0


class Dwell(_OfPlace, frozen=True, kw_only=True, tag="dwell"):
    """The visitor has spent so long there today, or in the last ``within_minutes``: seen and bridged, not unseen.

    All stays there count together; of one that began before ``within_minutes`` what reaches into them.
    """

    minutes: Annotated[float, Meta(gt=0, le=DAY_MINUTES)]
    within_minutes: Minutes = 0.0


class Visited(_OfPlace, frozen=True, kw_only=True, tag="visited"):
    """The visitor has been there today, for ``minutes`` at least in one go, and left at most ``within_minutes`` ago."""

    minutes: Minutes = 0.0
    within_minutes: Minutes = 0.0


class NotVisited(_OfPlace, frozen=True, kw_only=True, tag="not_visited"):
    """The visitor has not been there today, beyond walking through: for ``grace_s`` at most, all stays together."""

    grace_s: Annotated[float, Meta(ge=0, le=3600)] = 0.0


class Sequence(_Condition, frozen=True, kw_only=True, tag="sequence"):
    """The visitor has been in these places today, in this order, the first to the last within so many minutes.

    Time runs from leaving the first until entering the last (0: any time); other places between them do not matter.
    Once so, it stays so for the day.
    """

    places: Annotated[list[Place], Meta(min_length=2, max_length=6)]
    within_minutes: Minutes = 0.0


class Entered(_Condition, frozen=True, kw_only=True, tag="entered"):
    """The visitor came into the mall (was first seen today) at most so many minutes ago."""

    within_minutes: Annotated[float, Meta(gt=0, le=DAY_MINUTES)]


class Tags(
    _Condition, frozen=True, kw_only=True, tag="tags", rename={"any_of": "any", "all_of": "all", "none_of": "none"}
):
    """The member has any of these tags, all of those, none of these."""

    any_of: list[Name] = []
    all_of: list[Name] = []
    none_of: list[Name] = []


class Tier(_Condition, frozen=True, kw_only=True, tag="tier", rename={"any_of": "any"}):
    """The member's tier is one of these."""

    any_of: Annotated[list[Name], Meta(min_length=1)]


class Prefers(_Condition, frozen=True, kw_only=True, tag="prefers"):
    """The member named the category among those they prefer."""

    category: Name


class Birthday(_Condition, frozen=True, kw_only=True, tag="birthday"):
    """It is the month of the member's birthday."""


class Anniversary(_Condition, frozen=True, kw_only=True, tag="anniversary"):
    """The day on which the member joined comes round (not in its first year), give or take so many days.

    Who joined on 29 February has their day on the 28th in other years.
    """

    days: Annotated[int, Meta(ge=0, le=31)] = 0


class Spent(_Condition, frozen=True, kw_only=True, tag="spent"):
    """The member has bought for so much there (anywhere where no place is named), today or in the last ``within_days``.

    Today is the last of these days. What was given back does not count; a sale given back in whole is no receipt.
    """

    at_least: Money
    category: str = ""
    zone: str = ""
    tenant: str = ""
    within_days: Days = 0
    receipts: Annotated[int, Meta(ge=1, le=1000)] = 1
    """From so many sales at least."""


class Visits(_Condition, frozen=True, kw_only=True, tag="visits"):
    """The member has come on so many days of the last ``within_days``, of which today is the last.

    Today counts once they have been seen in the mall, have bought, or checked in.
    """

    at_least: Annotated[int, Meta(ge=0, le=800)] = 0
    at_most: Annotated[int, Meta(ge=0, le=800)] = 800
    within_days: Annotated[int, Meta(ge=1, le=400)] = 30


class NthVisit(_Condition, frozen=True, kw_only=True, tag="nth_visit"):
    """The member is here today, and it is their so-many-eth day in the mall since we know them (1: the first)."""

    number: Annotated[int, Meta(ge=1, le=1000)]


class Absent(_Condition, frozen=True, kw_only=True, tag="absent"):
    """The member has come before today, the last time at least so many days ago; whether they are here today or not."""

    days: Annotated[int, Meta(ge=1, le=400)]


class ArrivedBy(_Condition, frozen=True, kw_only=True, tag="arrived_by", rename={"any_of": "any"}):
    """A touchpoint of today carries one of these sources: a signed code's (``housing-estate``) or ``parking``."""

    any_of: Annotated[list[Name], Meta(min_length=1)]


class Members(_Condition, frozen=True, kw_only=True, tag="members"):
    """The member is one of these: one-off, precise."""

    ids: Annotated[list[Name], Meta(min_length=1, max_length=10_000)]


class Crowd(_OfPlace, frozen=True, kw_only=True, tag="crowd"):
    """So many people are there now, as told with k-suppression and noise; for screens only."""

    at_least: Annotated[int, Meta(ge=1, le=1_000_000)]


Condition = (
    Window
    | Calendar
    | InPlace
    | Dwell
    | Visited
    | NotVisited
    | Sequence
    | Entered
    | Tags
    | Tier
    | Prefers
    | Birthday
    | Anniversary
    | Spent
    | Visits
    | NthVisit
    | Absent
    | ArrivedBy
    | Members
    | Crowd
)


class Caps(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How many offers of a campaign there are at most; None for as many as come."""

    per_member: Count | None = None
    """In all; ``once`` says how often at most besides."""
    per_day: Count | None = None
    total: Count | None = None


class Quiet(msgspec.Struct, forbid_unknown_fields=True, frozen=True, rename={"start": "from"}):
    """Hours in which nothing is sent, site time."""

    start: ClockTime
    to: ClockTime


class Campaign(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An offer, and every condition that must hold for it.

    Attributes:
        coupon: id of the pool that the coupon comes from.
        once: at most one offer a member in each of these.
        budget: what the coupons given may cost in all, as the pools state their cost.
        cool_down_hours: after any offer to a member, none of this campaign for so long.
        priority: of several that are due for one member, the highest; at the same, the first in the file.
        group: of one group a member gets one offer a day.
        holdout_percent: of the members, chosen for good by a keyed hash, who get nothing and are measured against.
        zone: where the screens stand (audience ``screen``).
    """

    id: Id
    coupon: Words
    wording: Words
    conditions: Annotated[list[Condition], Meta(min_length=1)]
    name: str = ""
    version: Annotated[int, Meta(ge=1)] = 1
    purpose: Annotated[str, Meta(min_length=1, max_length=64)] = "offers"
    """The consent that the offer needs, beside the one for linking."""
    enabled: bool = True
    scene: Scene = ""
    audience: Audience = "members"
    channel: Channel = "app"
    once: Once = "day"
    caps: Caps = Caps()
    budget: Money | None = None
    quiet: Quiet | None = None
    cool_down_hours: Annotated[float, Meta(ge=0, le=24 * 400)] = 0.0
    priority: Annotated[int, Meta(ge=0, le=100)] = 50
    group: str = ""
    holdout_percent: Annotated[float, Meta(ge=0, le=90)] = 0.0
    zone: str = ""


class Bundle(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Sales over so much in each of so many different shops on one day."""

    shops: Annotated[int, Meta(ge=2, le=20)]
    spend_each: Money


class Pool(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Coupons of one kind.

    Attributes:
        value: percent, amount of the currency, or hours of parking; of a gift nothing.
        ceiling: a percentage takes off no more than this.
        least_spend: of the sale it is used on.
        stock: how many there are, None for no limit. What a later version of the file says more is added.
        funder: who pays; ``tenant`` names whom where it is one.
        shops: tenants where it may be used; all where empty.
        valid_hours: after it was given; together with ``valid_to``, whichever is earlier.
        stack: coupons of one stack group exclude each other on one sale; "" stands alone, with no other at all.
        stack_order: of several on one sale the lower is taken off first.
        cost: what one costs whoever funds it when it is used; by default its amount or ceiling.
        again_after_refund: a sale given back in full frees its coupon, which may be used once more while it is valid.
    """

    id: Words
    title: Words
    kind: Literal["percent", "amount", "gift", "parking"]
    value: Annotated[float, Meta(ge=0, le=1_000_000)] = 0.0
    ceiling: Money | None = None
    least_spend: Money = 0.0
    stock: Count | None = None
    funder: Literal["mall", "tenant"] = "mall"
    tenant: str = ""
    shops: list[Name] = []
    valid_from: Date | Literal[""] = ""
    valid_to: Date | Literal[""] = ""
    valid_hours: Annotated[float, Meta(gt=0, le=24 * 400)] | None = None
    stack: str = ""
    stack_order: Annotated[int, Meta(ge=0, le=100)] = 50
    bundle: Bundle | None = None
    cost: Money | None = None
    again_after_refund: bool = False


class CampaignsFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The campaigns file."""

    schema: str
    campaigns: list[Campaign] = []
    pools: list[Pool] = []
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = "EUR"


@dataclass(frozen=True, slots=True)
class Categories:
    """What a site's zones are: category by (floor, zone), and names for the sentences."""

    by_zone: dict[tuple[str, str], str]
    names: dict[tuple[str, str], str]
