"""Heat of any window: a sum of quarters that were published once each; days of 23 to 25 hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from calibration.site import load_site
from central.insight.heat import Heat, Told
from central.insight.playback import frames
from central.insight.suppression import Suppression
from central.insight.window import Window
from central.privacy.retention import Keep, Retention
from central.store import positions
from central.store.heat import past, reading
from central.store.rows import Live
from central.store.store import Store
from contract.errors import BadInputError
from contract.events import Positions
from contract.times import to_rfc3339
from contract.topics import parse_topic
from tests.central.mall import write_site

LISBON = ZoneInfo("Europe/Lisbon")
DAYS = {
    "plain": datetime(2026, 1, 14, tzinfo=LISBON),
    "of 23 hours": datetime(2026, 3, 29, tzinfo=LISBON),
    "of 25 hours": datetime(2026, 10, 25, tzinfo=LISBON),
}
HOURS = {"plain": 24, "of 23 hours": 23, "of 25 hours": 25}
TOPIC = parse_topic("atrium/mall/g/box-a/positions")
SUPPRESSION = Suppression(5, b"k" * 32)


class Mall:
    """A store that people walk in, a batch a minute, and the heat of it."""

    def __init__(self, folder: Path) -> None:
        self.site = load_site(write_site(folder, "Europe/Lisbon"))
        self.store = Store(folder / "central.db", "mall")
        self.heat = Heat(self.store, self.site, SUPPRESSION)

    def minute(self, at: float, people: int, who: str = "v", x: float = 3.2) -> None:
        """So many people in one cell, in the middle of the minute."""
        here = [(f"{who}{n:09d}", x, 9.1) for n in range(people)]
        live = Live(TOPIC, at + 30, at + 30, False, Positions(to_rfc3339(at + 30), here))  # noqa: FBT003
        with self.store.database.writing() as connection:
            assert positions.take(connection, [live]) == 0

    def round(self, now: float) -> None:
        """What the clerk does."""
        for _ in range(3):  # a floor's day a call
            self.heat.fold(now)
        Retention(self.store, Keep(), self.site.timezone).update(now)

    def told(self, start: float, end: float, now: float) -> Told:
        return self.heat.told("g", start, end, now)


@pytest.fixture
def mall(tmp_path: Path) -> Iterator[Mall]:
    found = Mall(tmp_path)
    yield found
    found.store.close()


def midnight(day: str) -> float:
    return DAYS[day].timestamp()


@pytest.mark.parametrize("day", DAYS)
def test_a_day_is_closed_once_with_its_hours_and_tells_the_same_afterwards(mall: Mall, day: str) -> None:
    start = midnight(day)
    end = start + 3600 * HOURS[day]
    for hour in range(HOURS[day]):
        mall.minute(start + 3600 * hour, 30, f"h{hour}")
    mall.minute(end, 40, "next")
    mall.heat.fold(end + 40)
    before = mall.told(start, end, end + 50)
    assert past.closed_until(mall.store.database, "mall", "g") is None
    mall.round(end + 100)
    assert past.closed_until(mall.store.database, "mall", "g") == end
    hours = past.kept(mall.store.database, "mall", "g", past.HOUR, (start, end))
    assert [one.start for one in hours] == [start + 3600 * hour for hour in range(HOURS[day])]
    after = mall.told(start, end, end + 100)
    mall.round(end + 90_000)
    later = mall.told(start, end, end + 90_000)
    for told in (after, later):
        assert (told.counted, told.start, told.end) == ("once a quarter", start, end)
        assert told.heat.blocks("everybody") == before.heat.blocks("everybody")
    (block,) = later.heat.blocks("shoppers")
    assert abs(block.visitors - 30 * HOURS[day]) <= 6 * SUPPRESSION.most_off


def test_ids_are_gone_after_a_day_and_old_hours_are_told_whole(mall: Mall) -> None:
    start = midnight("plain")
    for minute in range(0, 600, 20):
        mall.minute(start + 60 * minute, 30, f"m{minute // 60}")
    mall.round(start + 86_400 + 200)
    now = start + 3 * 86_400
    mall.round(now)
    for table in ("batches", "visitors", "heat_chunks"):
        assert mall.store.database.rows(f"SELECT * FROM {table}") == []  # noqa: S608
    grains = {row[0] for row in mall.store.database.rows("SELECT DISTINCT grain FROM heat_past")}
    assert grains == {past.HOUR, past.DAY}
    told = mall.told(start + 3600 + 900, start + 3 * 3600 - 900, now)
    assert (told.start, told.end, told.counted) == (start + 3600, start + 3 * 3600, "once a quarter")
    (block,) = told.heat.blocks("shoppers")
    assert abs(block.visitors - 6 * 30) <= 4 * SUPPRESSION.most_off


def test_five_quarters_of_one_person_never_make_five_people(mall: Mall) -> None:
    start = midnight("plain")
    for hour in range(10):
        for quarter in range(4):
            mall.minute(start + 3600 * hour + 900 * quarter, 1, "regular")
        mall.minute(start + 3600 * hour + 1860, 30, "crowd", x=20.2)
    for now in (start + 86_400 + 100, start + 3 * 86_400):
        mall.round(now)
        for window in ((start, start + 36_000), (start, start + 86_400)):
            blocks = mall.told(*window, now).heat.blocks("everybody")
            assert blocks
            assert all(block.x > 19 for block in blocks)


def test_a_week_is_the_sum_of_its_days_with_today_among_them(mall: Mall) -> None:
    start = midnight("plain")
    for day in range(4):
        for n in range(30 + day):
            mall.minute(start + 86_400 * day + 36_000 + 60 * n, 40, f"d{day}")
        mall.round(start + 86_400 * day + 43_254)
    now = start + 3 * 86_400 + 43_200
    days = [mall.told(start + 86_400 * day, start + 86_400 * (day + 1), now + 54) for day in range(4)]
    week = mall.told(start, start + 4 * 86_400, now + 54)
    assert week.counted == "once a quarter"
    assert week.end == now
    (block,) = week.heat.blocks("shoppers")
    assert block.visitors == sum(int(one.heat.visitors.sum()) for one in days)
    assert block.person_s == pytest.approx(sum(float(one.heat.person_s.sum()) for one in days), rel=0.01)


def test_a_minute_is_told_once_nothing_of_it_can_come_any_more(mall: Mall) -> None:
    start = midnight("plain")
    mall.minute(start, 30)
    mall.heat.fold(start + 104)
    assert mall.told(start - 60, start + 60, start + 104).end == start
    told = mall.told(start - 60, start + 60, start + 106)
    assert told.end == start + 60
    assert told.counted == "once"
    assert told.heat.levels.tolist() == [2]


def test_what_comes_late_is_told_with_the_minute(mall: Mall) -> None:
    start = midnight("plain")
    mall.minute(start, 30)
    live = Live(TOPIC, start + 50, start + 79, False, Positions(to_rfc3339(start + 50), [("late00000001", 3.2, 9.1)]))  # noqa: FBT003
    mall.heat.fold(start + 70)
    with mall.store.database.writing() as connection:
        assert positions.take(connection, [live]) == 0
    mall.heat.fold(start + 80)
    with_it = mall.told(start, start + 60, start + 106)
    assert mall.told(start, start + 60, start + 107) is with_it
    exact = reading.footfall(mall.store.database, "mall", "g", start, start + 60)
    assert len(exact.numbers) == 31


def test_a_quarter_is_told_as_the_sum_of_its_minutes_until_it_is_published_and_then_stays(mall: Mall) -> None:
    start = midnight("plain")
    for minute in range(15):
        mall.minute(start + 60 * minute, 30)
    mall.heat.fold(start + 930)
    by_minute = mall.told(start, start + 900, start + 950)
    assert by_minute.counted == "once a minute"
    assert by_minute.heat.levels.tolist() == [2]
    mall.heat.fold(start + 950)
    quarter = mall.told(start, start + 900, start + 950)
    assert (quarter.counted, quarter.heat.levels.tolist()) == ("once", [0])
    assert abs(quarter.heat.visitors.sum() - 30) <= 2 * SUPPRESSION.most_off
    longer = mall.told(start - 60, start + 840, start + 950)
    assert longer.heat.person_s.sum() == pytest.approx(by_minute.heat.person_s.sum() * 14 / 15, rel=0.2)


def test_staff_are_apart_in_what_is_published_after_they_are_found_out_and_nothing_is_published_again(
    mall: Mall,
) -> None:
    start = midnight("plain")
    mall.minute(start, 60)
    mall.heat.fold(start + 950)
    minutes = mall.told(start, start + 60, start + 950)
    before = mall.told(start, start + 900, start + 950)
    with mall.store.database.writing() as connection:
        connection.executemany("INSERT INTO staff VALUES ('mall', ?, 'long', 0)", [(f"v{n:09d}",) for n in range(20)])
    mall.minute(start + 900, 60)
    mall.heat.fold(start + 1850)
    again = Heat(mall.store, mall.site, SUPPRESSION).told("g", start, start + 900, start + 1850)
    assert again.heat.blocks("everybody") == before.heat.blocks("everybody") == before.heat.blocks("shoppers")
    assert mall.told(start, start + 60, start + 1850).heat.blocks("everybody") == minutes.heat.blocks("everybody")
    after = mall.told(start + 900, start + 1800, start + 1850)
    (was,), (shoppers,), (everybody,) = (
        before.heat.blocks("shoppers"),
        after.heat.blocks("shoppers"),
        after.heat.blocks("everybody"),
    )
    assert abs(was.visitors - 60) <= 2 * SUPPRESSION.most_off
    assert abs(shoppers.visitors - 40) <= 2 * SUPPRESSION.most_off
    assert abs(everybody.visitors - shoppers.visitors - 20) <= 2 * SUPPRESSION.most_off


def test_an_empty_floor_and_one_that_is_not_there(mall: Mall) -> None:
    start = midnight("plain")
    mall.round(start + 7200)
    assert mall.told(start, start + 3600, start + 7200).heat.blocks("everybody") == []
    assert mall.told(start - 9 * 86_400, start, start + 7200).heat.blocks("everybody") == []
    with pytest.raises(BadInputError, match="no floor 'attic'"):
        mall.heat.told("attic", start, start + 3600, start)


def test_playback_steps_are_few_enough_whole_and_the_same_heat(mall: Mall) -> None:
    start = midnight("of 23 hours") - 86_400
    for hour in range(70):
        mall.minute(start + 3600 * hour, 40, f"h{hour}")
        mall.round(start + 3600 * hour + 200)
    now = start + 70 * 3600
    mall.round(now + 50)
    for window, most, steps in (
        ((now - 3600, now), 60, {60.0}),
        ((now - 3600, now), 20, {300.0}),
        ((now - 7200, now - 3600 + 60), 60, {900.0}),
        ((now - 6 * 3600, now), 30, {900.0}),
        ((now - 20 * 3600, now), 30, {3600.0}),
        ((start, start + 47 * 3600), 60, {3600.0}),
        ((start, start + 47 * 3600), 2, {86_400.0, 82_800.0}),
        ((start, now), 1, {70 * 3600.0}),
    ):
        found = frames(mall.heat, mall.site, "g", Window(*window), most=most, now=now + 50)
        assert 0 < len(found) <= most
        assert found[0].start <= window[0]
        assert all(one.end == after.start for one, after in pairwise(found))
        assert {one.end - one.start for one in found[:-1] or found} <= steps
        for one in found:
            alone = mall.told(one.start, one.end, now + 50)
            assert one.heat.person_s.sum() == pytest.approx(alone.heat.person_s.sum(), rel=0.01)
            assert (one.heat.levels >= 1).all()
    assert np.all([one.heat.visitors.sum() > 30 for one in found])
