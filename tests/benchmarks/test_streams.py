"""The streams benchmark counts what it says it counts."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import av
import numpy as np
import pytest

from benchmarks.streams import footage
from benchmarks.streams.box import Ages
from benchmarks.streams.footage import (
    FPS,
    KEY_EVERY,
    QUIET_MOST,
    SEGMENTS,
    SIZE,
    Clip,
    Segment,
    clips_of,
    count_moving,
    fitted,
    transcoded,
)
from benchmarks.streams.limit import DecodeOnly
from benchmarks.streams.plain import Yolox
from benchmarks.streams.race import race
from benchmarks.streams.recall import Recall, covered, missed, moving_only, recall
from benchmarks.streams.report import told_command, write_section
from benchmarks.streams.serve import access_units
from benchmarks.streams.spent import StageSampler, Stopwatch
from benchmarks.streams.streamed import ORIGIN_S, StreamedClip
from benchmarks.streams.truth import read_truth, unrolled
from contract.errors import BadInputError
from edge.capture.source import open_recording
from edge.detect.detector import Detector
from edge.track.matching.kernels import iou_matrix
from simulator.encode import ClipWriter
from tests.shared_data import ROOT, shared


def track(identity, frames, x=0.0, step=0.0, height=40.0):
    """Rows of somebody 20 wide who goes ``step`` pixels a frame."""
    return np.array([(f, identity, x + step * i, 0, x + step * i + 20, height) for i, f in enumerate(frames)], float)


# --- recall


def test_a_track_is_found_by_itself():
    rows = np.concatenate([track(1, range(10)), track(2, range(10), x=100)])
    assert recall(rows, rows) == Recall(2, 2, 20, 20)


def test_more_than_half_of_a_tracks_boxes_have_to_be_found():
    wanted = track(1, range(10))
    assert recall(wanted, track(7, range(5))) == Recall(1, 0, 10, 5)
    assert recall(wanted, track(7, range(6))) == Recall(1, 1, 10, 6)


def test_it_does_not_matter_who_covers_a_box():
    found = np.concatenate([track(7, range(5)), track(8, range(5, 10))])
    assert recall(track(1, range(10)), found).tracks_found == 1


def test_a_box_counts_for_one_person_only():
    wanted = np.concatenate([track(1, range(10)), track(2, range(10), x=2)])
    assert recall(wanted, track(7, range(10), x=1)) == Recall(2, 1, 20, 10)


def test_overlap_below_a_half_is_nothing():
    assert not covered(track(1, [0]), track(7, [0], x=8)).any()
    assert covered(track(1, [0]), track(7, [0], x=6)).all()
    assert not covered(track(1, [0]), track(7, [1])).any()


def test_what_lasts_less_than_a_second_is_left_out():
    assert recall(track(1, range(7)), np.empty((0, 6))) == Recall()
    assert recall(track(1, range(8)), np.empty((0, 6))) == Recall(1, 0, 8, 0)


def test_nothing_wanted_is_nothing_missed():
    none = Recall()
    assert (none.of_tracks, none.of_boxes) == (1.0, 1.0)
    assert recall(np.empty((0, 6)), track(1, range(10))) == none


def test_mannequins_do_not_walk():
    rows = np.concatenate([track(1, range(10)), track(2, range(10), step=1.0), track(3, range(10), step=5.0)])
    assert set(moving_only(rows)[:, 1]) == {3.0}


def test_missed_names_who_recall_does_not_find():
    wanted = np.concatenate([track(1, range(10)), track(2, range(10), x=100)])
    assert missed(wanted, track(7, range(10), x=100)) == [1.0]


# --- footage


def paint(path, frames, moving, size=(384, 288), fps=25.0):
    """A clip of a textured wall, a square walking before it where ``moving``."""
    wall = np.random.default_rng(0).integers(60, 90, (size[1], size[0], 3), np.uint8)
    with ClipWriter(path, *size, fps) as writer:
        for index in range(frames):
            image = wall.copy()
            if moving:
                image[100:200, 4 * index % 300 : 4 * index % 300 + 50] = 220
            writer.write(image)


@pytest.fixture
def streams(tmp_path, monkeypatch):
    """Makes streams of painted clips, in a cache of its own."""
    monkeypatch.setattr(footage, "CACHE", tmp_path / "cache")

    def make(frames=75, moving=True, **cut):
        paint(tmp_path / "wall.mp4", frames, moving)
        cut = {"swings": False} | cut
        return transcoded(Segment("wall.mp4", **cut), tmp_path)

    return make


def test_streams_are_as_cameras_send_them(streams):
    clip = streams()
    with av.open(str(clip.path)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, float(stream.average_rate)) == (*SIZE, FPS)
        assert stream.codec_context.name == "h264"
        packets = [packet for packet in container.demux(stream) if packet.size]
    assert [packet.pts for packet in packets] == sorted(packet.pts for packet in packets), "pictures are reordered"
    assert [i for i, packet in enumerate(packets) if packet.is_keyframe] == list(range(0, len(packets), KEY_EVERY))
    assert clip.frames == len(packets) == 24
    for unit in access_units(clip.path):
        kinds = [part[0] & 31 for part in unit.data.split(b"\0\0\1")[1:]]
        assert sum(kind in {1, 5} for kind in kinds) == 1, "more than one slice"


def test_a_stream_is_made_once(streams):
    first = streams(end_s=2.0)
    written = first.path.stat().st_mtime_ns
    assert streams(end_s=2.0) == first
    assert first.path.stat().st_mtime_ns == written
    assert streams(end_s=1.0).path != first.path


def test_a_segment_is_cut_by_its_seconds(streams):
    assert abs(streams(start_s=1.0, end_s=2.5).frames - 12) <= 1


def test_a_swinging_stream_has_no_cut(streams):
    there_and_back = marks(streams(swings=True))
    there = marks(streams())
    assert len(there_and_back) == 2 * len(there) - 2
    assert there_and_back == pytest.approx(there + there[-2:0:-1], abs=3)


def test_motion_is_counted(streams):
    assert streams(moving=True).moving > 0.9
    assert streams(moving=False, end_s=2.0).moving == 0.0


@pytest.mark.parametrize(("mix", "least", "most"), [("busy", 0.9, 1.0), ("quiet", 0.0, QUIET_MOST)])
def test_segments_are_as_busy_as_their_mix_says(mix, least, most):
    data = shared("caviar").parent
    for segment in SEGMENTS[mix]:
        assert least <= transcoded(segment, data).moving <= most, segment


def test_pictures_are_cropped_and_never_stretched():
    image = np.zeros((288, 384, 3), np.uint8)
    image[100:140, 100:140] = 255
    rows, columns = np.nonzero(fitted(image, 0.0)[:, :, 0] > 128)
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=2)
    assert rows.min() == pytest.approx(100 * 640 / 384, abs=2)
    lower, _ = np.nonzero(fitted(image, 1.0)[:, :, 0] > 128)
    assert lower.min() == pytest.approx((100 - 72) * 640 / 384, abs=2)


def test_missing_footage_is_said_in_one_line(tmp_path):
    with pytest.raises(BadInputError, match=r"no such clip; give the data folder"):
        clips_of("busy", 1, data=tmp_path)


def test_cameras_that_share_a_clip_begin_at_different_key_pictures(streams):
    clip = streams()
    starts = [footage.shifted(clip, number).start for number in range(3)]
    assert starts == [0, 8, 16]


# --- streams


def mark(luma):
    """Where the square begins, pixels; the wall beside it is darker."""
    return int((luma.mean(0) > 108).argmax())


def marks(clip):
    """The mark of every frame."""
    with av.open(str(clip.path)) as container:
        return [mark(frame.to_ndarray(format="gray")) for frame in container.decode(video=0)]


def test_a_streamed_clip_shows_every_frame_again_and_again(streams):
    clip = streams()
    source = StreamedClip(clip, "west")
    frames = [source.arrive() for _ in range(2 * clip.frames)]
    assert [frame.index for frame in frames] == list(range(2 * clip.frames))
    assert frames[5].captured_at == pytest.approx(ORIGIN_S + 5 / FPS)
    assert [mark(frame.luma) for frame in frames] == marks(clip) * 2
    assert len(set(marks(clip))) == clip.frames
    assert frames[0].image.shape == (SIZE[1], SIZE[0], 3)


def test_a_streamed_clip_begins_where_its_camera_does(streams):
    clip = footage.shifted(streams(), 1)
    source = StreamedClip(clip, "west")
    assert [mark(source.arrive().luma) for _ in range(4)] == marks(clip)[8:12]


def test_a_resting_camera_decodes_key_pictures_only(streams):
    clip = streams(moving=False)
    source = StreamedClip(clip, "west")
    for _ in range(2 * clip.frames):
        source.arrive()
    assert source.decoded == 2 * clip.frames
    source.rest(asked=True)
    shown = [source.arrive() is not None for _ in range(clip.frames)]
    assert shown == [index % KEY_EVERY == 0 for index in range(clip.frames)]


def test_the_limit_decodes_every_frame_and_counts_its_time(streams):
    limit = DecodeOnly([streams(), footage.shifted(streams(), 1)])
    for _ in range(60):
        limit.tick()
    assert 0.0 < limit.spent.spent_s["decode"] < 10.0


# --- time


def burn(seconds):
    began = time.process_time()
    while time.process_time() - began < seconds:
        sum(range(1000))


def dig():
    burn(0.3)


def rake():
    burn(0.1)


def test_a_stopwatch_counts_work_and_not_sleep():
    watch = Stopwatch()
    with watch("work"):
        burn(0.05)
    with watch("rest"):
        time.sleep(0.05)
    assert watch.spent_s["work"] == pytest.approx(0.05, rel=0.2)
    assert watch.spent_s["rest"] < 0.02


def test_a_sampler_tells_who_spent_it():
    sampler = StageSampler((("test_streams.py", "dig", "digging"), ("test_streams.py", "rake", "raking")), "/edge/")
    with sampler.watching():
        dig()
        rake()
    shares = sampler.shares()
    assert list(shares) == ["digging", "raking"] or list(shares) == ["digging", "raking", "other"]
    assert shares["digging"] == pytest.approx(0.75, abs=0.1)
    assert sum(shares.values()) == pytest.approx(1.0)


def test_ages_have_quantiles():
    ages = Ages()
    assert ages.quantile_s(0.99) == 0.0
    for number in range(100):
        ages.add(number / 1000)
    ages.add(5.0)
    assert ages.count == 101
    assert ages.quantile_s(0.5) == pytest.approx(0.05, abs=0.002)
    assert ages.quantile_s(0.99) == pytest.approx(0.1, abs=0.002)
    assert ages.oldest_s == 5.0


# --- truth and report


def test_truth_goes_on_round_after_round(tmp_path):
    truth = tmp_path / "t.gt.txt"
    tall, small = "1,4,10,20,30,60,1,1,0.9", "1,5,10,20,3,6,1,1,0.9"
    hidden, later = "2,4,10,20,30,60,1,1,0.1", "3,4,12,20,30,60,1,1,0.9"
    truth.write_text(f"{tall}\n{small}\n{hidden}\n{later}\n")
    clip = Clip(tmp_path / "t.mp4", "t", frames=4, moving=1.0, start=2, truth=truth)
    rows, counted = read_truth(clip)
    assert counted.tolist() == [True, False, False, True]
    assert rows[0].tolist() == [0, 4, 10, 20, 40, 80]
    shown = unrolled(clip, 8)
    # it begins with its third frame, so ticks 0, 2, 4, 6 show its frames 2, 0, 2, 0
    assert sorted(shown[:, 0].tolist()) == [0, 2, 4, 6]
    assert len(set(shown[:, 1])) == 3, "everybody comes back as somebody else"


def test_figures_go_between_their_marks(tmp_path):
    page = tmp_path / "performance.md"
    page.write_text("# A\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n")
    write_section("x", r"new \1", page)
    assert page.read_text() == "# A\n<!-- x: begin -->\nnew \\1\n<!-- x: end -->\nb\n"
    with pytest.raises(BadInputError, match="needs the lines"):
        write_section("y", "new", page)


def test_a_page_tells_no_paths():
    words = ["--write", "--json", "--model", "/home/me/a.onnx", "--misses=/tmp/m", "--cameras", "3"]
    told = told_command("benchmarks.streams", words)
    assert told == "python -m benchmarks.streams --model a.onnx --misses=m --cameras 3"


def test_the_page_has_room_for_the_figures():
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    for name in ("streams", "soak", "track"):
        assert page.count(f"<!-- {name}: begin -->") == page.count(f"<!-- {name}: end -->") == 1


# --- the real thing


def test_the_plain_way_sees_what_our_reading_of_its_model_sees():
    """Two decoders of YOLOX written apart agree, so neither side of the comparison is held back by ours."""
    model = shared("detectors", "yolox_nano_416x416.onnx")
    clip = shared("video", "store-aisle-detection.gif")
    frame = next(iter(open_recording(clip, "aisle").frames())).image
    plain = Yolox(model).detect(frame, 0.5)
    (ours,) = Detector(model, score_min=0.5, iou_max=0.5).detect([frame])
    assert len(plain) == len(ours) >= 2
    overlap = iou_matrix(plain.xyxy.astype(np.float32), np.asarray(ours.xyxy, np.float32))
    assert (overlap.max(1) > 0.9).all()


def test_a_race_costs_recalls_and_adds_up():
    pytest.importorskip("trackers")
    peer = shared("detectors", "yolox_nano_416x416.onnx")
    ran = race(clips_of("busy", 2, data=shared()), peer=peer, model=None, seconds=2.0)
    told = ran.race
    for cost in (told.plain, told.atrium, told.limit):
        assert cost.ms == pytest.approx(sum(cost.stages.values()), rel=0.01)
    assert told.limit.ms < told.plain.ms
    assert told.limit.ms < told.atrium.ms
    assert 0.0 < told.decode_share < 1.0
    assert told.plain.stages["inference"] > told.plain.stages["track, zone"]
    assert 0.0 < told.analysed <= 1.0
    assert told.recall_all.tracks >= told.recall.tracks
    assert told.recall_all.of_tracks > 0.5
    assert told.people >= told.walking


def test_quick_prints_both_ways_in_a_minute():
    pytest.importorskip("trackers")
    shared("detectors", "yolox_nano_416x416.onnx")
    command = [sys.executable, "-m", "benchmarks.streams", "--quick", "--json"]
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    assert "x plain way" in done.stdout
    told = json.loads(done.stdout.splitlines()[-1])
    assert set(told) == {"model", "busy", "quiet", "simulator", "truth"}
    assert told["busy"]["plain_ms"] > told["busy"]["decode_ms"] > 0
    assert told["busy"]["live"][0]["p99_ms"] >= told["busy"]["live"][0]["p50_ms"] > 0
    assert told["busy"]["live"][0]["camera_mb"] > 0
    assert 0.0 < told["truth"]["atrium_ap50"] <= 1.0
    # streams are made at the first run only
    assert time.monotonic() - began < 150


def test_count_moving_leaves_a_burnt_in_clock_out(tmp_path):
    path = tmp_path / "clock.mp4"
    wall = np.random.default_rng(0).integers(60, 90, (SIZE[1], SIZE[0], 3), np.uint8)
    with ClipWriter(path, *SIZE, FPS) as writer:
        for index in range(16):
            image = wall.copy()
            image[:30, 100:300] = 50 * (index % 5)
            writer.write(image)
    assert count_moving(path, clock=True) == (16, 0.0)
    assert count_moving(path, clock=False) == (16, 1.0)
