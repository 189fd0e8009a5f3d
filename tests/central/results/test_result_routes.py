"""Results over a running central: answers, tables, amounts in the currency, errors that name the field."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from central.store import purchases
from central.store.purchases import Purchase
from central.store.store import Store
from tests.broker import MosquittoBroker
from tests.central.mall import Central, lunch
from tests.central.population import Person, Stay, fill

YESTERDAY = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
NOON = YESTERDAY.timestamp()
DAY = f"{YESTERDAY:%Y-%m-%d}"


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory, broker: MosquittoBroker) -> Iterator[Central]:
    running = Central(tmp_path_factory.mktemp("central"), broker, lunch())
    running.start()
    store = Store(running.folder / "central.db", "mall")
    fill(store, [Person(f"v{n:05d}", (Stay("nordic", NOON + n), Stay("cafe", NOON + 600 + n))) for n in range(80)])
    with store.database.writing() as connection:
        for n in range(40):
            sale = Purchase(f"p{n}", f"M-{n}", "cafe", "g", "cafe", "dining", NOON, DAY, 1250)
            purchases.add(connection, "mall", sale, NOON)
    store.close()
    yield running
    assert running.stop() == 0
    assert "Traceback" not in (running.folder / "central.log").read_text()


@pytest.fixture
def ask(central: Central) -> Any:
    def get(path: str, role: str = "manager", **asked: object) -> httpx.Response:
        address = central.address + "/v1/results" + path
        return httpx.get(address, params=asked, headers=central.headers(role), timeout=20)  # type: ignore[arg-type]

    return get


def test_campaigns_and_their_results(ask: Any) -> None:
    before = datetime.now(UTC) - timedelta(days=1)
    told = ask("/campaigns").json()
    after = datetime.now(UTC) - timedelta(days=1)
    assert told["as_of"] in {f"{before:%Y-%m-%d}", f"{after:%Y-%m-%d}"}
    assert (told["k"], told["horizon_days"]) == (5, 28)
    assert [(one["campaign"], one["verdict"]) for one in told["campaigns"]] == [("lunch", "no holdout")]
    found = ask("/campaigns/lunch", horizon_days=14).json()
    assert found["horizon_days"] == 14
    assert [one["way"] for one in found["ascribed"]] == [
        "used the coupon",
        "came after it",
        "would not have come without",
    ]
    assert found["offered"] == {"value": None, "n": None, "low": None, "high": None, "withheld": "few"}


def test_a_tenants_report_is_in_the_currency(ask: Any) -> None:
    report = ask("/tenants/cafe", **{"from": DAY, "to": DAY}).json()["report"]
    assert report["currency"] == "EUR"
    assert report["spend"]["low"] <= 40 * 12.5 <= report["spend"]["high"]
    assert 480 <= report["spend"]["value"] <= 520
    assert report["members"]["value"] == 40
    assert report["shops"][0]["zone"] == "cafe"


def test_funnel_and_pairs(ask: Any) -> None:
    weeks = ask("/funnel", **{"from": DAY, "to": DAY}).json()["weeks"]
    assert 60 < weeks[0]["traffic"]["value"] < 100
    assert weeks[0]["offered"]["withheld"] == "few"
    pairs = ask("/pairs", **{"from": DAY, "to": DAY}).json()["pairs"]
    assert [(one["first"], one["second"]) for one in pairs["by_visits"]] in ([("nordic", "cafe")], [])


@pytest.mark.parametrize("what", ["campaigns", "funnel", "pairs", "tenants"])
def test_tables_have_the_same_columns_in_both_formats(ask: Any, what: str) -> None:
    asked = {"from": DAY, "to": DAY}
    text = ask(f"/exports/{what}.csv", **asked)
    assert text.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(text.text)))
    table = pq.read_table(io.BytesIO(ask(f"/exports/{what}.parquet", **asked).content))
    assert table.num_rows == len(rows)
    if rows:
        assert list(rows[0]) == table.column_names
    assert "M-" not in text.text


@pytest.mark.parametrize(
    ("path", "asked", "status", "words"),
    [
        ("/campaigns/none", {}, 404, "no campaign 'none'"),
        ("/campaigns/lunch", {"horizon_days": 9}, 422, "horizon_days: must be one of 7, 14, 28, 56"),
        ("/tenants/nobody", {}, 404, "no zone is or was tenant 'nobody'"),
        ("/funnel", {"from": "2999-01-01"}, 422, "from: must be"),
        ("/pairs", {"from": "2020-01-01", "to": DAY}, 422, "from: at most 31 days"),
        ("/funnel", {"from": "soon"}, 422, "from"),
        ("/exports/members.csv", {}, 422, "what"),
    ],
)
def test_wrong_questions_get_one_sentence_that_names_the_field(
    ask: Any, path: str, asked: dict[str, object], status: int, words: str
) -> None:
    answer = ask(path, **asked)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert words in answer.json()["detail"]


def test_neither_ops_nor_a_till_reads_results(ask: Any) -> None:
    assert {ask("/campaigns", role=role).status_code for role in ("ops", "trigger", "installer")} == {403}
