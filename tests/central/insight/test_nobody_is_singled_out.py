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
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from calibration.site import Site, load_site
from central.insight.crowds import Who
from central.insight.doors import Doors
from central.insight.figure import Figure
from central.insight.flows import Flows
from central.insight.shops import Shops
from central.insight.suppression import Marks, Suppression
from central.insight.tables import Tables as AllTables
from central.insight.tables import What, columns
from central.insight.window import Window
from central.store.store import Store
from tests.central.mall import NOON, write_site
from tests.central.population import FLOOR_OF, Figures, Pass, Person, Stay, figures_of, fill

K = 5
QUARTERS = 2
NOW = NOON + 900 * QUARTERS + 5
WHOS: tuple[Who, ...] = ("shoppers", "everybody")
MALL = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # a failure is found in seconds, but would be made smaller for minutes
)

Answers = dict[tuple[Any, ...], Figure]
Asked = tuple[str, float, float]
"""A figure's name and the ends of its window."""


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


def crowded() -> list[Person]:
    """A mall in which much is told: everybody's way in common, and a few single ones."""
    ways = [
        ("concourse nordic concourse cafe gallery shoes", 9),
        ("concourse cafe nordic", 8),
        ("nordic cafe", 7),
        ("concourse nordic cafe concourse nordic", 1),
        ("kitchen shoes", 2),
    ]
    people = []
    for group, (way, size) in enumerate(ways):
        for one in range(size):
            stays = [Stay(zone, NOON + 50 + 290 * n + 9 * one, 80.0 + one) for n, zone in enumerate(way.split())]
            doors = [Pass(f"{s.zone}-door", "in", s.left_at - 20) for s in stays if s.zone in {"nordic", "cafe"}]
            party = f"party{group}x{one // 2}"
            people.append(Person(f"visitor{group}x{one:04d}", tuple(stays), tuple(doors), party=party))
    return people


def windows() -> list[Window]:
    """Every window of whole quarter-hours, and some of whole minutes."""
    ends = [NOON + 900 * quarter for quarter in range(QUARTERS + 1)]
    found = [Window(start, end) for start, end in combinations(ends, 2)]
    return [*found, Window.snapped(NOW, NOW - 600, NOW), Window(NOON + 60, NOON + 960)]


def answers(figures: Figures) -> Answers:
    """Everything that can be asked, in one table."""
    shops, flows, doors = Shops(figures), Flows(figures), Doors(figures)
    found: Answers = {}
    for window in windows():
        for who in WHOS:
            asked = (*window.marks, who)
            found |= told((*asked, "zones"), shops.all(window, who))
            found |= told((*asked, "dwell"), shops.dwell(window, who))
            for zone in ("nordic", "concourse", "shoes"):
                found |= told((*asked, "zone"), [shops.zone(zone, window, who)])
            for through in (False, True):
                found |= told((*asked, "flows", through), [flows.zones(window, "zone", who, through=through)])
                for length in (2, 3):
                    sequences = flows.sequences(window, length, who, through=through)
                    found |= told((*asked, "sequences", length, through), sequences)
            found |= told((*asked, "categories"), [flows.zones(window, "category", who)])
            found |= told((*asked, "crossings"), doors.crossings(window, who))
        found |= told((*window.marks, "steps"), doors.crossings(window, by_step=True))
    return found


def told(asked: tuple[Any, ...], entries: Sequence[Any]) -> Answers:
    """Figures of dataclasses by what names them, in the order they came in."""
    found: Answers = {}
    for entry in entries:
        values = {field.name: getattr(entry, field.name) for field in fields(entry)}
        names = tuple(
            value for value in values.values() if not isinstance(value, Figure | list) and not is_dataclass(value)
        )
        for field, value in values.items():
            if isinstance(value, Figure):
                found[*asked, *names, field] = value
            elif isinstance(value, list):
                found |= told((*asked, *names, field), value)
    return found


class Watched(Suppression):
    """The method; people's numbers are bits, so that a cell key says who is in a figure, and all figures are noted."""

    def __init__(self, people: Sequence[Person]) -> None:
        super().__init__(K, b"watched")
        self._bit = {person.name: 1 << number for number, person in enumerate(people)}
        self.noted: dict[Asked, tuple[int, int]] = {}
        """Who is in a figure and what is told of it, by name and ends of window."""

    def record_key(self, visitor: str) -> int:
        return self._bit.get(visitor) or super().record_key(visitor)

    def published(
        self, counts: npt.ArrayLike, cell_keys: npt.ArrayLike, figures: str | Sequence[str] = "", marks: Marks = ()
    ) -> npt.NDArray[np.int64]:
        shown = super().published(counts, cell_keys, figures, marks)
        people, keys, values = np.atleast_1d(np.asarray(counts), np.asarray(cell_keys, np.uint64), shown)
        names = [figures] * len(people) if isinstance(figures, str) else figures
        starts, ends = (np.broadcast_to(np.asarray(mark), people.shape) for mark in marks)
        for name, start, end, count, key, value in zip(names, starts, ends, people, keys, values, strict=True):
            if not name.startswith("parties"):
                assert int(key).bit_count() == count, f"{name}: its cell key is not that of its people"
            assert value == 0 or (count >= K and value >= K), name
            self.noted[name, float(start), float(end)] = int(key), int(value)
        return shown

    def bit(self, person: Person) -> int:
        return self._bit[person.name]


def watched(store: Store, site: Site, people: Sequence[Person], everyone: Sequence[Person]) -> tuple[Watched, Answers]:
    """Everything asked of a mall of these people."""
    fill(store, people)
    figures = figures_of(store, site, NOW)
    method = Watched(everyone)
    figures.insight.suppression = method
    figures.insight.reader._suppression = method
    return method, answers(figures)


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


def small_differences(method: Watched) -> list[list[tuple[Asked, int]]]:
    """Pairs and triples of told figures, with signs, that add up to how many people fewer than k are.

    Pairs: all of B are in A, and fewer than k of A are not in B. Triples: windows one after the other and both
    together, or two zones and their category, and fewer than k people are in both parts.
    """
    shown = {
        name: key
        for name, (key, value) in method.noted.items()
        if value and not name[0].startswith(("repeat", "parties"))
    }
    found = []
    for one, other in combinations(shown, 2):
        for more, fewer in ((one, other), (other, one)):
            if shown[fewer] & ~shown[more] == 0 and (shown[more] & ~shown[fewer]).bit_count() < K:
                found.append([(more, 1), (fewer, -1)])
    for first, second in combinations(shown, 2):
        for both, people in shown.items():
            is_union = both not in {first, second} and shown[first] | shown[second] == people
            if is_union and both[1:] == (min(first[1], second[1]), max(first[2], second[2])):
                found.append([(first, 1), (second, 1), (both, -1)])
    return [terms for terms in found if sum(sign * shown[name].bit_count() for name, sign in terms) < K]


def told_by_300(method: Watched, people: list[Person], wanted: list[Asked]) -> npt.NDArray[np.int64]:
    """(300, len(wanted)) what 300 installations, each with a key of its own, tell of the same people."""
    keys = [method.noted[name][0] for name in wanted]
    members = np.array([[key >> bit & 1 for bit in range(len(people))] for key in keys], np.uint64)
    names = [name for name, _, _ in wanted]
    marks = (np.array([start for _, start, _ in wanted]), np.array([end for _, _, end in wanted]))
    found = []
    for number in range(300):
        installation = Suppression(K, number.to_bytes(32, "little"))
        cells = members @ installation.record_keys(person.name for person in people)
        found.append(installation.published(members.sum(axis=1), cells, names, marks))
    return np.array(found)


def test_a_difference_is_not_what_its_people_number(store: Store, site: Site) -> None:
    """On each of 300 installations the attacker takes the likeliest number, which is the difference as told."""
    people = crowded()
    method, _ = watched(store, site, people, people)
    attacks = small_differences(method)
    assert len(attacks) > 200, "there must be something to attack"
    attacks = random.Random(3).sample(attacks, 200)
    assert sum(len(terms) == 3 for terms in attacks) > 5
    wanted = sorted({name for terms in attacks for name, _ in terms})
    values, place = told_by_300(method, people, wanted), {name: number for number, name in enumerate(wanted)}
    for terms in attacks:
        asked = values[:, [place[name] for name, _ in terms]]
        seen = (asked @ np.array([sign for _, sign in terms]))[(asked > 0).all(axis=1)]
        truth = sum(sign * method.noted[name][0].bit_count() for name, sign in terms)
        assert len(seen) > 60, terms
        assert (seen == truth).mean() < 0.5, terms
        assert len(set(seen.tolist())) >= 5, terms
        for elsewhere in (truth - 1, truth + 1):
            assert (seen == elsewhere).mean() > 0.04, terms


def test_all_differences_about_the_same_few_averaged_do_not_number_them(store: Store, site: Site) -> None:
    """The strongest attack that we know: all pairs of figures, of all kinds, that differ by the same few."""
    people = crowded()
    method, _ = watched(store, site, people, people)
    pairs: dict[int, list[tuple[Asked, Asked]]] = {}
    for terms in small_differences(method):
        if len(terms) == 2:
            (more, _), (fewer, _) = terms
            few = method.noted[more][0] & ~method.noted[fewer][0]
            pairs.setdefault(few, []).append((more, fewer))
    pairs.pop(0, None)
    assert max(len(found) for found in pairs.values()) > 100, "there must be much to average"
    wanted = sorted({name for found in pairs.values() for pair in found for name in pair})
    values, place = told_by_300(method, people, wanted), {name: number for number, name in enumerate(wanted)}
    for few, found in pairs.items():
        more, fewer = (values[:, [place[pair[side]] for pair in found]] for side in (0, 1))
        told_both = (more > 0) & (fewer > 0)
        averaged = ((more - fewer) * told_both).sum(axis=1) / np.maximum(told_both.sum(axis=1), 1)
        assert (np.rint(averaged) == few.bit_count()).mean() < 0.5, few


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
