"""`atrium central purge`: all that is due at once, twice the same, and beside a running central."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from central.privacy.retention import DAY_S, HOUR_S, IDS, Keep, Retention
from central.store.store import Store
from contract.times import to_rfc3339
from tests.broker import MosquittoBroker
from tests.central.mall import Central, Sender, positions, visit
from tests.central.privacy.test_retention import a_day, ids, take
from tests.central.ready_python import atrium

UTC = ZoneInfo("UTC")


def purge(config: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return atrium("central", "purge", config, *options)


@pytest.fixture
def central(tmp_path: Path) -> Central:
    with MosquittoBroker(tmp_path / "broker") as broker:
        return Central(tmp_path / "central", broker)


def test_what_is_due_goes_at_once_and_a_second_time_nothing(central: Central) -> None:
    now = time.time()
    store = Store(central.folder / "central.db", "mall")
    a_day(store, (now // DAY_S - 3) * DAY_S)
    for days in (5, 4):
        sender = Sender(session=f"durable0session{days}")
        take(store, sender, visit(f"visit000000{days}", f"elsa0000000{days}", entered=now - days * DAY_S), now)
    past = now - HOUR_S
    take(store, Sender(session="durable0session9"), positions(past, {"carl00000001": (1.0, 1.0)}), past)
    take(store, Sender(session="durable0session8"), visit(visitor="dora00000001", entered=now - 100), now)
    before = len(ids(store))
    store.close()
    done = json.loads(purge(central.config, "--json").stdout)
    assert done["left_over"] == []
    assert done["replaced"] >= before - 1
    assert done["deleted"]["positions"] == 1
    store = Store(central.folder / "central.db", "mall")
    assert [name for name in ids(store) if not name.startswith("~")] == ["dora00000001"]
    assert store.database.rows("SELECT count(*) FROM purges WHERE rule = ?", (IDS,))[0][0] == 1
    store.close()
    again = purge(central.config)
    assert again.returncode == 0
    assert again.stdout == "0 visitors' ids replaced; rows deleted: none\n"


def test_before_central_has_run_it_says_so(central: Central) -> None:
    done = purge(central.config)
    assert done.returncode == 2
    assert "database: no such file" in done.stderr
    assert not (central.folder / "central.db").exists()


def test_two_that_forget_the_same_day_at_once_agree_on_one_key_a_person(tmp_path: Path) -> None:
    """Central's own retention and a purge by hand: each person has one key, whoever came first."""
    now = (time.time() // DAY_S) * DAY_S + 12 * HOUR_S
    for round_ in range(5):
        path = tmp_path / f"{round_}.db"
        store = Store(path, "mall")
        a_day(store, now - 12 * HOUR_S - 3 * DAY_S)
        store.close()
        stores = [Store(path, "mall") for _ in range(2)]
        names = count()
        keepers = [Retention(one, Keep(), UTC, lambda: f"fresh{next(names)}") for one in stores]  # noqa: B023
        together = threading.Barrier(2)

        def forget(keeper: Retention, together: threading.Barrier = together) -> None:
            together.wait()
            keeper.everything(now)

        threads = [threading.Thread(target=forget, args=(keeper,)) for keeper in keepers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        keepers[0].everything(now)
        rows = stores[0].database.rows("SELECT DISTINCT visitor FROM visits WHERE site = 'mall'")
        found = {row[0] for row in rows}
        assert all(name.startswith("~") for name in found), to_rfc3339(now)
        assert len(found) == 2  # two people, one of whom was on two floors
        for one in stores:
            one.close()
