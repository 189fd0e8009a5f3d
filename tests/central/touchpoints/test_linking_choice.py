"""A check-in names a visitor only where there is one and no other comes near."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.touchpoints.linking import LEAST_CONFIDENCE, MARGIN_M, Candidate, Sighting, by_point, by_zone


def standing(visitor: str, x: float, y: float, moments: int = 5) -> list[Sighting]:
    return [(float(second), visitor, x, y) for second in range(moments)]


def test_the_one_at_the_code_is_found() -> None:
    found = by_point(standing("a", 5.2, 5) + standing("b", 9, 9), 5, 5)
    assert isinstance(found, Candidate)
    assert found.visitor == "a"
    assert found.confidence > 0.95
    assert found.runner_up_m is None


def test_somebody_near_lowers_the_confidence() -> None:
    alone = by_point(standing("a", 5.2, 5), 5, 5)
    beside = by_point(standing("a", 5.2, 5) + standing("b", 6.5, 5), 5, 5)
    assert isinstance(alone, Candidate)
    assert isinstance(beside, Candidate)
    assert beside.confidence < alone.confidence
    assert beside.runner_up_m == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("sightings", "reason"),
    [
        ([], "nobody there"),
        (standing("a", 9, 9), "nobody there"),
        (standing("a", 5, 5, moments=1), "seen too briefly"),
        (standing("a", 5.2, 5) + standing("b", 4.8, 5), "more than one there"),
        (standing("a", 6.9, 5), "not sure enough"),
    ],
)
def test_otherwise_nobody_is_named(sightings: list[Sighting], reason: str) -> None:
    assert by_point(sightings, 5, 5) == reason


def test_a_passer_by_is_not_the_one_who_stands() -> None:
    passing = [(float(second), "b", 5 + (second - 2) * 1.3, 5.0) for second in range(5)]
    found = by_point(standing("a", 5.1, 5) + passing, 5, 5)
    assert isinstance(found, Candidate)
    assert found.visitor == "a"


def test_a_zone_names_its_only_visitor() -> None:
    alone = standing("a", 1, 1) + standing("b", 9, 9)
    found = by_zone(alone, np.array([s[2] < 5 for s in alone]))
    assert isinstance(found, Candidate)
    assert found.visitor == "a"
    assert by_zone(alone, np.ones(len(alone), np.bool_)) == "more than one there"


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10)), max_size=8))
def test_whoever_is_named_is_nearest_by_a_margin(where: list[tuple[float, float]]) -> None:
    sightings = [one for n, (x, y) in enumerate(where) for one in standing(f"v{n}", x, y)]
    found = by_point(sightings, 5, 5)
    if isinstance(found, Candidate):
        distances = sorted(float(np.hypot(x - 5, y - 5)) for x, y in where)
        assert found.distance_m == pytest.approx(distances[0])
        assert len(distances) == 1 or distances[1] - distances[0] >= MARGIN_M - 1e-9
        assert found.confidence >= LEAST_CONFIDENCE
