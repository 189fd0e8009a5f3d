"""An attacker with every public question and all answers to them cannot single anybody out.

The attacker knows the method and its parameters, may ask every legal question as often as they like, keeps all answers,
and does not know this installation's key. Small malls are made in which groups of one person and of a few go about;
then everything is asked (every window of the grid, zone, category, length of sequence, shoppers and everybody), and:

- whoever is in no told figure leaves no trace: all answers are the same, to the last digit and row, without them;
- a member of staff fewer than k leaves no trace at all, so that everybody less shoppers tells nothing of them;
- every told figure is about at least k people, by a count made independently;
- the difference of two figures, or of three, whose people differ by fewer than k, is not what these people number:
  the best guess is wrong more often than right, and each answer could come of at least three truths; nor is the mean
  of all differences, over all windows and kinds of figure, whose people differ by the same few;
- asking again, in another order, or after the rows were stored in another order, gives nothing new;
- exports tell what the reports tell.

What the method does not protect against stands in ``docs/privacy-method.md``.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from calibration.site import Site, load_site
from central.insight.shops import Shops
from central.insight.tables import Tables as AllTables
from central.insight.tables import What, columns
from central.insight.window import Window
from central.store.store import Store
from tests.central.insight.attacker import NOW, QUARTERS, K, answers, crowded, watched
from tests.central.mall import NOON, write_site
from tests.central.population import FLOOR_OF, Figures, Pass, Person, Stay, figures_of, fill

MALL = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # a failure is found in seconds, but would be made smaller for minutes
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return load_site(write_site(tmp_path_factory.mktemp("site")))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    found = Store(tmp_path_factory.mktemp("store") / "central.db", "mall")
    yield found
    found.close()


@st.composite
def malls(draw: st.DrawFn) -> list[Person]:
    """A few groups of one to nine people, each with a way of its own through zones and quarter-hours."""
    people: list[Person] = []
    for group in range(draw(st.integers(3, 6))):
        size = draw(st.sampled_from([1, 1, 2, 4, 5, 6, 9]))
        works = draw(st.sampled_from([False, False, False, True]))
        way = draw(
            st.lists(st.tuples(st.sampled_from(sorted(FLOOR_OF)), st.integers(0, QUARTERS - 1)), min_size=1, max_size=4)
        )
        length = draw(st.sampled_from([20.0, 90.0, 700.0]))
        for one in range(size):
            moments = sorted(NOON + 900 * quarter + 100 * place + one for place, (_, quarter) in enumerate(way))
            stays = tuple(Stay(zone, at, length + one) for (zone, _), at in zip(way, moments, strict=True))
            doors = tuple(
                Pass(f"{stay.zone}-door", "in", stay.left_at - 20) for stay in stays if stay.zone in {"nordic", "cafe"}
            )
            party = f"party{group}x{one // 2}" if size > 1 else ""
            people.append(Person(f"visitor{group}x{one:04d}", stays, doors, works, party))
    return people


@given(malls(), st.randoms(use_true_random=False))
@MALL
def test_whoever_is_in_no_told_figure_leaves_no_trace(
    store: Store, site: Site, people: list[Person], chance: random.Random
) -> None:
    method, full = watched(store, site, people, people)
    shown = 0
    for key, value in method.noted.values():
        shown |= key if value else 0
    hidden = [person for person in people if not shown & method.bit(person)]
    if hidden:
        gone = chance.choice(hidden)
        _, without = watched(store, site, [one for one in people if one is not gone], people)
        assert list(full.items()) == list(without.items())


@given(malls(), st.integers(1, K - 1))
@MALL
def test_staff_fewer_than_k_leave_no_trace_at_all(store: Store, site: Site, people: list[Person], staff: int) -> None:
    shoppers = [person for person in people if not person.works]
    zones = ("concourse", "nordic", "concourse", "cafe", "gallery", "shoes")
    stays = tuple(Stay(zone, NOON + 60 + 400 * place, 200.0) for place, zone in enumerate(zones))
    doors = (Pass("nordic-door", "in", NOON + 70), Pass("cafe-door", "out", NOON + 900))
    workers = [Person(f"works{n:06d}", stays, doors, works=True, party="till") for n in range(staff)]
    everyone = [*shoppers, *workers]
    _, with_them = watched(store, site, everyone, everyone)
    _, without = watched(store, site, shoppers, everyone)
    assert list(with_them.items()) == list(without.items())


@given(malls())
@MALL
def test_every_told_figure_is_about_k_people_counted_independently(
    store: Store, site: Site, people: list[Person]
) -> None:
    method, full = watched(store, site, people, people)
    shoppers = [person for person in people if not person.works]
    for name, figure in full.items():
        assert (figure.value is None) == (figure.n is None) == bool(figure.withheld), name
        assert figure.n is None or figure.n >= K, name
    looked = 0
    for (name, start, end), (key, _) in method.noted.items():
        about = _about(name, start, end, shoppers)
        if about is not None:
            assert sum(method.bit(person) for person in about) == key, name
            looked += 1
    assert looked > 100


def test_asking_again_and_in_another_order_gives_nothing_new(store: Store, site: Site) -> None:
    people = crowded()
    fill(store, people)
    figures = figures_of(store, site, NOW)
    first = answers(figures)
    assert answers(figures) == first
    fill(store, random.Random(1).sample(people, len(people)))
    again = answers(figures_of(store, site, NOW))
    assert list(first.items()) == list(again.items())


def test_who_comes_late_shows_only_with_the_next_step(store: Store, site: Site) -> None:
    people = crowded()
    fill(store, people)
    moment = [NOW]
    figures = Figures(figures_of(store, site, NOW).insight, lambda: moment[0])
    window = Window(NOON, NOON + 900)
    before = Shops(figures).zone("nordic", window)
    fill(store, [*people, *(Person(f"late{n:05d}", (Stay("nordic", NOON + 600),)) for n in range(30))])
    for moment[0] in (NOW + 1, NOW + 30, NOW + 54):
        assert Shops(figures).zone("nordic", window) == before
    moment[0] = NOW + 60
    assert (Shops(figures).zone("nordic", window).visitors.value or 0) > (before.visitors.value or 0) + 15


@pytest.mark.parametrize(
    "what", ["zones", "dwell", "bins", "quarters", "flows", "categories", "sequences", "crossings"]
)
def test_exports_tell_what_the_reports_tell(store: Store, site: Site, what: What) -> None:
    people = crowded()
    fill(store, people)
    figures = figures_of(store, site, NOW)
    window = Window(NOON, NOON + 1800)
    full = {(figure.value, figure.low, figure.high, figure.n) for figure in answers(figures).values()}
    rows = list(AllTables(figures).rows(what, window, "shoppers"))
    text = [name for name, kind in columns(what).items() if kind is str]
    assert rows
    for row in rows:
        assert list(row) == list(columns(what))
        for name in (name for name in row if name not in text and f"{name}_n" in row):
            assert tuple(row[f"{name}{part}"] for part in ("", "_low", "_high", "_n")) in full
        assert not any(person.name in str(row) or person.party in str(row.values()) for person in people)


def _about(name: str, start: float, end: float, shoppers: list[Person]) -> list[Person] | None:
    """Whom a figure about shoppers is about, by plain counting; None for kinds that are not counted here."""
    part, _, rest = name.partition(" ")
    kind, _, what = rest.partition(" ")
    if part != "shoppers":
        return None
    if kind == "visitors" and what.startswith("zone "):
        zone = what.split("/")[1]
        return [one for one in shoppers if any(s.zone == zone and start <= s.left_at < end for s in one.stays)]
    if kind == "passers":
        zone = what.split("/")[1]
        front = {zone, "concourse" if FLOOR_OF[zone] == "g" else "gallery"}
        return [one for one in shoppers if any(s.zone in front and start <= s.left_at < end for s in one.stays)]
    if kind == "crossings":
        line, direction = what.removeprefix("g/").split(" ")
        return [
            one
            for one in shoppers
            if any((p.line, p.direction) == (line, direction) and start <= p.at < end for p in one.passes)
        ]
    return None
