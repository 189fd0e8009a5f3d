"""Closed visits and crossings as columns, joined with who is one person and who walks together."""

from __future__ import annotations

from central.store.stays import crossings, staff, stays
from central.store.store import Store
from tests.central.mall import NOON
from tests.central.population import Pass, Person, Stay, fill


def test_visits_are_found_by_their_end_under_their_person(store: Store) -> None:
    fill(
        store,
        [
            Person("visitor00001", (Stay("nordic", NOON + 60, 50.0, bridged_s=5.0, unseen_s=2.0),)),
            Person("visitor00002", (Stay("kitchen", NOON + 300),), (Pass("cafe-door", "out", NOON + 3),)),
            Person("visitor00003", (Stay("cafe", NOON + 900),), party="party000003"),
            Person("visitor00004", (Stay("cafe", NOON + 899), Stay("cafe", NOON - 1)), works=True),
        ],
    )
    with store.database.writing() as connection:
        connection.executemany(
            "INSERT INTO stitches VALUES ('mall', ?, 'person00001', ?, 0.9, 0)",
            [("visitor00001", ""), ("visitor00002", "visitor00001")],
        )
        connection.execute("INSERT INTO parties VALUES ('mall', 'person00001', 'party000001', 0.8, 0)")
    found = stays(store.database, "mall", NOON, NOON + 900)
    rows = sorted(zip(found.person, found.zone, found.party, found.left_at, strict=True))
    assert rows == [
        ("person00001", "kitchen", "party000001", NOON + 300),
        ("person00001", "nordic", "party000001", NOON + 60),
        ("visitor00004", "cafe", None, NOON + 899),
    ]
    place = found.zone.index("nordic")
    assert (found.entered_at[place], found.observed_s[place], found.bridged_s[place], found.unseen_s[place]) == (
        NOON + 8,
        45.0,
        5.0,
        2.0,
    )
    assert staff(store.database, "mall") == {"visitor00004"}
    crossed = crossings(store.database, "mall", NOON, NOON + 900)
    assert (crossed.person, crossed.line, crossed.direction, crossed.at) == (
        ("person00001",),
        ("cafe-door",),
        ("out",),
        (NOON + 3,),
    )


def test_nothing_is_columns_of_nothing(store: Store) -> None:
    assert stays(store.database, "mall", 0, 1e12).person == ()
    assert crossings(store.database, "mall", 0, 1e12).at == ()
