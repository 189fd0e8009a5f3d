"""What the tracker promises: one id a person, none for things, patience with the hidden, any frame rate."""

import pickle

import numpy as np
import pytest
import supervision as sv

from edge.track.tracker import Tracker

W, H = 24.0, 60.0


def person(x, y, score=0.8):
    """A box with its foot at (x, y)."""
    return (x - W / 2, y - H, x + W / 2, y, score)


def seen(*rows):
    table = np.array(rows, np.float32).reshape(-1, 5)
    return sv.Detections(xyxy=table[:, :4], confidence=table[:, 4])


def follow(frames, fps=8.0, tracker=None):
    """Runs frames of rows through a tracker; what it said after each."""
    tracker = tracker or Tracker()
    return [tracker.update(i / fps, seen(*rows), (384, 288)) for i, rows in enumerate(frames)]


@pytest.mark.parametrize("fps", [2, 5, 8, 12, 25, 30])
def test_a_walker_keeps_one_id_at_any_frame_rate(fps):
    frames = [[person(50 + 30 * i / fps, 150)] for i in range(6 * fps)]
    said = follow(frames, fps)
    ids = {int(i) for tracks in said for i in tracks.id}
    assert len(ids) == 1
    assert said[-1].foot_px[0] == pytest.approx((50 + 30 * (6 - 1 / fps), 150), abs=2)
    assert said[-1].velocity_px[0] == pytest.approx((30, 0), abs=6)


def test_irregular_intervals_do_not_matter():
    rng = np.random.default_rng(3)
    times = np.cumsum(rng.uniform(0.04, 0.5, 60))
    tracker = Tracker()
    ids = set()
    for now in times:
        tracks = tracker.update(float(now), seen(person(40 + 20 * now, 150)))
        ids.update(tracks.id.tolist())
    assert len(ids) == 1
    assert tracks.velocity_px[0, 0] == pytest.approx(20, abs=5)


def test_a_mannequin_gets_no_id_however_its_box_trembles():
    rng = np.random.default_rng(0)
    frames = []
    for _ in range(400):
        x1, y1, x2, y2, _ = person(200, 120)
        edges = np.array([x1, y1, x2, y2]) + rng.normal(0, 1.2, 4)
        frames.append([(*edges, rng.uniform(0.2, 0.9))])
    assert not any(len(tracks) for tracks in follow(frames, 25))


def test_a_box_that_hops_between_mannequin_and_rack_gets_no_id():
    short, tall = (188, 60, 212, 110, 0.6), (188, 60, 212, 135, 0.6)
    frames = [[tall if i % 3 == 0 else short] for i in range(100)]
    assert not any(len(tracks) for tracks in follow(frames))


def test_who_walked_in_and_then_stands_still_is_kept():
    path = [(60 + 5 * i, 150) for i in range(20)] + [(155, 150)] * 800
    said = follow([[person(*p)] for p in path])
    assert said[-1].id.tolist() == said[19].id.tolist()
    assert said[-1].observed.all()


def test_who_stands_still_in_front_of_a_rack_leaves_it_behind():
    rack = (150, 70, 176, 128, 0.45)
    walk_in = [(60 + 5 * i, 150) for i in range(20)]
    walk_out = [(155 - 5 * i, 150) for i in range(20)]
    frames = [[rack]] * 60 + [[rack, person(*p)] for p in walk_in + [(155, 150)] * 80 + walk_out]
    said = follow(frames + [[rack]] * 40)
    assert {int(i) for tracks in said for i in tracks.id} == {int(said[-41].id[0])}
    assert not said[-1].observed.any()


def test_who_stood_from_the_start_gets_an_id_on_walking_off():
    frames = [[person(100, 150)]] * 60 + [[person(100 + 4 * i, 150)] for i in range(20)]
    said = follow(frames)
    assert not any(len(tracks) for tracks in said[:60])
    assert len(said[-1]) == 1


def test_a_slow_walker_is_no_furniture():
    frames = [[person(100, 120 + 0.7 * i)] for i in range(80)]
    said = follow(frames)
    assert len(said[-1]) == 1
    assert len({int(i) for tracks in said for i in tracks.id}) == 1


def test_a_person_hidden_for_a_second_is_found_again():
    frames = [[person(50 + 4 * i, 150)] if not 30 <= i < 38 else [] for i in range(70)]
    said = follow(frames)
    assert len({int(i) for tracks in said for i in tracks.id}) == 1
    assert not said[33].observed.any()
    assert said[33].lost_s[0] == pytest.approx(0.5)
    assert said[33].foot_px[0, 0] == pytest.approx(50 + 4 * 33, abs=12)


def test_who_walked_stopped_at_once_and_was_missed_meanwhile_goes_on_as_the_same():
    """Born standing, the second track would pass for a thing for ever."""
    walking = [[person(50 + 6 * i, 150)] for i in range(30)]
    standing = [[person(50 + 6 * 26, 165)]] * 80
    said = follow([*walking, *[[]] * 8, *standing])
    assert len({int(i) for tracks in said for i in tracks.id}) == 1
    assert said[-1].observed.all()
    assert said[-1].foot_px[0] == pytest.approx((50 + 6 * 26, 165), abs=2)


def test_a_thing_uncovered_far_from_where_somebody_was_lost_is_not_them():
    walking = [[person(50 + 6 * i, 150)] for i in range(30)]
    said = follow([*walking, *[[]] * 7, *[[person(100, 250)]] * 80])
    assert not any(tracks.observed.any() for tracks in said[-60:])


def test_two_people_passing_each_other_keep_their_ids():
    frames = [[person(50 + 5 * i, 150), person(250 - 5 * i, 160)] for i in range(40)]
    said = follow(frames)
    first = {int(i): x for i, (x, _) in zip(said[10].id, said[10].foot_px, strict=True)}
    last = {int(i): x for i, (x, _) in zip(said[-1].id, said[-1].foot_px, strict=True)}
    assert set(first) == set(last)
    rightward = min(first, key=first.get)
    assert last[rightward] == max(last.values())


def said_of(frames, fps):
    """After each frame, the id of every box that was followed, by its middle."""
    tracker = Tracker()
    told = []
    for i, rows in enumerate(frames):
        tracker.advance(i / fps, seen(*rows), (384, 288))
        everything, _ = tracker.hypotheses()
        middles = 0.5 * (everything.box_px[:, 0] + everything.box_px[:, 2])
        seen_now = everything.observed
        told.append(dict(zip(middles[seen_now].round().tolist(), everything.id[seen_now].tolist(), strict=True)))
    return told


def test_a_newcomers_box_does_not_go_to_a_neighbour_who_is_missed_this_once():
    """At two pictures a second the neighbour might well have come so far; the newcomer is the likelier all the same."""
    walker = [person(40 + 14 * i, 150) for i in range(12)]
    newcomer = [person(52 + 14 * i, 152) for i in range(12)]
    frames = [[walker[i]] for i in range(7)] + [[walker[i], newcomer[i]] for i in range(7, 10)]
    told = said_of([*frames, [newcomer[10]], [walker[11], newcomer[11]]], 2)
    assert told[10] == {192.0: told[9][178.0]}
    assert told[11][194.0] == told[9][166.0]


def test_who_was_out_of_sight_takes_their_own_box_and_not_whoever_stands_beside_it():
    first, second = [person(40 + 6 * i, 150) for i in range(40)], [person(52 + 6 * i, 152) for i in range(40)]
    both = [[first[i], second[i]] for i in range(20)]
    hidden = [[first[i]] for i in range(20, 30)]
    told = said_of([*both, *hidden, [second[30]], [first[31], second[31]]], 8)
    assert told[30] == {232.0: told[19][166.0]}
    assert told[31][226.0] == told[19][154.0]


def test_second_boxes_of_a_person_start_no_track():
    frames = []
    for i in range(60):
        x = 60 + 4 * i
        rack_taken_in = (x - 12, 60, x + 24, 150, 0.55)
        upper_half = (x - 10, 92, x + 10, 125, 0.3)
        frames.append([person(x, 150), rack_taken_in, upper_half])
    said = follow(frames)
    assert {int(i) for tracks in said for i in tracks.id} == set(said[-1].id.tolist())
    assert len(said[-1]) == 1


def test_the_foot_stays_while_the_box_takes_in_the_rack_behind():
    frames = []
    for i in range(60):
        x, y = 100 + 2 * i, 150
        tall = (x - 14, 70, x + 14, y, 0.7)
        frames.append([tall if i % 2 else person(x, y)])
    said = follow(frames)
    assert len({int(i) for tracks in said for i in tracks.id}) == 1
    assert said[-1].foot_px[0, 1] == pytest.approx(150, abs=1.5)


def test_hidden_feet_are_told_and_estimated_from_the_head():
    frames = [[person(60 + 3 * i, 150)] for i in range(30)]
    for i in range(30, 34):
        x = 60 + 3 * i
        frames.append([(x - W / 2, 90, x + W / 2, 125, 0.8)])
    said = follow(frames)
    assert said[31].foot_hidden[0]
    assert said[31].foot_px[0, 1] == pytest.approx(150, abs=5)


def test_faint_detections_keep_a_person_but_start_none():
    walk = [[person(60 + 4 * i, 150, 0.8 if i < 12 else 0.2)] for i in range(40)]
    assert follow(walk)[-1].observed.all()
    faint = [[person(60 + 4 * i, 150, 0.3)] for i in range(40)]
    assert not any(len(tracks) for tracks in follow(faint))


def test_those_reported_for_the_first_time_bring_their_past():
    said = follow([[person(50 + 3 * i, 150)] for i in range(20)])
    first = next(tracks for tracks in said if len(tracks))
    assert set(first.past[:, 0]) == set(first.id.tolist())
    assert first.past[0, 1] == first.born_at[0] == 0.0
    assert first.past[0, 2:] == pytest.approx(first.born_px[0])
    assert (np.diff(first.past[:, 1]) > 0).all()
    assert len(said[-1].past) == 0


def test_a_pickled_tracker_goes_on_as_if_nothing_happened():
    frames = [[person(50 + 4 * i, 150), person(300 - 4 * i, 170)] for i in range(40)]
    whole = follow(frames)[-1]
    tracker = Tracker()
    for i, rows in enumerate(frames):
        tracker = pickle.loads(pickle.dumps(tracker))  # noqa: S301 - our own
        tracks = tracker.update(i / 8, seen(*rows), (384, 288))
    assert tracks.id.tolist() == whole.id.tolist()
    np.testing.assert_array_equal(tracks.foot_px, whole.foot_px)


def test_what_an_older_build_stored_goes_on_and_the_desk_is_not_stored():
    frames = [[person(50 + 3 * i, 150), person(300, 200)] for i in range(30)]
    whole = follow(frames)[-1]
    tracker = Tracker()
    follow(frames[:20], tracker=tracker)
    _, stored = tracker.__getstate__()
    assert set(stored) == {"config", "_bank", "_params", "_count", "_next_id", "_now", "_boxes", "_stirring"}
    older = Tracker.__new__(Tracker)
    older.__setstate__((None, stored))
    for i in range(20, 30):
        last = older.update(i / 8, seen(frames[i]))
    assert last.id.tolist() == whole.id.tolist()
    assert last.box_px.tolist() == whole.box_px.tolist()


def test_a_crowd_larger_than_the_bank_fits():
    frames = [[person(30 * c + 3 * i, 70 * r) for c in range(20) for r in range(1, 8)] for i in range(12)]
    said = follow(frames)
    assert len(said[-1]) == 140


def test_nothing_to_see_and_no_scores_are_fine():
    tracker = Tracker()
    assert len(tracker.update(0.0, sv.Detections.empty())) == 0
    for i in range(20):
        box = np.array([person(50 + 4 * i, 150)[:4]], np.float64)
        tracks = tracker.update(i / 8, sv.Detections(xyxy=box))
    assert len(tracks) == 1


def test_who_walks_out_of_the_picture_is_not_waited_for():
    frames = [[person(300 + 8 * i, 150)] if i < 12 else [] for i in range(24)]
    assert len(follow(frames)[-1]) == 0
