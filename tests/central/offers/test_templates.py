"""Each scene's template is linted clean, and its campaigns hold where they should and only there."""

from __future__ import annotations

import dataclasses
from datetime import date

import msgspec
import pytest

from central.offers.campaigns import Campaign, CampaignsFile, Categories
from central.offers.conditions import judge
from central.offers.lint import lint
from central.offers.situation import Situation
from central.offers.templates import SUMMARIES, template
from contract.errors import BadInputError
from tests.central.offers.situations import CATEGORIES, TODAY, bought, member, situation, stay

SATURDAY = date(2026, 6, 13)


def came(*ago: int) -> tuple[date, ...]:
    return tuple(date.fromordinal(TODAY.toordinal() - one) for one in sorted(ago, reverse=True))


JUST_IN = stay("u/hall", "11:50")
HOLDS: list[tuple[str, str, str, Situation]] = [
    ("life_cycle", "welcome", "first visit, just in", situation(JUST_IN)),
    ("life_cycle", "second-visit", "second visit", situation(JUST_IN, profile=member(days_before=came(12)))),
    (
        "life_cycle",
        "long-time-no-see",
        "away since spring",
        situation(JUST_IN, profile=member(days_before=came(200, 61))),
    ),
    ("spend_and_get", "park-free", "two sales", situation(stay("g/cafe", "11:00"), purchases=(bought(40), bought(20)))),
    ("related_shops", "next-door", "fashion, no dining", situation(stay("g/nordic", "11:30", "11:40"))),
    (
        "related_shops",
        "next-door",
        "walked past the café",
        situation(stay("g/nordic", "11:30", "11:40"), stay("g/cafe", "11:41", "11:42")),
    ),
    (
        "related_shops",
        "both",
        "fashion, then dining",
        situation(stay("g/atelier", "11:00", "11:30"), stay("u/cafe", "11:55")),
    ),
    ("anniversary", "birthday", "born in June", situation(JUST_IN, profile=member(birthday_month=6))),
    ("anniversary", "member-day", "two days early", situation(JUST_IN, profile=member(joined_on=date(2023, 6, 13)))),
    ("entering", "neighbours", "by the estate's code", situation(JUST_IN, sources=frozenset({"housing-estate"}))),
    ("entering", "neighbours", "by car", situation(JUST_IN, sources=frozenset({"parking"}))),
    ("time_of_day", "lunch", "a quarter of an hour in fashion", situation(stay("g/nordic", "11:45"))),
    (
        "time_of_day",
        "lunch",
        "twice some minutes",
        situation(stay("g/nordic", "10:00", "10:06"), stay("g/atelier", "11:55", "11:59")),
    ),
    (
        "time_of_day",
        "after-lunch",
        "a long lunch",
        situation(stay("g/cafe", "12:30", "13:10", now="13:20"), clock="13:20"),
    ),
    ("one_off", "apology", "named", situation(JUST_IN, profile=member(member="M-1042"))),
    ("screen", "busy-hall", "a full hall", situation(profile=None, crowd={("u", "hall"): 31})),
]
MISSES: list[tuple[str, str, str, Situation]] = [
    ("life_cycle", "welcome", "second visit", situation(JUST_IN, profile=member(days_before=came(1)))),
    ("life_cycle", "welcome", "has been here for an hour", situation(stay("u/hall", "11:00"))),
    ("life_cycle", "welcome", "bought online, is not here", situation()),
    ("life_cycle", "second-visit", "third visit", situation(JUST_IN, profile=member(days_before=came(12, 30)))),
    ("life_cycle", "long-time-no-see", "59 days", situation(JUST_IN, profile=member(days_before=came(200, 59)))),
    ("life_cycle", "long-time-no-see", "never came", situation(JUST_IN)),
    (
        "spend_and_get",
        "park-free",
        "a cent short",
        situation(stay("g/cafe", "11:00"), purchases=(bought(40), bought(19.99))),
    ),
    (
        "spend_and_get",
        "park-free",
        "spent yesterday",
        situation(stay("g/cafe", "11:00"), purchases=(bought(90, days_ago=1),)),
    ),
    (
        "spend_and_get",
        "park-free",
        "given back",
        situation(stay("g/cafe", "11:00"), purchases=(bought(60, refunded=100),)),
    ),
    ("related_shops", "next-door", "four minutes only", situation(stay("g/nordic", "11:30", "11:34"))),
    ("related_shops", "next-door", "too long ago", situation(stay("g/nordic", "10:30", "11:14"))),
    (
        "related_shops",
        "next-door",
        "has had a coffee",
        situation(stay("g/nordic", "11:30", "11:40"), stay("g/cafe", "11:41", "11:43")),
    ),
    (
        "related_shops",
        "both",
        "the other way round",
        situation(stay("u/cafe", "11:00", "11:10"), stay("g/atelier", "11:20", "11:30")),
    ),
    ("related_shops", "both", "too late", situation(stay("g/atelier", "10:00", "11:00"), stay("u/cafe", "11:31"))),
    ("anniversary", "birthday", "born in May", situation(JUST_IN, profile=member(birthday_month=5))),
    ("anniversary", "birthday", "nothing known", situation(JUST_IN)),
    ("anniversary", "member-day", "four days early", situation(JUST_IN, profile=member(joined_on=date(2023, 6, 15)))),
    ("anniversary", "member-day", "joined today", situation(JUST_IN, profile=member(joined_on=TODAY))),
    ("entering", "neighbours", "came by nothing we know", situation(JUST_IN)),
    ("entering", "neighbours", "a while ago", situation(stay("u/hall", "11:44"), sources=frozenset({"parking"}))),
    (
        "entering",
        "neighbours",
        "late in the evening",
        situation(stay("u/hall", "20:00", now="20:01"), clock="20:01", sources=frozenset({"parking"})),
    ),
    ("time_of_day", "lunch", "before eleven", situation(stay("g/nordic", "10:30", now="10:59"), clock="10:59")),
    ("time_of_day", "lunch", "nine minutes", situation(stay("g/nordic", "11:51"))),
    ("time_of_day", "lunch", "has eaten", situation(stay("g/cafe", "11:00", "11:20"), stay("g/nordic", "11:30"))),
    (
        "time_of_day",
        "after-lunch",
        "a quick coffee",
        situation(stay("g/cafe", "13:00", "13:14", now="13:20"), clock="13:20"),
    ),
    (
        "time_of_day",
        "after-lunch",
        "is in fashion already",
        situation(stay("g/cafe", "12:30", "13:10"), stay("g/nordic", "13:12", now="13:20"), clock="13:20"),
    ),
    ("one_off", "apology", "somebody else", situation(JUST_IN)),
    ("screen", "busy-hall", "an empty hall", situation(profile=None, crowd={("u", "hall"): 19})),
    ("screen", "busy-hall", "too few to tell", situation(profile=None, crowd={("u", "hall"): None})),
    ("screen", "busy-hall", "another zone is full", situation(profile=None, crowd={("g", "cafe"): 90})),
    ("screen", "busy-hall", "after lunch", situation(profile=None, crowd={("u", "hall"): 31}, clock="14:00")),
]


def campaign_of(scene: str, ident: str) -> Campaign:
    file = msgspec.toml.decode(template(scene, CATEGORIES), type=CampaignsFile)
    return next(one for one in file.campaigns if one.id == ident)


def failing(campaign: Campaign, now: Situation) -> list[str]:
    verdicts = [judge(condition, now) for condition in campaign.conditions]
    return [verdict.clause for verdict in verdicts if not verdict.holds]


@pytest.mark.parametrize(
    ("scene", "ident", "_who", "now"), HOLDS, ids=[f"{ident}: {who}" for _, ident, who, _ in HOLDS]
)
def test_it_reaches(scene: str, ident: str, _who: str, now: Situation) -> None:
    assert failing(campaign_of(scene, ident), now) == []


@pytest.mark.parametrize(
    ("scene", "ident", "_who", "now"), MISSES, ids=[f"{ident}: {who}" for _, ident, who, _ in MISSES]
)
def test_it_just_misses(scene: str, ident: str, _who: str, now: Situation) -> None:
    assert len(failing(campaign_of(scene, ident), now)) >= 1


def test_every_campaign_of_every_template_is_tried_both_ways() -> None:
    every = {
        (scene, campaign.id)
        for scene in SUMMARIES
        for campaign in msgspec.toml.decode(template(scene, CATEGORIES), type=CampaignsFile).campaigns
    }
    assert {one[:2] for one in HOLDS} == every == {one[:2] for one in MISSES}
    assert len(SUMMARIES) == 8


@pytest.mark.parametrize("scene", SUMMARIES)
@pytest.mark.parametrize(
    "categories",
    [
        CATEGORIES,
        Categories({("1", "toys"): "toys", ("1", "books"): "books"}, {}),
        Categories({("1", "x"): "corridor", ("1", "y"): "dining", ("2", "z"): 'sport "n" fun'}, {}),
    ],
    ids=["usual", "other categories", "odd names"],
)
def test_it_is_linted_clean_for_the_site_it_is_filled_for(scene: str, categories: Categories) -> None:
    text = template(scene, categories)
    assert [str(one) for one in lint(text, categories, today=TODAY)] == []
    assert "<" not in text
    assert all(one.scene == scene for one in msgspec.toml.decode(text, type=CampaignsFile).campaigns)


def test_a_site_of_one_category_is_told_what_is_missing() -> None:
    with pytest.raises(BadInputError, match="two categories"):
        template("time_of_day", dataclasses.replace(CATEGORIES, by_zone={("g", "a"): "dining"}))
    with pytest.raises(BadInputError, match="life_cycle"):
        template("lifecycle", CATEGORIES)
