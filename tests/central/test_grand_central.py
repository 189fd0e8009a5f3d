"""Real paths: thousands of people through a concourse, told through a real broker, come out as they went in.

Shortened to the first minutes; ``ATRIUM_WHOLE_HALL=1`` plays all 40 minutes (2 minutes at 20 times the speed).
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from central.api.application import build_api
from central.store import people, positions, reckoning
from central.store.reckoning import MALL
from contract.times import from_rfc3339, to_rfc3339
from tests.broker import MosquittoBroker
from tests.central.grand_central.drive import START, Played, played
from tests.central.grand_central.truth import Counted, Tracks, count, read_tracks
from tests.shared_data import shared

FIRST_S = 160.0
WHOLE_S = 1e9
INFORMATION = ((31.0, 46.0), (41.0, 56.0))
"""Corners of the information stand's zone, metres."""
SURE = 3.0
"""Published figures lie within so many times the interval they tell, but for one in a hundred thousand."""


@pytest.fixture(scope="module")
def tracks() -> Tracks:
    whole = bool(os.environ.get("ATRIUM_WHOLE_HALL"))
    return read_tracks(shared("paths", "grand_central", "first_half.csv"), WHOLE_S if whole else FIRST_S)


@pytest.fixture(scope="module")
def truth(tracks: Tracks) -> Counted:
    return count(tracks)


@pytest.fixture(scope="module")
def hall(tracks: Tracks, broker: MosquittoBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with played(tmp_path_factory.mktemp("hall") / "central", broker, tracks) as running:
        yield running


def test_nothing_is_missing_doubled_or_late(hall: Played) -> None:
    state = hall.services.writer.state
    assert (state.duplicates, state.late, state.refused, state.dropped) == (0, 0, 0, 0)
    accounts = hall.services.store.accounting()
    assert [(one.missing, one.duplicates) for one in accounts] == [(0, 0)]
    assert accounts[0].received == state.fresh


def test_entries_and_exits_are_those_of_the_file(hall: Played, truth: Counted) -> None:
    stored = {(line, way): number for (_floor, line, way), number in hall.services.store.crossing_counts().items()}
    assert sum(stored.values()) > 300
    assert stored == dict(truth.passed)


def test_the_origin_destination_matrix_is_that_of_the_file(hall: Played, truth: Counted) -> None:
    stored = reckoning.from_door_to_door(hall.services.store.database, "grandcentral", START, START + 86_400)
    assert sum(stored.values()) > 100
    assert stored == {(f"hall/{came}", f"hall/{went}"): number for (came, went), number in truth.matrix.items()}


def test_positions_are_those_of_the_file(hall: Played, tracks: Tracks) -> None:
    since = max(0.0, float(tracks.at.max()) - 600)
    found = positions.between(hall.services.store.database, "grandcentral", "hall", START + since, START + 86_400)
    expected = tracks.at >= since
    assert len(found.at) == np.count_nonzero(expected)
    order = np.lexsort((np.array(found.names)[found.visitor], np.round(found.at, 3)))
    names = np.array(tracks.names)[tracks.person[expected]]
    own = np.lexsort((names, np.round(START + tracks.at[expected], 3)))
    assert np.array_equal(np.array(found.names)[found.visitor][order], names[own])
    places = np.column_stack([found.x, found.y])[order]
    assert np.abs(places - tracks.xy[expected][own]).max() <= 0.0051


def test_visits_to_the_information_stand_are_those_of_the_file(hall: Played, tracks: Tracks) -> None:
    (x0, y0), (x1, y1) = INFORMATION
    x, y = tracks.xy.T
    inside = (x > x0) & (x < x1) & (y > y0) & (y < y1)
    together = (np.diff(tracks.person) == 0) & inside[:-1] & inside[1:]
    expected = float(np.diff(tracks.at)[together].sum())
    trips = people.trips(hall.services.store.database, "grandcentral", START, START + 86_400)
    there = [trip for trip in trips if trip.zone == "information"]
    assert sum(trip.dwell_s for trip in there) == pytest.approx(expected, abs=0.01 * len(there))
    assert {trip.visitor for trip in there} == {tracks.names[one] for one in set(tracks.person[:-1][together].tolist())}


def test_everybody_in_less_everybody_out_is_inside(hall: Played, truth: Counted) -> None:
    ways = Counter[str]()
    for (_gate, way), number in truth.passed.items():
        ways[way] += number
    now = hall.services.clock()
    assert hall.services.occupancy._inside.now(now)[MALL].people == ways["in"] - ways["out"]


def asked(hall: Played, path: str) -> dict[str, Any]:
    """An answer of the API to a manager."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(build_api(hall.services))
        async with httpx.AsyncClient(transport=transport, base_url="http://central") as client:
            return await client.get(path, headers=hall.mall.headers("manager"))

    answer = asyncio.run(ask())
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_what_the_api_tells_of_gates_lies_within_the_noise_it_admits(hall: Played, tracks: Tracks) -> None:
    span = f"from={to_rfc3339(START)}&to={to_rfc3339(hall.services.clock())}&who=everybody"
    answer = asked(hall, f"/v1/crossings?{span}")
    end = from_rfc3339(answer["window"]["to"])
    truth = count(tracks, end - START)
    told = {(one["line"], one["direction"]): one["visitors"] for one in answer["crossings"]}
    assert len(told) == 18
    assert any(figure["value"] for figure in told.values())
    for key, figure in told.items():
        if figure["value"] is None:
            assert truth.people[key] <= 30, key  # few, or made few by noise
        else:
            assert abs(figure["value"] - truth.people[key]) <= SURE * (figure["high"] - figure["value"]), key


def test_what_the_api_tells_of_the_hall_lies_within_the_noise_it_admits(hall: Played, truth: Counted) -> None:
    inside = asked(hall, "/v1/occupancy")["mall"]["by_doors"]
    true = sum(number if way == "in" else -number for (_gate, way), number in truth.passed.items())
    if inside["value"] is None:
        assert true <= 30
    else:
        assert abs(inside["value"] - true) <= SURE * (inside["high"] - inside["value"])
