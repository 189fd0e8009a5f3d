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


DOUBLES, FRAGMENTS, DISK = "Followed twice at once", "Begun under a second name", "Disk"


@pytest.mark.parametrize(
    ("language", "at_once", "one_by_one", "about", "under"),
    [
        ("en", DOUBLES, FRAGMENTS, "about 25 %", "under 1 %"),
        ("zh", "同一人被重复跟踪", "同一人换号重新开始", "约 25 %", "不到 1 %"),
    ],
)
def test_how_often_people_are_followed_twice_is_told_in_whole_percents(
    language: Language, at_once: str, one_by_one: str, about: str, under: str
) -> None:
    figures = health(camera_figures("north"), duplicate_share=0.0094, fragment_share=0.2512)
    tiles = told(with_box(health=figures), language)
    assert (tiles[at_once], tiles[one_by_one]) == (under, about)


@pytest.mark.parametrize(
    ("share", "said"), [(0.0, "under 1 %"), (0.01, "about 1 %"), (0.0134, "about 1 %"), (0.016, "about 2 %")]
)
def test_an_estimate_is_not_told_more_finely_than_it_is_known(share: float, said: str) -> None:
    assert told(with_box(health=health(duplicate_share=share)), "en")[DOUBLES] == said


@pytest.mark.parametrize(
    ("free", "said"),
    [(1.0, "0 % full"), (0.37, "63 % full"), (0.29, "71 % full"), (0.0012, "99 % full"), (0.0, "100 % full")],
)
def test_a_disk_is_told_full_only_when_nothing_is_left_of_it(free: float, said: str) -> None:
    assert told(with_box(health=health(disk_free=free)), "en")[DISK] == said


def test_a_box_that_says_nothing_of_it_is_not_said_to_be_without_fault() -> None:
    figures = health(camera_figures("north"), duplicate_share=None)
    tiles = told(with_box(health=figures), "en")
    assert [tiles[name] for name in (DOUBLES, FRAGMENTS, DISK)] == [words("en")("ops.unknown")] * 3
