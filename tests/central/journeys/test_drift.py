"""The door that miscounts is found, how much of the drift it makes is told honestly, and luck convinces nobody."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from central.journeys.drift import explain

Floats = npt.NDArray[np.float64]
DOORS = ("g/north", "g/south", "g/west", "g/escalator")


def rhythm(random: np.random.Generator, quarters: int) -> Floats:
    """People a quarter hour by a door: a day's rise and fall, and rushes of its own, as by trains and offices."""
    moments = np.arange(quarters)
    busy = random.uniform(5, 30) * (1 + np.sin(np.pi * moments / quarters))
    for at, size in zip(random.uniform(0, quarters, 3), random.uniform(5, 60, 3), strict=True):
        busy = busy + size * np.exp(-0.5 * ((moments - at) / 2.5) ** 2)
    return busy


def day(
    seed: int, misses_out: dict[str, float], misses_in: dict[str, float], noise: float = 1.0, quarters: int = 56
) -> tuple[Floats, dict[str, Floats], dict[str, Floats], dict[str, float]]:
    """Drift by quarter hour, counts by door, and how many people each door makes the day come out wrong by."""
    random = np.random.default_rng(seed)
    drift = np.diff(random.normal(0, noise, quarters + 1))  # who is seen is off by a little every time
    entered, departed, made = {}, {}, {}
    for door in DOORS:
        came, left = (random.poisson(rhythm(random, quarters)) for _ in range(2))
        missed_out, missed_in = (
            random.binomial(count, misses.get(door, 0.0)) for count, misses in ((left, misses_out), (came, misses_in))
        )
        entered[door], departed[door] = (came - missed_in).astype(float), (left - missed_out).astype(float)
        drift = drift + missed_out - missed_in
        made[door] = float((missed_out - missed_in).sum())
    return drift, entered, departed, made


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("share", [0.1, 0.25])
def test_a_door_that_misses_who_leaves_is_found(door: str, share: float) -> None:
    found = [(explain(*told), made) for *told, made in (day(seed, {door: share}, {}) for seed in range(20))]
    right = [(one, made) for one, made in found if one is not None and one.door == door]
    assert len(right) >= (14 if share > 0.2 else 6)
    assert all(one.door == door for one, _ in found if one is not None)
    covered = [one.low <= made[door] / sum(made.values()) <= one.high for one, made in right]
    assert np.mean(covered) >= 0.9
    assert all(one.low <= one.share <= one.high for one, _ in right)


def test_a_door_that_misses_who_enters_is_found() -> None:
    found = [explain(*day(seed, {}, {"g/south": 0.2})[:3]) for seed in range(20)]
    assert [one.door for one in found if one is not None] == ["g/south"] * len([one for one in found if one])
    assert sum(one is not None for one in found) >= 12


def test_luck_is_no_explanation() -> None:
    found = [explain(*day(seed, {}, {}, noise=6.0)[:3]) for seed in range(200)]
    assert sum(one is not None for one in found) <= 4


def test_where_every_door_miscounts_no_single_one_explains_it() -> None:
    everywhere = dict.fromkeys(DOORS, 0.1)
    found = [explain(*day(seed, everywhere, {})[:3]) for seed in range(20)]
    told = [one for one in found if one is not None]
    assert len(told) <= 2


def test_a_day_that_comes_out_right_or_was_hardly_watched_is_not_explained() -> None:
    drift, entered, departed, _ = day(1, {"g/south": 0.2}, {}, quarters=11)
    assert explain(drift, entered, departed) is None
    drift, entered, departed, _ = day(1, {}, {}, noise=0.3)
    assert explain(drift, entered, departed) is None


def test_a_single_door_may_explain_it() -> None:
    drift, entered, departed, _ = day(3, {"g/south": 0.2}, {})
    one = explain(drift, {"g/south": entered["g/south"]}, {"g/south": departed["g/south"]})
    assert one is not None
    assert one.door == "g/south"
