"""Rehearsals: what campaigns would have done on stored days, told without naming anybody."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calibration.site import Site
from central.coupons.coupons import Coupons
from central.ingest.decode import read
from central.insight.suppression import Suppression
from central.offers.book import CampaignBook
from central.offers.campaigns import CampaignsFile, Condition
from central.offers.conditions import judge
from central.offers.engine import OfferEngine
from central.offers.rehearsal import Rehearser, days_of, script_of
from central.offers.rehearsed import CampaignRehearsal, Range, Rehearsal
from central.offers.replaying import Past, Someone, meet, questions
from central.store import links, member_days, members
from central.store.batch import commit
from central.store.links import Link
from central.store.member_days import MemberDay
from central.store.members import Consent
from central.store.store import ReadingStore, Store
from contract.errors import AtriumError, BadInputError
from tests.broker import MosquittoBroker
from tests.central.mall import NOON, Central, Sender, lunch, visit
from tests.central.offers.situations import CATEGORIES
from tests.central.population import Person, Plain, Stay, fill
from tests.central.ready_python import atrium

DAY = date(2026, 1, 1)
KEY = b"k" * 32
WINDOW = '{ kind = "window", from = "11:00", to = "14:00" }'
DWELL = '{ kind = "dwell", category = "fashion", minutes = 10.0 }'
NO_DINING = '{ kind = "not_visited", category = "dining" }'


def file(*campaigns: str, pool: str = "") -> str:
    pools = f'[[pools]]\nid = "TEN"\ntitle = "10 off"\nkind = "amount"\nvalue = 10\n{pool}\n'
    return 'schema = "atrium.campaigns.v1"\n' + pools + "\n".join(campaigns)


def campaign(ident: str, *conditions: str, **more: str) -> str:
    lines = [f"{name} = {value}" for name, value in more.items()]
    told = ", ".join(conditions)
    return "\n".join(
        ["[[campaigns]]", f'id = "{ident}"', 'coupon = "TEN"', 'wording = "10 off"', f"conditions = [{told}]", *lines]
    )


LUNCH = campaign("lunch", WINDOW, DWELL, NO_DINING)


class Mall:
    """Stored days, and a rehearsal over them."""

    def __init__(self, store: Store, site: Site) -> None:
        self.store, self.site = store, site
        path = site.source.parent / "campaigns.toml"
        path.write_text(file(campaign("coffee", '{ kind = "dwell", category = "fashion", minutes = 3.0 }')), "utf-8")
        self.book = CampaignBook(path, site)
        self.suppression: Suppression = Plain(5, KEY)

    def plays(self, text: str, first: date = DAY, last: date = DAY, now: float = NOON + 7200) -> Rehearsal:
        rehearser = Rehearser(self.store, self.site, self.suppression)
        return rehearser.rehearse(script_of(text, self.site, self.book), first, last, now)

    def one(self, text: str = file(LUNCH), **more: Any) -> CampaignRehearsal:
        (found,) = self.plays(text, **more).campaigns
        return found

    def enrols(self, member: str, visitor: str, *purposes: str, at: float = NOON, days: int = 0) -> None:
        consents = [Consent(purpose, NOON - 1e6, "2026-1", "app") for purpose in purposes]
        members.put(
            self.store.database, "mall", member, tier="gold", phone_hmac=None, consents=consents, now=NOON - 1e6
        )
        if visitor:
            links.link(self.store.database, "mall", Link(member, visitor, "g", "t", 0.97, at, {}), "journey")


def shoppers(count: int, *stays: Stay, first: int = 0, works: bool = False) -> list[Person]:
    return [Person(f"visitor{number:05d}", stays, works=works) for number in range(first, first + count)]


LONG = Stay("nordic", NOON, 660.0)
SHORT = Stay("nordic", NOON, 300.0)
EARLY = Stay("nordic", NOON - 2 * 3600, 660.0)
DINED = Stay("cafe", NOON - 3600, 300.0)


@pytest.fixture
def mall(store: Store, site: Site) -> Mall:
    found = Mall(store, site)
    fill(
        store,
        [
            *shoppers(30, LONG),
            *shoppers(8, DINED, LONG, first=30),
            *shoppers(10, SHORT, first=40),
            *shoppers(6, LONG, first=50, works=True),
            *shoppers(7, EARLY, first=60),
        ],
    )
    return found


def values(*figures: Any) -> list[float | None]:
    return [figure.value for figure in figures]


def test_people_are_counted_after_each_condition_and_staff_is_nobody(mall: Mall) -> None:
    told = mall.one()
    assert told.people.value == 37
    came, agreed, window, dwell, dining, caps = told.funnel
    assert values(came.people, window.people, dwell.people, dining.people) == [55, 55, 45, 37]
    assert agreed.people is None
    assert caps.people is None
    assert dwell.condition == "dwell: category fashion, minutes 10"
    assert {one.hour: one.people.value for one in told.hours} == {11: 37}
    assert told.left_out == []


def test_who_dwelt_before_the_window_is_reached_when_it_opens(mall: Mall) -> None:
    late = campaign("late", '{ kind = "window", from = "13:00", to = "14:00" }', DWELL)
    told = mall.one(file(late))
    assert {one.hour: one.people.value for one in told.hours} == {13: 45}


def test_what_people_cannot_be_asked_is_left_out_and_named(mall: Mall) -> None:
    told = mall.one(file(campaign("gold", DWELL, '{ kind = "tier", any = ["gold"] }')))
    assert told.people.value == 45
    assert told.left_out == ["tier: any_of ['gold']"]
    assert [step.people is None for step in told.funnel] == [False, True, False, True, True]


def test_overlap_is_the_same_person_on_the_same_day(mall: Mall) -> None:
    told = mall.one()
    assert [(one.campaign, one.people.value) for one in told.overlaps] == [("coffee", 37)]


def test_of_days_without_links_members_are_estimated_from_those_who_were_linked(mall: Mall) -> None:
    for number in range(11):
        mall.enrols(f"M-{number}", "", "journey", *(["offers"] if number < 8 else []))
    with mall.store.database.writing() as connection:
        days = [MemberDay(f"M-{number}", "2026-01-01", {"fashion": 600.0}, 1, 600.0) for number in range(11)]
        member_days.put(connection, "mall", days, "journey", NOON)
    (day,) = mall.one().days
    assert day.members.value is None
    assert day.estimate is not None
    assert day.estimate.value == pytest.approx(37 * 11 / 55 * 8 / 11, abs=0.1)
    assert day.estimate.low < day.estimate.value < day.estimate.high
    half = campaign("lunch", WINDOW, DWELL, NO_DINING, holdout_percent="50")
    (held,) = mall.one(file(half)).days
    assert held.estimate is not None
    assert held.estimate.value == pytest.approx(day.estimate.value / 2, abs=0.1)


def test_where_nobody_agrees_none_is_promised_and_none_and_few_look_the_same(mall: Mall) -> None:
    assert mall.one().estimate == Range(0.0, 0.0, 0.0)
    mall.enrols("M-1", "", "journey", "offers")
    none = mall.one().estimate
    assert (none.value, none.low) == (0.0, 0.0)
    with mall.store.database.writing() as connection:
        member_days.put(connection, "mall", [MemberDay("M-1", "2026-01-01", {}, 0, 0.0)], "journey", NOON)
    assert mall.one().estimate == none


def test_members_who_are_linked_are_run_and_what_stops_them_is_told(mall: Mall) -> None:
    for number in range(20):
        mall.enrols(
            f"M-{number}", f"visitor{number:05d}", "journey", *(["offers"] if number < 14 else []), at=NOON - 60
        )
    told = mall.one()
    assert told.members.value == 14
    assert values(*(step.members for step in told.funnel)) == [20, 14, 14, 14, 14, 14]
    assert told.days[0].estimate is None
    capped = mall.one(file(campaign("lunch", WINDOW, DWELL, caps="{ per_day = 6 }")))
    assert values(*(step.members for step in capped.funnel)) == [20, 14, 14, 14, 6]
    mall.suppression = Plain(3, KEY)
    held = mall.one(file(campaign("lunch", WINDOW, DWELL, holdout_percent="50")))
    assert (held.members.value or 0) + (held.held_out.value or 0) == 14


def test_a_member_counts_from_their_link_and_only_while_links_are_kept(mall: Mall) -> None:
    for number in range(8):
        mall.enrols(f"M-{number}", f"visitor{number:05d}", "journey", "offers", at=NOON + 3 * 3600)
    assert mall.one(now=NOON + 4 * 3600).members.value is None, "linked after the window"
    later = mall.one(now=NOON + 3 * 86_400)
    assert values(later.funnel[0].members) == [None]


def test_what_it_costs_is_bounded_by_stock_budget_and_caps(mall: Mall) -> None:
    for number in range(20):
        mall.enrols(f"M-{number}", f"visitor{number:05d}", "journey", "offers", at=NOON - 60)
    cost = mall.one().cost
    assert (cost.each, cost.most and cost.most.value, cost.expected, cost.held_back_by) == (1000, 20_000, None, "")
    few = mall.one(file(LUNCH, pool="stock = 7")).cost
    assert (few.most and few.most.high, few.held_back_by) == (7000, "stock")
    poor = mall.one(file(campaign("lunch", WINDOW, DWELL, budget="95"))).cost
    assert poor.most is not None
    assert poor.most.high <= 9500
    free = mall.one(file(LUNCH).replace('kind = "amount"\nvalue = 10', 'kind = "gift"')).cost
    assert (free.each, free.most) == (None, None)


def test_the_expected_cost_follows_the_pools_past(mall: Mall) -> None:
    for number in range(20):
        mall.enrols(f"M-{number}", f"visitor{number:05d}", "journey", "offers", at=NOON - 60)
    pools = msgspec.toml.decode(file(LUNCH), type=CampaignsFile).pools
    Coupons(KEY).sync(mall.store.database, "mall", pools, NOON)
    with mall.store.database.writing() as connection:
        connection.execute("UPDATE pools SET given = 40, redeemed = 10")
    cost = mall.one().cost
    assert cost.rate is not None
    assert cost.expected is not None
    assert (cost.rate.value, cost.expected.value) == (0.25, 5000)
    assert cost.rate.low < 0.25 < cost.rate.high


def test_the_engine_itself_reaches_the_same_members(store: Store, site: Site) -> None:
    mall = Mall(store, site)
    path = site.source.parent / "live.toml"
    path.write_text(file(LUNCH, campaign("coffee", '{ kind = "dwell", category = "dining", minutes = 2.0 }')), "utf-8")
    book = CampaignBook(path, site)
    coupons = Coupons(KEY)
    coupons.sync(store.database, "mall", book.pools, NOON - 3600)
    engine = OfferEngine(store, site, book, coupons, bytes(32))
    sender = Sender()
    days = {
        number: [("nordic", NOON - 900 + 40 * number, 300.0 + 45 * number), ("cafe", NOON + 900, 60.0 + 20 * number)]
        for number in range(12)
    }
    for number in days:
        mall.enrols(f"M-{number}", f"visitor{number:05d}", "journey", "offers", at=NOON - 1000)
    for step in range(-34, 60):
        now = NOON + 30.0 * step
        for number, stays in days.items():
            for index, (zone, entered, seconds) in enumerate(stays):
                if entered <= now <= entered + seconds + 30:
                    is_over = now >= entered + seconds
                    body = visit(
                        f"visit{number:05d}{index:02d}",
                        f"visitor{number:05d}",
                        zone,
                        phase="closed" if is_over else "continued",
                        entered=entered,
                        observed=min(now - entered, seconds),
                        bridged=0.0,
                        unseen=0.0,
                    )
                    topic, payload = sender.packet(body, now)
                    found = read("mall", topic, payload, len(payload), now, retained=False)
                    assert found is not None
                    commit(store.database, [found])
        engine.update(now)
    made = {(one.campaign, one.member) for one in store.offers()}
    mall.suppression = Plain(3, KEY)
    told = {one.campaign: one for one in mall.plays(path.read_text()).campaigns}
    for name in ("lunch", "coffee"):
        reached = {member for campaign_, member in made if campaign_ == name}
        assert len(reached) >= 3
        assert told[name].members.value == len(reached), name


def test_a_campaign_that_asks_about_one_person_is_told_nothing(mall: Mall) -> None:
    mall.suppression = Suppression(5, KEY)
    for number in range(20):
        mall.enrols(f"M-{number}", f"visitor{number:05d}", "journey", "offers", at=NOON - 60)
    only = campaign("only", '{ kind = "members", ids = ["M-3"] }', '{ kind = "visited", zone = "g/nordic" }', DWELL)
    told = mall.one(file(only))
    assert values(told.members, *(step.members for step in told.funnel[2:])) == [None] * 5
    assert values(told.days[0].members, *(one.members for one in told.hours)) == [None] * (1 + len(told.hours))
    assert "M-3" not in msgspec.json.encode(told).decode()


def test_nobody_is_named_in_what_is_told(mall: Mall) -> None:
    for number in range(20):
        mall.enrols(f"MEMBER-{number}", f"visitor{number:05d}", "journey", "offers", at=NOON - 60)
    told = msgspec.json.encode(mall.plays(file(LUNCH))).decode()
    assert "MEMBER" not in told
    assert "visitor0" not in told


def test_rewording_a_campaign_does_not_draw_new_noise(mall: Mall) -> None:
    mall.suppression = Suppression(5, KEY)
    first = mall.one()
    other = campaign("other", '{ kind = "window", from = "10:59", to = "14:01" }', DWELL, NO_DINING)
    assert mall.one(file(other)).people == first.people


def test_a_funnel_never_widens(mall: Mall) -> None:
    mall.suppression = Suppression(3, KEY)
    for number in range(20):
        mall.enrols(f"M-{number}", f"visitor{number:05d}", "journey", "offers", at=NOON - 60)
    steps = mall.one().funnel
    counts = [step.members.value or 0 for step in steps]
    assert counts == sorted(counts, reverse=True)
    there = [step.people.value or 0 for step in steps if step.people is not None]
    assert there == sorted(there, reverse=True)


@pytest.mark.parametrize(
    ("text", "first", "last", "words"),
    [
        (file(LUNCH), date(2026, 1, 2), DAY, "swap"),
        (file(LUNCH), DAY, date(2026, 3, 1), "fewer"),
        (file(campaign("off", DWELL, enabled="false")), DAY, DAY, "nothing to rehearse"),
        (file(campaign("bad", DWELL.replace("fashion", "fasion"))), DAY, DAY, "fasion"),
        ("no toml at all [", DAY, DAY, "text:1"),
    ],
)
def test_what_cannot_be_rehearsed_is_refused_with_the_mend(
    mall: Mall, text: str, first: date, last: date, words: str
) -> None:
    with pytest.raises(BadInputError, match=words):
        mall.plays(text, first, last)


def test_days_may_be_named() -> None:
    today, newest = date(2026, 1, 5), NOON
    zone = ZoneInfo("UTC")
    assert days_of("", "", today, newest, zone) == (DAY, DAY)
    assert days_of("yesterday", "today", today, newest, zone) == (date(2026, 1, 4), today)
    assert days_of("2026-01-02", "", today, None, zone) == (date(2026, 1, 2), date(2026, 1, 2))
    with pytest.raises(BadInputError, match=r"to: '1\.2\.2026' is no day"):
        days_of("", "1.2.2026", today, newest, zone)


def test_a_rehearsal_that_takes_too_long_can_be_ended(mall: Mall) -> None:
    def tick(share: float) -> None:
        assert 0.0 <= share <= 1.0
        raise TimeoutError

    rehearser = Rehearser(mall.store, mall.site, mall.suppression, tick=tick)
    with pytest.raises(TimeoutError):
        rehearser.rehearse(script_of(file(LUNCH), mall.site, mall.book), DAY, DAY, NOON)


def test_a_store_opened_to_read_is_not_written(mall: Mall) -> None:
    def content() -> str:
        return hashlib.sha256(mall.store.database.path.read_bytes()).hexdigest()

    mall.store.database.empty_log()
    before = content()
    reading = ReadingStore(mall.store.database.path, "mall")
    Rehearser(reading, mall.site, mall.suppression).rehearse(
        script_of(file(LUNCH), mall.site, mall.book), DAY, DAY, NOON
    )
    with pytest.raises(AtriumError, match="read only"):
        reading.database.writing()
    reading.close()
    assert content() == before


def test_another_database_is_refused_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no such database"):
        ReadingStore(tmp_path / "none.db", "mall")
    (tmp_path / "text.db").write_text("this is no database, but a text that is long enough to be looked at as one")
    with pytest.raises(BadInputError, match="cannot be read as a database"):
        ReadingStore(tmp_path / "text.db", "mall")


STAYS = st.lists(
    st.tuples(
        st.sampled_from(["nordic", "atelier", "cafe"]), st.integers(0, 1500), st.integers(1, 900), st.floats(0.5, 1)
    ),
    min_size=1,
    max_size=4,
)
CONDITIONS = st.lists(
    st.sampled_from(
        [
            '{ kind = "window", from = "12:10", to = "12:25" }',
            '{ kind = "dwell", category = "fashion", minutes = 5.0 }',
            '{ kind = "dwell", category = "fashion", minutes = 3.0, within_minutes = 8.0 }',
            '{ kind = "not_visited", category = "dining", grace_s = 45.0 }',
            '{ kind = "in_place", zone = "g/nordic", minutes = 2.0 }',
            '{ kind = "visited", category = "dining", minutes = 1.0, within_minutes = 6.0 }',
            '{ kind = "sequence", places = [{ category = "fashion" }, { category = "dining" }], within_minutes = 9.0 }',
            '{ kind = "entered", within_minutes = 20.0 }',
        ]
    ),
    min_size=1,
    max_size=3,
    unique=True,
)


def conditions(texts: list[str]) -> list[Condition]:
    return msgspec.toml.decode(file(campaign("one", *texts)), type=CampaignsFile).campaigns[0].conditions


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(told=STAYS, texts=CONDITIONS)
def test_looking_only_where_verdicts_turn_misses_nothing(
    told: list[tuple[str, int, int, float]], texts: list[str]
) -> None:
    past = sorted(
        (
            Past(f"{number}", "g", zone, NOON + at, NOON + at + lasted, lasted * share)
            for number, (zone, at, lasted, share) in enumerate(told)
        ),
        key=lambda one: one.entered_at,
    )
    who = Someone(tuple(past), past[0].entered_at)
    asked, end = conditions(texts), NOON + 3000
    found = meet(questions(asked, CATEGORIES), who, end, UTC, CATEGORIES)
    depths = []
    for second in range(int(who.start), int(end), 3):
        situation = who.situation(second, UTC, CATEGORIES)
        depth = next((n for n, one in enumerate(asked) if not judge(one, situation).holds), len(asked))
        depths.append((depth, second))
        if depth == len(asked):
            break
    deepest = max(depth for depth, _ in depths)
    assert found.depth >= deepest
    if deepest == len(asked):
        assert found.at is not None
        assert found.at <= depths[-1][1] + 1
    if found.at is not None:
        situation = who.situation(found.at, UTC, CATEGORIES)
        assert all(judge(one, situation).holds for one in asked)


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory, broker: MosquittoBroker) -> Iterator[Central]:
    running = Central(tmp_path_factory.mktemp("central"), broker, lunch("00:00", "24:00"))
    running.start()
    store = Store(running.folder / "central.db", "mall")
    at = time.time() // 86_400 * 86_400 - 43_200
    fill(store, [Person(f"visitor{number:05d}", (replace(LONG, left_at=at),)) for number in range(40)])
    store.close()
    yield running
    assert running.stop() == 0
    assert "Traceback" not in (running.folder / "central.log").read_text()


def test_the_route_tells_managers_and_refuses_what_is_wrong_by_field(central: Central) -> None:
    def ask(text: str, **more: str) -> httpx.Response:
        body = {"text": text, "from": "yesterday"} | more
        headers = central.headers("manager")
        return httpx.post(f"{central.address}/v1/campaigns/rehearse", json=body, headers=headers, timeout=60)

    text = lunch("00:00", "24:00").replace('"lunch"', '"other"')
    told = ask(text).raise_for_status().json()
    (other,) = told["campaigns"]
    assert 30 <= other["people"]["value"] <= 50
    assert other["overlaps"][0]["campaign"] == "lunch"
    assert told["first"] == told["last"]
    refused = ask(text.replace("fashion", "fasion"))
    assert (refused.status_code, "fasion" in refused.json()["detail"]) == (422, True)
    assert ask(text, to="tomorrow").status_code == 422


def test_a_second_rehearsal_at_the_same_time_has_to_wait(central: Central, tmp_path: Path) -> None:
    body = {"text": lunch("00:00", "24:00"), "from": "2025-12-03", "to": "2026-01-02"}
    headers = central.headers("manager")

    def ask(_: int) -> int:
        return httpx.post(
            f"{central.address}/v1/campaigns/rehearse", json=body, headers=headers, timeout=60
        ).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(24))) <= {200, 429}
    assert ask(0) == 200


def test_the_command_rehearses_a_kept_database(central: Central, tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    path.write_text(lunch("00:00", "24:00"), encoding="utf-8")
    where = ["--central", str(central.config), "--from", "yesterday"]
    done = atrium("campaigns", "rehearse", path, *where, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    yesterday = datetime.fromtimestamp(time.time() - 86_400, UTC).date()
    assert told["first"] == f"{yesterday}"
    assert 30 <= told["campaigns"][0]["people"]["value"] <= 50
    shown = atrium("campaigns", "rehearse", path, *where).stdout
    for words in ("lunch (version 3)", "people who met it", "dwell: category fashion", "assumed:", "EUR"):
        assert words in shown
