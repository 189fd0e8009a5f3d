"""Who walks together is found in the twin, and joined in the store as journeys end."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from calibration.site import load_site
from central.journeys.parties import RULES, Parties, togetherness
from central.store.store import Store
from central.store.walks import Walk
from edge.journeys.kernels import simplify
from simulator.world import World
from tests.central.journeys.days import told, walked
from tests.central.mall import NOON

GALLERIA = Path(__file__).parents[3] / "simulator/malls/galleria/site.toml"
WALKED_S = 200
JUMP_S = 5.0


def walk(visitor: str, points: npt.NDArray[np.float64], floor: str = "g") -> Walk:
    return Walk(0, visitor, floor, float(points[0, 0]), float(points[-1, 0]), points)


def straight(visitor: str, start: float, offset_m: float = 0.0, seconds: float = 60.0) -> Walk:
    at = np.arange(start, start + seconds)
    return walk(visitor, np.column_stack([at, 1.2 * (at - start), np.full(len(at), offset_m)]))


def test_side_by_side_is_together() -> None:
    assert togetherness(straight("a", 0.0), straight("b", 0.5, 0.8)) > 0.9


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (straight("b", 9.0), "came later"),
        (straight("b", 0.5, 12.0), "walked elsewhere"),
        (straight("b", 4.0, 0.0), "walks five metres behind, as people in a stream do"),
        (straight("b", 0.5, 0.8, seconds=15), "was there too short to say"),
    ],
)
def test_others_are_not(other: Walk, why: str) -> None:
    assert togetherness(straight("a", 0.0), other) < RULES.confidence, why


def test_togetherness_is_mutual() -> None:
    one, other = straight("a", 0.0), straight("b", 1.5, 1.1, seconds=45)
    assert togetherness(one, other) == pytest.approx(togetherness(other, one))


def test_parties_of_the_twin_are_found(twin: tuple[list[tuple[int, Walk]], dict[int, int]]) -> None:
    """Pairs on a day that the rules were not fitted on; by pairs, staff left out."""
    walks, party = twin
    found, right, there = 0, 0, 0
    for place, (person, one) in enumerate(walks):
        for other_person, other in walks[place + 1 :]:
            shared_s = min(one.left_at, other.left_at) - max(one.entered_at, other.entered_at)
            if person == other_person or one.floor != other.floor or shared_s < RULES.least_s:
                continue
            together = party[person] == party[other_person]
            is_found = togetherness(one, other) >= RULES.confidence
            found, right, there = found + is_found, right + (is_found and together), there + together
    assert there >= 12
    assert right / found >= 0.8
    assert right / there >= 0.5


@pytest.fixture(scope="module")
def twin() -> tuple[list[tuple[int, Walk]], dict[int, int]]:
    """Journeys of shoppers as a box would tell them (off by 0.15 m, begun up to 3 s late), and everybody's party."""
    random = np.random.default_rng(0)
    world = World(load_site(GALLERIA), seed=11, floors=["g"], people_per_minute=20)
    tracks: dict[tuple[int, str], list[tuple[float, float, float]]] = defaultdict(list)
    for second in range(1, WALKED_S):
        for floor, people in world.at(float(second)).items():
            for person, (x, y) in zip(people.ids.tolist(), people.xy_m.tolist(), strict=True):
                tracks[person, floor].append((second, x, y))
    truth = world.truth("2026-01-01T00:00:00.000Z")
    staff = {one.id for one in truth.persons if one.kind == "staff"}
    walks = []
    for (person, floor), listed in tracks.items():
        points = np.array(listed, np.float64)
        for part in np.split(points, np.flatnonzero(np.diff(points[:, 0]) > JUMP_S) + 1):
            if len(part) >= 10 and person not in staff:
                seen = part[random.integers(0, 4) :] + [0, 0.15, 0.15] * random.normal(0, 1, (1, 3))
                walks.append((person, walk(str(person), seen[simplify(seen, 0.125)], floor)))
    return walks, {one.id: one.party for one in truth.persons}


def _path(offset_m: float, seconds: int = 60) -> list[tuple[float, float, float]]:
    return [(float(at), round(1.2 * at, 2), offset_m) for at in range(0, seconds, 5)]


def test_parties_are_joined_as_journeys_end_and_strangers_are_not(store: Store) -> None:
    parties = Parties(store)
    told(store, "g", [walked("visitor00001", NOON, _path(5.0))], NOON + 61)
    assert parties.update(NOON + 61) == 0
    told(store, "g", [walked("stranger0001", NOON + 1, _path(15.0))], NOON + 62)
    told(store, "g", [walked("visitor00002", NOON + 1, _path(5.8))], NOON + 62)
    told(store, "u", [walked("upstairs0001", NOON + 1, _path(5.8))], NOON + 62)
    assert parties.update(NOON + 63) == 1
    assert parties.update(NOON + 64) == 0
    rows = store.database.rows("SELECT visitor, party FROM parties ORDER BY visitor")
    assert [row[0] for row in rows] == ["visitor00001", "visitor00002"]
    assert rows[0][1] == rows[1][1]


def test_after_a_restart_parties_go_on(store: Store) -> None:
    told(store, "g", [walked("visitor00001", NOON, _path(5.0))], NOON + 61)
    Parties(store).update(NOON + 61)
    told(store, "g", [walked("visitor00002", NOON + 1, _path(5.8))], NOON + 62)
    assert Parties(store).update(NOON + 63) == 2  # both are weighed again, to the same end
    assert len(store.database.rows("SELECT DISTINCT party FROM parties")) == 1
