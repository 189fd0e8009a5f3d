"""Who is linked: the payer and not who waits, never without consent; and links that are taken back."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from calibration.site import Site, load_site
from central.store import happenings, links, members, persons, positions, touchpoints
from central.store.members import Consent
from central.store.rows import Live
from central.store.store import Store
from central.store.touchpoints import Touchpoint
from central.touchpoints.linker import LEAST_CONFIDENCE, Linker
from contract.topics import build_topic, parse_topic
from tests.central.mall import NOON, write_site
from tests.central.mall import positions as batch

PLACES = """
[[places]]
id = "nordic-till"
kind = "till"
floor = "g"
x = 4.0
y = 15.0
tenant = "nordic-wear"
[[places]]
id = "entrance-qr"
kind = "code"
floor = "g"
x = 30.0
y = 4.0
"""
TILL, CODE = (4.0, 15.0), (30.0, 4.0)
XY = tuple[float, float]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    path = write_site(tmp_path)
    path.write_text(path.read_text(encoding="utf-8") + PLACES, encoding="utf-8")
    return load_site(path)


class Hall:
    """A store whose people the test moves, and a linker."""

    def __init__(self, store: Store, site: Site) -> None:
        self.store, self.linker, self.rng = store, Linker(store, site), np.random.default_rng(5)
        self._topic = parse_topic(build_topic("mall", "g", "box-g", "positions"))
        self._number = 0

    def enrols(self, member: str, *purposes: str) -> None:
        consents = [Consent(purpose, NOON - 1e6, "1", "app") for purpose in purposes]
        members.put(self.store.database, "mall", member, tier="", phone_hmac=None, consents=consents, now=NOON - 1e6)

    def lives(self, start: int, end: int, where: dict[str, XY | list[XY]]) -> None:
        """Everybody for some seconds after noon: at a point, or from point to point."""
        lives = []
        for second in range(start, end):
            people = {}
            for visitor, spot in where.items():
                path = np.array([spot, spot] if isinstance(spot, tuple) else spot, np.float64)
                share = (second - start) / max(end - start - 1, 1) * (len(path) - 1)
                x = np.interp(share, range(len(path)), path[:, 0]) + self.rng.normal(0, 0.12)
                y = np.interp(share, range(len(path)), path[:, 1]) + self.rng.normal(0, 0.12)
                people[visitor] = (round(float(x), 2), round(float(y), 2))
            at = NOON + second
            lives.append(Live(self._topic, at, at + 0.2, retained=False, body=batch(at, people)))
        with self.store.database.writing() as connection:
            assert positions.take(connection, lives) == 0

    def tells(self, kind: str, member: str, at: float, place: str) -> str:
        self._number += 1
        name, (x, y) = f"touch{self._number:04d}", TILL if place == "nordic-till" else CODE
        state = ("open", "") if member else ("closed", "nobody said who")
        one = Touchpoint(name, kind, member, "g", None, x, y, NOON + at, *state, place=place, heard=NOON + at)
        assert touchpoints.add(self.store.database, "mall", one)
        return name

    def rounds(self, seconds: Iterable[float]) -> None:
        for second in seconds:
            self.linker.update(NOON + second)

    def joined(self) -> dict[str, str]:
        return {one.visitor: one.member for one in links.links(self.store.database, "mall", 0)}

    def outcome(self, touchpoint: str) -> str:
        found = touchpoints.find(self.store.database, "mall", touchpoint)
        assert found is not None
        return found.outcome


@pytest.fixture
def hall(store: Store, site: Site) -> Hall:
    return Hall(store, site)


def test_the_payer_is_linked_and_not_who_waits_behind(hall: Hall) -> None:
    hall.enrols("M-1", "journey")
    hall.lives(0, 40, {"payer": TILL, "next": (4.9, 15.0), "browses": (10.0, 12.0)})
    hall.lives(40, 45, {"payer": [TILL, (6.0, 9.0)], "next": [(4.9, 15.0), TILL], "browses": (10.0, 12.0)})
    hall.lives(45, 60, {"next": TILL, "browses": (10.0, 12.0)})
    hall.tells("sale", "M-1", 36, "nordic-till")
    hall.rounds([58])
    hall.lives(60, 85, {"next": TILL, "browses": (10.0, 12.0)})
    hall.lives(85, 95, {"next": [TILL, (6.0, 9.0)], "browses": (10.0, 12.0)})
    hall.tells("sale", "", 82, "nordic-till")
    hall.rounds([95, 110])
    assert hall.joined() == {"payer": "M-1"}
    (link,) = links.links(hall.store.database, "mall", 0)
    assert link.confidence >= LEAST_CONFIDENCE
    assert {"candidates", "runner_up", "distance_m", "dwell_s", "booked_after_s"} <= link.facts.keys()


def test_a_sale_booked_late_goes_to_who_left_and_the_next_to_who_came(hall: Hall) -> None:
    hall.enrols("M-1", "journey")
    hall.enrols("M-2", "journey")
    hall.lives(0, 40, {"first": TILL})
    hall.lives(40, 46, {"first": [TILL, (9.0, 15.0)], "second": [(6.0, 15.0), TILL]})
    hall.lives(46, 90, {"second": TILL})
    hall.lives(90, 130, {"second": [TILL, (9.0, 15.0)]})
    hall.tells("sale", "M-1", 62, "nordic-till")
    hall.tells("sale", "M-2", 87, "nordic-till")
    hall.rounds([83, 110, 125, 140, 220])
    assert hall.joined().get("first") == "M-1"
    assert hall.joined().get("second") == "M-2"


@pytest.mark.parametrize("purposes", [(), ("offers",)])
def test_nobody_is_linked_without_consent_and_their_place_is_not_kept(hall: Hall, purposes: tuple[str, ...]) -> None:
    hall.enrols("M-1", *purposes)
    hall.lives(0, 60, {"payer": TILL})
    name = hall.tells("sale", "M-1", 36, "nordic-till")
    hall.rounds([60])
    assert hall.joined() == {}
    found = touchpoints.find(hall.store.database, "mall", name)
    assert found is not None
    assert (found.outcome, found.place, found.x, found.zone) == ("no consent", "", None, None)


def test_consent_withdrawn_before_the_link_is_written_prevents_it(hall: Hall) -> None:
    hall.enrols("M-1", "journey")
    hall.lives(0, 60, {"payer": TILL})
    hall.tells("sale", "M-1", 36, "nordic-till")
    members.withdraw(hall.store.database, "mall", "M-1", "journey", NOON + 50)
    hall.rounds([60])
    assert hall.joined() == {}


def test_a_companion_as_near_makes_it_nobody(hall: Hall) -> None:
    hall.enrols("M-1", "journey")
    hall.lives(0, 60, {"a": (3.8, 15.0), "b": (4.2, 15.0)})
    hall.lives(60, 70, {"a": [(3.8, 15.0), (9, 9)], "b": [(4.2, 15.0), (9, 9)]})
    name = hall.tells("sale", "M-1", 56, "nordic-till")
    hall.rounds(range(76, 230, 15))
    assert hall.joined() == {}
    assert hall.outcome(name) == "more than one there"


def test_what_one_touchpoint_leaves_open_the_next_one_decides(hall: Hall) -> None:
    hall.enrols("M-1", "journey")
    both: dict[str, XY | list[XY]] = {"a": (30.1, 4.0), "b": (31.2, 4.3)}
    hall.lives(0, 20, both)
    hall.tells("checkin", "M-1", 10, "entrance-qr")
    hall.rounds([14, 21])
    assert hall.joined() == {}
    hall.lives(20, 100, both)
    hall.tells("checkin", "M-1", 90, "entrance-qr")
    hall.rounds([94])
    assert hall.joined() == {"a": "M-1"}


def test_who_works_here_is_never_linked(hall: Hall) -> None:
    hall.enrols("M-1", "journey")
    hall.lives(0, 60, {"payer": TILL})
    persons.mark_staff(hall.store.database, "mall", [("payer", "there before opening")], NOON)
    hall.tells("sale", "M-1", 36, "nordic-till")
    hall.rounds(range(57, 230, 15))
    assert hall.joined() == {}


def test_a_link_is_taken_back_when_the_member_is_elsewhere_while_their_visitor_stands_still(hall: Hall) -> None:
    hall.enrols("M-1", "journey")
    hall.lives(0, 20, {"wrong": CODE})
    hall.tells("checkin", "M-1", 10, "entrance-qr")
    hall.rounds([14])
    assert hall.joined() == {"wrong": "M-1"}
    for start in (20, 130, 240):
        hall.lives(start, start + 60, {"wrong": (30.0, 6.0), "right": TILL})
        hall.lives(start + 60, start + 110, {"wrong": (30.0, 6.0), "right": (6.0, 9.5)})
        hall.tells("sale", "M-1", start + 56, "nordic-till")
        hall.rounds([start + 80, start + 108])
    assert hall.joined() == {"right": "M-1"}
    kinds = [one.kind for one in happenings.after(hall.store.database, "mall", 0) if one.ref in {"wrong", "right"}]
    assert kinds == ["link", "unlink", "link"]


def test_a_track_that_was_lost_while_paying_is_still_the_payer(hall: Hall) -> None:
    hall.enrols("M-1", "journey")
    hall.lives(0, 25, {"before": TILL})
    hall.lives(30, 45, {"after": TILL})
    hall.lives(45, 70, {"after": [TILL, (9.0, 9.0)]})
    hall.tells("sale", "M-1", 41, "nordic-till")
    hall.rounds([62])
    assert hall.joined() == {"after": "M-1"}


def test_after_a_new_start_it_goes_on_from_the_links_that_stand(hall: Hall, site: Site) -> None:
    hall.enrols("M-1", "journey")
    hall.enrols("M-2", "journey")
    hall.lives(0, 20, {"a": CODE})
    hall.tells("checkin", "M-1", 10, "entrance-qr")
    hall.rounds([14])
    hall.linker = Linker(hall.store, site)
    hall.lives(20, 40, {"a": CODE})
    hall.tells("checkin", "M-2", 30, "entrance-qr")
    hall.rounds([34, 45])
    assert hall.joined() == {"a": "M-1"}
