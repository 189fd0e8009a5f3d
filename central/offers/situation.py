"""What is known of a member now, and what came of asking it: the words between the engine and its conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from central.offers.campaigns import Categories
from central.store.purchases import Purchase


@dataclass(frozen=True, slots=True)
class Stay:
    """A visit to a zone today.

    Attributes:
        entered_at: seconds since 1970; ``left_at`` is None while it lasts.
        seconds: observed and bridged, as of ``told_at``.
        told_at: what it was last known at; an open visit goes on only while its visitor is seen there.
    """

    floor: str
    zone: str
    seconds: float
    entered_at: float = 0.0
    left_at: float | None = None
    told_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Profile:
    """A member as conditions may ask about them; nothing of it is known for who has not agreed.

    Attributes:
        tags: from the mall's file and computed, in one set.
        days_before: days on which they came, without today, ascending.
    """

    member: str
    tier: str = ""
    tags: frozenset[str] = frozenset()
    preferred: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    consents: frozenset[str] = frozenset()
    birthday_month: int | None = None
    joined_on: date | None = None
    days_before: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that a condition may look at.

    Attributes:
        at: seconds since 1970; ``local`` is the same in the site's time zone.
        stays: of today, of all the visitors that the member is, by entry.
        purchases: of the last 400 days, by time.
        sources: of today's touchpoints (``housing-estate``, ``parking``).
        crowd: people by (floor, zone) as they may be told, for screens.
    """

    local: datetime
    stays: Sequence[Stay]
    categories: Categories
    at: float = 0.0
    profile: Profile | None = None
    purchases: Sequence[Purchase] = ()
    sources: frozenset[str] = frozenset()
    crowd: dict[tuple[str, str], int | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a condition holds; its numbers for programs, a clause for people.

    Attributes:
        short_by: where it does not hold, by how much it fails, in ``unit`` (``s``, ``min``, ``visits``, the currency's
            minor units, ...); None where that has no measure.
        changes_at: the earliest instant at which it may turn out otherwise although nothing happens, None for never:
            open stays go on, the clock runs, days pass. At midnight today's stays and sources begin anew besides, which
            is for whoever keeps situations to know.
    """

    holds: bool
    facts: dict[str, Any]
    clause: str
    short_by: float | None = None
    unit: str = ""
    changes_at: float | None = None


def yes(facts: dict[str, Any], clause: str, changes_at: float | None = None) -> Verdict:
    """The condition holds."""
    return Verdict(True, facts, clause, None, "", changes_at)  # noqa: FBT003


def no(
    facts: dict[str, Any],
    clause: str,
    short_by: float | None = None,
    unit: str = "",
    changes_at: float | None = None,
) -> Verdict:
    """The condition does not hold, by so much."""
    return Verdict(False, facts, clause, short_by, unit, changes_at)  # noqa: FBT003
