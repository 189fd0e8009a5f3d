"""What the ops page tells of a box's figures."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

import pytest

from central.ops.state import OpsState
from central.ops.watch import Look
from central.pages.i18n import Language, words
from central.pages.ops.boxes import boxes_html
from central.pages.ops.telling import Telling
from tests.central.ops.mall_state import camera_figures, health, with_box


def told(state: OpsState, language: Language) -> dict[str, str]:
    """The tiles of the mall's one box by their names."""
    telling = Telling(words(language), Look(state, ()), (), {"g": "Ground"}, ZoneInfo("UTC"), may_act=False, name="")
    return dict(re.findall(r"<dt[^>]*>([^<]*)</dt>\s*<dd[^>]*>([^<]*)</dd>", str(boxes_html(telling))))


@pytest.mark.parametrize(
    ("language", "at_once", "one_by_one"),
    [("en", "Followed twice at once", "Begun under a second name"), ("zh", "同一人被重复跟踪", "同一人换号重新开始")],
)
def test_how_often_people_are_followed_twice_is_told_in_percent(
    language: Language, at_once: str, one_by_one: str
) -> None:
    figures = health(camera_figures("north"), duplicate_share=0.0134, fragment_share=0.25)
    tiles = told(with_box(health=figures), language)
    assert re.search(r"1\.3 ?%", tiles[at_once])
    assert re.search(r"25(\.0)? ?%", tiles[one_by_one])


def test_a_box_that_says_nothing_of_it_is_not_said_to_be_without_fault() -> None:
    figures = health(camera_figures("north"), duplicate_share=None)
    tiles = told(with_box(health=figures), "en")
    unknown = words("en")("ops.unknown")
    assert (tiles["Followed twice at once"], tiles["Begun under a second name"]) == (unknown, unknown)
