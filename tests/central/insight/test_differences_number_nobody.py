"""Pairs, triples and sums of figures do not number the few people by whom they differ."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from calibration.site import Site, load_site
from central.insight.suppression import Suppression
from central.store.store import Store
from tests.central.insight.attacker import Asked, K, Watched, crowded, watched
from tests.central.mall import write_site
from tests.central.population import Person


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return load_site(write_site(tmp_path_factory.mktemp("site")))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    found = Store(tmp_path_factory.mktemp("store") / "central.db", "mall")
    yield found
    found.close()


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
    members, noisy = noisy_by_300(method, people, wanted)
    return np.where((members.sum(axis=1) >= K) & (noisy >= K), noisy, 0)


def noisy_by_300(
    method: Watched, people: list[Person], wanted: list[Asked]
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """(len(wanted), P) who is in which figure, and (300, len(wanted)) their noisy counts before the threshold."""
    keys = [method.noted[name][0] for name in wanted]
    members = np.array([[key >> bit & 1 for bit in range(len(people))] for key in keys], np.uint64)
    names = [name for name, _, _ in wanted]
    marks = (np.array([start for _, start, _ in wanted]), np.array([end for _, _, end in wanted]))
    found = []
    for number in range(300):
        installation = Suppression(K, number.to_bytes(32, "little"))
        cells = members @ installation.record_keys(person.name for person in people)
        found.append(members.sum(axis=1).astype(np.int64) + installation.noise(cells, names, marks))
    return members, np.array(found)


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


def test_the_best_linear_attack_does_not_number_them_either(store: Store, site: Site) -> None:
    """Generalised least squares over all told figures, by an attacker who also knows who could be in which.

    The people fall into kinds that are in exactly the same figures; how many of each kind there are is estimated with
    the smallest variance that any unbiased linear estimate has (Aitken, 1936), from noisy counts without the threshold.
    """
    people = crowded()
    method, _ = watched(store, site, people, people)
    wanted = [
        name
        for name, (_, value) in method.noted.items()
        if value and not name[0].startswith(("repeat", "parties", "staff"))
    ]
    members, values = noisy_by_300(method, people, wanted)
    layers = [
        [method.noted[name][0] for name in wanted],
        [(name, start) for name, start, _ in wanted],
        [(name, end) for name, _, end in wanted],
    ]
    covariance = sum(np.array([[float(one == other) for other in layer] for one in layer]) for layer in layers)
    precision = np.linalg.pinv(np.asarray(covariance), rcond=1e-9)
    kinds, of_kind = np.unique(members.astype(float), axis=1, return_inverse=True)
    truth = np.bincount(of_kind.ravel())
    assert len(wanted) > 80
    assert truth.min() == 1
    estimator = np.linalg.pinv(kinds.T @ precision @ kinds) @ kinds.T @ precision
    found = np.rint(values @ estimator.T)
    assert (found == truth).mean(axis=0).max() < 0.6
