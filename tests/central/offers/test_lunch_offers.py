"""The lunch campaign: once, for reasons, and only with consent."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from calibration.site import Site, load_site
from central.ingest.decode import read
from central.offers.book import CampaignBook
from central.offers.conditions import DAYS
from central.store import links, members
from central.store.batch import commit
from central.store.links import Touchpoint
from central.store.members import Consent
from central.store.store import Store
from central.touchpoints.linker import Linker
from contract.errors import BadInputError
from contract.events import Body
from tests.central.mall import NOON, Sender, lunch, positions, visit, write_site
from tests.central.offers.floor import engine_on

MEMBER, VISITOR = "M-1042", "visitor00001"
PLACE = (7.0, 9.0)


class Mall:
    """A store, a linker, an engine, and a clock that the test holds."""

    def __init__(self, store: Store, site: Site, campaigns: str) -> None:
        path = site.source.parent / "campaigns.toml"
        path.write_text(campaigns, encoding="utf-8")
        self.store, self.site = store, site
        self.sender = Sender()
        self.linker = Linker(store, site)
        self.engine = engine_on(store, site, path)

    def hears(self, body: Body, at: float) -> None:
        topic, payload = self.sender.packet(body, at)
        found = read("mall", topic, payload, len(payload), at, retained=False)
        assert found is not None
        commit(self.store.database, [found])

    def enrols(self, *purposes: str) -> None:
        consents = [Consent(purpose, NOON - 1e6, "2026-1", "app") for purpose in purposes]
        members.put(
            self.store.database, "mall", MEMBER, tier="gold", phone_hmac=None, consents=consents, now=NOON - 1e6
        )

    def checks_in(self, at: float, others: dict[str, tuple[float, float]] | None = None) -> None:
        links.add(self.store.database, "mall", Touchpoint("touch001", "checkin", MEMBER, "g", None, *PLACE, at))
        for second in range(-2, 4):
            self.hears(positions(at + second, {VISITOR: PLACE} | (others or {})), at + second)
        self.linker.update(at + 5)

    def dwells(self, seconds: float, zone: str = "nordic", name: str = "visit0000001", at: float = NOON) -> None:
        self.hears(visit(name, VISITOR, zone, entered=at - seconds - 6, observed=seconds - 5, bridged=5), at)


@pytest.fixture
def mall(store: Store, site: Site) -> Mall:
    return Mall(store, site, lunch())


def test_who_agreed_checked_in_and_dwelt_gets_one_offer_with_its_reason(mall: Mall) -> None:
    mall.enrols("journey", "offers")
    mall.dwells(700)
    mall.checks_in(NOON)
    assert mall.engine.update(NOON + 6) == 1
    assert mall.engine.update(NOON + 7) == 0
    (offer,) = mall.store.offers()
    assert (offer.member, offer.coupon, offer.campaign, offer.version) == (MEMBER, "DINE-15", "lunch", 3)
    assert "11 min 40 s in fashion today (Nordic Wear)" in offer.sentence
    assert "confidence" in offer.sentence
    assert MEMBER not in offer.sentence
    window, dwell, dining = offer.facts["conditions"]
    assert window["local_time"] == "12:00"
    assert dwell["zones"] == [{"floor": "g", "zone": "nordic", "name": "Nordic Wear", "seconds": 700.0}]
    assert dining["seconds"] == 0
    assert offer.facts["link"]["confidence"] > 0.9


@pytest.mark.parametrize("purposes", [(), ("offers",), ("journey",)])
def test_without_each_consent_there_is_no_offer(mall: Mall, purposes: tuple[str, ...]) -> None:
    mall.enrols(*purposes)
    mall.dwells(700)
    mall.checks_in(NOON)
    assert mall.engine.update(NOON + 6) == 0
    joined = links.links(mall.store.database, "mall", 0)
    assert len(joined) == ("journey" in purposes)


def test_withdrawal_dissolves_the_link_at_once(mall: Mall) -> None:
    mall.enrols("journey", "offers")
    mall.checks_in(NOON)
    assert len(links.links(mall.store.database, "mall", 0)) == 1
    members.withdraw(mall.store.database, "mall", MEMBER, "journey", NOON + 10)
    assert links.links(mall.store.database, "mall", 0) == []
    mall.dwells(700)
    assert mall.engine.update(NOON + 11) == 0


@pytest.mark.parametrize(("hour", "offered"), [(10.9, 0), (11.0, 1), (13.9, 1), (14.0, 0)])
def test_only_around_lunch(mall: Mall, hour: float, offered: int) -> None:
    now = NOON + (hour - 12) * 3600
    mall.enrols("journey", "offers")
    mall.dwells(700, at=now)
    mall.checks_in(now - 6)
    assert mall.engine.update(now) == offered


def test_lunch_is_told_in_the_sites_own_time(store: Store, tmp_path: Path) -> None:
    mall = Mall(store, load_site(write_site(tmp_path, "Asia/Shanghai")), lunch())
    mall.enrols("journey", "offers")
    mall.dwells(700)
    mall.checks_in(NOON)
    assert mall.engine.update(NOON + 6) == 0
    early = NOON - 8 * 3600
    mall.dwells(700, name="visit0000002", at=early)
    with store.database.writing() as connection:
        connection.execute("UPDATE links SET at = ?", (early,))
    assert mall.engine.update(early + 1) == 1


def test_dining_today_or_too_little_fashion_means_no_offer(mall: Mall) -> None:
    mall.enrols("journey", "offers")
    mall.checks_in(NOON)
    mall.dwells(300)
    assert mall.engine.update(NOON + 6) == 0
    mall.dwells(60, "cafe", "visit0000002", at=NOON + 60)
    mall.dwells(700, "atelier", "visit0000003", at=NOON + 900)
    assert mall.engine.update(NOON + 901) == 0


def test_an_open_visit_counts_while_its_visitor_is_seen_there(mall: Mall) -> None:
    mall.enrols("journey", "offers")
    mall.checks_in(NOON)
    opened = visit("visit0000001", VISITOR, phase="continued", entered=NOON - 600, observed=588, bridged=5, unseen=0)
    mall.hears(opened, NOON + 4)
    assert mall.engine.update(NOON + 5) == 0
    for second in range(5, 13):
        mall.hears(positions(NOON + second, {VISITOR: PLACE}), NOON + second)
        due = second >= 11
        assert mall.engine.update(NOON + second) == (second == 11), f"at {second} s, due {due}"


def test_two_engines_make_one_offer(mall: Mall) -> None:
    mall.enrols("journey", "offers")
    mall.dwells(700)
    mall.checks_in(NOON)
    path = mall.store.database.path
    other = Store(path, "mall")
    second = engine_on(other, mall.site, mall.site.source.parent / "campaigns.toml")
    assert mall.engine.update(NOON + 6) + second.update(NOON + 6) == 1
    assert len(mall.store.offers()) == 1
    other.close()


def test_a_new_day_brings_a_new_chance(mall: Mall) -> None:
    mall.enrols("journey", "offers")
    mall.dwells(700)
    mall.checks_in(NOON)
    assert mall.engine.update(NOON + 6) == 1
    assert mall.engine.update(NOON + 86_000) == 0


def test_two_people_at_the_code_link_nobody(mall: Mall) -> None:
    mall.enrols("journey", "offers")
    mall.checks_in(NOON, {"visitor00002": (7.3, 9.2)})
    mall.linker.update(NOON + 11)
    assert links.links(mall.store.database, "mall", 0) == []
    found = links.find(mall.store.database, "mall", "touch001")
    assert found is not None
    assert (found.state, found.outcome) == ("closed", "more than one there")


def test_a_visitor_belongs_to_one_member(mall: Mall) -> None:
    mall.enrols("journey", "offers")
    mall.checks_in(NOON)
    members.put(
        mall.store.database,
        "mall",
        "M-2",
        tier="",
        phone_hmac=None,
        consents=[Consent("journey", 0, "1", "app")],
        now=NOON,
    )
    links.add(mall.store.database, "mall", Touchpoint("touch002", "checkin", "M-2", "g", None, *PLACE, NOON))
    mall.linker.update(NOON + 12)
    assert [link.member for link in links.links(mall.store.database, "mall", 0)] == [MEMBER]


def test_weekdays_are_named_as_the_calendar_does() -> None:
    assert DAYS[datetime.fromtimestamp(NOON).astimezone().weekday()] == "thu"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('id = "lunch"', 'id = "lunch time"'), "id"),
        (('coupon = "DINE-15"', ""), "coupon"),
        (('kind = "dwell"', 'kind = "dwel"'), "dwel"),
        (('category = "fashion"', 'category = "fasion"'), "fasion"),
        (("minutes = 10.0", "minutes = -1.0"), "minutes"),
        (("minutes = 10.0", "minuts = 10.0"), "minuts"),
        (('to = "14:00"', 'to = "25:00"'), "to"),
        (('to = "14:00"', 'to = "11:00"'), "no stretch"),
        (("version = 3", "version = 0"), "version"),
        (("campaigns.v1", "campaigns.v2"), "campaigns.v2"),
        (('    { kind = "dwell", category = "fashion", minutes = 10.0 },\n', ""), "dwell"),
    ],
)
def test_a_wrong_campaign_is_refused_by_name(site: Site, tmp_path: Path, change: tuple[str, str], words: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(lunch().replace(*change), encoding="utf-8")
    with pytest.raises(BadInputError) as refused:
        CampaignBook(path, site)
    assert words in str(refused.value)
    assert "wrong.toml" in str(refused.value)
