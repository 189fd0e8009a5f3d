"""Why not: every verdict about one member for admins, near misses by reason for managers, never of few."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest

from calibration.site import Site
from central.store import members
from central.store.store import Store
from tests.broker import MosquittoBroker
from tests.central.mall import NOON, Central, eventually, lunch
from tests.central.offers.floor import OfferMall, campaign, file_of


def test_why_tells_every_campaign_with_every_verdict_and_changes_nothing(store: Store, site: Site) -> None:
    text = file_of(
        campaign(),
        campaign("gold", '{ kind = "tier", any = ["gold"] }, { kind = "dwell", category = "fashion", minutes = 20.0 }'),
        campaign("parking", purpose="parking"),
    )
    mall = OfferMall(store, site, text)
    mall.comes("M-1", "visitor00001")
    mall.dwells("visitor00001", 650)
    before = {one.campaign.id: one for one in mall.engine.why("M-1", NOON + 1)}
    assert before["lunch"].due
    assert mall.rows("SELECT count(*) FROM offers") == [(0,)]
    assert mall.engine.update(NOON + 1) == 1
    after = {one.campaign.id: one for one in mall.engine.why("M-1", NOON + 2)}
    assert (after["lunch"].due, after["lunch"].had) == (False, True)
    tier, dwell = after["gold"].verdicts
    assert not tier.holds
    assert (dwell.short_by, dwell.unit) == (550.0, "s")
    assert after["parking"].missing == ("no consent to parking",)
    assert "20 min needed" in after["gold"].sentence
    members.withdraw(store.database, "mall", "M-1", "journey", NOON + 3)
    gone = mall.engine.why("M-1", NOON + 4)
    assert all(one.missing == ("no consent to journey",) and not one.verdicts for one in gone)


@pytest.mark.parametrize("who", ["nobody", "M-9"])
def test_why_of_whom_nobody_knows_looks_at_nothing(store: Store, site: Site, who: str) -> None:
    mall = OfferMall(store, site, file_of(campaign()))
    mall.enrols("M-9")
    (only,) = mall.engine.why(who, NOON)
    assert only.missing
    assert not only.verdicts


@pytest.mark.timeout(120)
def test_over_http_admins_read_why_and_managers_read_counts_that_are_not_of_few(
    broker: MosquittoBroker, tmp_path: Path
) -> None:
    central = Central(tmp_path / "central", broker, lunch("00:00", "24:00"))
    central.start()
    try:
        admin, manager = central.headers("admin"), central.headers("manager")
        given_at = "2026-01-01T00:00:00.000Z"
        consents = [
            {"purpose": purpose, "given_at": given_at, "wording_version": "1", "source": "app"}
            for purpose in ("journey", "offers")
        ]
        with httpx.Client(base_url=central.address, timeout=10) as client:
            assert client.put("/v1/members/M-1", json={"consents": consents}, headers=admin).status_code == 200
            told = client.get("/v1/members/M-1/why", headers=admin).json()
            assert told["campaigns"][0]["missing"] == ["not linked to any visit now"]
            assert client.get("/v1/members/M-77/why", headers=admin).status_code == 404
            assert client.get("/v1/members/M-1/why", headers=manager).status_code == 403
            assert client.get("/v1/campaigns/none/misses", headers=manager).status_code == 404
            empty = client.get("/v1/campaigns/lunch/misses", headers=manager).json()
            assert (empty["reasons"], empty["offers"]) == ([], 0)
            store = Store(central.folder / "central.db", "mall")
            day = time.strftime("%Y-%m-%d", time.gmtime())
            with store.database.writing() as connection:
                connection.executemany(
                    "INSERT INTO near_misses VALUES ('mall', ?, 'lunch', ?, ?, 120.0, 's', ?)",
                    [(f"N-{number}", day, "dwell" if number < 60 else "window", time.time()) for number in range(62)],
                )
            store.close()

            def reasons() -> dict[str, tuple[int | None, float | None]]:
                found = client.get("/v1/campaigns/lunch/misses", headers=manager).json()["reasons"]
                return {one["failed"]: (one["members"], one["short_by"]) for one in found}

            found = eventually(reasons)
            assert found["window"] == (None, None)
            many, short_by = found["dwell"]
            assert many is not None
            assert 40 < many < 80
            assert short_by == 120.0
    finally:
        central.kill()
