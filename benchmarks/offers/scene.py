"""A mall of four floors, 100,000 members, 200 campaigns of all kinds, and what boxes tell of 30,000 of the members."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from calibration.site import Site, load_site
from central.offers.campaigns import Campaign, CampaignsFile, Pool
from central.store.rows import Durable
from central.store.store import Store

FLOORS = ("a", "b", "c", "d")
CATEGORIES = ("fashion", "dining", "sport", "toys", "beauty", "books", "home", "circulation")
ZONES_A_FLOOR = 24


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Campaigns and pools that stay as they are."""

    campaigns: tuple[Campaign, ...]
    pools: dict[str, Pool]
    stamp: int = 1

    @property
    def all(self) -> tuple[Campaign, ...]:
        """All are enabled."""
        return self.campaigns

    def refresh(self) -> bool:
        """Nothing changes."""
        return False


def read_campaigns(path: Path) -> Catalogue:
    """What the file says, without asking whether each makes sense."""
    found = msgspec.toml.decode(path.read_bytes(), type=CampaignsFile)
    return Catalogue(tuple(found.campaigns), {pool.id: pool for pool in found.pools})


SHOPS = [(floor, f"z{number}") for floor in FLOORS for number in range(ZONES_A_FLOOR)]
SESSION = "benchmark0000000"
STAYS_BEFORE = 3
POOLS = 20


def write_site(folder: Path) -> Site:
    """The site file: shops of 10 by 10 m, six in a row."""
    for floor in FLOORS:
        features = []
        for number in range(ZONES_A_FLOOR):
            x, y = number % 6 * 10.0, number // 6 * 10.0
            ring = [[x, y], [x + 10, y], [x + 10, y + 10], [x, y + 10], [x, y]]
            category = CATEGORIES[number % len(CATEGORIES)]
            features.append(
                {
                    "type": "Feature",
                    "properties": {"id": f"z{number}", "kind": "zone", "name": f"Shop {number}", "category": category},
                    "geometry": {"type": "Polygon", "coordinates": [ring]},
                }
            )
        content = {"type": "FeatureCollection", "features": features}
        (folder / f"{floor}.geojson").write_text(json.dumps(content), encoding="utf-8")
    (folder / "cameras.json").write_text("{}", encoding="utf-8")
    floors = "".join(
        f'[[floors]]\nid = "{one}"\nname = "Floor {one}"\nsize_m = [60.0, 40.0]\ngeometry = "{one}.geojson"\n'
        'cameras = "cameras.json"\n'
        for one in FLOORS
    )
    path = folder / "site.toml"
    path.write_text(
        f'schema = "atrium.site.v1"\nid = "mall"\nname = "Mall"\ntimezone = "UTC"\n{floors}', encoding="utf-8"
    )
    return load_site(path)


def write_campaigns(folder: Path, many: int, now: float) -> Path:
    """So many campaigns; five of them begin at each of the next minutes."""
    lines = ['schema = "atrium.campaigns.v1"']
    lines += [
        f'[[pools]]\nid = "P-{number}"\ntitle = "Off"\nkind = "amount"\nvalue = {number + 1}\nstock = 1000000'
        for number in range(POOLS)
    ]
    for number in range(many):
        conditions = ", ".join(_conditions(number, now))
        group = f'group = "g{number % 7}"\n' if number % 4 == 0 else ""
        lines.append(
            f'[[campaigns]]\nid = "c{number}"\ncoupon = "P-{number % POOLS}"\nwording = "For you"\n'
            f'once = "{("day", "visit", "week", "campaign")[number % 4]}"\npriority = {number % 90}\n{group}'
            f"holdout_percent = {number % 3 * 10}.0\ncool_down_hours = {number % 5}.0\n"
            f"caps = {{ per_member = {number % 3 + 1}, per_day = {2000 + number} }}\nbudget = 100000.0\n"
            f"conditions = [{conditions}]"
        )
    path = folder / "campaigns.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _conditions(number: int, now: float) -> list[str]:
    """A place, and one or two more of whatever kind."""
    one, other = (CATEGORIES[(number + step) % 7] for step in (0, 3))
    floor, zone = SHOPS[number % len(SHOPS)]
    places = [
        f'{{ kind = "dwell", category = "{one}", minutes = {5 + number % 25}.0 }}',
        f'{{ kind = "dwell", category = "{one}", minutes = {4 + number % 9}.0, within_minutes = 40.0 }}',
        f'{{ kind = "visited", category = "{one}", minutes = {number % 8}.0, within_minutes = 60.0 }}',
        f'{{ kind = "in_place", zone = "{floor}/{zone}", minutes = {3 + number % 10}.0 }}',
        f'{{ kind = "sequence", places = [{{ category = "{one}" }}, {{ category = "{other}" }}] }}',
        '{ kind = "entered", within_minutes = 20.0 }',
        f'{{ kind = "dwell", zone = "{floor}/{zone}", minutes = {5 + number % 20}.0 }}',
    ]
    starts = time.strftime("%H:%M", time.gmtime(now + 60 * (number // 5 % 40)))
    more = [
        f'{{ kind = "not_visited", category = "{other}", grace_s = 30.0 }}',
        f'{{ kind = "tier", any = ["{("gold", "silver", "basic")[number % 3]}"] }}',
        f'{{ kind = "tags", any = ["t{number % 10}", "t{(number + 1) % 10}"] }}',
        f'{{ kind = "prefers", category = "{one}" }}',
        f'{{ kind = "visits", at_least = {number % 3}, within_days = 30 }}',
        '{ kind = "absent", days = 3 }',
        f'{{ kind = "spent", at_least = {10 * (number % 4)}.0, within_days = 30 }}',
        '{ kind = "birthday" }',
        f'{{ kind = "window", from = "{starts}", to = "{"23:59" if starts != "23:59" else "23:58"}" }}',
        f'{{ kind = "nth_visit", number = {number % 5 + 1} }}',
        f'{{ kind = "anniversary", days = {number % 15} }}',
    ]
    return [places[number % len(places)], more[number % len(more)], more[(number // 3 + 4) % len(more)]][
        : 2 + number % 2
    ]


def fill(store: Store, members: int, linked: int, now: float, dice: random.Random) -> None:
    """Members with consents, tags, past days and sales; links of the first of them; what these did until now."""
    site, since = store.site, now - 30 * 86_400
    tiers = ("gold", "silver", "basic")
    day = time.strftime("%Y-%m-%d", time.gmtime(now - 5 * 86_400))
    ids = [f"M-{number}" for number in range(members)]
    with store.database.writing() as connection:
        connection.executemany(
            """INSERT INTO members (site, member, tier, updated, tags, preferred, birthday_month, joined_on)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
            [
                (
                    *(site, one, tiers[number % 3], since, json.dumps([f"t{number % 10}"])),
                    *(json.dumps([CATEGORIES[number % 7]]), number % 12 + 1, f"2024-{number % 12 + 1:02}-11"),
                )
                for number, one in enumerate(ids)
            ],
        )
        connection.executemany(
            "INSERT INTO consents (site, member, purpose, given_at, wording, source) VALUES (?, ?, ?, ?, '1', 'app')",
            [(site, one, purpose, since) for one in ids for purpose in ("journey", "offers")],
        )
        connection.executemany(
            "INSERT INTO member_days VALUES (?, ?, ?, '{}', 3, 900, ?)",
            [(site, one, day, since) for one in ids if dice.random() < 0.4],
        )
        connection.executemany(
            "INSERT INTO purchases (site, purchase, member, tenant, floor, zone, category, at, day, amount)"
            " VALUES (?, ?, ?, 'T', 'a', 'z1', 'dining', ?, ?, ?)",
            [
                (site, f"S-{number}", one, now - 5 * 86_400, day, 100 * dice.randrange(5, 60))
                for number, one in enumerate(ids)
                if dice.random() < 0.3
            ],
        )
        connection.executemany(
            "INSERT INTO links (site, visitor, member, floor, touchpoint, confidence, at, facts)"
            " VALUES (?, ?, ?, ?, ?, 0.97, ?, ?)",
            [
                (
                    site,
                    visitor(number),
                    ids[number],
                    FLOORS[number % 4],
                    f"t{number}",
                    now - 3000,
                    '{"confidence": 0.97}',
                )
                for number in range(linked)
            ],
        )


def visitor(number: int) -> str:
    """The visitor that a member is."""
    return f"v{number:011d}"


@dataclass(slots=True)
class Walk:
    """Where a visitor is."""

    visit: str
    floor: str
    zone: str
    entered: float


class Boxes:
    """Tells what the boxes of all floors would tell of the linked members, in their own order.

    Args:
        linked: how many there are.
        now: seconds since 1970.
        dice: chooses.
    """

    def __init__(self, linked: int, now: float, dice: random.Random) -> None:
        self._dice = dice
        self._seq = dict.fromkeys(FLOORS, 0)
        self._visits = 0
        self._walks = {number: self._enter(number, now - dice.uniform(5, 1200)) for number in range(linked)}

    def past(self, now: float) -> Iterator[Durable]:
        """Three visits of everybody that are over, and one that lasts."""
        for number, walk in self._walks.items():
            left = walk.entered - 30
            for _ in range(STAYS_BEFORE):
                entered = left - self._dice.uniform(60, 500)
                earlier = self._enter(number, entered)
                yield self._told(number, earlier, "closed", left, left)
                left = entered - 30
            yield self._told(number, walk, "continued", now, now)

    def events(self, many: int, now: float) -> list[Durable]:
        """So many events of this instant: visits go on, are over, begin."""
        told: list[Durable] = []
        numbers = list(self._dice.choices(range(len(self._walks)), k=many))
        for number in numbers:
            walk = self._walks[number]
            if self._dice.random() < 0.75:
                told.append(self._told(number, walk, "continued", now, now))
            else:
                told.append(self._told(number, walk, "closed", now, now))
                self._walks[number] = entered = self._enter(number, now)
                told.append(self._told(number, entered, "opened", now, now))
        return told[:many]

    def _enter(self, number: int, entered: float) -> Walk:
        self._visits += 1
        floor = FLOORS[number % 4]
        return Walk(f"s{self._visits:011d}", floor, f"z{self._dice.randrange(ZONES_A_FLOOR)}", round(entered, 3))

    def _told(self, number: int, walk: Walk, phase: str, at: float, heard: float) -> Durable:
        self._seq[walk.floor] += 1
        seq, at, site = self._seq[walk.floor], round(at, 3), "mall"
        box = f"box-{walk.floor}"
        row: tuple[Any, ...] = (
            site,
            walk.entered,
            box,
            walk.visit,
            walk.floor,
            SESSION,
            seq,
            at,
            visitor(number),
            walk.zone,
            phase,
        )
        row += (walk.entered, at if phase == "closed" else None, max(at - walk.entered, 0.0), 0.0, 0.0, 0.9)
        return Durable(site, walk.floor, box, SESSION, seq, at, heard, "visits", row)
