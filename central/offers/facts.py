"""The words of deciding: what may change about a member, what is due, what became of it; and a few instants."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from central.offers.campaigns import Campaign
from central.offers.situation import Profile, Situation, Stay, Verdict
from central.store.purchases import Purchase

SERVED_A_SECOND = 100
"""So many members are decided on each second after something has begun for all of them, such as a lunch hour."""
PRIORITY_S = 60.0
"""A member gets no two offers within so long at least: of several that are due, the highest first."""
VISIT_GAP_S = 7200.0
"""Who was not seen anywhere for so long comes for another visit."""


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of a member who is linked now; takes the place of what was known.

    Attributes:
        at: when we heard of it, seconds since 1970.
        stays: of today, by visit.
        offered_at: the latest offer or holdout of whatever campaign to them, None for none.
    """

    at: float
    profile: Profile
    stays: dict[str, Stay]
    purchases: tuple[Purchase, ...] = ()
    sources: frozenset[str] = frozenset()
    offered_at: float | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """The member is linked to nobody any more, or withdrew that consent."""

    at: float
    member: str


@dataclass(frozen=True, slots=True)
class Stayed:
    """A box told of a member's visit to a zone: begun, gone on, over."""

    at: float
    member: str
    visit: str
    stay: Stay


@dataclass(frozen=True, slots=True)
class Seen:
    """A member was seen without a break in the zone of an open visit until then."""

    at: float
    member: str
    visit: str
    until: float


Change = Known | Gone | Stayed | Seen


@dataclass(frozen=True, slots=True)
class Due:
    """Every condition of a campaign holds for a member.

    Attributes:
        at: since when, seconds since 1970.
        camera_at: the instant of the picture that it came of, as far as it came of one.
        heard_at: when the change came in.
        visit_start: when the member's present visit to the mall began.
    """

    member: str
    campaign: Campaign
    at: float
    situation: Situation
    verdicts: tuple[Verdict, ...]
    camera_at: float
    heard_at: float
    visit_start: float


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a decision.

    Attributes:
        made: an offer or a holdout.
        until: nothing more of this campaign before, for this member; for everybody where ``for_all``.
        why: in a word, where it was not made.
    """

    made: bool
    until: float = math.inf
    why: str = ""
    for_all: bool = False
    short_by: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """Something is held back until an instant; without a reason it is only not its turn yet."""

    until: float
    why: str = ""
    short_by: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Miss:
    """A campaign that all but came to an offer.

    Attributes:
        failed: the kind of the condition that fails, or ``cap``, ``quiet``, ``stock``, ``budget``, ``cool_down``,
            ``group``, ``priority``.
    """

    member: str
    campaign: Campaign
    failed: str
    clause: str = ""
    short_by: float | None = None
    unit: str = ""


def visit_start(stays: Iterable[Stay], at: float) -> float:
    """When the present visit to the mall began: since then no two hours without a stay.

    Args:
        stays: by entry.
        at: seconds since 1970; the answer where there is no stay.
    """
    start, until = at, -math.inf
    for stay in stays:
        if stay.entered_at - until > VISIT_GAP_S:
            start = stay.entered_at
        until = max(until, ended_at(stay))
    return start


def ended_at(stay: Stay) -> float:
    """When a stay was over, or until when it is known to have lasted."""
    return stay.told_at if stay.left_at is None else stay.left_at


def next_midnight(at: float, timezone: tzinfo) -> float:
    """When the next day of the site begins."""
    tomorrow = datetime.fromtimestamp(at, timezone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), timezone).timestamp()


def apart_s(member: str) -> float:
    """Seconds between two offers to a member: one to two minutes, always the same, and others for others.

    So many who were served in one moment, as when central starts, do not become free in one moment again.
    """
    return PRIORITY_S * (1 + zlib.crc32(member.encode()) / 2**32)
