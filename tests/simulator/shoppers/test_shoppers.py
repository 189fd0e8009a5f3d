"""The arcade's day: what is told and seen is as the settings say, and linking it clears the bars on a small scale."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from benchmarks.links.day import Outcome, run
from calibration.site import load_site
from simulator.shoppers.arcade import shops, write_site
from simulator.shoppers.day import Day, live
from simulator.shoppers.settings import Settings, SightErrors, TillErrors
from simulator.shoppers.sight import see, truth

SMALL = Settings(shoppers=200, hours=0.6)


@pytest.fixture(scope="module")
def day() -> Day:
    return live(SMALL, TillErrors(), 7)


def test_the_same_seed_is_the_same_day(day: Day) -> None:
    assert live(SMALL, TillErrors(), 7) == day
    assert live(SMALL, TillErrors(), 8) != day


def test_nobody_goes_back_in_time_and_members_are_as_many_as_asked(day: Day) -> None:
    for one in day.shoppers:
        assert all(a[0] <= b[0] for a, b in itertools.pairwise(one.knots))
    agreed = sum(one.agreed for one in day.shoppers) / SMALL.shoppers
    assert agreed == pytest.approx(SMALL.consenting, abs=0.08)


def test_a_till_books_one_sale_after_the_other(day: Day) -> None:
    for shop in shops():
        booked = sorted(one.heard for one in day.told if one.place == f"{shop.id}-till")
        assert all(b - a >= 0.999 for a, b in itertools.pairwise(booked))


def test_what_is_seen_is_off_by_as_much_as_the_settings_say(day: Day) -> None:
    of, errors = truth(day), SightErrors()
    seen = see(of, errors, 1)
    off = (seen.xy - of.xy)[seen.is_seen]
    expected = float(np.sqrt(np.mean(np.square(errors.noise_m)) + errors.bias_m**2))
    assert off.std() == pytest.approx(expected, rel=0.25)
    assert 0.88 < seen.is_seen.mean() < 0.97
    assert len(np.unique(seen.track)) > len(day.shoppers)


def test_its_site_loads_with_all_its_places(tmp_path: Path) -> None:
    site = load_site(write_site(tmp_path))
    assert len(site.places) == len(shops()) + 8
    assert site.places["g00-till"].zone == "g00"


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return run(SMALL, 7)


def test_nobody_is_linked_without_consent_and_nobody_who_works_there(outcome: Outcome) -> None:
    assert outcome.ours.links > 20
    assert outcome.ours.without_consent == 0
    assert outcome.ours.staff == 0


def test_nobody_is_offered_anything_without_both_consents(outcome: Outcome) -> None:
    assert outcome.offers > 10
    assert outcome.offers_without_consent == 0


def test_links_are_right_more_often_than_by_the_nearest(outcome: Outcome) -> None:
    assert outcome.ours.precision >= 0.95
    assert outcome.ours.precision > outcome.nearest.precision
    assert outcome.ours.recall >= 0.5
