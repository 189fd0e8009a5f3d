"""Killed at every step between event, decision, outbox and delivery: no offer twice, none lost, books balanced."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from calibration.site import Site
from central.ingest.decode import read
from central.offers.engine import OfferEngine
from central.store import deliveries
from central.store.batch import commit
from central.store.deliveries import Attempt
from central.store.store import Store
from tests.central.mall import NOON, ROOT, Sender, visit
from tests.central.offers.floor import POOL, OfferMall, campaign, engine_on, file_of

MEMBERS = ("M-1", "M-5")
CHANNEL = "webhook:till"
STOCK = 10
TEXT = file_of(campaign(holdout_percent=50.0), pools=POOL.format(id="TEN") + f"stock = {STOCK}\n")


def a_day(store: Store, engine: OfferEngine, consumed: Path) -> None:
    """A box tells of visits, the engine decides, and what is owed is sent to a consumer that writes it down."""
    sender = Sender()
    for number, member in enumerate(MEMBERS):
        body = visit(
            f"visit000000{number}", f"visitor0000{member[-1]}", entered=NOON - 650, observed=650, bridged=0, unseen=0
        )
        topic, payload = sender.packet(body, NOON)
        found = read("mall", topic, payload, len(payload), NOON, retained=False)
        assert found is not None
        commit(store.database, [found])
    for now in (NOON + 1, NOON + 40):  # what a dead sender held is free again by then
        engine.update(now)
        due = deliveries.claim(store.database, store.site, CHANNEL, now, lease_s=30, keep_s=3600, limit=100)
        with consumed.open("a") as file:
            for outgoing in due:
                file.write(outgoing.offer.offer + "\n")
                file.flush()
                os.fsync(file.fileno())
                deliveries.settle(store.database, store.site, [Attempt(outgoing.delivery, "sent")], now)


def in_child(work: Callable[[], None]) -> int:
    """Run it in a process of its own; how that ended: 0 or the signal's number, negative."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - it must not come back to the tests
            os._exit(99)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def killed_before(statement: int, folder: Path, site: Site) -> Callable[[], None]:
    """The same day, killed before the so-many-eth statement that SQLite is given to write with."""

    def work() -> None:
        store = Store(folder / "central.db", "mall")
        left = statement

        def step(_sql: str) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        engine = engine_on(store, site, site.source.parent / "campaigns.toml", channels=(CHANNEL,))
        store.database._writer.set_trace_callback(step)
        a_day(store, engine, folder / "consumed")

    return work


@pytest.mark.timeout(240)
def test_killed_before_every_single_statement_nothing_is_doubled_lost_or_out_of_balance(
    store: Store, site: Site, tmp_path: Path
) -> None:
    mall = OfferMall(store, site, TEXT, channels=(CHANNEL,))
    for member in MEMBERS:
        mall.comes(member, f"visitor0000{member[-1]}")
    mall.engine.update(NOON - 60)  # pools are known
    assert store.database.empty_log()
    statement, endings = 0, Counter[int]()
    while True:
        folder = tmp_path / f"killed{statement}"
        folder.mkdir()
        shutil.copy(store.database.path, folder / "central.db")
        ending = in_child(killed_before(statement, folder, site))
        endings[ending] += 1
        again = Store(folder / "central.db", "mall")
        try:
            a_day(again, engine_on(again, site, mall.path, channels=(CHANNEL,)), folder / "consumed")
            check(again, folder / "consumed")
        except AssertionError as error:
            raise AssertionError(f"killed before statement {statement}: {error}") from error
        finally:
            again.close()
        shutil.rmtree(folder)
        if ending == 0:
            break
        statement += 1
    assert endings[-signal.SIGKILL] == statement > 60


def check(store: Store, consumed: Path) -> None:
    """Each member once and campaign, in the arm that is theirs; all counts agree; the consumer knows every offer."""
    rows = store.database.rows(
        "SELECT member, campaign, occasion, arm, offer, code FROM offers ORDER BY member, campaign"
    )
    told = [(row[0], row[1], row[3]) for row in rows]
    assert told == [("M-1", "lunch", "offer"), ("M-5", "lunch", "holdout")]
    made = {row["offer"] for row in rows if row["arm"] == "offer"}
    assert all(bool(row["code"]) == (row["arm"] == "offer") for row in rows)
    assert {row[0] for row in store.database.rows("SELECT offer FROM coupons")} == made
    assert [tuple(row) for row in store.database.rows("SELECT given FROM pools")] == [(len(made),)]
    counted = store.database.rows("SELECT campaign, day = '', offers, holdouts, cost FROM offer_counts ORDER BY 1, 2")
    assert [tuple(row) for row in counted] == [("lunch", 0, 1, 1, 1000), ("lunch", 1, 1, 1, 1000)]
    assert set(consumed.read_text().split()) == made
    assert store.database.rows("SELECT count(*) FROM deliveries WHERE state = 'sent'")[0][0] == len(made)


@pytest.mark.timeout(120)
def test_two_engines_in_two_processes_on_one_file_double_nothing(store: Store, site: Site) -> None:
    text = file_of(campaign(), campaign("capped", caps="{ total = 7 }", once="visit"))
    mall = OfferMall(store, site, text)
    people = [f"{number:02}" for number in range(30)]
    for one in people:
        mall.comes(f"M-{one}", f"visitor000{one}")
    mall.engine.update(NOON - 60)

    command = [sys.executable, "-m", "tests.central.offers.engine_process", str(store.database.path), str(site.source)]
    engines = [
        subprocess.Popen([*command, "lunch", str(len(people))], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for engine in engines:
        assert engine.stdout is not None
        with engine.stdout as told:
            assert told.readline() == "ready\n"
    for one in people:
        mall.dwells(f"visitor000{one}", 650)
    assert [engine.wait(60) for engine in engines] == [0, 0]
    assert mall.rows("SELECT count(*) FROM offers WHERE campaign = 'lunch'") == [(30,)]
    assert mall.rows("SELECT count(*) FROM offers WHERE campaign = 'capped'") == [(7,)]
    assert mall.rows("SELECT campaign, offers FROM offer_counts WHERE day = '' ORDER BY campaign") == [
        ("capped", 7),
        ("lunch", 30),
    ]
    assert mall.rows("SELECT count(DISTINCT coupon), count(*) FROM coupons") == [(37, 37)]
