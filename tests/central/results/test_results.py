"""What a manager reads of campaigns, weeks, shops and pairs equals what one counts, and singles nobody out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from benchmarks.uplift.written import CAMPAIGN, FIRST_DAY, arms, day_text, name, noon_of, write
from calibration.site import Site, load_site
from central.results.measure import unbalanced
from central.results.results import Results
from central.store import member_days, offers, purchases
from central.store.member_days import MemberDay
from central.store.offers import Offer
from central.store.purchases import Purchase
from central.store.results import Standing
from central.store.store import Store
from contract.errors import BadInputError
from simulator.campaign_effect import World, story
from tests.central.mall import NOON, write_site
from tests.central.population import Person, Stay, fill
from tests.central.results.shown import figures_in, results_at

WORLD = World(members=1200, weeks=4, after_days=28, effect=0.6)
LAST = FIRST_DAY + timedelta(days=WORLD.days - 1)
PURPOSES = ("journey", "offers")
NEW_YEAR = date(2026, 1, 1)


def consents(connection: sqlite3.Connection, members: list[str]) -> None:
    connection.executemany(
        "INSERT INTO consents (site, member, purpose, given_at, wording, source) VALUES ('mall', ?, ?, 0, 'v1', 'app')",
        [(member, purpose) for member in members for purpose in PURPOSES],
    )


def offer(member: str, at: float, day: str, arm: str = "offer") -> Offer:
    more = {"arm": arm, "occasion": day}
    return Offer(0, f"{day}-{member}", member, CAMPAIGN, 1, day, "DINE-15", "lunch", at, "", {}, **more)  # type: ignore[arg-type]


def redeem(connection: sqlite3.Connection, offers_used: list[str], tenant: str, at: float, day: str) -> None:
    for number, one in enumerate(offers_used):
        member = one.split("-", 3)[3]
        connection.execute(
            "INSERT INTO coupons VALUES ('mall', ?, ?, 'DINE-15', 1, ?, ?, 0, 0, 9e9, 300, 'redeemed')",
            (f"c{number}", f"s{number}", one, member),
        )
        connection.execute(
            """INSERT INTO redemptions (site, redemption, tenant, sale, asked, at, day, amount, parking, answer)
               VALUES ('mall', ?, ?, ?, '', ?, ?, 2000, 0, '')""",
            (f"r{number}", tenant, f"sale{number}", at, day),
        )
        connection.execute(
            """INSERT INTO redeemed (site, redemption, coupon, pool, version, off, charge, hours, at)
               VALUES ('mall', ?, ?, 'DINE-15', 1, 300, 300, 0, ?)""",
            (f"r{number}", f"c{number}", at),
        )
    connection.execute(
        """INSERT INTO coupon_books (site, day, at, what, tenant, payer, pool, coupons, off, charge)
           VALUES ('mall', ?, ?, 'redeemed', ?, '', 'DINE-15', ?, 0, ?)""",
        (day, at, tenant, len(offers_used), 300 * len(offers_used)),
    )


@pytest.fixture(scope="module")
def rigged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    folder, told = tmp_path_factory.mktemp("rigged"), story(WORLD, 2)
    store = Store(folder / "central.db", "mall")
    write(store, told, arms(told, b"k" * 32, 20))
    yield results_at(store, load_site(write_site(folder)), folder, LAST, holdout=20)
    store.close()


def test_a_campaign_that_works_is_told_with_its_sentence_and_three_ways_to_ascribe(rigged: Results) -> None:
    found = rigged.campaign(CAMPAIGN)
    assert found is not None
    assert (found.verdict, found.unbalanced, found.as_of, found.currency) == ("more", False, LAST, "EUR")
    assert found.sentence.startswith("Members who were offered came more often")
    assert found.found_on is not None
    visits, breadth, spend = found.changes
    assert visits.relative.low is not None
    assert visits.relative.high is not None
    assert 0 < visits.relative.low < 0.6 < visits.relative.high + 0.1
    assert (visits.state, breadth.state) == ("found", "not found")
    assert spend.difference.value is not None
    used, after, caused = found.ascribed
    assert used.members.withheld == "few"
    assert after.spend.value is not None
    assert caused.visits.value is not None
    assert caused.visits.low is not None
    assert caused.visits.low > 0
    assert after.spend.value > (caused.spend.value or 0)
    assert "of those held back bought there as well" in after.assumes


def test_one_that_nobody_is_held_back_from_says_so(store: Store, site: Site, tmp_path: Path) -> None:
    told = story(WORLD, 2)
    write(store, told, np.ones(WORLD.members, bool), sales=False)
    found = results_at(store, site, tmp_path, LAST, holdout=0).campaign(CAMPAIGN)
    assert found is not None
    assert found.verdict == "no holdout"
    assert [one.difference.withheld for one in found.changes] == ["few"] * 3
    assert "holdout_percent" in found.sentence


def test_a_young_campaign_says_how_long_it_will_take(store: Store, site: Site, tmp_path: Path) -> None:
    told = story(replace(WORLD, effect=0.0), 2)
    write(store, told, arms(told, b"k" * 32, 20), sales=False)
    early = FIRST_DAY + timedelta(days=WORLD.lead_days + WORLD.after_days + 4)
    found = results_at(store, site, tmp_path, early, holdout=20).campaign(CAMPAIGN)
    assert found is not None
    assert found.verdict in {"too early", "no difference found"}
    assert found.changes[0].days_to_tell is not None
    assert found.changes[0].days_to_tell > 0
    assert "more days at this rate" in found.sentence
    assert found.changes[2].difference.withheld == "young"  # no till has told of any sale


def test_arms_that_chance_does_not_explain_are_called_out() -> None:
    assert unbalanced(Standing([(True, "2026-01-01", 900, 900), (False, "2026-01-01", 300, 300)], 0), 10)
    assert not unbalanced(Standing([(True, "2026-01-01", 900, 900), (False, "2026-01-01", 105, 105)], 0), 10)


def test_a_list_reckons_what_it_has_time_for_and_the_rest_when_asked_again(rigged: Results) -> None:
    line = rigged.campaigns()[0]
    assert line.campaign == CAMPAIGN
    assert line.reckoned
    assert line.verdict == "more"
    assert rigged.campaign("other") is None
    with pytest.raises(BadInputError, match="horizon_days: must be one of 7, 14, 28, 56"):
        rigged.campaign(CAMPAIGN, 8)


def test_a_week_runs_from_traffic_to_who_came_back(store: Store, site: Site, tmp_path: Path) -> None:
    fill(store, [Person(f"v{n:05d}", (Stay("nordic", NOON + n),)) for n in range(40)])
    members = [name(n) for n in range(30)]
    with store.database.writing() as connection:
        consents(connection, members)
        days = [MemberDay(member, "2026-01-01", {"fashion": 60.0}, 1, 60.0) for member in members[:20]]
        days += [MemberDay(member, "2026-01-15", {"dining": 60.0}, 1, 60.0) for member in members[:8]]
        member_days.put(connection, "mall", days, "journey", 0.0)
        for member in members[:16]:
            offers.add(connection, "mall", offer(member, NOON, "2026-01-01"), PURPOSES, linked=False)
        held = offer(members[17], NOON, "2026-01-01", "holdout")
        offers.add(connection, "mall", held, PURPOSES, linked=False)
        redeem(connection, [f"2026-01-01-{member}" for member in members[:6]], "cafe", NOON + 60, "2026-01-01")
        connection.executemany("INSERT INTO receipts VALUES ('mall', ?, 'delivered', 0)", [(n,) for n in range(1, 16)])
    results = results_at(store, site, tmp_path, date(2026, 3, 1))
    week = results.funnel(results.days(NEW_YEAR, NEW_YEAR))[0]
    assert [one.value for one in (week.traffic, week.member_days, week.present, week.offered)] == [40, 20, 20, 15]
    assert week.delivered.value == 1.0
    assert (week.redeemed.value, week.came_back.value) == (round(5 / 15, 3), round(5 / 15, 3))
    assert (
        results_at(store, site, tmp_path, date(2026, 1, 20))
        .funnel(results.days(NEW_YEAR, NEW_YEAR))[0]
        .came_back.withheld
        == "young"
    )
    shop = results.tenant("cafe", results.days(NEW_YEAR, NEW_YEAR))
    assert shop is not None
    assert (shop.offered.value, shop.redeemed.n, shop.costs[0].coupons.value) == (15, 15, 5)
    assert shop.costs[0].charge.value == 1800


def test_a_shop_is_told_of_its_visitors_and_the_members_among_its_customers(
    store: Store, site: Site, tmp_path: Path
) -> None:
    fill(store, [Person(f"v{n:05d}", (Stay("nordic", NOON), Stay("cafe", NOON + 600))) for n in range(12)])
    with store.database.writing() as connection:
        for n in range(9):
            sale = Purchase(f"p{n}", name(n) if n < 7 else "", "cafe", "g", "cafe", "dining", NOON, "2026-01-01", 1500)
            purchases.add(connection, "mall", sale, NOON)
    results = results_at(store, site, tmp_path, date(2026, 1, 2))
    report = results.tenant("cafe", results.days(NEW_YEAR, NEW_YEAR))
    assert report is not None
    assert (report.shops[0].visitors.value, report.members.value) == (12, 5)
    assert report.spend.low is not None
    assert report.spend.high is not None
    assert report.spend.low <= 7 * 1500 <= report.spend.high
    assert [(one.zone, one.people.value) for one in report.came_from] == [("nordic", 12)]
    assert results.tenant("nobody", results.days(NEW_YEAR, NEW_YEAR)) is None


def test_pairs_that_go_together_stand_out_and_those_that_do_not_do_not(
    store: Store, site: Site, tmp_path: Path
) -> None:
    random = np.random.default_rng(3)
    people = []
    for n in range(600):
        zones = [zone for zone in ("nordic", "atelier", "kitchen") if random.random() < 0.4] or ["nordic"]
        if "nordic" in zones and random.random() < 0.7:
            zones.append("cafe")
        people.append(Person(f"v{n:05d}", tuple(Stay(zone, NOON + 90 * k) for k, zone in enumerate(zones))))
    fill(store, people)
    results = results_at(store, site, tmp_path, date(2026, 1, 2))
    found = results.pairs(results.days(NEW_YEAR, NEW_YEAR))
    assert found.people == 600
    by_ids = {(one.first, one.second): one for one in found.by_visits}
    together = by_ids["nordic", "cafe"]
    assert together.stands_out
    assert together.lift.low is not None
    assert together.lift.low > 1
    assert not by_ids["atelier", "kitchen"].stands_out


def test_members_who_buy_at_two_shops_lift_them(store: Store, site: Site, tmp_path: Path) -> None:
    with store.database.writing() as connection:
        number = 0
        for n in range(200):
            for tenant in ("cafe", "nordic") if n % 4 == 0 else (("cafe",) if n % 2 else ("shoes",)):
                sale = Purchase(f"p{number}", name(n), tenant, "g", tenant, "x", NOON, "2026-01-01", 500)
                purchases.add(connection, "mall", sale, NOON)
                number += 1
        for n in range(4):  # too few for a figure
            for tenant in ("kitchen", "shoes"):
                sale = Purchase(f"q{n}{tenant}", f"Q{n}", tenant, "u", tenant, "x", NOON, "2026-01-01", 500)
                purchases.add(connection, "mall", sale, NOON)
    results = results_at(store, site, tmp_path, date(2026, 1, 2))
    found = results.pairs(results.days(NEW_YEAR, NEW_YEAR))
    assert [(one.first, one.second, one.both.value) for one in found.by_purchases] == [("cafe", "nordic", 50)]
    assert found.few >= 1


def test_no_figure_is_about_fewer_than_k_and_none_of_the_left_out_members_is_named(rigged: Results) -> None:
    told = [rigged.campaign(CAMPAIGN), *rigged.campaigns(), *rigged.funnel(rigged.days(None, None))]
    seen = 0
    for place, figure in (one for part in told for one in figures_in(part)):
        seen += 1
        if figure.withheld:
            assert (figure.value, figure.n, figure.low, figure.high) == (None,) * 4, place
        else:
            assert figure.n is not None, place
            assert figure.n >= 5, place
    assert seen > 50
    assert "M-0" not in repr(told)


def test_days_are_whole_and_over(rigged: Results) -> None:
    assert rigged.days(None, None).last == LAST
    assert rigged.days(None, LAST + timedelta(days=9)).last == LAST
    assert day_text(0) == FIRST_DAY.isoformat()
    assert noon_of(1) - noon_of(0) == 86_400
    with pytest.raises(BadInputError, match="from: must be"):
        rigged.days(LAST + timedelta(days=2), None)
    with pytest.raises(BadInputError, match="from: at most 92 days"):
        rigged.days(FIRST_DAY - timedelta(days=400), None)
