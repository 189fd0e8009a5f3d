"""Reports about shops and flows over a running central: pages, windows, tables, errors that name the field."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from central.api.exports import csv_chunks
from central.store.store import Store
from contract.times import from_rfc3339, to_rfc3339
from tests.broker import MosquittoBroker
from tests.central.mall import Central
from tests.central.population import Pass, Person, Stay, fill

PEOPLE = 60
WITHIN = 15
"""Further than this a published count of them is off once in many thousand keys."""


@pytest.fixture(scope="module")
def noon() -> float:
    """A whole hour, two to three hours ago."""
    return time.time() // 3600 * 3600 - 2 * 3600


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory, broker: MosquittoBroker, noon: float) -> Iterator[Central]:
    running = Central(tmp_path_factory.mktemp("central"), broker)
    running.start()
    store = Store(running.folder / "central.db", "mall")
    people = []
    for n in range(PEOPLE):
        zones = ("concourse", "nordic", "concourse", "cafe", "atelier")
        stays = tuple(Stay(zone, noon + 200 * (place + 1) + n, 150.0 + n) for place, zone in enumerate(zones))
        doors = (Pass("nordic-door", "in", noon + 250 + n), Pass("nordic-door", "out", noon + 400 + n))
        people.append(Person(f"visitor{n:05d}", stays, doors, party=f"party{n // 3}"))
    fill(store, people)
    store.close()
    yield running
    assert running.stop() == 0
    assert "Traceback" not in (running.folder / "central.log").read_text()


@pytest.fixture
def ask(central: Central, noon: float) -> Any:
    def get(path: str, **more: object) -> httpx.Response:
        asked = {"from": to_rfc3339(noon), "to": to_rfc3339(noon + 3600)} | more
        asked = {name: value for name, value in asked.items() if value is not None}
        return httpx.get(central.address + path, params=asked, headers=central.headers("manager"), timeout=20)  # type: ignore[arg-type]

    return get


def near(figure: dict[str, Any], truth: float = PEOPLE) -> bool:
    return figure["value"] is not None and abs(figure["value"] - truth) <= WITHIN and figure["low"] < figure["high"]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_an_export_of_too_many_steps_is_refused_before_it_begins(ask: Any, noon: float, kind: str) -> None:
    answer = ask(f"/v1/exports/quarters.{kind}", **{"from": to_rfc3339(noon - 40 * 86_400)})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "content-disposition" not in answer.headers
    assert "31 days" in answer.json()["detail"]


def test_zones_come_in_pages_that_add_up(ask: Any, noon: float) -> None:
    whole = ask("/v1/zones")
    assert whole.headers["cache-control"] == "private, max-age=30"
    assert whole.json()["window"] == {"from": to_rfc3339(noon), "to": to_rfc3339(noon + 3600)}
    assert whole.json()["next_cursor"] is None
    page = ask("/v1/zones", limit=3).json()
    zones = page["zones"]
    while page["next_cursor"] is not None:
        page = ask("/v1/zones", **{"limit": 3, "cursor": page["next_cursor"], "from": None, "to": None}).json()
        assert len(page["zones"]) <= 3
        assert page["window"] == whole.json()["window"], "the cursor keeps to its window"
        zones += page["zones"]
    assert zones == whole.json()["zones"]
    by_zone = {zone["zone"]: zone for zone in zones}
    assert near(by_zone["nordic"]["visitors"])
    assert near(by_zone["cafe"]["passers_by"])
    assert by_zone["shoes"]["visitors"] == {"value": None, "n": None, "low": None, "high": None, "withheld": "few"}
    assert {zone["zone"]: zone["visitors"] for zone in ask("/v1/dwell").json()["zones"]} == {
        name: zone["visitors"] for name, zone in by_zone.items()
    }


def test_a_cursor_is_of_its_own_list_only(ask: Any) -> None:
    cursor = ask("/v1/zones", limit=1).json()["next_cursor"]
    assert ask("/v1/zones", limit=5, cursor=cursor).status_code == 200
    for path, more in (("/v1/dwell", {}), ("/v1/zones", {"who": "everybody"})):
        answer = ask(path, limit=1, cursor=cursor, **more)
        assert answer.status_code == 422
        assert "cursor" in answer.json()["detail"]


def test_a_zone_in_full(ask: Any, noon: float) -> None:
    found = ask("/v1/zones/nordic").json()["zone"]
    assert near(found["visitors"])
    assert [leg["zone"] for leg in found["went_to"]] == ["cafe"]
    assert [quarter["start"] for quarter in found["by_quarter"]] == [to_rfc3339(noon + 900 * n) for n in range(4)]
    assert near(found["by_quarter"][0]["people"])
    assert found["window"] == {"from": to_rfc3339(noon), "to": to_rfc3339(noon + 3600)}
    assert near(found["parties"], PEOPLE / 3)
    assert found["dwell_bins"][-1]["to_s"] is None
    days = ask("/v1/zones/nordic/weeks", weeks=2).json()["days"]
    assert len(days) == 14
    assert days[0]["visitors"]["withheld"] == "few"


def test_ways(ask: Any) -> None:
    flows = ask("/v1/flows").json()
    assert {(one["source"], one["target"]) for one in flows["links"]} == {("nordic", "cafe"), ("cafe", "atelier")}
    assert all(near(one["people"]) for one in flows["links"])
    assert {node["id"] for node in ask("/v1/flows", by="category").json()["nodes"]} == {"fashion", "dining"}
    assert len(ask("/v1/flows", through=True).json()["links"]) == 4
    (sequence,) = ask("/v1/sequences").json()["sequences"]
    assert sequence["zones"] == ["nordic", "cafe", "atelier"]
    crossings = ask("/v1/crossings").json()
    assert crossings["step_s"] is None
    assert near(next(one for one in crossings["crossings"] if one["line"] == "nordic-door")["crossings"])
    by_step = ask("/v1/crossings", by_minute=True).json()
    assert (by_step["step_s"], len(by_step["crossings"])) == (900, 4 * 4)


@pytest.mark.parametrize(
    "what", ["zones", "dwell", "bins", "quarters", "flows", "categories", "sequences", "crossings"]
)
def test_tables_as_csv_and_parquet_are_the_same(ask: Any, what: str) -> None:
    answer = ask(f"/v1/exports/{what}.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="mall-{what}-')
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    table = pq.read_table(io.BytesIO(ask(f"/v1/exports/{what}.parquet").content))
    assert table.column_names == list(rows[0])
    assert len(rows) == table.num_rows > 0
    for row, same in zip(rows, table.to_pylist(), strict=True):
        for name, value in same.items():
            text = row[name]
            assert text == ("" if value is None else value) or float(text) == value
    assert "visitor0" not in answer.text
    assert "party" not in answer.text


def test_an_empty_table_has_its_columns(ask: Any, noon: float) -> None:
    asked = {"from": to_rfc3339(noon - 90_000), "to": to_rfc3339(noon - 86_400)}
    text = ask("/v1/exports/flows.csv", **asked).text
    assert text.startswith("source,target,people,people_n,people_low,people_high,people_withheld,share,")
    assert len(text.splitlines()) == 1
    table = pq.read_table(io.BytesIO(ask("/v1/exports/flows.parquet", **asked).content))
    assert (table.num_rows, table.column_names[:3]) == (0, ["source", "target", "people"])


def test_a_name_is_no_formula() -> None:
    text = b"".join(csv_chunks("bins", iter([{"zone": "=HYPERLINK()", "name": "+1", "from_s": -1.0}]))).decode()
    assert "'=HYPERLINK(),'+1,-1.0" in text


@pytest.mark.parametrize(
    ("path", "more", "words"),
    [
        ("/v1/zones/attic", {}, "zone: the site has no 'attic'"),
        ("/v1/zones", {"cursor": "x"}, "cursor: not one of this list"),
        ("/v1/zones", {"limit": 0}, "limit"),
        ("/v1/zones", {"who": "me"}, "who"),
        ("/v1/flows", {"by": "person"}, "by"),
        ("/v1/sequences", {"length": 9}, "length"),
        ("/v1/zones/nordic/weeks", {"day": "someday"}, "day"),
        ("/v1/exports/people.csv", {}, "what"),
        ("/v1/exports/zones.xlsx", {}, "kind"),
        ("/v1/dwell", {"from": "yesterday"}, "from: 'yesterday' is no time"),
        ("/v1/dwell", {"to": "2020-01-01T00:00:00Z"}, "from: must lie before to"),
    ],
)
def test_wrong_questions_get_one_sentence_that_names_the_field(
    ask: Any, path: str, more: dict[str, object], words: str
) -> None:
    answer = ask(path, **more)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_window_told_ends_with_the_last_whole_minute(ask: Any) -> None:
    window = ask("/v1/zones", **{"from": None, "to": None}).json()["window"]
    start, end = from_rfc3339(window["from"]), from_rfc3339(window["to"])
    assert end % 60 == 0
    assert end - start == 3600
