"""A day's truth: parties come, walk from shop to shop, queue at tills and pay; every touchpoint with who it really was.

Everybody's way is a list of knots (time, floor, x, y) walked straight from one to the next. Parties take turns in the
order of time, so that queues are first come, first served.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from simulator.shoppers.arcade import ENTRANCES, ESCALATOR, FLOORS, POSTS, QUEUE_STEP_M, STREET_M, Post, Shop, shops
from simulator.shoppers.settings import Settings, TillErrors

XY = tuple[float, float]
ESCALATOR_S = 16.0
"""Out of every camera's sight."""
BETWEEN_SALES_S = 4.0
OPENS_S = 60.0
"""The first party arrives after this; staff are there from the beginning."""


@dataclass(slots=True)
class Shopper:
    """Somebody: member (empty for none), whether they agreed to be linked, and their way.

    Attributes:
        knots: (time s, floor's number, x, y); between knots of two floors they are out of sight.
    """

    number: int
    member: str = ""
    agreed: bool = False
    knots: list[tuple[float, int, float, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Told:
    """A touchpoint as a till, code or kiosk tells it, and the truth beside it.

    Attributes:
        at: as told, s; ``heard`` when.
        member: as told; empty for an anonymous sale.
        shopper: who it really was.
        true_at: when they really were there.
    """

    kind: str
    place: str
    floor: str
    at: float
    heard: float
    member: str
    shopper: int
    true_at: float


@dataclass(slots=True)
class Till:
    """A till's queue: when those before are done, by the order they came."""

    shop: Shop
    clock_s: float
    free_at: float = 0.0
    ends: list[float] = field(default_factory=list)
    booked_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Day:
    """Shoppers by number, staff after them, and everything told, by when it was heard."""

    shoppers: list[Shopper]
    told: list[Told]
    queue_lengths: list[int]


def live(settings: Settings, errors: TillErrors, seed: int) -> Day:
    """A day."""
    return _Arcade(settings, errors, np.random.default_rng(seed)).run()


class _Arcade:
    def __init__(self, settings: Settings, errors: TillErrors, rng: np.random.Generator) -> None:
        self.settings, self.errors, self.rng = settings, errors, rng
        self.shops = shops()
        pull = np.array([settings.dining_pull if shop.category == "dining" else 1.0 for shop in self.shops])
        self.pull = pull / pull.sum()
        self.tills = {shop.id: Till(shop, float(rng.normal(0.0, errors.clock_s))) for shop in self.shops}
        self.told: list[Told] = []
        self.queues: list[int] = []
        self.shoppers: list[Shopper] = []
        self.free_at: dict[str, float] = {}

    def run(self) -> Day:
        parties: list[tuple[float, int, Iterator[float]]] = []
        while len(self.shoppers) < self.settings.shoppers:
            size = 1 + int(self.rng.choice(len(self.settings.party_shares), p=self.settings.party_shares))
            party = [self._shopper() for _ in range(min(size, self.settings.shoppers - len(self.shoppers)))]
            arrival = OPENS_S + float(self.rng.uniform(0.0, self.settings.hours * 3600.0))
            parties.append((arrival, len(parties), _Party(self, party, arrival).visit()))
        heapq.heapify(parties)
        end = 0.0
        while parties:
            _, number, steps = heapq.heappop(parties)
            following = next(steps, None)
            if following is not None:
                end = max(end, following)
                heapq.heappush(parties, (following, number, steps))
        self._staff(end + 600.0)
        return Day(self.shoppers, sorted(self.told, key=lambda one: one.heard), self.queues)

    def _shopper(self) -> Shopper:
        number, draw = len(self.shoppers), self.rng.random()
        agreed = draw < self.settings.consenting
        is_member = draw < self.settings.consenting + self.settings.silent
        self.shoppers.append(Shopper(number, f"M-{number:05d}" if is_member else "", agreed))
        return self.shoppers[-1]

    def _staff(self, end: float) -> None:
        """Somebody behind every till, a step to and fro, all day."""
        for shop in self.shops:
            one = Shopper(len(self.shoppers))
            self.shoppers.append(one)
            at, floor = 0.0, FLOORS.index(shop.floor)
            while at < end:
                x, y = (
                    shop.staff[0] + self.rng.normal(0, 0.3),
                    shop.staff[1] + shop.inwards * abs(self.rng.normal(0, 0.1)),
                )
                stay = float(self.rng.uniform(15, 90))
                one.knots += [(at, floor, x, y), (at + stay, floor, x, y)]
                at += stay + 2.0


class _Party:
    """A party's visit, step by step; yields the time at which it goes on."""

    def __init__(self, arcade: _Arcade, people: list[Shopper], arrival: float) -> None:
        self.arcade, self.people, self.rng = arcade, people, arcade.rng
        self.now = arrival
        self.speed = float(self.rng.uniform(0.8, 1.4))
        self.floor = 0
        self.at: XY = ENTRANCES[int(self.rng.integers(2))]
        for one in people:
            self._knot(one, self.at, 0.4)

    def visit(self) -> Iterator[float]:
        settings, rng = self.arcade.settings, self.rng
        yield self.now
        chosen = min(1 + rng.poisson(settings.shops_a_visit - 1), len(self.arcade.shops))
        stops = [
            self.arcade.shops[i] for i in rng.choice(len(self.arcade.shops), chosen, replace=False, p=self.arcade.pull)
        ]
        stops.sort(key=lambda shop: shop.floor)
        for shop in stops:
            yield from self._to_floor(FLOORS.index(shop.floor))
            yield from self._posts(shop.door)
            yield from self._shop(shop)
        yield from self._to_floor(0)
        exit_at = ENTRANCES[int(rng.integers(2))]
        if rng.random() < settings.parks:
            yield from self._stop(next(post for post in POSTS if post.kind == "parking"), rng.uniform(15, 45))
        self._walk(exit_at, 0.5)
        yield self.now

    def _knot(self, one: Shopper, xy: XY, spread: float) -> None:
        x, y = self.rng.normal(xy[0], spread), self.rng.normal(xy[1], spread)
        one.knots.append((self.now, self.floor, float(np.clip(x, 0.2, 59.8)), float(np.clip(y, 0.2, 39.8))))

    def _walk(self, xy: XY, spread: float) -> None:
        self.now += max(float(np.hypot(xy[0] - self.at[0], xy[1] - self.at[1])) / self.speed, 1.0)
        self.at = xy
        for one in self.people:
            self._knot(one, xy, spread)

    def _to_floor(self, floor: int) -> Iterator[float]:
        if floor == self.floor:
            return
        self._walk(ESCALATOR, 0.4)
        yield self.now
        self.floor, self.now, self.at = floor, self.now + ESCALATOR_S, ESCALATOR
        for one in self.people:
            self._knot(one, ESCALATOR, 0.4)

    def _posts(self, towards: XY) -> Iterator[float]:
        """Codes and kiosks on the way along the street."""
        settings, rng = self.arcade.settings, self.rng
        low, high = sorted((self.at[0], towards[0]))
        lane = float(rng.uniform(STREET_M[0] + 1.5, STREET_M[1] - 1.5))
        here = [post for post in POSTS if post.floor == FLOORS[self.floor] and low - 3 <= post.xy[0] <= high + 3]
        here.sort(key=lambda post: abs(post.xy[0] - self.at[0]))
        for post in here:
            if post.kind == "code" and rng.random() < settings.checks_in * len(self.people) ** 0.5:
                yield from self._stop(post, rng.uniform(8, 20))
            elif post.kind == "kiosk" and rng.random() < settings.uses_kiosk:
                yield from self._stop(post, rng.uniform(20, 60))
        self._walk((towards[0], lane), 0.5)
        yield self.now

    def _stop(self, post: Post, stay_s: float) -> Iterator[float]:
        """One of the party uses it, the others stand about."""
        rng = self.rng
        user = self.people[int(rng.integers(len(self.people)))]
        reach = 1.0 if post.kind == "code" else 0.15
        if post.kind == "code" and rng.random() < self.arcade.settings.far_check_in:
            angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(2.0, 4.0)
            spot = (post.xy[0] + far * np.cos(angle), post.xy[1] + far * np.sin(angle))
        else:
            spot = (rng.normal(post.xy[0], 0.35 * reach), rng.normal(post.xy[1], 0.35 * reach))
        self.now += max(float(np.hypot(spot[0] - self.at[0], spot[1] - self.at[1])) / self.speed, 1.0)
        self.at = spot
        if post.kind != "code":  # a machine serves one at a time
            begins = max(self.now, self.arcade.free_at.get(post.id, 0.0) + 2.0)
            self.arcade.free_at[post.id] = begins + stay_s
            if begins > self.now + 2.0:
                waiting = {one.number: self._beside(post.xy, (1.2, 2.5)) for one in self.people}
                self._stand(waiting, begins - self.now - 1.5)
                self.now += 1.5
        places = {user.number: spot} | {
            one.number: self._beside(spot, (0.6, 1.8)) for one in self.people if one is not user
        }
        self._stand(places, stay_s)
        moment = self.now - rng.uniform(2.0, max(stay_s - 4.0, 3.0))
        if user.member:
            kind = {"code": "checkin", "kiosk": "kiosk", "parking": "parking_out"}[post.kind]
            told_at = moment + rng.normal(0.0, 0.5)
            self.arcade.told.append(
                Told(kind, post.id, post.floor, told_at, told_at + 0.5, user.member, user.number, moment)
            )
        yield self.now

    def _beside(self, xy: XY, far: tuple[float, float]) -> XY:
        angle, metres = self.rng.uniform(0, 2 * np.pi), self.rng.uniform(*far)
        return (xy[0] + metres * np.cos(angle), xy[1] + metres * np.sin(angle))

    def _stand(self, places: dict[int, XY], stay_s: float) -> None:
        for one in self.people:
            x, y = places[one.number]
            one.knots.append((self.now, self.floor, x, y))
            one.knots.append((self.now + stay_s, self.floor, x, y))
        self.now += stay_s

    def _shop(self, shop: Shop) -> Iterator[float]:
        rng = self.rng
        self._walk(shop.door, 0.5)
        inside = (shop.door[0], shop.door[1] + shop.inwards * 2.0)
        self._walk(inside, 0.5)
        yield self.now
        for _ in range(1 + rng.poisson(3.0)):
            centre = self._somewhere(shop)
            self.now += max(float(np.hypot(centre[0] - self.at[0], centre[1] - self.at[1])) / (self.speed * 0.7), 1.0)
            self.at = centre
            self._stand(
                {one.number: self._within(shop, self._beside(centre, (0.3, 1.6))) for one in self.people},
                float(rng.gamma(2.0, 45.0)),
            )
            yield self.now
        if rng.random() < self.arcade.settings.buys:
            yield from self._buy(shop)
        self._walk(inside, 0.5)
        self._walk(shop.door, 0.5)
        yield self.now

    def _somewhere(self, shop: Shop) -> XY:
        """Between the shelves, not where the queue stands."""
        x = self.rng.uniform(shop.low[0] + 0.8, shop.high[0] - 0.8)
        deep = self.rng.uniform(1.5, 6.0) if self.rng.random() < 0.7 else self.rng.uniform(10.0, 13.0)
        return (x, shop.door[1] + shop.inwards * deep)

    @staticmethod
    def _within(shop: Shop, xy: XY) -> XY:
        return (
            float(np.clip(xy[0], shop.low[0] + 0.3, shop.high[0] - 0.3)),
            float(np.clip(xy[1], shop.low[1] + 0.3, shop.high[1] - 0.3)),
        )

    def _buy(self, shop: Shop) -> Iterator[float]:
        """Queue, pay, and tell of it."""
        rng, settings, errors = self.rng, self.arcade.settings, self.arcade.errors
        till = self.arcade.tills[shop.id]
        payer = self.people[int(rng.integers(len(self.people)))]
        ahead = [end for end in till.ends if end > self.now]
        self.arcade.queues.append(len(ahead))
        service = float(rng.lognormal(np.log(settings.service_s[0]), settings.service_s[1]))
        walk_s = max(float(np.hypot(till.shop.till[0] - self.at[0], till.shop.till[1] - self.at[1])) / self.speed, 1.0)
        came = self.now + walk_s
        starts = max(came + 2.0, till.free_at + BETWEEN_SALES_S)
        paid, done = starts + service, starts + service + float(rng.uniform(*errors.pays_before_leaving_s))
        if shop.category == "dining" and rng.random() < errors.waits:
            done += float(rng.uniform(*errors.waits_s))
        till.free_at = done
        till.ends = [end for end in till.ends if end > self.now] + [done]
        steps = sorted(end for end in ahead if end > came)
        beside = {one.number: rng.random() < settings.stays_with_payer for one in self.people if one is not payer}
        off = {number: self._beside((0.0, 0.0), (0.55, 0.9)) for number in beside}
        waiting = {number: self._within(shop, self._beside(shop.till, (2.2, 4.5))) for number in beside}
        stance = (rng.normal(0, 0.14), rng.normal(0, 0.14))
        moments = [came, *(end + 2.0 for end in steps)]
        for slot_from, moment in enumerate(moments):
            slot = len(steps) - slot_from
            until = moments[slot_from + 1] - 1.5 if slot_from + 1 < len(moments) else done
            until = max(until, moment)
            spot = (
                shop.till[0] + shop.queue[0] * slot * QUEUE_STEP_M + stance[0],
                shop.till[1] + shop.queue[1] * slot * QUEUE_STEP_M + stance[1],
            )
            for one in self.people:
                if one is payer:
                    xy = spot
                elif beside[one.number]:
                    xy = (spot[0] + off[one.number][0], spot[1] + off[one.number][1])
                else:
                    xy = waiting[one.number]
                one.knots += [(moment, self.floor, *xy), (until, self.floor, *xy)]
        self.now, self.at = done, shop.till
        self._tell_sale(till, payer, paid, done)
        yield self.now

    def _tell_sale(self, till: Till, payer: Shopper, paid: float, done: float) -> None:
        rng, errors = self.rng, self.arcade.errors
        booked = (
            done + min(rng.exponential(errors.late_s), 120.0)
            if rng.random() < errors.late
            else paid + rng.normal(0, 1.5)
        )
        booked = max(booked, till.booked_at + 1.0)  # a till books one sale after the other
        till.booked_at = booked
        member = payer.member if payer.member and rng.random() < self.arcade.settings.shows_card else ""
        if member and rng.random() < errors.wrong_card:
            others = [one.member for one in self.people if one.member and one is not payer]
            known = [one.member for one in self.arcade.shoppers if one.member and one is not payer]
            member = str(rng.choice(others or known or [member]))
        told = booked + till.clock_s
        self.arcade.told.append(
            Told("sale", f"{till.shop.id}-till", till.shop.floor, told, booked + 1.0, member, payer.number, paid)
        )
