"""One simulated day through the real store and the real linker, and what came of it."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.links.nearest import by_point
from calibration.site import load_site
from central.coupons.coupons import Coupons
from central.offers.book import CampaignBook
from central.offers.engine import OfferEngine
from central.store import happenings, members, positions, retention, touchpoints
from central.store.members import Consent
from central.store.rows import Live
from central.store.store import Store
from central.store.touchpoints import Touchpoint
from central.touchpoints.linker import LINKING_PURPOSE, Linker
from contract.topics import build_topic, parse_topic
from simulator.shoppers.arcade import FLOORS, POSTS, shops, write_site
from simulator.shoppers.day import Day, Shopper, Told, live
from simulator.shoppers.feed import batches, visitor_id
from simulator.shoppers.settings import Settings, SightErrors, TillErrors
from simulator.shoppers.sight import Seen, see, truth

START = 1_767_250_800.0
"""2026-01-01 07:00 UTC."""
ROUND_S = 5
"""Positions are committed, and the linker asked, every so many simulated seconds."""
NEAR_S = 20.0
"""A touchpoint's visitor is who had that track at its time, or, in a gap, at most so long before or after."""


FOR_ALL_LINKED = """schema = "atrium.campaigns.v1"
[[pools]]
id = "HELLO"
title = "A coffee"
kind = "gift"
cost = 1.0
[[campaigns]]
id = "hello"
scene = "life_cycle"
coupon = "HELLO"
wording = "Glad to see you"
conditions = [{ kind = "tags", none = ["never"] }]
"""
"""Whoever is linked and agreed to offers gets one, so that every wrong one would show."""


@dataclass(frozen=True, slots=True)
class Score:
    """How links did; every link that was ever written counts, taken back or not.

    Attributes:
        links: written.
        right: of them, those whose visitor was truly that member at the time of the touchpoint.
        members: consenting members with at least one touchpoint while in sight.
        found: of them, those with a right link.
        presences: the same by stay on a floor.
        presences_found: of them, those with a right link on that floor.
        without_consent: links of anybody who did not agree; none, or all else is void.
        staff: links to somebody behind a counter.
    """

    links: int
    right: int
    members: int
    found: int
    presences: int
    presences_found: int
    without_consent: int
    staff: int

    @property
    def precision(self) -> float:
        """Share of links that are right."""
        return self.right / self.links if self.links else 1.0

    @property
    def recall(self) -> float:
        """Share of members found."""
        return self.found / self.members if self.members else 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """A day's figures.

    Attributes:
        hours: in which the parties arrived.
        at_once: most people at once, in the mean of the busiest hour.
        beside: mean number of others within two metres of whom a touchpoint was of.
        queue: mean number of parties found waiting at a till.
        ours: the linker's score; ``nearest`` the peer's.
        dissolved: links taken back.
        linker_s: seconds spent linking; ``fed_s`` storing positions.
        outcomes: touchpoints of consenting members by outcome.
        offers: made to members linked, by a campaign that asks for nothing else.
        offers_without_consent: of them, those to anybody who did not agree to both, linking and offers.
    """

    seed: int
    hours: float
    at_once: float
    beside: float
    queue: float
    ours: Score
    nearest: Score
    dissolved: int
    linker_s: float
    fed_s: float
    touchpoints: int
    outcomes: dict[str, int]
    offers: int
    offers_without_consent: int


@dataclass(frozen=True, slots=True)
class Made:
    """A link that was written: member, visitor, time of its touchpoint (s of the day)."""

    member: str
    visitor: str
    at: float


def run(settings: Settings, seed: int, sight: SightErrors | None = None, tills: TillErrors | None = None) -> Outcome:
    """A day of that seed."""
    day = live(settings, tills or TillErrors(), seed)
    seen = see(truth(day), sight or SightErrors(), seed + 1_000_003)
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:  # noqa: S108
        site = load_site(write_site(Path(folder)))
        with closing(Store(Path(folder) / "central.db", site.id)) as store:
            _enrol(store, day)
            linker = Linker(store, site)
            (Path(folder) / "campaigns.toml").write_text(FOR_ALL_LINKED, encoding="utf-8")
            book = CampaignBook(Path(folder) / "campaigns.toml", site)
            engine = OfferEngine(store, site, book, Coupons(bytes(32), site.timezone), bytes(32))
            spent = _live_through(store, linker, engine, day, seen)
            offered = [row[0] for row in store.database.rows("SELECT member FROM offers WHERE site = ?", (site.id,))]
            events = happenings.after(store.database, site.id, 0, 10_000_000)
            made = [Made(one.member, one.ref, one.at - START) for one in events if one.kind == "link"]
            outcomes = _outcomes(store, day)
    judge = Judge(day, seen)
    person = _positions_of_told(day, seen)
    return Outcome(
        seed=seed,
        hours=settings.hours,
        at_once=_busiest_hour(seen),
        beside=float(np.mean([one for one in person if one >= 0])),
        queue=float(np.mean(day.queue_lengths)),
        ours=judge.score(made),
        nearest=judge.score(_nearest(day, seen)),
        dissolved=sum(one.kind == "unlink" for one in events),
        linker_s=spent[0],
        fed_s=spent[1],
        touchpoints=len(day.told),
        outcomes=outcomes,
        offers=len(offered),
        offers_without_consent=len(set(offered) - {one.member for one in day.shoppers if _agreed_to_offers(one)}),
    )


def _agreed_to_offers(one: Shopper) -> bool:
    """Of those who agreed to be linked, every fourth wants no offers."""
    return one.agreed and one.number % 4 > 0


def _enrol(store: Store, day: Day) -> None:
    for one in day.shoppers:
        if one.member:
            wants = ("offers",) if _agreed_to_offers(one) or not one.agreed else ()
            purposes = (*wants, LINKING_PURPOSE) if one.agreed else wants
            consents = [Consent(purpose, START - 86_400, "2026-1", "app") for purpose in purposes]
            members.put(
                store.database, store.site, one.member, tier="", phone_hmac=None, consents=consents, now=START - 86_400
            )


def _where() -> dict[str, tuple[float, float]]:
    places = {f"{shop.id}-till": shop.till for shop in shops()}
    return places | {post.id: post.xy for post in POSTS}


def _live_through(store: Store, linker: Linker, engine: OfferEngine, day: Day, seen: Seen) -> tuple[float, float]:
    """Feed it all, at simulated time; (seconds linking, seconds storing)."""
    places, topics = (
        _where(),
        {floor: parse_topic(build_topic(store.site, floor, f"box-{floor}", "positions")) for floor in FLOORS},
    )
    told, following = day.told, 0
    stream = batches(seen, START)
    ahead = next(stream, None)
    end = int(seen.truth.at[-1]) + 300
    linking = feeding = 0.0
    rule = next(one for one in retention.RULES if one.name == "positions")
    for second in range(ROUND_S, end, ROUND_S):
        began = time.perf_counter()
        lives = []
        while ahead is not None and ahead[0] <= second:
            lives.append(
                Live(topics[ahead[1]], START + ahead[0], START + ahead[0] + 0.3, retained=False, body=ahead[2])
            )
            ahead = next(stream, None)
        with store.database.writing() as connection:
            positions.take(connection, lives)
            while following < len(told) and told[following].heard <= second:
                one = told[following]
                x, y = places[one.place]
                touchpoints.add_within(
                    connection,
                    store.site,
                    Touchpoint(
                        *(f"touch{following:06d}", one.kind, one.member, one.floor, None, x, y, START + one.at),
                        *(("open", "") if one.member else ("closed", "nobody said who")),
                        place=one.place,
                        heard=START + one.heard,
                    ),
                )
                following += 1
        fed = time.perf_counter()
        linker.update(START + second)
        linking, feeding = linking + time.perf_counter() - fed, feeding + fed - began
        engine.update(START + second)
        if second % 300 == 0:
            retention.purge(store.database, store.site, rule, START + second - 900.0, START + second)
    return linking, feeding


def _outcomes(store: Store, day: Day) -> dict[str, int]:
    found: dict[str, int] = {}
    agreed = {one.member for one in day.shoppers if one.agreed}
    for number in range(len(day.told)):
        one = touchpoints.find(store.database, store.site, f"touch{number:06d}")
        if one is not None and one.member in agreed:
            found[one.outcome] = found.get(one.outcome, 0) + 1
    return found


class Judge:
    """Knows who everybody was."""

    def __init__(self, day: Day, seen: Seen) -> None:
        self._day = day
        order = np.lexsort((seen.truth.at, seen.track))
        self._track, self._at = seen.track[order], seen.truth.at[order]
        self._shopper, self._floor = seen.truth.shopper[order], seen.truth.floor[order]
        self._starts = np.searchsorted(self._track, np.arange(int(self._track[-1]) + 2))
        self._of_member = {one.member: one for one in day.shoppers if one.member}

    def who(self, visitor: str, at: float) -> int:
        """The shopper who had that track at that second of the day, or at the nearest one; -1 for nobody."""
        track = int(visitor.removeprefix("visitor"))
        rows = slice(self._starts[track], self._starts[track + 1])
        nearest = int(np.argmin(np.abs(self._at[rows] - at)))
        return int(self._shopper[rows][nearest])

    def score(self, made: Sequence[Made]) -> Score:
        """Of all the links that were written."""
        right = [
            one
            for one in made
            if one.member in self._of_member and self.who(one.visitor, one.at) == self._of_member[one.member].number
        ]
        told = [one for one in self._day.told if self._is_due(one)]
        due = {(one.member, self._presence(one)) for one in told}
        found = {(one.member, self._presence_at(one.member, one.at)) for one in right}
        people = len(self._day.shoppers) - len(shops())
        return Score(
            links=len(made),
            right=len(right),
            members=len({member for member, _ in due}),
            found=len({member for member, _ in due} & {one.member for one in right}),
            presences=len(due),
            presences_found=len(due & found),
            without_consent=sum(not self._of_member[one.member].agreed for one in made),
            staff=sum(self.who(one.visitor, one.at) >= people for one in made),
        )

    def _is_due(self, one: Told) -> bool:
        """Whether it is a consenting member's own touchpoint."""
        return (
            bool(one.member)
            and self._of_member[one.member].agreed
            and self._of_member[one.member].number == one.shopper
        )

    def _presence(self, one: Told) -> int:
        return self._presence_at(one.member, one.true_at)

    def _presence_at(self, member: str, at: float) -> int:
        """How many times the member had changed floors by then."""
        knots = [knot for knot in self._of_member[member].knots if knot[0] <= at]
        return sum(a[1] != b[1] for a, b in itertools.pairwise(knots))


def _nearest(day: Day, seen: Seen) -> list[Made]:
    """The peer: whoever was nearest for five seconds, by a margin; on the same positions."""
    places, agreed = _where(), {one.member for one in day.shoppers if one.agreed}
    keep = seen.is_seen
    at, floor, track, xy = seen.truth.at[keep], seen.truth.floor[keep], seen.track[keep], seen.xy[keep]
    made, taken = [], dict[str, str]()
    for one in day.told:
        if one.member not in agreed:
            continue
        first, last = np.searchsorted(at, [one.at - 2.5, one.at + 2.5])
        x, y = places[one.place]
        near = (
            np.flatnonzero(
                (floor[first:last] == FLOORS.index(one.floor)) & (np.hypot(*(xy[first:last] - (x, y)).T) < 4.0)
            )
            + first
        )
        sightings = [(float(at[i]), visitor_id(int(track[i])), float(xy[i, 0]), float(xy[i, 1])) for i in near]
        found = by_point([s for s in sightings if taken.get(s[1], one.member) == one.member], x, y)
        if not isinstance(found, str):
            if found.visitor not in taken:
                made.append(Made(one.member, found.visitor, one.at))
            taken[found.visitor] = one.member
    return made


def _busiest_hour(seen: Seen) -> float:
    counts = np.bincount(seen.truth.at)
    hour = np.convolve(counts, np.ones(3600) / 3600, mode="valid")
    return float(hour.max()) - len(shops())


def _positions_of_told(day: Day, seen: Seen) -> list[int]:
    """Others within two metres of whom each touchpoint was of; -1 where they were in nobody's sight."""
    key = seen.truth.at * (len(day.shoppers) + 1) + seen.truth.shopper
    order = np.argsort(key)
    key = key[order]
    found = []
    for one in day.told:
        wanted = int(one.true_at) * (len(day.shoppers) + 1) + one.shopper
        index = int(np.searchsorted(key, wanted))
        hit = index < len(order) and key[index] == wanted
        found.append(int(seen.crowd[order[index]]) if hit else -1)
    return found
