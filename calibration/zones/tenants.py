"""Who has a zone, and when: history stays with the tenant who earned it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import msgspec


class Tenancy(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True, rename={"start": "from"}):
    """A tenant's time in a zone: from the day ``start`` on, up to and without the day ``to``; None is open.

    Attributes:
        id: the tenant's id, the same in every zone and at every time; what it earned is kept under it.
        name: for people.
        category: what it sells; empty where the zone's own category holds.
    """

    id: str
    name: str = ""
    category: str = ""
    start: date | None = None
    to: date | None = None

    def holds(self, day: date) -> bool:
        """Whether that day falls into it."""
        return (self.start is None or self.start <= day) and (self.to is None or day < self.to)


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with the tenancies of a zone: ``code`` is empty, overlap or gap.

    Attributes:
        tenants: whom it concerns, by name or id.
        start: first day; None is the beginning of time.
        to: first day after; None is never.
    """

    code: str
    tenants: tuple[str, ...]
    start: date | None
    to: date | None


def tenant_at(tenancies: Sequence[Tenancy], day: date) -> Tenancy | None:
    """Who has the zone on a day (a date of the mall's own time zone); the last listed where two claim it."""
    return next((tenancy for tenancy in reversed(tenancies) if tenancy.holds(day)), None)


def category_at(category: str, tenancies: Sequence[Tenancy], day: date) -> str:
    """The zone's category on a day: its tenant's, or its own where it stands empty or the tenant has none."""
    tenant = tenant_at(tenancies, day)
    return tenant.category or category if tenant else category


def in_order(tenancies: Sequence[Tenancy]) -> tuple[Tenancy, ...]:
    """The same by first day, those without one first."""
    return tuple(sorted(tenancies, key=lambda one: (_first(one), _last(one), one.id)))


def flaws(tenancies: Sequence[Tenancy]) -> Iterator[Flaw]:
    """Times that end before they begin, that two tenants claim, and that nobody has between two tenants."""
    ordered = in_order(tenancies)
    for one in ordered:
        if _first(one) >= _last(one):
            yield Flaw("empty", (one.name or one.id,), one.start, one.to)
    real = [one for one in ordered if _first(one) < _last(one)]
    for place, one in enumerate(real):
        for other in real[place + 1 :]:
            first, last = max(_first(one), _first(other)), min(_last(one), _last(other))
            if first < last:
                yield Flaw("overlap", (one.name or one.id, other.name or other.id), _day(first), _day(last))
    until = date.max
    before: Tenancy | None = None
    for one in real:
        if before is not None and until < _first(one):
            yield Flaw("gap", (before.name or before.id, one.name or one.id), until, one.start)
        if before is None or _last(one) > until:
            until, before = _last(one), one


def _first(one: Tenancy) -> date:
    return one.start or date.min


def _last(one: Tenancy) -> date:
    return one.to or date.max


def _day(day: date) -> date | None:
    return None if day in {date.min, date.max} else day
