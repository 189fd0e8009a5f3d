"""Shops: who came in, out of how many that passed, how long they stayed, where from and where to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from central.insight.crowds import Counts, Teller, Who
from central.insight.dwell import Bin, ZoneDwell, dwell_bins, dwell_of, sample_of
from central.insight.figure import FEW, Figure, count_figure, share_figure
from central.insight.flows import Flows, Sources
from central.insight.places import Place
from central.insight.stays import Stays
from central.insight.window import DAY_S, QUARTER_S, SERIES_DAYS, Window
from contract.errors import BadInputError

MOST_QUARTERS = int(SERIES_DAYS * DAY_S / QUARTER_S)


@dataclass(frozen=True, slots=True)
class Leg:
    """Where people came from before a shop, or went to after it, passages left out."""

    zone: str
    name: str
    people: Figure


@dataclass(frozen=True, slots=True)
class Quarter:
    """People whose visit ended in the quarter-hour from ``start``, seconds since 1970."""

    start: float
    people: Figure


@dataclass(frozen=True, slots=True)
class ShopSummary:
    """A shop in one line; see ``ShopReport``."""

    zone: str
    name: str
    category: str
    floor: str
    tenant: str
    visitors: Figure
    visits: Figure
    passers_by: Figure
    capture: Figure
    dwell_median: Figure


@dataclass(frozen=True, slots=True)
class ShopReport:
    """A shop in a window, for as long as its tenant had it.

    Attributes:
        zone: id of the place; ``tenant`` is who had it.
        window: the part of the window asked for that the tenant had it.
        visitors: different people whose visit ended in the window.
        visits: how often.
        passers_by: different people in the zones it opens to, those who came in included.
        capture: visitors out of passers-by, with Wilson's interval.
        dwell_median: seconds seen or bridged.
        dwell_mean: the same; the longest and shortest 5 % count as the next.
        dwell_bins: people by length of visit.
        observed_share: how much of the dwell was seen; the rest lies between two sightings within the zone.
        bridged_share: that rest.
        unseen_s: mean seconds out of every camera's sight, not part of the dwell.
        came_from: the zone visited before.
        went_to: the zone visited next.
        by_quarter: visitors by quarter-hour; empty for windows of more than 31 days.
        staff: people who work in the mall and were here.
        parties: groups that walked together.
    """

    zone: str
    name: str
    category: str
    floor: str
    tenant: str
    window: Window
    visitors: Figure
    visits: Figure
    passers_by: Figure
    capture: Figure
    dwell_median: Figure
    dwell_mean: Figure
    dwell_bins: list[Bin]
    observed_share: float | None
    bridged_share: float | None
    unseen_s: Figure
    came_from: list[Leg]
    went_to: list[Leg]
    by_quarter: list[Quarter]
    staff: Figure
    parties: Figure


class Shops:
    """Shops of one site.

    Args:
        services: see ``Sources``.
    """

    def __init__(self, services: Sources) -> None:
        self._insight = services.insight
        self._clock = services.clock
        self._flows = Flows(services)
        self._places = services.insight.reader.places
        self._front = services.insight.reader.fronts

    def all(self, window: Window, who: Who = "shoppers") -> list[ShopSummary]:
        """Every zone that somebody had in the window, passages too, in the order of the site's files."""
        return [self._summary(view) for view in self._views(window, who)]

    def summary(self, zone: str, window: Window, who: Who = "shoppers") -> ShopSummary | None:
        """The zone's last tenant in the window in one line, None where a tenant asked for had it at another time.

        Raises:
            BadInputError: where the site has no such zone.
        """
        numbers = [one for one in self._places.of_zone(zone) if _held(self._places.all[one], window) is not None]
        return self._summary(self._view(numbers[-1], window, who)) if numbers else None

    def _summary(self, view: _View) -> ShopSummary:
        place, teller = view.place, view.teller
        sample = sample_of(teller, view.own, place)
        visitors = count_figure(sample.people, self._insight.suppression.most_off)
        return ShopSummary(
            place.id,
            place.name,
            place.category,
            place.floor,
            place.tenant,
            visitors,
            teller.event_figure(sample.events, sample.people),
            *self._capture(view, visitors),
            teller.durations(sample, view.own.dwell_s, "dwell").quantile(0.5),
        )

    def dwell(self, window: Window, who: Who = "shoppers") -> list[ZoneDwell]:
        """How long visits to every zone were, in the order of the site's files."""
        return [dwell_of(view.teller, view.own, view.place) for view in self._views(window, who)]

    def bins(self, window: Window, who: Who = "shoppers") -> Iterator[tuple[Place, list[Bin]]]:
        """People by length of visit, zone by zone."""
        for view in self._views(window, who):
            yield view.place, dwell_bins(view.teller, view.own, view.place)

    def quarters(self, window: Window, who: Who = "shoppers") -> Iterator[tuple[Place, list[Quarter]]]:
        """Visitors by quarter-hour, zone by zone.

        Raises:
            BadInputError: where the window is longer than 31 days.
        """
        window.check_series()
        for view in self._views(window, who):
            yield view.place, self._by_quarter(view)

    def zone(self, zone: str, window: Window, who: Who = "shoppers") -> ShopReport:
        """One shop in the window, or in what of it the zone's last tenant in the window had.

        Raises:
            BadInputError: where the site has no such zone, or the tenant did not have it then.
        """
        number = self.place(zone, window)
        by_place = _ByPlace(self._insight.reader.stays(window, self._clock()), len(self._places.all))
        view = self._view(number, window, who, by_place)
        place, dwell = view.place, dwell_of(view.teller, view.own, view.place)
        passers_by, capture = self._capture(view, dwell.visitors)
        flows = self._flows.zones(view.window, "zone", who)
        names = {node.id: node.name for node in flows.nodes}
        return ShopReport(
            place.id,
            place.name,
            place.category,
            place.floor,
            place.tenant,
            view.window,
            dwell.visitors,
            dwell.visits,
            passers_by,
            capture,
            dwell.median_s,
            dwell.mean_s,
            dwell_bins(view.teller, view.own, place),
            *_shares(dwell.observed_s, dwell.bridged_s),
            dwell.unseen_s,
            [Leg(one.source, names[one.source], one.people) for one in flows.links if one.target == place.id],
            [Leg(one.target, names[one.target], one.people) for one in flows.links if one.source == place.id],
            self._by_quarter(view),
            self._count(view.teller.staff([_visitors(place)], view.zero, view.own.person, view.own.people)),
            self._parties(view),
        )

    def place(self, zone: str, window: Window) -> int:
        """Index of the zone's last place within the window.

        Raises:
            BadInputError: where the site has no such zone, or the tenant did not have it then.
        """
        numbers = [one for one in self._places.of_zone(zone) if _held(self._places.all[one], window) is not None]
        if not numbers:
            raise BadInputError(f"zone: {zone[:64]!r} was another tenant's in this window; ask for the zone itself")
        return numbers[-1]

    def _views(self, window: Window, who: Who) -> Iterator[_View]:
        by_place = _ByPlace(self._insight.reader.stays(window, self._clock()), len(self._places.all))
        for number, place in enumerate(self._places.all):
            if _held(place, window) is not None:
                yield self._view(number, window, who, by_place)

    def _view(self, number: int, window: Window, who: Who, by_place: _ByPlace | None = None) -> _View:
        place, front = self._places.all[number], self._front[number]
        part = _held(place, window) or window
        if by_place is None:
            near = {(one.floor, one.zone): None for one in (self._places.all[other] for other in [number, *front])}
            stays = self._insight.reader.stays(window, self._clock(), tuple(near))
            by_place = _ByPlace(stays, len(self._places.all))
        own = _within(by_place.of([number]), part)
        passing = _within(by_place.of([number, *front]), part) if front else own
        return _View(place, part, own, passing, bool(front), Teller(self._insight.suppression, part.marks, who))

    def _capture(self, view: _View, visitors: Figure) -> tuple[Figure, Figure]:
        """Passers-by, and visitors out of them; both withheld where the zone opens to no other."""
        passing = view.passing
        if not view.has_front:
            return FEW, FEW
        group = np.zeros(len(passing), np.int64)
        counts = view.teller.people([f"passers {view.place.key}"], group, passing.person, passing.people)
        return self._count(counts), share_figure(visitors.n or 0, int(counts[0])) if visitors.n else FEW

    def _by_quarter(self, view: _View) -> list[Quarter]:
        first = np.ceil(view.window.start / QUARTER_S) * QUARTER_S
        number = int((view.window.end - first) // QUARTER_S)
        if not 0 < number <= MOST_QUARTERS:
            return []
        starts = first + QUARTER_S * np.arange(number)
        group = np.floor((view.own.left_at - first) / QUARTER_S).astype(np.int64)
        inside = (group >= 0) & (group < number)
        teller = Teller(self._insight.suppression, (starts, starts + QUARTER_S), view.teller.who)
        own = view.own.only(inside)
        counts = teller.people([_visitors(view.place)] * number, group[inside], own.person, own.people)
        most_off = self._insight.suppression.most_off
        return [
            Quarter(float(start), count_figure(int(count), most_off))
            for start, count in zip(starts, counts, strict=True)
        ]

    def _parties(self, view: _View) -> Figure:
        """Parties of shoppers; a party counts as one, so that at least k parties are told of."""
        own = view.own.only((view.own.party >= 0) & ~view.own.people.staff[view.own.person])
        with np.errstate(over="ignore"):
            cell_key = own.people.keys[np.unique(own.person)].sum(dtype=np.uint64)
        number = len(np.unique(own.party))
        figure = f"parties {view.place.key}"
        return self._count(self._insight.suppression.published([number], [cell_key], figure, view.window.marks))

    def _count(self, counts: Counts) -> Figure:
        return count_figure(int(counts[0]), self._insight.suppression.most_off)


class _ByPlace:
    """Visits of a window, to be had place by place without looking at all of them each time."""

    def __init__(self, stays: Stays, places: int) -> None:
        self._stays = stays
        self._order = np.argsort(stays.place, kind="stable")
        self._starts = np.searchsorted(stays.place[self._order], np.arange(places + 1))

    def of(self, places: list[int]) -> Stays:
        """Visits to any of the places."""
        parts = [self._order[self._starts[place] : self._starts[place + 1]] for place in places]
        return self._stays.only(np.concatenate(parts))


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """A place, the part of the window that it is told of, its visits and those of the zones in front as well."""

    place: Place
    window: Window
    own: Stays
    passing: Stays
    has_front: bool
    teller: Teller

    @property
    def zero(self) -> Counts:
        """One group for all visits."""
        return np.zeros(len(self.own), np.int64)


def _visitors(place: Place) -> str:
    return f"visitors zone {place.key}"


def _within(stays: Stays, window: Window) -> Stays:
    inside = (stays.left_at >= window.start) & (stays.left_at < window.end)
    return stays if inside.all() else stays.only(inside)


def _held(place: Place, window: Window) -> Window | None:
    start, end = max(place.since, window.start), min(place.until, window.end)
    return Window(start, end) if start < end else None


def _shares(observed_s: Figure, bridged_s: Figure) -> tuple[float | None, float | None]:
    """Shares of the told means, so that they tell nothing beyond these."""
    if observed_s.value is None or bridged_s.value is None or observed_s.value + bridged_s.value <= 0:
        return None, None
    share = round(observed_s.value / (observed_s.value + bridged_s.value), 3)
    return share, round(1 - share, 3)
