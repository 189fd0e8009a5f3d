"""Drawn people: one looks different from each side, and nobody reaches beyond what is said of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.reid.bodies import WORN, Drawing, Stance, draw_body, draw_person

LOUD = np.array([255.0, 0.0, 255.0])
"""A colour that neither skin nor hair has."""


def somebody(seed, *wears):
    """Plain black clothes; what is carried and worn beneath is loud."""
    person, black = draw_person(np.random.default_rng(seed)), np.zeros(3)
    return replace(
        person, upper=black, lower=black, shoes=black, bag=LOUD, under=LOUD,
        wears=frozenset(wears), pattern=np.zeros_like(person.pattern),
    )  # fmt: skip


def loud_px(drawing):
    """Pixels of the loud colour, whatever the light."""
    blue, green, red = (drawing.picture[:, :, channel] for channel in range(3))
    return int(((blue > 60) & (red > 60) & (green < 0.2 * blue)).sum())


def seen_from(view, person, count=5):
    """Drawings of somebody from one side, by the lots that fall so."""
    seeds = [seed for seed in range(100) if Stance.draw(person, np.random.default_rng(seed)).view == view]
    return [draw_body(person, np.random.default_rng(seed)) for seed in seeds[:count]]


def test_a_backpack_is_seen_from_behind_and_its_straps_from_in_front():
    person = somebody(1, "backpack")
    behind, before = ([loud_px(drawing) for drawing in seen_from(view, person)] for view in ("back", "front"))
    assert min(behind) > 1500
    assert 0 < max(before) < min(behind) / 2


def test_what_an_open_jacket_shows_is_seen_from_in_front_alone():
    person = somebody(2, "open jacket")
    assert min(loud_px(drawing) for drawing in seen_from("front", person)) > 500
    assert not any(loud_px(drawing) for view in ("back", "side") for drawing in seen_from(view, person))


@pytest.mark.parametrize("what", WORN)
def test_whatever_is_worn_changes_how_somebody_looks(what):
    person = draw_person(np.random.default_rng(3))
    plain, worn = replace(person, wears=frozenset()), replace(person, wears=frozenset({what}))
    differences = [
        np.abs(draw_body(plain, np.random.default_rng(k)).picture - draw_body(worn, np.random.default_rng(k)).picture)
        for k in range(8)
    ]
    assert max(difference.max() for difference in differences) > 20


def test_nobody_reaches_beyond_their_rows_and_columns():
    for seed in range(10):
        random = np.random.default_rng(seed)
        drawing = draw_body(draw_person(random), random)
        assert drawing.mask[drawing.reach()].sum() == drawing.mask.sum(dtype=np.int64)
        rows, columns = np.nonzero(drawing.picture.any(2))
        down, across = drawing.reach()
        assert down.start <= rows.min() <= rows.max() < down.stop
        assert across.start <= columns.min() <= columns.max() < across.stop
    assert not Drawing().picture.any()
