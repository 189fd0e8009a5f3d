"""Routes of heat over a running central: a window, its playback, the floor now, and the stream of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from central.store import positions as store_positions
from central.store.rows import Live
from central.store.store import Store
from contract.times import to_rfc3339
from contract.topics import parse_topic
from tests.broker import MosquittoBroker
from tests.central.mall import Central, eventually, positions

QUARTER_S = 900


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory, broker: MosquittoBroker) -> Iterator[Central]:
    running = Central(tmp_path_factory.mktemp("central"), broker)
    running.start()
    yield running
    with httpx.stream(
        "GET", running.address + "/v1/live/g/stream", headers=running.headers("ops"), timeout=20
    ) as open_:
        next(events(open_))
        assert running.stop() == 0  # an open stream does not hold it up
    assert "Traceback" not in (running.folder / "central.log").read_text()


@pytest.fixture(scope="module")
def hour(central: Central) -> tuple[float, float]:
    """Forty people in one place for the minutes of an hour that is over, told by a box of that time."""
    end = time.time() // QUARTER_S * QUARTER_S - QUARTER_S
    store = Store(Path(central.folder / "central.db"), "mall")

    def is_folded() -> bool:
        """Whether it is; told again where retention, which runs beside this test, found the batches old first."""
        if store.database.rows("SELECT 1 FROM heat_chunks WHERE floor = 'g'"):
            return True
        if not store.database.rows("SELECT 1 FROM batches WHERE floor = 'g'"):
            tell(central, "g", [(end - 60 * minute, 40) for minute in range(1, 61)])
        return False

    eventually(is_folded, 60)
    store.close()
    return end - 3600, end


def tell(central: Central, floor: str, told: list[tuple[float, int]]) -> None:
    """Positions as if they had come at their time."""
    store = Store(Path(central.folder / "central.db"), "mall")
    topic = parse_topic(f"atrium/mall/{floor}/box-{floor}/positions")
    with store.database.writing() as connection:
        for at, people in told:
            where = {f"visitor{n:05d}": (3.2 + n % 4 * 0.5, 9.1) for n in range(people)}
            store_positions.take(connection, [Live(topic, at, at, retained=False, body=positions(at, where))])
    store.close()


def ask(central: Central, path: str, **query: Any) -> httpx.Response:
    return httpx.get(central.address + path, params=query, headers=central.headers("manager"), timeout=20)


def test_a_heatmap_tells_its_window_and_its_squares_largest_first(central: Central, hour: tuple[float, float]) -> None:
    start, end = hour
    query = {"floor": "g", "from": to_rfc3339(start + 1), "to": to_rfc3339(end - 1)}

    def whole() -> Any:
        """The report once all quarters are published: 40 people, two seconds of every minute, one of the first."""
        answer = ask(central, "/v1/heatmap", **query).json()
        person_s = sum(block["person_s"] for block in answer["blocks"])
        is_whole = answer["counted"] == "once a quarter" and person_s == pytest.approx(40 * (1 + 59 * 2), rel=0.5)
        return is_whole and answer

    report = eventually(whole, 60)
    assert report["window"] == {"from": to_rfc3339(start), "to": to_rfc3339(end)}
    assert (report["floor"], report["k"], report["who"]) == ("g", 5, "shoppers")
    sizes = [block["size_m"] for block in report["blocks"]]
    assert sizes == sorted(sizes, reverse=True)
    assert all(block["visitors"] >= 5 for block in report["blocks"])
    assert ask(central, "/v1/heatmap", **query, who="everybody").json()["blocks"] == report["blocks"]


def test_a_playback_has_so_many_frames_at_most_one_after_the_other(central: Central, hour: tuple[float, float]) -> None:
    start, end = hour
    query = {"floor": "g", "from": to_rfc3339(start - QUARTER_S), "to": to_rfc3339(end), "frames": 10}
    report = eventually(
        lambda: (answer := ask(central, "/v1/playback", **query).json())["frames"][-1]["blocks"] and answer, 60
    )
    told = report["frames"]
    assert len(told) == 5
    assert [one["blocks"] == [] for one in told] == [True, False, False, False, False]
    assert all(one["to"] == after["from"] for one, after in pairwise(told))
    assert report["window"] == {"from": told[0]["from"], "to": told[-1]["to"]}
    for _x, _y, side, density in told[1]["blocks"]:
        assert side >= 1
        assert density > 0
    assert ask(central, "/v1/playback", **query | {"frames": 201}).status_code == 422


def test_the_live_floor_and_its_stream_say_the_same(central: Central) -> None:
    silent = ask(central, "/v1/live/g").json()
    assert silent["heard_s_ago"] is None or silent["heard_s_ago"] > 10
    assert silent["people"]["withheld"] == "silent"
    with (
        httpx.stream("GET", central.address + "/v1/live/u/stream", headers=central.headers("ops"), timeout=20) as one,
        httpx.stream("GET", central.address + "/v1/live/u/stream", headers=central.headers("ops"), timeout=20) as other,
    ):
        assert one.headers["content-type"].startswith("text/event-stream")
        assert one.headers["cache-control"] == "no-store"
        first, second = events(one), events(other)
        here, there = dict([next(first), next(first)]), dict([next(second), next(second)])
        assert list(here) == sorted(here)
        for at in here.keys() & there.keys():
            assert here[at] == there[at]
        tell(central, "u", [(time.time(), 40)])
        told = next(json.loads(data) for _, data in first if json.loads(data)["people"]["n"])
    assert told["people"]["n"] == pytest.approx(40, abs=15)
    assert len(told["dots"]) >= 5
    assert set(told) == {"at", "heard_s_ago", "k", "people", "zones", "dots", "blocks"}
    live = ask(central, "/v1/live/u").json()
    assert live["zones"].keys() == {"gallery", "kitchen", "shoes"}


def events(answer: httpx.Response) -> Iterator[tuple[int, str]]:
    """(id, data) of a stream's events."""
    ident = 0
    for line in answer.iter_lines():
        if line.startswith("id: "):
            ident = int(line[4:])
        elif line.startswith("data: "):
            yield ident, line[6:]


def test_who_comes_back_is_not_told_the_same_second_again(central: Central) -> None:
    address, headers = central.address + "/v1/live/g/stream", central.headers("ops")
    with httpx.stream("GET", address, headers=headers, timeout=20) as watching:
        seen, _ = next(events(watching))
        with httpx.stream("GET", address, headers=headers | {"Last-Event-ID": str(seen)}, timeout=20) as back:
            ident, _ = next(events(back))
    assert ident > seen


@pytest.mark.parametrize("path", ["/v1/live/attic", "/v1/live/attic/stream"])
def test_a_floor_that_is_not_there_is_named(central: Central, path: str) -> None:
    answer = ask(central, path)
    assert answer.status_code in {404, 422}
    assert "no floor 'attic'" in answer.json()["detail"]
