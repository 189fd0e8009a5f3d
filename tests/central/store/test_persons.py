"""Links, parties and staff stay consistent whatever the order in which they are found."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central.store.database import Database
from central.store.persons import Companions, Stitch, join, mark_staff, staff, stitch
from central.store.store import Store

NAMES = [f"visitor{i:05}" for i in range(8)]


def _persons(database: Database) -> dict[str, str]:
    return {row[0]: row[1] for row in database.rows("SELECT visitor, person FROM stitches WHERE site = 'mall'")}


def _parties(database: Database) -> dict[str, str]:
    return {row[0]: row[1] for row in database.rows("SELECT visitor, party FROM parties WHERE site = 'mall'")}


def test_a_chain_of_visitors_is_the_first_one_s_person(store: Store) -> None:
    one, two, three = NAMES[:3]
    assert stitch(store.database, "mall", [Stitch(two, one, 0.9, 10.0), Stitch(three, two, 0.9, 20.0)]) == 2
    assert _persons(store.database) == {two: one, three: one}


def test_links_found_in_the_other_order_are_the_same_chain(store: Store) -> None:
    one, two, three = NAMES[:3]
    stitch(store.database, "mall", [Stitch(three, two, 0.9, 20.0)])
    stitch(store.database, "mall", [Stitch(two, one, 0.9, 10.0)])
    assert _persons(store.database) == {two: one, three: one}


def test_nobody_becomes_two_people_or_comes_from_two(store: Store) -> None:
    one, two, three, four = NAMES[:4]
    links = [Stitch(two, one, 0.9, 10.0), Stitch(three, one, 0.99, 11.0), Stitch(two, four, 0.99, 11.0)]
    assert stitch(store.database, "mall", links) == 1
    assert stitch(store.database, "mall", [Stitch(one, two, 0.9, 30.0), Stitch(one, one, 0.9, 30.0)]) == 0
    assert _persons(store.database) == {two: one}


def test_what_was_known_of_a_visitor_is_known_of_the_person(store: Store) -> None:
    one, two, three = NAMES[:3]
    join(store.database, "mall", [Companions(two, three, 0.9)], 8, 5.0)
    mark_staff(store.database, "mall", [(two, "back of house")], 6.0)
    stitch(store.database, "mall", [Stitch(two, one, 0.9, 10.0)])
    parties = _parties(store.database)
    assert parties.keys() == {one, three}
    assert parties[one] == parties[three]
    assert staff(store.database, "mall") == {one: "back of house"}


def test_two_parties_of_one_person_are_one_party(store: Store) -> None:
    one, two, three, four = NAMES[:4]
    join(store.database, "mall", [Companions(one, three, 0.9), Companions(two, four, 0.9)], 8, 5.0)
    stitch(store.database, "mall", [Stitch(two, one, 0.9, 10.0)])
    assert len(set(_parties(store.database).values())) == 1


PAIRS = st.lists(
    st.builds(
        Companions,
        st.sampled_from(NAMES),
        st.sampled_from(NAMES),
        st.floats(0.6, 1.0).map(lambda value: round(value, 2)),
    ),
    max_size=12,
)
LINKS = st.lists(
    st.builds(Stitch, st.sampled_from(NAMES), st.sampled_from(NAMES), st.just(0.9), st.floats(0, 100)), max_size=5
)


@given(st.lists(st.one_of(PAIRS, LINKS), max_size=4), st.integers(2, 4))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_parties_stay_small_and_persons_stay_flat(
    store: Store, rounds: list[list[Companions] | list[Stitch]], most: int
) -> None:
    with store.database.writing() as connection:
        for table in ("stitches", "parties"):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
    linked = 0
    for found in rounds:
        pairs = [one for one in found if isinstance(one, Companions)]
        links = [one for one in found if isinstance(one, Stitch)]
        join(store.database, "mall", pairs, most, 1.0)
        linked += stitch(store.database, "mall", links)
    persons, parties = _persons(store.database), _parties(store.database)
    assert len(persons) == linked
    assert not persons.keys() & set(persons.values())  # a person's token is nobody's later visitor
    assert not parties.keys() & persons.keys()  # parties are kept by persons
    sizes = Counter(parties.values())
    assert all(size >= 2 or linked for size in sizes.values())
    if not linked:  # who turns out to be one person joins two parties, however large
        assert all(size <= most for size in sizes.values())
