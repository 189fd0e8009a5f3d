"""Shops, dwell, flows, sequences and crossings equal what one counts by hand, where nothing hides it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest

from calibration.site import Site, load_site
from central.insight.compare import Weeks, change
from central.insight.doors import Doors
from central.insight.figure import Figure
from central.insight.flows import Flows
from central.insight.fronts import fronts
from central.insight.shops import Shops
from central.insight.window import Window
from central.store.store import Store
from contract.errors import BadInputError
from tests.central.mall import NOON, write_site
from tests.central.population import Pass, Person, Stay, figures_of, fill

HOUR = Window(NOON, NOON + 3600)
LATER = NOON + 86_400


def walkers(
    number: int, zones: str, *, first: int = 0, works: bool = False, start: float = NOON, dwell_s: float = 60.0
) -> list[Person]:
    """People who visit the zones one after the other, a minute between two."""
    return [
        Person(
            f"{zones.replace(' ', '-')}{first + n:05d}",
            tuple(
                Stay(zone, start + 10 + (place + 1) * (dwell_s + 60), dwell_s)
                for place, zone in enumerate(zones.split())
            ),
            works=works,
        )
        for n in range(number)
    ]


def value(figure: Figure) -> float | None:
    return figure.value


def test_a_shop_is_told_with_its_passers_by_and_its_ways(store: Store, site: Site) -> None:
    fill(store, walkers(8, "concourse nordic concourse cafe") + walkers(12, "concourse cafe") + walkers(6, "nordic"))
    shops = Shops(figures_of(store, site, LATER, plain=True))
    nordic = shops.zone("nordic", HOUR)
    assert (nordic.name, nordic.category, nordic.floor, nordic.window) == ("Nordic Wear", "fashion", "g", HOUR)
    assert (value(nordic.visitors), value(nordic.visits), value(nordic.passers_by)) == (14, 14, 26)
    assert nordic.capture.value == round(14 / 26, 4)
    assert nordic.capture.low is not None
    assert nordic.capture.high is not None
    assert nordic.capture.low < nordic.capture.value < nordic.capture.high
    assert nordic.came_from == []
    assert [(leg.zone, value(leg.people)) for leg in nordic.went_to] == [("cafe", 8)]
    cafe = shops.zone("cafe", HOUR)
    assert [(leg.name, value(leg.people)) for leg in cafe.came_from] == [("Nordic Wear", 8)]
    assert [(one.people.value, one.from_s, one.to_s) for one in cafe.dwell_bins if one.people.value] == [(20, 60, 120)]
    assert {one.zone: value(one.visitors) for one in shops.all(HOUR)} == {
        "concourse": 20,
        "nordic": 14,
        "atelier": None,
        "cafe": 20,
        "gallery": None,
        "kitchen": None,
        "shoes": None,
    }


def test_visits_fall_into_the_quarter_in_which_they_ended(store: Store, site: Site) -> None:
    people = [Person(f"p{n}", (Stay("nordic", NOON + 900.0 * (n % 2) + 899.5),)) for n in range(13)]
    fill(store, people)
    told = Shops(figures_of(store, site, LATER, plain=True)).zone("nordic", HOUR)
    assert [(one.start, value(one.people)) for one in told.by_quarter] == [
        (NOON, 7),
        (NOON + 900, 6),
        (NOON + 1800, None),
        (NOON + 2700, None),
    ]
    assert value(told.visitors) == 13


def test_open_visits_are_not_mixed_in(store: Store, site: Site) -> None:
    fill(store, walkers(9, "nordic"))
    with store.database.writing() as connection:
        connection.execute("UPDATE visits SET phase = 'continued', left_at = NULL WHERE visitor IN ('nordic00000')")
    told = Shops(figures_of(store, site, LATER, plain=True)).zone("nordic", HOUR)
    assert value(told.visitors) == 8


def test_dwell_is_told_with_intervals_and_by_how_it_was_seen(store: Store, site: Site) -> None:
    rng = np.random.default_rng(5)
    seconds = rng.lognormal(5, 0.7, 400)
    people = [
        Person(f"p{n}", (Stay("nordic", NOON + 1800 + n, float(s), bridged_s=float(s) / 4, unseen_s=8.0),))
        for n, s in enumerate(seconds)
    ]
    fill(store, people)
    figures = figures_of(store, site, LATER, plain=True)
    (nordic,) = [one for one in Shops(figures).dwell(HOUR) if one.zone == "nordic"]
    for figure, share in ((nordic.lower_s, 0.25), (nordic.median_s, 0.5), (nordic.upper_s, 0.75), (nordic.long_s, 0.9)):
        assert figure.value == pytest.approx(float(np.quantile(seconds, share)), rel=0.04)
        assert figure.low is not None
        assert figure.high is not None
        assert figure.low < figure.value < figure.high
    trimmed = np.clip(seconds, *np.quantile(seconds, (0.05, 0.95)))
    assert nordic.mean_s.value == pytest.approx(float(trimmed.mean()), rel=0.01)
    assert nordic.unseen_s.value == 8
    assert nordic.observed_s.value == pytest.approx(3 * (nordic.bridged_s.value or 0), rel=0.05)
    told = Shops(figures).zone("nordic", HOUR)
    assert told.observed_share == pytest.approx(0.75, abs=0.005)
    assert told.bridged_share == pytest.approx(1 - (told.observed_share or 0))


def test_intervals_hold_what_they_promise(store: Store, site: Site) -> None:
    """Of 60 malls drawn from one population, the median's interval holds the population's median in about 95 %."""
    held = 0
    rng = np.random.default_rng(11)
    for number in range(60):
        seconds = rng.lognormal(5, 0.7, 60)
        fill(store, [Person(f"p{n}", (Stay("nordic", NOON + 1800, float(s)),)) for n, s in enumerate(seconds)])
        figures = figures_of(store, site, LATER, bytes([number]))
        (nordic,) = [one for one in Shops(figures).dwell(HOUR) if one.zone == "nordic"]
        assert nordic.median_s.low is not None
        assert nordic.median_s.high is not None
        held += nordic.median_s.low <= np.exp(5) <= nordic.median_s.high
    assert held >= 52


def test_one_long_visit_does_not_show_in_the_mean(store: Store, site: Site) -> None:
    told = []
    for longest in (70.0, 3 * 3600.0):
        people = [*walkers(20, "nordic"), Person("sleeper", (Stay("nordic", NOON + 3000, longest),))]
        fill(store, people)
        told.append(Shops(figures_of(store, site, LATER)).zone("nordic", HOUR))
    assert told[0].dwell_mean.value == told[1].dwell_mean.value
    assert told[0].dwell_median == told[1].dwell_median


def test_many_days_are_read_day_by_day_and_too_many_visits_refused(store: Store, site: Site) -> None:
    people = [
        Person(f"p{day}x{n}", (Stay("nordic", NOON + 86_400.0 * day + 5_000 * n),))
        for day in range(4)
        for n in range(9)
    ]
    fill(store, people)
    figures = figures_of(store, site, NOON + 9 * 86_400, plain=True)
    whole = Window(NOON, NOON + 4 * 86_400 + 900)
    assert value(Shops(figures).zone("nordic", whole).visitors) == 36
    figures.insight.reader._most_rows = 35
    assert value(Shops(figures).zone("nordic", whole).visitors) == 36, "held"
    with pytest.raises(BadInputError, match="from: 36 visits lie in this window, and at most 35"):
        Shops(figures).zone("nordic", Window(NOON, NOON + 4 * 86_400))


def test_flows_leave_passages_out_unless_asked(store: Store, site: Site) -> None:
    fill(store, walkers(8, "nordic concourse cafe concourse cafe") + walkers(7, "nordic concourse"))
    flows = Flows(figures_of(store, site, LATER, plain=True))
    found = flows.zones(HOUR)
    (link,) = found.links
    assert (link.source, link.target, value(link.people)) == ("nordic", "cafe", 8)
    assert (link.share.value, link.share.n) == (round(8 / 15, 4), 15)
    assert link.typical_s.value == 60 + 60 + 60
    assert {node.id for node in found.nodes} == {"nordic", "atelier", "cafe", "kitchen", "shoes"}
    through = {(one.source, one.target): value(one.people) for one in flows.zones(HOUR, through=True).links}
    assert through == {("nordic", "concourse"): 15, ("concourse", "cafe"): 8, ("cafe", "concourse"): 8}
    (category,) = flows.zones(HOUR, "category").links
    assert (category.source, category.target, value(category.people)) == ("fashion", "dining", 8)


def test_flows_go_from_floor_to_floor_by_person(store: Store, site: Site) -> None:
    fill(store, walkers(9, "nordic concourse gallery shoes"))
    (link,) = Flows(figures_of(store, site, LATER, plain=True)).zones(HOUR).links
    assert (link.source, link.target, value(link.people)) == ("nordic", "shoes", 9)


def test_sequences_are_zones_one_after_the_other(store: Store, site: Site) -> None:
    fill(store, walkers(8, "nordic concourse atelier cafe") + walkers(6, "nordic atelier nordic atelier"))
    flows = Flows(figures_of(store, site, LATER, plain=True))
    assert [(one.zones, value(one.people), one.share.value) for one in flows.sequences(HOUR)] == [
        (("nordic", "atelier", "cafe"), 8, round(8 / 14, 4)),
        (("atelier", "nordic", "atelier"), 6, 1.0),
        (("nordic", "atelier", "nordic"), 6, round(6 / 14, 4)),
    ]
    assert [one.zones for one in flows.sequences(HOUR, 4)] == [("nordic", "atelier", "nordic", "atelier")]
    with pytest.raises(BadInputError, match="length"):
        flows.sequences(HOUR, 9)


def test_staff_are_told_apart_and_joined_only_where_enough(store: Store, site: Site) -> None:
    fill(store, walkers(8, "nordic cafe") + walkers(7, "cafe nordic", works=True) + walkers(3, "atelier", works=True))
    shops = Shops(figures_of(store, site, LATER, plain=True))
    assert value(shops.zone("nordic", HOUR).visitors) == 8
    assert value(shops.zone("nordic", HOUR, "everybody").visitors) == 15
    assert value(shops.zone("nordic", HOUR).staff) == 7
    fill(store, walkers(8, "nordic cafe") + walkers(4, "cafe nordic", works=True))
    assert value(shops_of(store, site).zone("nordic", HOUR, "everybody").visitors) == 8


def shops_of(store: Store, site: Site) -> Shops:
    return Shops(figures_of(store, site, LATER, plain=True))


def test_crossings_by_window_and_by_step(store: Store, site: Site) -> None:
    fill(
        store,
        [
            Person(f"p{n}", passes=(Pass("nordic-door", "in", NOON + 60 * n), Pass("cafe-door", "in", NOON + n)))
            for n in range(20)
        ]
        + [Person("to-and-fro", passes=tuple(Pass("nordic-door", "out", NOON + n) for n in range(9)))],
    )
    doors = Doors(figures_of(store, site, LATER, plain=True))
    totals = {(one.line, one.direction): (value(one.visitors), value(one.crossings)) for one in doors.crossings(HOUR)}
    assert totals == {
        ("nordic-door", "in"): (20, 20),
        ("nordic-door", "out"): (None, None),
        ("cafe-door", "in"): (20, 20),
        ("cafe-door", "out"): (None, None),
    }
    steps = [one for one in doors.crossings(HOUR, by_step=True) if (one.line, one.direction) == ("nordic-door", "in")]
    assert [(one.minute, value(one.visitors)) for one in steps] == [
        (NOON, 15),
        (NOON + 900, 5),
        (NOON + 1800, None),
        (NOON + 2700, None),
    ]
    live = Doors(figures_of(store, site, NOON + 3600, plain=True))
    minutes = [one for one in live.crossings(HOUR, by_step=True) if one.line == "cafe-door" and one.direction == "in"]
    assert (len(minutes), value(minutes[0].visitors)) == (60, 20)


def test_series_too_long_to_be_looked_at_are_refused(store: Store, site: Site) -> None:
    year = Window(NOON - 399 * 86_400, NOON)
    figures = figures_of(store, site, LATER)
    with pytest.raises(BadInputError, match="from: at most 31 days"):
        Doors(figures).crossings(year, by_step=True)
    with pytest.raises(BadInputError, match="from: at most 31 days"):
        list(Shops(figures).quarters(year))
    assert Shops(figures).zone("nordic", year).by_quarter == []
    assert len(Doors(figures).crossings(year)) == 4


def test_repeats_are_told_of_many_and_not_of_few(store: Store, site: Site) -> None:
    again = [Person(f"again{n}", tuple(Stay("nordic", NOON + 100.0 * (m + 1)) for m in range(3))) for n in range(6)]
    fill(store, walkers(10, "nordic") + again)
    told = shops_of(store, site).zone("nordic", HOUR)
    assert (value(told.visitors), value(told.visits)) == (16, 28)
    fill(store, walkers(10, "nordic") + again[:4])
    told = shops_of(store, site).zone("nordic", HOUR)
    assert (value(told.visitors), value(told.visits)) == (14, 14)
    assert told.visits.high is not None
    assert told.visits.high >= 22


def test_parties_count_as_one_each(store: Store, site: Site) -> None:
    pairs = [Person(f"p{n}", (Stay("nordic", NOON + 100),), party=f"party{n // 2}") for n in range(12)]
    fill(store, pairs + walkers(3, "nordic"))
    assert value(shops_of(store, site).zone("nordic", HOUR).parties) == 6
    fill(store, pairs[:8] + walkers(3, "nordic"))
    assert value(shops_of(store, site).zone("nordic", HOUR).parties) is None


def test_passers_by_are_those_in_front(site: Site) -> None:
    found = fronts(site)
    assert found["g", "nordic"] == ("concourse",)
    assert found["g", "cafe"] == ("concourse",)
    assert found["g", "atelier"] == ("concourse",), "it has no line: the passage it borders on"
    assert found["g", "concourse"] == ()
    assert found["u", "shoes"] == ("gallery",)


def tenanted(folder: Path, timezone: str) -> Site:
    path = write_site(folder, timezone)
    content = msgspec.json.decode((folder / "g.geojson").read_bytes())
    nordic: dict[str, Any] = content["features"][1]["properties"]
    nordic["tenants"] = [
        {"id": "old", "name": "Old Wear", "category": "fashion", "to": "2026-01-01"},
        {"id": "new", "name": "New Bites", "category": "dining", "from": "2026-01-01"},
    ]
    (folder / "g.geojson").write_bytes(msgspec.json.encode(content))
    return load_site(path)


def test_history_stays_with_the_tenant_who_earned_it(store: Store, tmp_path: Path) -> None:
    site = tenanted(tmp_path, "America/Los_Angeles")
    midnight = datetime(2026, 1, 1, 8, tzinfo=UTC).timestamp()
    fill(
        store,
        walkers(9, "nordic", start=midnight - 1800) + walkers(7, "nordic", first=50, start=midnight)
        + walkers(6, "cafe nordic", first=90, start=midnight),
    )  # fmt: skip
    window = Window(midnight - 3600, midnight + 3600)
    figures = figures_of(store, site, LATER, plain=True)
    shops = Shops(figures)
    now, before = shops.zone("nordic", window), shops.zone("nordic@old", window)
    assert (now.name, now.category, value(now.visitors)) == ("New Bites", "dining", 13)
    assert (before.name, before.category, value(before.visitors)) == ("Old Wear", "fashion", 9)
    assert (before.window, now.window) == (Window(midnight - 3600, midnight), Window(midnight, midnight + 3600))
    assert [(one.zone, value(one.visitors)) for one in shops.all(window) if one.name != "Concourse"][:2] == [
        ("nordic@old", 9),
        ("nordic", 13),
    ]
    (link,) = Flows(figures).zones(window, "category").links
    assert (link.source, link.target) == ("dining", "dining")
    with pytest.raises(BadInputError, match="another tenant"):
        shops.zone("nordic@old", Window(midnight, midnight + 3600))
    with pytest.raises(BadInputError, match="has no 'attic'"):
        shops.zone("attic", window)


def test_weeks_compare_whole_local_days_of_one_tenant(store: Store, tmp_path: Path) -> None:
    site = tenanted(tmp_path, "America/Los_Angeles")
    day = Window.of_day(date(2026, 1, 8), site.timezone)
    fill(
        store,
        walkers(60, "cafe", start=day.start) + walkers(40, "cafe", first=100, start=day.start - 7 * 86_400)
        + walkers(20, "nordic", start=day.start - 86_400) + walkers(20, "nordic", first=50, start=day.end - 9 * 86_400),
    )  # fmt: skip
    weeks = Weeks(figures_of(store, site, day.end + 10, plain=True))
    days = weeks.week_on_week("cafe", date(2026, 1, 9))
    assert [one.day.day for one in days] == [3, 4, 5, 6, 7, 8, 9]
    assert (value(days[5].visitors), value(days[5].before), days[5].change.value) == (60, 40, 0.5)
    assert days[5].change.low is not None
    assert days[5].change.high is not None
    assert days[5].change.low < 0.1
    assert days[5].change.high > 0.9
    assert days[6].visitors.withheld == "young"
    nordic = weeks.week_on_week("nordic", date(2026, 1, 8))
    assert (value(nordic[5].visitors), nordic[5].tenant, value(nordic[5].before)) == (20, "new", None)


def test_a_day_of_clock_change_has_23_hours() -> None:
    zone = ZoneInfo("Europe/Lisbon")
    assert Window.of_day(date(2026, 3, 29), zone).end - Window.of_day(date(2026, 3, 29), zone).start == 23 * 3600
    assert Window.of_day(date(2026, 10, 25), zone).end - Window.of_day(date(2026, 10, 25), zone).start == 25 * 3600


def test_the_interval_of_a_change_holds_no_change_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    counts = rng.poisson(120, (600, 2)) + np.rint(rng.normal(0, 1.8, (600, 2)))
    held = 0
    for before, after in counts.tolist():
        found = change(Figure(after, int(after), 0, 0), Figure(before, int(before), 0, 0), 1.8)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0 <= found.high
    assert 0.93 < held / 600 < 0.98
