"""Days of members: reckoned from standing links, kept when the links go, gone when the consent does."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from calibration.site import Site
from central.ingest.decode import read
from central.members.days import MemberDays
from central.members.tagging import MemberTags
from central.members.tags import TagRule, TagRules
from central.privacy.erasure import erase_member, withdraw_consent
from central.privacy.retention import Keep, Retention
from central.store import happenings, links, member_days, member_tags, members
from central.store.batch import commit
from central.store.links import Link
from central.store.member_days import MemberDay
from central.store.members import Consent
from central.store.store import Store
from tests.central.mall import NOON, Sender, visit

KEY = "ab" * 32
DAY_S = 86_400.0
MEMBER = "MEMBER-WITH-DAYS-7731"
RULES = TagRules((TagRule("regular", visits_at_least=2), TagRule("walks:{category}", minutes_at_least=5)), ["fashion"])


class Day:
    """A mall in which a member is, and a clock that the test holds."""

    def __init__(self, store: Store, site: Site) -> None:
        self.store, self.site = store, site
        self.senders = {"g": Sender(), "u": Sender(box="box-u", floor="u", session="durable0session1")}
        self.count = 0
        self.days = MemberDays(store, site)
        self.enrols(MEMBER)

    def enrols(self, member: str, *purposes: str) -> None:
        consents = [Consent(purpose, NOON - 1e6, "2026-1", "app") for purpose in purposes or ("journey", "offers")]
        members.put(self.store.database, "mall", member, tier="", phone_hmac=None, consents=consents, now=NOON - 1e6)

    def goes(self, visitor: str, zone: str, seconds: float, at: float = NOON, floor: str = "g") -> None:
        self.count += 1
        body = visit(f"visit{self.count:07d}", visitor, zone, entered=at, observed=seconds, bridged=0, unseen=99)
        topic, payload = self.senders[floor].packet(body, at + seconds)
        found = read("mall", topic, payload, len(payload), at + seconds, retained=False)
        assert found is not None
        commit(self.store.database, [found])

    def links(self, visitor: str, member: str = MEMBER, at: float = NOON) -> None:
        link = Link(member, visitor, "g", f"touch{at}", 0.97, at, {})
        assert links.link(self.store.database, "mall", link, "journey")

    def unlinks(self, visitor: str, member: str = MEMBER, at: float = NOON) -> None:
        with self.store.database.writing() as connection:
            connection.execute("DELETE FROM links WHERE visitor = ?", (visitor,))
            happenings.note(connection, "mall", [("unlink", member, visitor, at)])

    def is_one_person(self, visitor: str, person: str) -> None:
        with self.store.database.writing() as connection:
            connection.execute(
                "INSERT INTO stitches (site, visitor, person, before, confidence, at) VALUES ('mall', ?, ?, ?, 0.9, ?)",
                (visitor, person, visitor, NOON),
            )

    def told(self, member: str = MEMBER) -> list[MemberDay]:
        return member_days.of_member(self.store.database, "mall", member)


@pytest.fixture
def day(store: Store, site: Site) -> Day:
    return Day(store, site)


def test_a_day_is_seconds_by_category_and_shops_without_walkways(day: Day) -> None:
    day.links("visitor00001")
    day.goes("visitor00001", "concourse", 30)
    day.goes("visitor00001", "nordic", 120)
    day.goes("visitor00001", "nordic", 60, NOON + 500)
    day.goes("visitor00001", "cafe", 60, NOON + 900)
    day.goes("visitor00002", "atelier", 600)
    assert day.days.update(NOON + 1000) == 1
    seconds = {"circulation": 30.0, "dining": 60.0, "fashion": 180.0}
    assert day.told() == [MemberDay(MEMBER, "2026-01-01", seconds, 2, 270.0)]


def test_what_they_did_on_another_floor_counts_and_what_another_member_did_does_not(day: Day) -> None:
    day.enrols("M-2")
    day.links("visitor00001")
    day.is_one_person("visitor00002", "visitor00001")
    day.is_one_person("visitor00003", "visitor00001")
    day.goes("visitor00001", "nordic", 60)
    day.goes("visitor00002", "shoes", 60, NOON + 100, "u")
    day.goes("visitor00003", "kitchen", 60, NOON + 200, "u")
    day.days.update(NOON + 300)
    assert day.told()[0].seconds == {"dining": 60.0, "fashion": 120.0}
    day.links("visitor00003", "M-2")
    day.days.update(NOON + 400)
    assert day.told()[0].seconds == {"fashion": 60.0}, "one person who is two members: what is not linked is nobody's"
    assert day.told("M-2")[0].seconds == {"dining": 60.0}


def test_it_looks_once_a_minute_and_writes_only_what_changed(day: Day) -> None:
    day.links("visitor00001")
    day.goes("visitor00001", "nordic", 60)
    assert day.days.update(NOON + 100) == 1
    day.goes("visitor00001", "nordic", 60, NOON + 100)
    assert day.days.update(NOON + 130) == 0
    assert day.days.update(NOON + 170) == 1
    assert day.days.update(NOON + 240) == 0


def test_the_day_stays_when_the_links_go_and_its_evening_takes_nothing_from_its_morning(day: Day) -> None:
    day.links("visitor00001", at=NOON - 3 * 3600)
    day.links("visitor00002", at=NOON + 8 * 3600)
    day.goes("visitor00001", "nordic", 600, NOON - 3 * 3600)
    day.goes("visitor00002", "cafe", 600, NOON + 8 * 3600)
    day.days.update(NOON + 9 * 3600)
    (whole,) = day.told()
    Retention(day.store, Keep(), ZoneInfo("UTC")).update(NOON + 22 * 3600)
    assert len(links.links(day.store.database, "mall", 0)) == 1
    day.days.update(NOON + 22 * 3600)
    assert day.told() == [whole]
    MemberDays(day.store, day.site).update(NOON + 23 * 3600)
    assert day.told() == [whole]


def test_what_a_wrong_link_gave_goes_with_it(day: Day) -> None:
    day.links("visitor00001")
    day.goes("visitor00001", "nordic", 600)
    day.days.update(NOON + 700)
    day.unlinks("visitor00001")
    assert day.days.update(NOON + 800) == 1
    assert day.told() == []


def test_a_wrong_link_of_yesterday_takes_its_day_with_it_too(day: Day) -> None:
    day.links("visitor00001")
    day.links("visitor00002")
    day.goes("visitor00001", "nordic", 600)
    day.goes("visitor00002", "cafe", 60)
    day.days.update(NOON + 700)
    day.unlinks("visitor00001", at=NOON + 20 * 3600)
    day.days.update(NOON + 20 * 3600)
    assert [one.seconds for one in day.told()] == [{"dining": 60.0}]


def test_without_consent_there_is_no_day(day: Day) -> None:
    day.links("visitor00001")
    day.goes("visitor00001", "nordic", 600)
    with day.store.database.writing() as connection:
        connection.execute("UPDATE consents SET withdrawn_at = ? WHERE purpose = 'journey'", (NOON,))
    day.days.update(NOON + 700)
    assert day.told() == []


def two_days(day: Day) -> MemberTags:
    day.links("visitor00001")
    day.goes("visitor00001", "nordic", 600)
    day.days.update(NOON + 700)
    day.links("visitor00002", at=NOON + DAY_S)
    day.goes("visitor00002", "cafe", 60, NOON + DAY_S)
    day.days.update(NOON + DAY_S + 700)
    tags = MemberTags(day.store, day.site, RULES)
    assert tags.update(NOON + DAY_S + 701) == 1
    return tags


def test_tags_outlive_the_links_they_came_of(day: Day) -> None:
    tags = two_days(day)
    Retention(day.store, Keep(), ZoneInfo("UTC")).update(NOON + 3 * DAY_S)
    assert links.links(day.store.database, "mall", 0) == []
    tags.update(NOON + 3 * DAY_S)
    assert member_tags.of_member(day.store.database, "mall", MEMBER) == ["regular", "walks:fashion"]


def test_tags_are_weighed_once_an_hour_and_when_a_day_begins(day: Day) -> None:
    tags = two_days(day)
    late = NOON + DAY_S + 701
    with day.store.database.writing() as connection:
        connection.execute("DELETE FROM member_tags")
    assert tags.update(late + 3000) == 0
    assert tags.update(late + 3601) == 1
    with day.store.database.writing() as connection:
        connection.execute("DELETE FROM member_tags")
    assert tags.update(NOON + 1.5 * DAY_S + 1) == 1


def test_a_changed_tag_wakes_whoever_decides_and_an_unchanged_one_nobody(day: Day) -> None:
    tags = two_days(day)
    newest = happenings.newest(day.store.database, "mall")
    assert [one.kind for one in happenings.after(day.store.database, "mall", newest - 1)] == ["member"]
    assert tags.update(NOON + DAY_S + 5000) == 0
    assert happenings.newest(day.store.database, "mall") == newest


@pytest.mark.parametrize("how", ["withdrawal", "erasure"])
def test_no_byte_of_days_and_tags_is_left(day: Day, how: str) -> None:
    two_days(day)
    database = day.store.database
    if how == "erasure":
        erase_member(day.store, MEMBER, NOON + DAY_S + 900, KEY)
    else:
        withdraw_consent(day.store, MEMBER, "journey", NOON + DAY_S + 900, KEY)
    assert day.told() == []
    assert member_tags.of_member(database, "mall", MEMBER) == []
    assert day.days.update(NOON + DAY_S + 1000) == 0
    assert MemberTags(day.store, day.site, RULES).update(NOON + DAY_S + 1000) == 0
    Retention(day.store, Keep(), ZoneInfo("UTC")).update(NOON + DAY_S + 1001)
    content = b"".join(file.read_bytes() for file in sorted(database.path.parent.glob("central.db*")))
    for gone in (b"walks:fashion", b'{"fashion"', *([MEMBER.encode()] if how == "erasure" else [])):
        assert gone not in content


def test_tags_of_many_members_are_weighed_a_slice_a_round(day: Day) -> None:
    with day.store.database.writing() as connection:
        names = [f"M-{number:05d}" for number in range(1200)]
        connection.executemany(
            "INSERT INTO consents (site, member, purpose, given_at, wording, source) VALUES ('mall', ?, ?, 0, '', '')",
            [(name, "journey") for name in names],
        )
        one = MemberDay("", "2026-01-01", {"fashion": 600.0}, 1, 600.0)
        member_days.put(connection, "mall", [replace(one, member=name) for name in names], "journey", NOON)
    tags = MemberTags(day.store, day.site, RULES)
    assert [tags.update(NOON + second) for second in range(5)] == [500, 500, 200, 0, 0]
