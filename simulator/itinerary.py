"""What people come for: who arrives together, where they stop and for how long."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from simulator.looks import Looks, cloth_colour, random_look
from simulator.scene import Door, People, Scene

MOST_COMPANIONS = 3
THROUGH_SHARE = 0.15
"""People who only walk through."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One thing on somebody's way: a spot of one of ``kinds`` in a zone, or a door."""

    floor: str
    zone: str
    kinds: tuple[str, ...]
    seconds: float
    door: str = ""


@dataclass(slots=True)
class Person:
    """Somebody who is going to come."""

    look: Looks
    speed_m_s: float
    is_child: bool = False
    is_staff: bool = False
    member: str = ""
    plan: list[Stop] = field(default_factory=list)


@dataclass(slots=True)
class Party:
    """People who come together through a door."""

    number: int
    floor: str
    door: Door
    people: list[Person]


class Planner:
    """Draws parties for the floors that are simulated.

    Args:
        scene: the mall.
        floors: ids of the floors simulated; people come and go by an escalator whose other end is not among them.
        zones: category of every zone, by floor and zone id.
    """

    def __init__(self, scene: Scene, floors: list[str], zones: dict[str, dict[str, str]]) -> None:
        self._scene = scene
        self._floors = floors
        self._zones = zones

    def party(self, rng: np.random.Generator, number: int) -> Party:
        """The ``number``th party: where it comes in, who it is and what it will do."""
        people = self._scene.people
        floor, door = self._entrance(rng)
        size = 1
        if rng.random() < people.group_share:
            size = 2 + int(rng.random() < 0.25) + int(rng.random() < 0.08)
        leads = rng.random()
        member = f"m{number:04d}" if leads < people.member_share else ""
        pushchair = rng.random() < people.pushchair_share
        speed = rng.uniform(0.95, 1.15) if pushchair else rng.uniform(1.05, 1.5)
        company = []
        for i in range(min(size, MOST_COMPANIONS + 1)):
            child = i > 0 and rng.random() < max(0.25, 3 * people.child_share)
            look = random_look(rng, child=child, pushchair=pushchair and i == 0)
            company.append(
                Person(look, speed * rng.uniform(0.97, 1.03), is_child=child, member=member if i == 0 else "")
            )
        plan = self._plan(rng, floor, door, member=bool(member))
        for person in company:
            # companions want the same, a moment earlier or later
            person.plan = [
                Stop(s.floor, s.zone, s.kinds, s.seconds + (rng.uniform(0, 1.5) if s.seconds else 0.0), s.door)
                for s in plan
            ]
        return Party(number, floor, door, company)

    def staff(self, rng: np.random.Generator, floor: str) -> list[tuple[Person, tuple[float, float]]]:
        """Staff of a floor and where each stands at the start: one a shop, then more, in the shop's colours."""
        spots = [spot for spot in self._scene.floors[floor].spots if spot.kind == "staff"]
        zones = list(dict.fromkeys(spot.zone for spot in spots))
        out = []
        for i in range(min(self._scene.people.staff, len(spots))):
            zone = zones[i % len(zones)]
            colour = cloth_colour(np.random.default_rng([i, len(zone)]))
            look = random_look(rng, uniform=colour)
            person = Person(look, rng.uniform(0.9, 1.2), is_staff=True)
            own = [spot for spot in spots if spot.zone == zone]
            person.plan = [Stop(floor, zone, ("staff",), rng.uniform(15, 50)) for _ in range(400)]
            out.append((person, own[i // len(zones) % len(own)].at))
        return out

    def _entrance(self, rng: np.random.Generator) -> tuple[str, Door]:
        ways = [
            (floor, door)
            for floor in self._floors
            for door in self._scene.floors[floor].doors
            if door.kind == "entrance" or door.leads_to.split(":")[0] not in self._floors
        ]
        weights = np.array([door.weight for _, door in ways])
        return ways[int(rng.choice(len(ways), p=weights / weights.sum()))]

    def _plan(self, rng: np.random.Generator, floor: str, came_by: Door, *, member: bool) -> list[Stop]:
        people, scene = self._scene.people, self._scene.floors[floor]
        stops: list[Stop] = []
        if member:
            stops += self._stop(rng, floor, "service", ("kiosk",), people.kiosk_s)
        if member or rng.random() > THROUGH_SHARE:
            stops += self._visit(rng, floor, people, member=member)
        up = next((door for door in scene.doors if door.kind == "escalator"), None)
        if up is not None and rng.random() < people.upstairs_share:
            stops.append(Stop(floor, "", (), 0.0, up.id))
            other, _, landing = up.leads_to.partition(":")
            if other in self._floors:
                stops += self._visit(rng, other, people, member=False)
                stops.append(self._way_out(rng, other, landing if rng.random() < 0.3 else ""))
            return stops
        avoid = came_by.id if not stops else ""
        stops.append(self._way_out(rng, floor, avoid))
        return stops

    def _visit(self, rng: np.random.Generator, floor: str, people: People, *, member: bool) -> list[Stop]:
        stops: list[Stop] = []
        shops = self._in_category(floor, "fashion")
        rng.shuffle(shops)
        visits = 1 + int(rng.random() < 0.35) if member or rng.random() < 0.85 else 0
        for shop in shops[:visits]:
            if rng.random() < 0.25:
                stops += self._stop(rng, floor, "corridor", ("window",), people.window_s)
            left = rng.uniform(*people.browse_s)
            while left > 4:
                seconds = min(left, rng.uniform(6, 22))
                stops.append(Stop(floor, shop, ("browse",), float(seconds)))
                left -= seconds
        if rng.random() < (0.55 if member else 0.3):
            stops += self._stop(rng, floor, "dining", ("seat", "dine"), people.dine_s)
        if not stops or rng.random() < 0.12:
            stops += self._stop(rng, floor, "corridor", ("rest", "window"), people.window_s)
        return stops

    def _way_out(self, rng: np.random.Generator, floor: str, avoid: str) -> Stop:
        doors = [door for door in self._scene.floors[floor].doors if door.kind == "entrance" and door.id != avoid]
        doors = doors or [door for door in self._scene.floors[floor].doors if door.kind == "entrance"]
        weights = np.array([door.weight for door in doors])
        door = doors[int(rng.choice(len(doors), p=weights / weights.sum()))]
        return Stop(floor, "", (), 0.0, door.id)

    def _stop(
        self, rng: np.random.Generator, floor: str, category: str, kinds: tuple[str, ...], span: tuple[float, float]
    ) -> list[Stop]:
        offered = {spot.zone for spot in self._scene.floors[floor].spots if spot.kind in kinds}
        zones = [zone for zone in self._in_category(floor, category) if zone in offered]
        if not zones:
            return []
        return [Stop(floor, str(rng.choice(zones)), kinds, float(rng.uniform(*span)))]

    def _in_category(self, floor: str, category: str) -> list[str]:
        return [zone for zone, own in self._zones[floor].items() if own == category]
