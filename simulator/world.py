"""The twin's people in time: they arrive, browse, check in, eat, change floors and leave; truth is kept as they go."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.site import Floor, Site
from contract.errors import BadInputError
from simulator.body import SIT, WALK
from simulator.crowd import Agent, walk
from simulator.itinerary import Party, Person, Planner, Stop
from simulator.looks import LOOK
from simulator.navigation import Ways
from simulator.scene import Scene, Spot, floor_still, load_scene
from simulator.state import PeopleState
from simulator.still import Still
from simulator.truth import TRUTH_SCHEMA, Checkin, PersonTruth, Recorder, Sale, Transfer, Truth

Floats = NDArray[np.float64]
TICK_S = 0.05
POSITIONS_HZ = 5
MOST_PEOPLE = 26
"""Nobody new comes to a floor that has so many."""
CHECKIN_AFTER_S = 2.0
"""How long a member looks at the kiosk before the check-in."""
PAYS_AFTER_S = 4.0
"""How long after they sit down members pay at their table: a demo lasts two minutes, a lunch does not."""


class World:
    """People on the floors of a mall.

    Only ``advance`` and ``at`` move it, and never backwards; the same arguments give the same people.

    Args:
        site: the mall; its ``scene.toml`` lies beside it.
        seed: decides everything about the people.
        floors: ids of the floors simulated, all of them by default.
        scene: used instead of the site's own.
        people_per_minute: parties that arrive a minute, over all floors; the scene's figure by default.
        arrivals_until_s: nobody comes after this, so that the mall empties.
    """

    def __init__(
        self, site: Site, seed: int = 0, *, floors: Sequence[str] | None = None, scene: Scene | None = None,
        people_per_minute: float | None = None, arrivals_until_s: float | None = None,
    ) -> None:  # fmt: skip
        self.site, self.seed = site, seed
        self.scene = scene or load_scene(site)
        wanted = list(floors) if floors else [floor for floor in site.floors if floor in self.scene.floors]
        missing = [floor for floor in wanted if floor not in self.scene.floors]
        if missing:
            raise BadInputError(
                f"{site.source}: the scene has no floor {missing[0]!r}; it has {', '.join(self.scene.floors)}"
            )
        self.floors: dict[str, Floor] = {floor: site.floor(floor) for floor in wanted}
        self.stills: dict[str, Still] = {
            name: floor_still(floor, self.scene.floors[name]) for name, floor in self.floors.items()
        }
        self._ways = {name: Ways(floor, self.stills[name].obstacles_m) for name, floor in self.floors.items()}
        zones = {name: {zone.id: zone.category for zone in floor.zones.values()} for name, floor in self.floors.items()}
        self._planner = Planner(self.scene, wanted, zones)
        self._rate = (self.scene.people.per_minute if people_per_minute is None else people_per_minute) / 60.0
        self._until_s = arrivals_until_s
        self._arrivals = np.random.default_rng([seed, 0])
        self._next_s = float(self._arrivals.uniform(0.3, 2.0))
        self._parties = 0
        self._ids = 0
        self._tick = 0
        self._agents: dict[str, list[Agent]] = {name: [] for name in wanted}
        self._before: dict[str, PeopleState] = {}
        self._now: dict[str, PeopleState] = {}
        self._taken: set[tuple[str, int]] = set()
        self._riding: list[tuple[float, float, str, str, Agent]] = []
        self._due: list[tuple[float, Agent, Stop, Spot]] = []
        self.recorder = Recorder(list(self.floors.values()))
        self.positions: list[tuple[float, int, float, float, str]] = []
        self._staff()
        self._record(0.0)
        self._before = dict(self._now)

    @property
    def time_s(self) -> float:
        """How far the world has been walked."""
        return self._tick * TICK_S

    def advance(self, time_s: float) -> None:
        """Walks everybody on until ``time_s`` is passed."""
        while self.time_s < time_s - 1e-9:
            self._step()

    def at(self, time_s: float) -> dict[str, PeopleState]:
        """People by floor at a moment within the last tick or later."""
        self.advance(time_s)
        share = float(np.clip(1 - (self.time_s - time_s) / TICK_S, 0.0, 1.0))
        return {name: _between(self._before[name], self._now[name], share, time_s) for name in self.floors}

    def truth(self, start: str, fps: float = 0.0, cameras: Sequence[str] = ()) -> Truth:
        """All that happened until now."""
        own = self.recorder
        return Truth(
            TRUTH_SCHEMA, self.site.id, start, self.seed, round(self.time_s, 3), fps, list(self.floors), list(cameras),
            own.persons, own.crossings, own.visits, own.checkins, own.transfers, own.occupancy, own.sales,
        )  # fmt: skip

    def _step(self) -> None:
        before_s = self.time_s
        self._tick += 1
        now_s = self.time_s
        self._arrive(now_s)
        self._land(now_s)
        for name, agents in self._agents.items():
            for agent in agents:
                self._decide(name, agent, now_s)
            self._agents[name] = [agent for agent in agents if not agent.gone]
            walk(self._agents[name], self._ways[name], now_s, TICK_S)
        self._check_in(now_s)
        self._record(before_s)

    def _record(self, before_s: float) -> None:
        now_s = self.time_s
        self._before = self._now
        self._now = {name: _state(agents, now_s) for name, agents in self._agents.items()}
        for name, state in self._now.items():
            self.recorder.tick(name, before_s, now_s, state.ids.tolist(), state.xy_m)
            if self._tick % round(1 / POSITIONS_HZ / TICK_S) == 0:
                self.positions += [
                    (now_s, int(person), float(xy[0]), float(xy[1]), name)
                    for person, xy in zip(state.ids, state.xy_m, strict=True)
                ]

    def _staff(self) -> None:
        for name in self.floors:
            rng = np.random.default_rng([self.seed, 1, len(self._agents), list(self.floors).index(name)])
            for person, at in self._planner.staff(rng, name):
                self._join(name, person, self._ways[name].nearest_free(np.array(at)), -1 - self._ids, rng)

    def _arrive(self, now_s: float) -> None:
        while self._next_s <= now_s and self._rate > 0:
            if self._until_s is None or self._next_s <= self._until_s:
                self._parties += 1
                rng = np.random.default_rng([self.seed, 2, self._parties])
                party = self._planner.party(rng, self._parties)
                if len(self._agents[party.floor]) < MOST_PEOPLE:
                    self._welcome(party, rng)
            self._next_s += float(self._arrivals.exponential(1 / self._rate))

    def _welcome(self, party: Party, rng: np.random.Generator) -> None:
        for i, person in enumerate(party.people):
            around = rng.uniform(-0.45, 0.45, 2) if i else np.zeros(2)
            at = self._ways[party.floor].nearest_free(np.array(party.door.at) + around)
            self._join(party.floor, person, at, party.number, np.random.default_rng([self.seed, 3, party.number, i]))

    def _join(self, floor: str, person: Person, at_m: Floats, party: int, rng: np.random.Generator) -> None:
        self._ids += 1
        kind = "staff" if person.is_staff else "child" if person.is_child else "adult"
        height = round(float(person.look["height"]), 3)
        self.recorder.persons.append(PersonTruth(self._ids, max(party, 0), kind, person.member, height))
        agent = Agent(self._ids, party, person, rng, np.array(at_m, np.float64), float(rng.uniform(-3.1, 3.1)))
        agent.phase = float(rng.uniform(0, 6.28))
        self._agents[floor].append(agent)

    def _land(self, now_s: float) -> None:
        for ride in [ride for ride in self._riding if ride[0] <= now_s]:
            self._riding.remove(ride)
            arrives_s, left_s, left, landing, agent = ride
            floor, _, door_id = landing.partition(":")
            door = next(door for door in self.scene.floors[floor].doors if door.id == door_id)
            agent.xy_m = self._ways[floor].nearest_free(np.array(door.at) + agent.rng.uniform(-0.3, 0.3, 2))
            agent.gone, agent.stop, agent.path = False, None, []
            self._agents[floor].append(agent)
            self.recorder.transfers.append(Transfer(agent.id, left, floor, round(left_s, 3), round(arrives_s, 3)))

    def _decide(self, floor: str, agent: Agent, now_s: float) -> None:
        if agent.path or now_s < agent.until_s or (agent.sitting > 0.05 and agent.pose != SIT):
            return
        stop = agent.stop
        if stop is not None and stop.door:
            self._leave_by(floor, agent, stop, now_s)
            return
        if stop is not None and agent.until_s == 0.0:
            agent.until_s = now_s + stop.seconds  # has just arrived
            if agent.spot is not None and self._spot(floor, agent.spot).kind == "seat":
                agent.pose = SIT
            if agent.person.member and agent.spot is not None:
                after_s = CHECKIN_AFTER_S if "kiosk" in stop.kinds else PAYS_AFTER_S if "dine" in stop.kinds else None
                if after_s is not None:
                    self._due.append((now_s + after_s, agent, stop, self._spot(floor, agent.spot)))
            return
        if agent.pose == SIT and agent.sitting > 0.05:
            agent.pose = WALK  # stands up first
            return
        self._next_stop(floor, agent)

    def _next_stop(self, floor: str, agent: Agent) -> None:
        if agent.spot is not None:
            self._taken.discard((floor, agent.spot))
        agent.spot, agent.face, agent.stop, agent.until_s = None, None, None, 0.0
        if not agent.person.plan:
            agent.gone = True
            return
        stop = agent.person.plan.pop(0)
        goal = self._goal(floor, agent, stop)
        if goal is not None:
            agent.stop = stop
            agent.path = self._ways[floor].path(agent.xy_m, goal)

    def _goal(self, floor: str, agent: Agent, stop: Stop) -> Floats | None:
        ways = self._ways[floor]
        if stop.door:
            door = next(door for door in self.scene.floors[floor].doors if door.id == stop.door)
            return ways.nearest_free(np.array(door.at) + agent.rng.uniform(-0.25, 0.25, 2))
        spots = self.scene.floors[floor].spots
        fits = [i for i, spot in enumerate(spots) if spot.zone == stop.zone and spot.kind in stop.kinds]
        free = [i for i in fits if (floor, i) not in self._taken]
        if agent.person.look["pushchair"] > 0:
            free = [i for i in free if spots[i].kind != "seat"] or free
        if free:
            chosen = int(agent.rng.choice(free))
            agent.spot = chosen
            self._taken.add((floor, chosen))
            agent.face = float(np.radians(spots[chosen].heading_deg))
            at = np.array(spots[chosen].at)
            if agent.person.look["pushchair"] > 0:  # the pushchair needs room before the shelf
                at = at - 0.6 * np.array([np.cos(agent.face), np.sin(agent.face)])
            return ways.nearest_free(at)
        if not fits:
            return None
        beside = spots[int(agent.rng.choice(fits))]
        agent.face = float(np.radians(beside.heading_deg))
        for _ in range(20):
            at = ways.nearest_free(np.array(beside.at) + agent.rng.normal(0, 0.7, 2))
            if self.floors[floor].zones[stop.zone].contains(at[None])[0]:
                return at
        return None

    def _leave_by(self, floor: str, agent: Agent, stop: Stop, now_s: float) -> None:
        door = next(door for door in self.scene.floors[floor].doors if door.id == stop.door)
        agent.gone = True
        if door.leads_to.split(":")[0] in self.floors:
            agent.until_s = 0.0
            self._riding.append((now_s + self.scene.people.escalator_s, now_s, floor, door.leads_to, agent))

    def _check_in(self, now_s: float) -> None:
        for due in [due for due in self._due if due[0] <= now_s]:
            self._due.remove(due)
            at_s, agent, stop, spot = due
            member = agent.person.member
            told = member, agent.id, stop.floor, stop.zone, spot.at, round(at_s, 3)
            if "kiosk" in stop.kinds:
                self.recorder.checkins.append(Checkin(*told))
            else:
                self.recorder.sales.append(Sale(*told))

    def _spot(self, floor: str, index: int) -> Spot:
        return self.scene.floors[floor].spots[index]


def _state(agents: list[Agent], time_s: float) -> PeopleState:
    return PeopleState(
        time_s,
        np.array([agent.id for agent in agents], np.int64),
        np.array([agent.xy_m for agent in agents], np.float64).reshape(-1, 2),
        np.array([agent.heading for agent in agents], np.float64),
        np.array([agent.speed_m_s for agent in agents], np.float64),
        np.array([agent.phase for agent in agents], np.float64),
        np.array([agent.pose for agent in agents], np.int64),
        np.array([agent.gaze for agent in agents], np.float64),
        np.array([agent.sitting for agent in agents], np.float64),
        np.array([agent.person.look for agent in agents], LOOK),
    )


def _between(before: PeopleState, now: PeopleState, share: float, time_s: float) -> PeopleState:
    """The moment ``share`` of the way from one tick to the next; who was not there before does not move."""
    row = {person: i for i, person in enumerate(before.ids.tolist())}
    index = np.array([row.get(person, -1) for person in now.ids.tolist()], np.int64)
    known = index >= 0

    def mix(old: Floats, new: Floats, turn: float = 0.0) -> Floats:
        step = np.zeros_like(new)
        step[known] = new[known] - old[index[known]]
        if turn:
            step = (step + turn / 2) % turn - turn / 2
        return np.asarray(new - (1 - share) * step, np.float64)

    full = 2 * np.pi
    return PeopleState(
        time_s, now.ids, mix(before.xy_m, now.xy_m), mix(before.heading, now.heading, full),
        mix(before.speed_m_s, now.speed_m_s), mix(before.phase, now.phase, full), now.pose, now.gaze,
        mix(before.sitting, now.sitting), now.looks,
    )  # fmt: skip
