"""What the engine makes of what happens: once, within caps, groups, quiet hours; held out; never without consent."""

from __future__ import annotations

import json

import pytest

from calibration.site import Site
from central.offers.facts import apart_s
from central.store import coupons, links, members
from central.store.store import Store
from tests.central.mall import NOON, positions, visit
from tests.central.offers.floor import POOL, OfferMall, campaign, file_of

PLACE = (7.0, 9.0)
DAY_S = 86_400.0


def test_an_offer_carries_its_reason_the_caps_and_how_long_it_took(store: Store, site: Site) -> None:
    mall = OfferMall(store, site, file_of(campaign(caps="{ per_day = 5 }")), channels=("mqtt",))
    mall.comes("M-1", "visitor00001", tier="gold")
    assert mall.engine.update(NOON - 5) == 0
    mall.hears(
        visit("visit0000001", "visitor00001", "nordic", entered=NOON - 700, observed=650, bridged=50, unseen=0), NOON
    )
    assert mall.engine.update(NOON + 0.4) == 1
    (offer,) = mall.offers()
    assert offer.code
    assert offer.facts["latency_s"] == pytest.approx(0.4, abs=0.01)
    assert offer.facts["caps"] == {"per_day": 5}
    assert offer.facts["given_before"] == {"of_member": 0, "today": 0, "total": 0, "cost": 0}
    assert offer.facts["link"]["confidence"] == 0.97
    assert offer.facts["consents"] == ["journey", "offers"]
    assert "11 min 40 s in fashion" in offer.sentence
    assert "M-1" not in offer.sentence + json.dumps(offer.facts)
    assert mall.rows("SELECT channel, state FROM deliveries") == [("mqtt", "queued")]
    assert mall.rows("SELECT day, offers, holdouts, cost FROM offer_counts ORDER BY day") == [
        ("", 1, 0, 1000),
        ("2026-01-01", 1, 0, 1000),
    ]


def test_what_happened_before_the_start_counts_and_nothing_is_made_twice_by_a_restart(store: Store, site: Site) -> None:
    mall = OfferMall(store, site, file_of(campaign()))
    mall.comes("M-1", "visitor00001")
    mall.dwells("visitor00001", 700)
    assert mall.engine.update(NOON + 1) == 1
    assert mall.restarted().update(NOON + 2) == 0
    mall.dwells("visitor00001", 700, NOON + 800, name="visit0000009")
    assert mall.engine.update(NOON + 801) == 0
    assert len(mall.offers()) == 1


@pytest.mark.parametrize(
    ("once", "times"),
    [("day", [1, 0, 0, 1]), ("visit", [1, 0, 1, 1]), ("week", [1, 0, 0, 0]), ("campaign", [1, 0, 0, 0])],
)
def test_once_an_occasion(store: Store, site: Site, once: str, times: list[int]) -> None:
    mall = OfferMall(store, site, file_of(campaign(once=once)))
    made = []
    hours = (-4.0, -3.5, 0.0, 24.0)
    for number, hour in enumerate(hours):
        at = NOON + hour * 3600
        if number == 0:
            mall.enrols("M-1")
        mall.links("M-1", f"visitor0000{number}", at - 700)
        mall.dwells(f"visitor0000{number}", 650, at)
        made.append(mall.engine.update(at + 1))
        for _ in range(3):
            made[-1] += mall.engine.update(at + 700)
    assert made == times


def test_the_member_the_day_and_the_campaign_have_caps(store: Store, site: Site) -> None:
    text = file_of(
        campaign("daily", caps="{ per_day = 2 }"),
        campaign("total", caps="{ total = 3 }", priority=40),
        campaign("mine", caps="{ per_member = 1 }", once="visit", priority=30),
    )
    mall = OfferMall(store, site, text)
    for number in range(5):
        mall.comes(f"M-{number}", f"visitor0000{number}")
        mall.dwells(f"visitor0000{number}", 650, NOON + number)
    for minute in range(6):
        mall.engine.update(NOON + 10 + minute * 61)
    made = [offer.campaign for offer in mall.offers()]
    assert {name: made.count(name) for name in set(made)} == {"daily": 2, "total": 3, "mine": 5}
    assert dict(mall.rows("SELECT campaign, offers FROM offer_counts WHERE day = ''")) == {
        "daily": 2,
        "total": 3,
        "mine": 5,
    }


def test_a_budget_is_never_overspent(store: Store, site: Site) -> None:
    mall = OfferMall(store, site, file_of(campaign(budget=35.0)))
    for number in range(6):
        mall.comes(f"M-{number}", f"visitor0000{number}")
        mall.dwells(f"visitor0000{number}", 650)
    mall.engine.update(NOON + 1)
    assert len(mall.offers()) == 3
    mall.engine.update(NOON + 20)
    assert {failed for (failed,) in mall.rows("SELECT failed FROM near_misses")} == {"budget"}


def test_the_budget_of_coupons_that_nobody_used_is_given_again(store: Store, site: Site) -> None:
    mall = OfferMall(store, site, file_of(campaign(budget=35.0)))
    for number in range(6):
        mall.comes(f"M-{number}", f"visitor0000{number}")
        mall.dwells(f"visitor0000{number}", 650)
    mall.engine.update(NOON + 1)
    with store.database.writing() as connection:
        assert coupons.expire(connection, "mall", 1e18) == 3
    mall.engine = mall.restarted()
    mall.engine.update(NOON + 40)
    assert len(mall.offers()) == 6


def test_stock_runs_out_and_comes_back(store: Store, site: Site) -> None:
    pools = POOL.format(id="TEN")
    mall = OfferMall(store, site, file_of(campaign(), pools=pools + "stock = 2\n"))
    for number in range(4):
        mall.comes(f"M-{number}", f"visitor0000{number}")
        mall.dwells(f"visitor0000{number}", 650)
    assert mall.engine.update(NOON + 1) == 2
    assert mall.engine.update(NOON + 2) == 0
    mall.engine.update(NOON + 10)
    assert mall.rows("SELECT DISTINCT failed, unit FROM near_misses") == [("stock", "coupons")]
    mall.path.write_text(file_of(campaign(version=2), pools=pools + "stock = 4\n"), encoding="utf-8")
    mall.engine.update(NOON + 40)
    assert len(mall.offers()) == 4
    assert dict(mall.rows("SELECT campaign, offers FROM offer_counts WHERE day = ''"))["lunch"] == 4


def test_of_several_the_highest_is_made_and_the_others_a_minute_later(store: Store, site: Site) -> None:
    mall = OfferMall(store, site, file_of(campaign("low"), campaign("high", priority=90), campaign("second")))
    mall.comes("M-1", "visitor00001")
    mall.dwells("visitor00001", 650)
    apart = apart_s("M-1")
    assert 60 <= apart < 120
    times = (1, 30, 1 + apart - 0.1, 1 + apart + 0.1, 70 + apart, 2 + 2 * apart)
    for second in times:
        mall.engine.update(NOON + second)
    told = [(offer.campaign, offer.at - NOON) for offer in mall.offers()]
    assert told == [("high", 1), ("low", pytest.approx(times[3])), ("second", pytest.approx(times[5]))]


def test_who_is_served_in_one_moment_is_not_free_in_one_moment() -> None:
    apart = [apart_s(f"M-{number}") for number in range(1000)]
    assert max(apart) - min(apart) > 55
    assert max(sum(first <= one < first + 1 for one in apart) for first in apart) < 50


def test_a_restart_does_not_shorten_the_minute_between_two_offers(store: Store, site: Site) -> None:
    mall = OfferMall(store, site, file_of(campaign("low"), campaign("high", priority=90)))
    mall.comes("M-1", "visitor00001")
    mall.dwells("visitor00001", 650)
    assert mall.engine.update(NOON + 1) == 1
    assert mall.restarted().update(NOON + 10) == 0
    assert mall.engine.update(NOON + apart_s("M-1")) == 0
    assert mall.engine.update(NOON + apart_s("M-1") + 1.5) == 1
    assert mall.offers()[-1].facts["latency_s"] == pytest.approx(0.5, abs=0.01)  # the time came, not the visit


def test_a_clock_put_back_is_believed(store: Store, site: Site) -> None:
    mall = OfferMall(store, site, file_of(campaign()))
    mall.comes("M-1", "visitor00001")
    assert mall.engine.update(NOON + 3600) == 0
    mall.dwells("visitor00001", 650)
    assert mall.engine.update(NOON + 1) == 1


def test_of_a_group_a_member_gets_one_a_day(store: Store, site: Site) -> None:
    mall = OfferMall(store, site, file_of(campaign("a", group="meal"), campaign("b", group="meal"), campaign("c")))
    mall.comes("M-1", "visitor00001")
    mall.dwells("visitor00001", 650)
    for minute in range(5):
        mall.engine.update(NOON + 1 + 61 * minute)
    assert [offer.campaign for offer in mall.offers()] == ["a", "c"]
    assert mall.rows("SELECT campaign, failed FROM near_misses") == [("b", "group")]


def test_a_cool_down_waits_after_any_offer(store: Store, site: Site) -> None:
    mall = OfferMall(store, site, file_of(campaign("a", priority=90), campaign("b", cool_down_hours=1.0)))
    mall.comes("M-1", "visitor00001")
    mall.dwells("visitor00001", 650)
    for minute in (0, 2, 30, 59, 61):
        mall.engine.update(NOON + 1 + minute * 60)
    assert [(offer.campaign, offer.at - NOON) for offer in mall.offers()] == [("a", 1), ("b", 3661)]


def test_in_quiet_hours_it_waits_and_is_made_when_they_end_if_it_still_holds(store: Store, site: Site) -> None:
    conditions = (
        '{ kind = "dwell", category = "fashion", minutes = 10.0 }, { kind = "not_visited", category = "dining" }'
    )
    mall = OfferMall(store, site, file_of(campaign("a", conditions, quiet='{ from = "11:00", to = "13:00" }')))
    for member in "12":
        mall.comes(f"M-{member}", f"visitor0000{member}")
        mall.dwells(f"visitor0000{member}", 650)
    assert mall.engine.update(NOON + 1) == 0
    mall.dwells("visitor00002", 60, NOON + 1800, "cafe")
    assert mall.engine.update(NOON + 3590) == 0
    assert mall.engine.update(NOON + 3601) == 1
    assert [offer.member for offer in mall.offers()] == ["M-1"]


def test_a_window_that_opens_finds_everybody_who_waits_for_it(store: Store, site: Site) -> None:
    conditions = (
        '{ kind = "window", from = "12:00", to = "14:00" }, { kind = "dwell", category = "fashion", minutes = 10.0 }'
    )
    mall = OfferMall(store, site, file_of(campaign("a", conditions)))
    for number in range(3):
        mall.comes(f"M-{number}", f"visitor0000{number}")
        mall.dwells(f"visitor0000{number}", 300 * (number + 1), NOON - 60)
    assert mall.engine.update(NOON - 30) == 0
    assert mall.engine.update(NOON - 0.5) == 0
    assert mall.engine.update(NOON + 0.2) == 2
    assert [offer.member for offer in mall.offers()] == ["M-1", "M-2"]


def test_the_holdout_is_the_same_for_good_gets_nothing_and_takes_nothing(store: Store, site: Site) -> None:
    mall = OfferMall(store, site, file_of(campaign(holdout_percent=50.0, once="visit")), channels=("mqtt",))
    for number in range(40):
        mall.comes(f"M-{number:02}", f"visitor000{number:02}")
        mall.dwells(f"visitor000{number:02}", 650)
    assert mall.engine.update(NOON + 1) == 40
    arms = dict(mall.rows("SELECT member, arm FROM offers"))
    held = {member for member, arm in arms.items() if arm == "holdout"}
    assert 8 <= len(held) <= 32
    assert mall.rows("SELECT count(*) FROM offers WHERE arm = 'holdout' AND code != ''") == [(0,)]
    assert mall.rows("SELECT count(*) FROM deliveries") == [(40 - len(held),)]
    assert mall.rows("SELECT count(*) FROM coupons") == [(40 - len(held),)]
    assert mall.rows("SELECT offers, holdouts FROM offer_counts WHERE day = ''") == [(40 - len(held), len(held))]
    later = NOON + 4 * 3600
    for number in range(40):
        mall.links(f"M-{number:02}", f"visitor001{number:02}", later - 700)
        mall.dwells(f"visitor001{number:02}", 650, later)
    assert mall.restarted().update(later + 1) == 40
    again = mall.rows("SELECT member, arm FROM offers ORDER BY number")[40:]
    assert dict(again) == arms


@pytest.mark.parametrize("purposes", [("offers",), ("journey",), ("journey", "parking")])
def test_without_each_consent_nothing_is_made_nor_noted(store: Store, site: Site, purposes: tuple[str, ...]) -> None:
    conditions = '{ kind = "dwell", category = "fashion", minutes = 10.0 }, { kind = "tier", any = ["gold"] }'
    mall = OfferMall(store, site, file_of(campaign(), campaign("gold", conditions)))
    mall.comes("M-1", "visitor00001", *purposes)
    mall.dwells("visitor00001", 650)
    for second in range(1, 20, 4):
        assert mall.engine.update(NOON + second) == 0
    assert mall.rows("SELECT count(*) FROM near_misses") == [(0,)]


@pytest.mark.parametrize("purpose", ["journey", "offers"])
def test_a_withdrawal_between_two_rounds_stops_the_offer(store: Store, site: Site, purpose: str) -> None:
    mall = OfferMall(store, site, file_of(campaign()))
    mall.comes("M-1", "visitor00001")
    mall.dwells("visitor00001", 300, NOON - 100)
    assert mall.engine.update(NOON - 90) == 0
    mall.dwells("visitor00001", 650)
    members.withdraw(store.database, "mall", "M-1", purpose, NOON + 0.5)
    assert mall.engine.update(NOON + 1) == 0
    assert mall.engine.members == (0 if purpose == "journey" else len(links.links(store.database, "mall", 0)))


def test_an_erased_member_is_gone_from_the_engine_and_every_table(store: Store, site: Site) -> None:
    conditions = '{ kind = "dwell", category = "fashion", minutes = 20.0 }'
    mall = OfferMall(store, site, file_of(campaign(), campaign("long", conditions)))
    mall.comes("M-1", "visitor00001")
    mall.dwells("visitor00001", 650)
    mall.engine.update(NOON + 1)
    mall.engine.update(NOON + 7)
    assert mall.rows("SELECT member, campaign, failed, unit FROM near_misses") == [("M-1", "long", "dwell", "s")]
    assert members.erase(store.database, "mall", "M-1", NOON + 8)
    mall.engine.update(NOON + 9)
    assert mall.engine.members == 0
    mall.engine.update(NOON + 20)
    for table in ("near_misses", "offers", "happenings"):
        assert mall.rows(f"SELECT count(*) FROM {table} WHERE member = 'M-1'") == [(0,)]  # noqa: S608


def test_an_open_visit_goes_on_while_its_visitor_is_seen_in_the_zone_and_no_longer(store: Store, site: Site) -> None:
    mall = OfferMall(store, site, file_of(campaign()))
    for member, place in (("M-1", PLACE), ("M-2", (30.0, 4.0))):
        visitor = f"visitor0000{member[-1]}"
        mall.comes(member, visitor)
        body = visit(
            f"visit000000{member[-1]}",
            visitor,
            phase="continued",
            entered=NOON - 600,
            observed=595,
            bridged=0,
            unseen=0,
        )
        mall.hears(body, NOON)
        assert place
    made = []
    for second in range(1, 12):
        mall.hears(positions(NOON + second, {"visitor00001": PLACE, "visitor00002": (30.0, 4.0)}), NOON + second)
        made += [second] * mall.engine.update(NOON + second)
    assert made == [5]
    assert [offer.member for offer in mall.offers()] == ["M-1"]


def test_a_screen_shows_what_the_crowd_allows_once_and_to_nobody(store: Store, site: Site) -> None:
    crowd: dict[tuple[str, str], int | None] = {("g", "concourse"): None}
    screen = campaign(
        "show",
        '{ kind = "crowd", zone = "g/concourse", at_least = 10 }',
        audience="screen",
        zone="g/concourse",
        channel="screen",
    )
    mall = OfferMall(store, site, file_of(screen), channels=("mqtt",), crowd=lambda _now: crowd)
    assert mall.engine.update(NOON) == 0
    crowd["g", "concourse"] = 9
    assert mall.engine.update(NOON + 3) == 0
    crowd["g", "concourse"] = 12
    assert mall.engine.update(NOON + 6) == 1
    assert mall.engine.update(NOON + 9) == 0
    assert mall.restarted(crowd=lambda _now: crowd).update(NOON + 12) == 0
    (offer,) = mall.offers()
    assert (offer.member, offer.channel) == ("screen:g/concourse", "screen")
    assert offer.facts["consents"] == []
    assert "12 people" in offer.sentence
