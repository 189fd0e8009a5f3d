"""Who is announced to other floors, when, with whose code; and that nothing of it stays."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from calibration.site import load_site
from contract.messages import BY_BODY
from edge.reid.codes import Coder
from edge.reid.keys import DayKeys, SiteKey, ratcheted
from edge.reid.stage import ReidSettings, ReidStage, exits_of
from edge.reid.whitening import Whitening
from simulator.scene import GALLERIA
from tests.edge.reid.painted import BOX, DIMENSION, Person, ShadeEmbedder, moment

LISBON = ZoneInfo("Europe/Lisbon")
NOON = datetime(2026, 7, 14, 12, tzinfo=LISBON).timestamp()
MIDNIGHT = datetime(2026, 7, 15, tzinfo=LISBON).timestamp()
SECRET = bytes(range(40))
EXITS = {"door": "in", "stair": "out"}
ANNA, BERT = "visitor0001", "visitor0002"


@dataclass
class Floor:
    """A stage with its embedder."""

    stage: ReidStage
    embedder: ShadeEmbedder

    def see(self, now, *args, go_on=None, **kwargs):
        return self.stage.update(now, *moment(now, *args, **kwargs), go_on)


def floor(exits=EXITS, embedder=None, **settings):
    embedder = embedder or ShadeEmbedder()
    keys = DayKeys(SECRET, "mall", LISBON)
    return Floor(
        ReidStage(exits, embedder, Whitening.none(DIMENSION), keys, ReidSettings(bits=256, **settings)), embedder
    )


def code_of(text):
    return np.frombuffer(bytes.fromhex(text), np.uint8)


def share(one, other):
    """Of bits that differ."""
    return float(np.unpackbits(code_of(one.code) ^ code_of(other.code)).mean())


def key_of(day, site="mall"):
    secret = SECRET
    for _ in range((day - date(2020, 1, 1)).days):
        secret = ratcheted(secret)
    return SiteKey.of_day(secret, site, day)


def test_who_leaves_and_who_comes_is_told_by_line_and_direction():
    box = floor()
    found = [Person(3, ANNA), Person(4, BERT, box=(300, 100, 350, 250))]
    box.see(NOON, found)
    crossings = [(ANNA, "door", "out"), (BERT, "door", "in"), (ANNA, "stair", "out"), (BERT, "stair", "in")]
    told = box.see(NOON + 0.2, found, [*crossings, (ANNA, "aisle", "in")])
    assert [(one.visitor, one.exit, one.direction) for one in told] == [
        (ANNA, "door", "out"),
        (BERT, "door", "in"),
        (ANNA, "stair", "in"),
        (BERT, "stair", "out"),
    ]
    assert {one.at for one in told} == {"2026-07-14T11:00:00.200Z"}


def test_the_code_is_of_the_right_person_under_the_key_of_the_day():
    one, other = floor(at_once=8), floor(at_once=8)
    people = [
        Person(shade, f"visitor{shade:04d}", box=(60 * shade, 100, 60 * shade + 50, 250)) for shade in range(1, 9)
    ]
    leave = [(person.token, "door", "out") for person in people]
    come = [(person.token, "door", "in") for person in reversed(people)]
    left = one.see(NOON, people, leave)
    other.see(NOON, people[::-1])
    came = other.see(NOON + 20, people[::-1], come)
    assert len(left) == len(came) == 8
    for who in left:
        nearest = min(came, key=lambda each: share(who, each))
        assert nearest.visitor == who.visitor
    truth, _ = Coder(key_of(date(2026, 7, 14)), Whitening.none(DIMENSION), 256).encode(one.embedder.said[0])
    assert {who.code for who in left} == {words.astype("<u8").tobytes().hex() for words in truth}


def test_the_galleria_s_exits_are_its_entrances_and_both_ends_of_the_escalator():
    site = load_site(GALLERIA)
    ground, first = exits_of(site, "g"), exits_of(site, "f1")
    assert "escalator_g_top" in ground
    assert "escalator_f1_top" in first
    assert len(ground) > 1
    assert set(ground.values()) | set(first.values()) <= {"in", "out"}


def test_without_a_look_nothing_is_told_until_there_is_one_and_then_at_once():
    box = floor()
    assert box.see(NOON, here=[ANNA], crossings=[(ANNA, "door", "in")]) == []
    assert box.see(NOON + 1, here=[ANNA]) == []
    (told,) = box.see(NOON + 3, [Person(3, ANNA)])
    assert (told.visitor, told.at) == (ANNA, "2026-07-14T11:00:00.000Z")
    assert box.see(NOON + 4, [Person(3, ANNA)]) == []


def test_who_is_not_looked_at_within_a_few_seconds_is_never_told():
    box = floor()
    box.see(NOON, here=[ANNA], crossings=[(ANNA, "door", "in")])
    box.see(NOON + 4, here=[ANNA])
    assert box.see(NOON + 4.2, [Person(3, ANNA)]) == []


def test_what_was_seen_of_a_track_before_it_was_anybody_s_counts():
    box = floor()
    box.see(NOON, [Person(3)])
    assert len(box.see(NOON + 1, [Person(3, ANNA)], [(ANNA, "door", "in")])) == 1
    assert box.embedder.asked[0] == [3]


def test_a_track_that_never_was_anybody_s_is_forgotten():
    box = floor()
    box.see(NOON, [Person(3)])
    assert len(box.stage) == 1
    box.see(NOON + 11)
    assert len(box.stage) == 0


def test_who_waits_to_be_told_is_looked_at_although_they_had_their_turn():
    box = floor()
    box.see(NOON, [Person(0, ANNA)])  # the first picture of them was none
    assert box.see(NOON + 2, [Person(0, ANNA)], [(ANNA, "door", "in")]) == []
    assert len(box.see(NOON + 3, [Person(5, ANNA, track=5)])) == 1


@pytest.mark.parametrize(
    "shape", [(np.nan, 100, 150, 250), (700, 400, 800, 500), (100, 100, 100, 250), (-90, 0, -9, 150)]
)
def test_crops_that_are_none_are_no_looks(shape):
    box = floor()
    assert box.see(NOON, [Person(3, ANNA, box=shape)], [(ANNA, "door", "out")]) == []
    assert len(box.stage) == 0


def test_an_embedder_that_says_nothing_is_told_nothing_of():
    class Silent(ShadeEmbedder):
        def embed(self, crops):
            return np.full((len(crops), self.dimension), np.nan, np.float32)

    box = floor(embedder=Silent())
    for k in range(20):
        assert box.see(NOON + 0.5 * k, [Person(3, ANNA)], [(ANNA, "door", "out")]) == []


def test_who_is_gone_is_forgotten_and_told_with_the_last_word():
    box = floor()
    box.see(NOON, [Person(3, ANNA)])
    assert len(box.stage) == 1
    told = box.see(NOON + 2, crossings=[(ANNA, "door", "out")], gone=[1])
    assert [one.visitor for one in told] == [ANNA]
    assert len(box.stage) == 0
    assert box.see(NOON + 3, crossings=[(ANNA, "door", "out")]) == []


def test_who_comes_under_the_name_of_somebody_who_just_left_is_told_by_their_own_looks():
    box, other = floor(), floor()
    for k in range(8):
        box.see(NOON + k, [Person(3, ANNA)])
    (left,) = box.see(NOON + 8, here=[ANNA], crossings=[(ANNA, "stair", "in")])
    assert box.see(NOON + 11, here=[ANNA], crossings=[(ANNA, "stair", "out")]) == []
    (came,) = box.see(NOON + 12, [Person(5, ANNA, track=5)])
    people = [Person(3, ANNA), Person(5, BERT, box=(300, 100, 350, 250))]
    three, five = other.see(NOON, people, [(ANNA, "door", "out"), (BERT, "door", "out")])
    assert share(left, three) < share(left, five)
    assert share(came, five) < share(came, three) - 0.1


def test_who_is_said_late_to_have_come_is_not_told_and_who_is_said_late_to_have_left_is():
    box = floor()
    found = [Person(3, ANNA), Person(4, BERT, box=(300, 100, 350, 250))]
    box.see(NOON, found)
    told = box.see(NOON + 7, found, [(ANNA, "door", "in", NOON + 1), (BERT, "door", "out", NOON + 1)])
    assert [one.visitor for one in told] == [BERT]
    assert len(box.see(NOON + 8, found, [(ANNA, "door", "in", NOON + 5)])) == 1


def test_two_who_are_one_share_their_looks():
    box = floor()
    box.see(NOON, [Person(3, ANNA), Person(3, BERT, camera="b")], cameras=("a", "b"))
    box.see(NOON + 1, here=[ANNA, BERT], crossings=())
    (told,) = box.see(NOON + 2, here=[ANNA], merged=[(2, 1)], crossings=[(ANNA, "door", "out")])
    assert told.visitor == ANNA
    assert len(box.stage) == 1


def test_who_waits_and_turns_out_to_be_another_is_told_with_the_other_s_looks():
    box = floor()
    box.see(NOON, [Person(3, ANNA)], here=[BERT])
    box.see(NOON + 1, here=[ANNA, BERT], crossings=[(BERT, "door", "in")])
    (told,) = box.see(NOON + 2, here=[ANNA], merged=[(2, 1)])
    assert told.visitor == BERT


def test_a_day_is_the_longest_that_looks_are_kept():
    box = floor()
    box.see(NOON, [Person(3, ANNA)])
    box.see(NOON + 24 * 3600, here=[ANNA])
    assert len(box.stage) == 1
    box.see(NOON + 24 * 3600 + 1, here=[ANNA])
    assert len(box.stage) == 0


def test_looks_are_a_mean_that_follows():
    box = floor()
    for k in range(40):  # the same visitor in ever new tracks, in another coat from the twentieth on
        box.see(NOON + k, [Person(3 if k < 20 else 7, ANNA, track=100 + k)])
    (told,) = box.see(NOON + 41, here=[ANNA], crossings=[(ANNA, "door", "out")])
    coder = Coder(key_of(date(2026, 7, 14)), Whitening.none(DIMENSION), 256)
    words = np.frombuffer(bytes.fromhex(told.code), "<u8").astype(np.uint64)[None]
    old, new = coder.likeness(words, box.embedder.rows[[3, 7]])[0]
    assert new > old > coder.likeness(words, box.embedder.rows[8:]).mean()


def test_no_more_are_embedded_than_allowed_and_every_camera_has_its_turn():
    box = floor(most=3)
    cameras = ("a", "b", "c")
    crowd = [
        Person(k + 1, f"visitor{100 * c + k:04d}", camera=name, box=(60 * k + 5, 100, 60 * k + 55, 250))
        for c, name in enumerate(cameras)
        for k in range(8)
    ]
    counts = [0]
    for k in range(9):
        box.see(NOON + 0.2 * k, crowd, cameras=cameras)
        counts.append(box.stage.embedded)
    assert [after - before for before, after in pairwise(counts)] == [3] * 8 + [0]
    assert box.stage.embedded == len(crowd)
    assert len(box.stage) == len(crowd)


def test_a_track_is_embedded_about_once_a_second_at_most():
    box = floor()
    for k in range(100):
        # never satisfied: their pictures are none, and they cross all the time
        box.see(NOON + 0.1 * k, [Person(0, ANNA)], [(ANNA, "door", "in")])
    assert 2 <= box.stage.embedded <= 2 + 10


def test_without_time_nobody_is_looked_at_and_who_is_known_is_told_all_the_same():
    box = floor()
    box.see(NOON, [Person(3, ANNA)])
    found = [Person(3, ANNA), Person(4, BERT, box=(300, 100, 350, 250))]
    for k in range(1, 5):
        told = box.see(NOON + k, found, [(ANNA, "door", "out"), (BERT, "door", "out")], go_on=lambda: False)
        assert [one.visitor for one in told] == [ANNA]
    assert box.embedder.asked == [[3]]
    (warning,) = box.stage.warnings()
    assert "4 of 5" in warning
    assert box.stage.warnings() == []


def test_when_time_runs_out_the_cameras_that_are_left_wait():
    box = floor()
    cameras = ("a", "b", "c")
    crowd = [Person(k + 1, f"visitor{k:04d}", camera=name) for k, name in enumerate(cameras)]
    times = iter([True, True, False, True, True, True])
    for k in range(2):
        box.see(NOON + 0.2 * k, crowd, cameras=cameras, go_on=lambda: next(times))
    assert sorted(shade for asked in box.embedder.asked for shade in asked) == [1, 2, 3]
    assert (box.stage.looked, box.stage.left_out) == (1, 1)


def test_cameras_without_a_picture_are_passed_over():
    box = floor()
    _, step = moment(NOON, [Person(3, ANNA)], [(ANNA, "door", "out")])
    assert box.stage.update(NOON, {}, step) == []
    assert box.embedder.asked == []


def test_a_picture_of_another_size_begins_anew():
    box = floor()
    frames, step = moment(NOON, [Person(3, ANNA)])
    box.stage.update(NOON, frames, step)
    frames["a"] = type(frames["a"])("a", NOON + 1, 1, np.full((100, 100, 3), 3, np.uint8))
    box.stage.update(NOON + 1, frames, step)  # the box is not whole in it
    assert box.embedder.asked == [[3]]


def test_nothing_of_it_goes_into_a_file():
    box = floor()
    box.see(NOON, [Person(3, ANNA), Person(4, box=(300, 100, 350, 250))])
    assert len(box.stage) == 2
    held = [box.stage, *box.stage._strangers.values(), *box.stage._visitors.values(), box.stage._keys]
    for one in held:
        assert "hidden" in repr(one)
        for store in (pickle.dumps, copy.deepcopy):
            with pytest.raises(TypeError, match="never stored"):
                store(one)


def test_what_is_forgotten_is_overwritten():
    box = floor()
    box.see(NOON, [Person(3, ANNA)])
    look = box.stage._visitors[ANNA].look
    assert look.any()
    box.see(NOON + 1)
    assert not look.any()


def test_when_tracks_are_numbered_anew_nobody_gets_another_s_looks():
    box = floor()
    box.see(NOON, [Person(3)])
    box.see(NOON + 0.2, [Person(3)], here=[ANNA], crossings=[(ANNA, "door", "in")])
    look = box.stage._strangers["a", 3].look
    box.stage.forget()
    assert not look.any()
    assert len(box.stage) == 0
    assert box.see(NOON + 0.4, [Person(3, ANNA)]) == []  # looked at again, and nobody waits any more
    assert box.embedder.asked == [[3], [3]]


def test_what_a_privacy_mask_blackens_is_not_looked_at():
    box = floor()
    frames, step = moment(NOON, [Person(3, ANNA)], [(ANNA, "door", "out")])
    frames["a"].veil(lambda image: image.fill(0))
    assert box.stage.update(NOON, frames, step) == []
    assert box.embedder.asked == [[0]]


def codes_by_day(box, times, way):
    """Announcements of somebody at these times."""
    box.see(times[0] - 1, [Person(3, ANNA)])
    return [box.see(at, here=[ANNA], crossings=[(ANNA, "door", way)]) for at in times]


def test_at_midnight_of_the_site_another_key_holds():
    before, after = codes_by_day(floor(), [MIDNIGHT - 1, MIDNIGHT], "out")
    assert share(*before, *after) == pytest.approx(0.5, abs=0.1)
    same, again = codes_by_day(floor(), [MIDNIGHT - 3, MIDNIGHT - 1], "out")
    assert share(*same, *again) == 0.0


def test_who_comes_just_after_midnight_is_not_told_so_that_no_two_days_codes_are_compared():
    times = [MIDNIGHT - 1, MIDNIGHT, MIDNIGHT + 119.9, MIDNIGHT + 120.1, MIDNIGHT + 300]
    assert [len(told) for told in codes_by_day(floor(), times, "in")] == [1, 0, 0, 1, 1]
    assert [len(told) for told in codes_by_day(floor(), times, "out")] == [1, 1, 1, 1, 1]


def test_who_left_before_midnight_and_is_told_after_it_is_not_told_by_the_new_key():
    box = floor()
    box.see(MIDNIGHT - 3, [Person(3, ANNA)])
    assert box.see(MIDNIGHT + 1, here=[ANNA], crossings=[(ANNA, "door", "out", MIDNIGHT - 1)]) == []


def test_a_clock_set_back_over_midnight_tells_nobody_and_says_so():
    box = floor()
    box.see(MIDNIGHT + 1, [Person(3, ANNA)])
    assert box.see(MIDNIGHT - 60, here=[ANNA], crossings=[(ANNA, "door", "out")]) == []
    assert "restart" in box.stage.warnings()[0]
    assert len(box.see(MIDNIGHT + 400, here=[ANNA], crossings=[(ANNA, "door", "out")])) == 1
    assert box.stage.warnings() == []


def test_what_is_older_than_a_handoff_lives_is_not_told():
    box = floor()
    box.see(NOON, [Person(3, ANNA)])
    late = [(ANNA, "door", "out", NOON - 121), (ANNA, "stair", "in", NOON - 119)]
    assert [one.exit for one in box.see(NOON + 0.5, here=[ANNA], crossings=late)] == ["stair"]


def test_boxes_started_on_different_days_come_to_the_same_keys():
    early, late = DayKeys(SECRET, "mall", LISBON), DayKeys(SECRET, "mall", LISBON)
    days = [date(2026, 7, day) for day in range(10, 20)]
    keys = [early.key(day) for day in days]
    assert keys[-1] == late.key(days[-1]) == key_of(days[-1])
    assert all(one != other for one, other in pairwise(keys))
    assert early.key(days[-2]) is None
    assert DayKeys(SECRET, "other", LISBON).key(days[-1]) != keys[-1]


def test_handoffs_are_live_messages():
    (told,) = codes_by_day(floor(), [NOON], "out")[0]
    kind = BY_BODY[type(told)]
    assert not kind.durable
    assert kind.expires_s == 120
    assert told.code not in repr(told)
    assert BOX[3] - BOX[1] >= ReidSettings().choosing.height_px
