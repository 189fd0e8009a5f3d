"""Pairs of shops that lift each other: who visits, or buys at, one is seen at the other more often than by chance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.stats import false_discovery_control, norm

from central.insight.crowds import Teller
from central.insight.figure import Z_95, Figure
from central.results.telling import crowd
from central.store.result_counts import shoppers_by_tenant

if TYPE_CHECKING:
    from central.results.results import Sources

FALSE_SHARE = 0.05
"""Of the pairs told as lifting or avoiding each other, at most this share do not, on average."""

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two shops.

    Attributes:
        first: id of a place, or a tenant; ``second`` the other.
        both: people seen at both on one visit, or members who bought at both.
        lift: how many times as many as by chance: 1 is chance.
        adjusted_p: chance of as strange a lift among pairs that do nothing for each other, for all pairs together
            (Benjamini and Hochberg, 1995).
        stands_out: whether that is below 5 %.
    """

    first: str
    second: str
    first_name: str
    second_name: str
    both: Figure
    lift: Figure
    adjusted_p: float
    stands_out: bool


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs by visits of everybody, and by purchases of members; the strongest lift first.

    Attributes:
        people: who visited any shop, the crowd that chance is reckoned in; ``buyers`` the members who bought anywhere.
        few: pairs of either kind that too few people make for a figure.
    """

    people: int
    buyers: int
    by_visits: list[Pair]
    by_purchases: list[Pair]
    few: int


def pairs(services: Sources, first: date, last: date) -> Pairs:
    """Pairs of the days, both included."""
    from central.results.tenants import window_of  # noqa: PLC0415 - tenants reads campaigns, which pairs need not

    visited, people, few = _by_visits(services, window_of(services, first, last))
    bought, buyers, few_bought = _by_purchases(services, first, last)
    return Pairs(people, buyers, visited, bought, few + few_bought)


def _by_visits(services: Sources, window: Any) -> tuple[list[Pair], int, int]:
    places = services.insight.reader.places.all
    shops = [number for number, place in enumerate(places) if not place.is_passage]
    stays = services.insight.reader.stays(window, services.clock())
    teller, suppression = Teller(services.insight.suppression, window.marks, "shoppers"), services.insight.suppression
    column = np.full(len(places), -1, np.int64)
    column[shops] = np.arange(len(shops))
    kept = stays.only((column[stays.place] >= 0) & ~stays.people.staff[stays.person])
    entries, count = np.unique(kept.person.astype(np.int64) * max(len(shops), 1) + column[kept.place]), len(shops)
    person, shop = np.divmod(entries, max(count, 1))
    everybody = int(
        teller.people(["visitors shops"], np.zeros(len(person), np.int64), person.astype(np.int32), kept.people)[0]
    )
    keys = [places[number].key for number in shops]
    alone = teller.people([f"visitors zone {key}" for key in keys], shop, person.astype(np.int32), kept.people)
    who, one, other = _together(person, shop)
    group = one * count + other
    codes, index = np.unique(group, return_inverse=True)
    names = [f"both {keys[code // count]} {keys[code % count]}" for code in codes.tolist()]
    both = teller.people(names, index.ravel(), who.astype(np.int32), kept.people) if names else np.zeros(0, np.int64)
    told = both > 0
    firsts, seconds = np.divmod(codes[told], max(count, 1))
    found = rate(
        both[told],
        alone[firsts],
        alone[seconds],
        everybody,
        [(places[shops[a]].id, places[shops[b]].id) for a, b in zip(firsts.tolist(), seconds.tolist(), strict=True)],
        {places[number].id: places[number].name for number in shops},
        off=suppression.most_off,
    )
    return found, everybody, int((~told).sum())


def _together(person: Counts, shop: Counts) -> tuple[Counts, Counts, Counts]:
    """(M,) person and two different shops, the lower first, of everybody's combinations; entries by person and shop."""
    who, one, other = [], [], []
    starts = np.searchsorted(person, person)
    place = np.arange(len(person)) - starts
    for back in range(1, int(place.max(initial=0)) + 1):
        late = np.flatnonzero(place >= back)
        who.append(person[late])
        one.append(shop[late - back])
        other.append(shop[late])
    empty = [np.zeros(0, np.int64)]
    return np.concatenate(who or empty), np.concatenate(one or empty), np.concatenate(other or empty)


def _by_purchases(services: Sources, first: date, last: date) -> tuple[list[Pair], int, int]:
    k, store = services.insight.k, services.store
    rows = shoppers_by_tenant(store.database, store.site, first.isoformat(), last.isoformat())
    members: dict[str, int] = {}
    tenants: dict[str, int] = {}
    who = np.array([members.setdefault(member, len(members)) for member, _ in rows], np.int64)
    where = np.array([tenants.setdefault(tenant, len(tenants)) for _, tenant in rows], np.int64)
    if not rows:
        return [], 0, 0
    bought = csr_matrix((np.ones(len(rows), np.int64), (who, where)), (len(members), len(tenants)))
    together = np.asarray((bought.T @ bought).todense())
    names, number = list(tenants), len(tenants)
    firsts, seconds = np.triu_indices(number, 1)
    both = together[firsts, seconds]
    some = both > 0
    told = both >= k
    rounded = np.vectorize(lambda count: crowd(int(count), k), otypes=[np.int64])
    alone = rounded(np.diag(together))
    found = rate(
        rounded(both[told]),
        alone[firsts[told]],
        alone[seconds[told]],
        crowd(len(members), k),
        [(names[a], names[b]) for a, b in zip(firsts[told].tolist(), seconds[told].tolist(), strict=True)],
        {},
        off=k - 1,
    )
    return found, crowd(len(members), k), int((some & ~told).sum())


def rate(  # noqa: PLR0917 - four counts, and what names them
    both: Counts,
    first: Counts,
    second: Counts,
    everybody: int,
    ids: list[tuple[str, str]],
    names: dict[str, str],
    *,
    off: int = 0,
) -> list[Pair]:
    """Lifts with intervals, and which stand out once all pairs are taken together; the strongest first.

    The logarithm of a lift is nearly normal; its spread follows by the delta method from the four cells of people who
    were at both, at one and at neither.

    Args:
        both: (P,) people at both.
        first: (P,) people at the first.
        second: (P,) people at the second.
        everybody: how many there are.
        ids: (P) of the shops.
        names: of the ids.
        off: by how much a count of both may be off.
    """
    usable = (both > 0) & (first >= both) & (second >= both) & (everybody >= first + second - both)
    if everybody <= 0 or not usable.any():
        return []
    kept = np.flatnonzero(usable)
    a, one, other = (np.asarray(counts[kept], np.float64) for counts in (both, first, second))
    lift = a * everybody / (one * other)
    spread = np.sqrt(_log_variance(a, one, other, float(everybody)))
    p = 2 * norm.sf(np.abs(np.log(lift)) / np.maximum(spread, 1e-12))
    adjusted = false_discovery_control(p)
    found = []
    for n, row in enumerate(kept.tolist()):
        (left, right), half = ids[row], Z_95 * float(spread[n])
        told, count = float(lift[n]), int(a[n])
        found.append(
            Pair(
                left,
                right,
                names.get(left, left),
                names.get(right, right),
                Figure(count, count, max(count - off, 0), count + off),
                Figure(round(told, 2), count, round(told * math.exp(-half), 2), round(told * math.exp(half), 2)),
                round(float(adjusted[n]), 4),
                bool(adjusted[n] < FALSE_SHARE),
            )
        )
    return sorted(found, key=lambda pair: (-(pair.lift.value or 0), pair.first, pair.second))


def _log_variance(both: Any, first: Any, second: Any, everybody: float) -> Any:
    """Of the logarithm of the lift, by the delta method over multinomial cells."""
    cells = (both, first - both, second - both, everybody - first - second + both)
    slopes = (
        1 / both - 1 / first - 1 / second + 1 / everybody,
        1 / everybody - 1 / first,
        1 / everybody - 1 / second,
        np.full_like(both, 1 / everybody),
    )
    return sum(cell * slope**2 for cell, slope in zip(cells, slopes, strict=True))
