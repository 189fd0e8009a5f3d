"""People are followed over floors where codes and times say so, and nowhere else; their codes leave no trace."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from calibration.boundaries import boundaries
from central.journeys.handoffs import CONFIDENCE, LIFE_S, MOST_PENDING, Handoffs, Link
from central.journeys.likeness import Likeness
from contract.events import Handoff
from contract.times import to_rfc3339
from contract.topics import Topic
from tests.central.journeys.crowd import START, Announcement, Codes, Crowd, draw_crowd, two_floors

ONE, OTHER = "0" * 128, "f" * 60 + "0" * 68
"""Codes that are alike only to themselves: 240 of 512 bits differ."""


def fresh(folder: Path, likeness: Likeness | None = None) -> Handoffs:
    site = two_floors(folder)
    found = boundaries(site)
    return Handoffs(site, found) if likeness is None else Handoffs(site, found, {512: likeness})


def said(visitor: str, line: str, direction: str, at: float, code: str = ONE, *, floor: str = "g") -> Announcement:
    handoff = Handoff(visitor, line, to_rfc3339(at), code, direction)  # type: ignore[arg-type]
    return Announcement(at + 0.5, floor, handoff)


def played(handoffs: Handoffs, told: list[Announcement], step_s: float = 1.0) -> list[Link]:
    """What comes of announcements, each taken in when it was heard."""
    links: list[Link] = []
    rest = sorted(told, key=lambda one: one.heard)
    now, end = rest[0].heard, rest[-1].heard + 30
    while now < end:
        while rest and rest[0].heard <= now:
            one = rest.pop(0)
            handoffs.take(one.topic, one.handoff, one.heard)
        links += handoffs.update(now)
        now += step_s
    return links


@dataclass(frozen=True, slots=True)
class Score:
    precision: float
    recall: float
    returned: float
    confidence: float
    links: int


def score(crowd: Crowd, links: list[Link]) -> Score:
    truth = crowd.followed | crowd.returned
    right = [truth.get(one.visitor) == one.before for one in links]
    followed = sum(crowd.followed.get(one.visitor) == one.before for one in links)
    returned = sum(crowd.returned.get(one.visitor) == one.before for one in links)
    return Score(
        float(np.mean(right)),
        followed / len(crowd.followed),
        returned / max(1, len(crowd.returned)),
        float(np.mean([one.confidence for one in links])),
        len(links),
    )


def test_who_rides_up_is_the_same_person(tmp_path: Path) -> None:
    links = played(
        fresh(tmp_path),
        [said("below001", "escalator", "out", START), said("above001", "escalator", "in", START + 21, floor="u")],
    )
    assert [(one.visitor, one.before) for one in links] == [("above001", "below001")]
    assert links[0].confidence >= CONFIDENCE
    assert links[0].at == START + 21


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (said("above001", "escalator", "in", START + 5, floor="u"), "nobody is that fast"),
        (said("above001", "escalator", "in", START + 70, floor="u"), "nor so slow"),
        (said("above001", "escalator", "in", START + 21, OTHER, floor="u"), "looks like somebody else"),
        (said("above001", "lift", "in", START + 21, floor="u"), "the escalator does not lead to the lift"),
        (said("above001", "escalator", "in", START + 21, floor="g"), "nor back to where it began"),
        (said("above001", "escalator", "in", START - 21, floor="u"), "came before the other left"),
        (said("below001", "escalator", "in", START + 21, floor="u"), "one visitor is not two"),
        (said("above001", "kitchen", "in", START + 21, floor="u"), "no such exit"),
        (said("above001", "escalator", "in", START + 21, "0" * 64, floor="u"), "codes of another length"),
    ],
)
def test_others_are_new(tmp_path: Path, second: Announcement, why: str) -> None:
    assert played(fresh(tmp_path), [said("below001", "escalator", "out", START), second]) == [], why


def test_nobody_is_linked_twice(tmp_path: Path) -> None:
    told = [
        said("below001", "escalator", "out", START),
        said("above001", "escalator", "in", START + 20.5, floor="u"),
        said("above002", "escalator", "in", START + 25, OTHER, floor="u"),
        said("above003", "escalator", "in", START + 40, floor="u"),
    ]
    assert [one.visitor for one in played(fresh(tmp_path), told)] == ["above001"]


def test_two_alike_side_by_side_are_not_guessed(tmp_path: Path) -> None:
    handoffs = fresh(tmp_path)
    told = [said(f"below00{i}", "escalator", "out", START + i / 10) for i in (1, 2)]
    told += [said(f"above00{i}", "escalator", "in", START + 20 + i / 10, floor="u") for i in (1, 2)]
    assert played(handoffs, told) == []
    assert handoffs.undecided == 2


def test_a_later_and_better_match_wins_over_an_earlier_one(tmp_path: Path) -> None:
    codes = Codes(np.random.default_rng(3))
    person = codes.person()
    told = [
        said("below001", "escalator", "out", START, codes.text(person)),
        said("stranger", "escalator", "in", START + 19, codes.text(codes.person()), floor="u"),
        said("above001", "escalator", "in", START + 21, codes.text(person), floor="u"),
    ]
    assert [one.visitor for one in played(fresh(tmp_path), told)] == ["above001"]


def test_what_was_announced_again_counts_once(tmp_path: Path) -> None:
    told = [said("below001", "escalator", "out", START)] * 3
    told += [said("above001", "escalator", "in", START + 21, floor="u")] * 2
    assert len(played(fresh(tmp_path), told)) == 1


RATES = [(2.0, 60.0, 1), (8.0, 30.0, 2), (20.0, 12.0, 3), (40.0, 8.0, 4)]
"""People a minute (three times as many every fourth), minutes, seed."""


@pytest.mark.parametrize(("per_minute", "minutes", "seed"), RATES)
def test_links_of_a_drawn_crowd_are_as_right_as_they_say(
    tmp_path: Path, per_minute: float, minutes: float, seed: int
) -> None:
    """The table of docs/journeys.md; bounds leave room for the lot, not for a worse method."""
    crowd = draw_crowd(np.random.default_rng(seed), per_minute, minutes)
    found = score(crowd, played(fresh(tmp_path), crowd.announcements))
    print(  # noqa: T201 - the table of docs/journeys.md, with pytest -s
        f"\n{per_minute:5.0f} a minute: {len(crowd.followed)} changed floors, {found.links} links, "
        f"precision {found.precision:.3f} (told {found.confidence:.3f}), recall {found.recall:.3f}, "
        f"returned by a door {found.returned:.3f} of {len(crowd.returned)}"
    )
    assert found.precision >= 0.92
    assert abs(found.precision - found.confidence) < 0.05
    assert found.recall >= (0.85 if per_minute <= 8 else 0.55)


def test_boxes_that_miss_every_fifth_are_noticed_and_links_stay_right(tmp_path: Path) -> None:
    crowd = draw_crowd(np.random.default_rng(6), 20.0, 12.0, missed=0.2)
    found = score(crowd, played(fresh(tmp_path), crowd.announcements))
    assert found.precision >= 0.88
    assert abs(found.precision - found.confidence) < 0.07


def test_todays_codes_do_not_tell_who_comes_back_by_a_door_and_sharper_ones_would(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    blurred = draw_crowd(random, 8.0, 20.0)
    assert score(blurred, played(fresh(tmp_path), blurred.announcements)).returned < 0.1
    sharp = draw_crowd(random, 8.0, 20.0, codes=Codes(random, sharpness=12.0))
    found = score(sharp, played(fresh(tmp_path, Likeness(0.25, 60.0, 0.39, most=12.0)), sharp.announcements))
    assert found.returned > 0.3
    assert found.precision > 0.97


def test_the_way_is_learnt_where_the_file_is_off(tmp_path: Path) -> None:
    handoffs = fresh(tmp_path)
    codes = Codes(np.random.default_rng(7))
    told = []
    for i in range(80):
        person, at = codes.person(), START + 60 * i
        told += [
            said(f"below{i:03}", "escalator", "out", at, codes.text(person)),
            said(f"above{i:03}", "escalator", "in", at + 25 + 0.3 * (i % 3), codes.text(person), floor="u"),
        ]
    links = played(handoffs, told, step_s=5.0)
    right = [int(one.visitor[5:]) for one in links if one.visitor[5:] == one.before[5:]]
    assert sum(i >= 40 for i in right) > sum(i < 40 for i in right) - 4
    assert len([i for i in right if i >= 60]) >= 17


def test_codes_are_gone_after_two_minutes_and_overwritten(tmp_path: Path) -> None:
    handoffs = fresh(tmp_path)
    one = said("below001", "escalator", "out", START)
    handoffs.take(one.topic, one.handoff, one.heard)
    handoffs.update(START + 1)
    held = handoffs._gone[0]
    held.words[:] = 7
    handoffs.update(START + LIFE_S - 1)
    assert len(handoffs) == 1
    assert handoffs.update(START + LIFE_S) == []
    assert len(handoffs) == 0
    assert not held.words.any()


def test_a_linked_code_is_overwritten_at_once(tmp_path: Path) -> None:
    handoffs = fresh(tmp_path)
    told = [
        said("below001", "escalator", "out", START, "1" * 128),
        said("above001", "escalator", "in", START + 21, "1" * 128, floor="u"),
    ]
    for one in told:
        handoffs.take(one.topic, one.handoff, one.heard)
    handoffs.update(START + 22)
    held = [*handoffs._gone, *handoffs._come]
    assert len(held) == 2
    assert len(handoffs.update(START + 40)) == 1
    assert len(handoffs) == 0
    assert not any(one.words.any() for one in held)


def test_codes_do_not_show_and_cannot_be_stored(tmp_path: Path) -> None:
    handoffs = fresh(tmp_path)
    one = said("below001", "escalator", "out", START, "123456789abcdef0" * 8)
    handoffs.take(one.topic, one.handoff, one.heard)
    handoffs.update(START + 1)
    assert "1234" not in repr(handoffs) + repr(handoffs._gone)
    with pytest.raises(TypeError):
        pickle.dumps(handoffs._gone)


def test_a_flood_of_announcements_is_bounded(tmp_path: Path) -> None:
    handoffs = fresh(tmp_path)
    for i in range(MOST_PENDING + 50):
        one = said(f"below{i:06}", "escalator", "out", START + i / 1e4)
        handoffs.take(one.topic, one.handoff, one.heard)
    handoffs.update(START + 2)
    assert len(handoffs) == MOST_PENDING


def test_stale_and_future_announcements_are_passed_over(tmp_path: Path) -> None:
    handoffs = fresh(tmp_path)
    for at, heard in ((START - 3600, START), (START + 3600, START)):
        handoffs.take(
            Topic("mall", "g", "box-g", "handoffs"), Handoff("below001", "escalator", to_rfc3339(at), ONE), heard
        )
    handoffs.update(START)
    assert (len(handoffs), handoffs.strange) == (0, 2)
