"""Trips to zones by people: visits joined with who is the same person, who walks together, and who works here."""

from __future__ import annotations

from dataclasses import dataclass

from central.store.database import Database


@dataclass(frozen=True, slots=True)
class Trip:
    """A closed visit to a zone. Its tokens never leave central.

    Attributes:
        person: the same for visitors who are one person on several floors; the visitor's own id where nobody else is.
        visitor: the box's random id of the visit to the floor.
        entered_at: seconds since 1970.
        left_at: seconds since 1970.
        observed_s: seconds seen.
        bridged_s: seconds between two sightings, within the zone.
        unseen_s: seconds out of every camera's sight.
        confidence: that of the visit, 0 to 1.
        party: the same for people who walk together, None for who is alone.
        is_staff: whether the person works here.
    """

    person: str
    visitor: str
    floor: str
    zone: str
    entered_at: float
    left_at: float
    observed_s: float
    bridged_s: float
    unseen_s: float
    confidence: float
    party: str | None
    is_staff: bool

    @property
    def dwell_s(self) -> float:
        """Seconds that we stand for: seen, or bridged between two sightings."""
        return self.observed_s + self.bridged_s


@dataclass(frozen=True, slots=True)
class Stay:
    """What one person did in one zone: how often, and how long in all; visits that last still are counted so far."""

    person: str
    floor: str
    zone: str
    visits: int
    dwell_s: float


_TRIPS = """
    SELECT coalesce(stitches.person, visits.visitor), visits.visitor, visits.floor, visits.zone, visits.entered_at,
        visits.left_at, visits.observed_s, visits.bridged_s, visits.unseen_s, visits.confidence, parties.party,
        staff.person IS NOT NULL
    FROM visits
    LEFT JOIN stitches ON stitches.site = visits.site AND stitches.visitor = visits.visitor
    LEFT JOIN parties ON parties.site = visits.site AND parties.visitor = coalesce(stitches.person, visits.visitor)
    LEFT JOIN staff ON staff.site = visits.site AND staff.person = coalesce(stitches.person, visits.visitor)
    WHERE visits.site = ? AND visits.entered_at >= ? AND visits.entered_at < ?
        AND visits.phase = 'closed' AND visits.left_at IS NOT NULL
    ORDER BY visits.entered_at, visits.left_at, visits.visitor, visits.zone"""


def trips(database: Database, site: str, start: float, end: float) -> list[Trip]:
    """Closed visits that began from ``start`` until before ``end``, by beginning."""
    rows = ((*tuple(row)[:-1], bool(row[-1])) for row in database.rows(_TRIPS, (site, start, end)))
    return [Trip(*row) for row in rows]


def stays(database: Database, site: str, start: float, end: float) -> list[Stay]:
    """What everybody did in the zones they entered from ``start`` until before ``end``, by person and zone."""
    rows = database.rows(
        """SELECT coalesce(stitches.person, visits.visitor) AS person, floor, zone, count(*),
               sum(observed_s + bridged_s)
           FROM visits LEFT JOIN stitches ON stitches.site = visits.site AND stitches.visitor = visits.visitor
           WHERE visits.site = ? AND entered_at >= ? AND entered_at < ?
           GROUP BY person, floor, zone ORDER BY person, floor, zone""",
        (site, start, end),
    )
    return [Stay(*row) for row in rows]
