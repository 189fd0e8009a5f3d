"""Replays of recordings: the events of a live box, a line each, the same every time."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
from itertools import pairwise

import av
import pytest

from calibration.site import load_site
from contract.events import Crossing
from contract.messages import BY_WHAT, decode
from contract.times import from_rfc3339
from edge.capture.source import open_recording
from edge.outbox.store import Origin
from edge.overlay import ClipWriter, Overlay
from edge.pipeline import FloorPipeline, PipelineSettings
from edge.playback import Playback
from edge.replay import EventLog, Summary, replay
from tests.edge.painted_mall import CAMERAS, DOOR_X_M, FPS, SPEED_MPS, PaintDetector, shoppers, write_mall
from tests.shared_data import ROOT

SECONDS = 40
WHAT_OF = {kind.schema: kind.what for kind in BY_WHAT.values()}


@pytest.fixture(name="mall", scope="module")
def _mall(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mall")
    write_mall(folder, SECONDS)
    return folder


def moments(folder, cameras, seed=1):
    floor = load_site(folder / "site.toml").floor("ground")
    recordings = {name: (open_recording(folder / f"{name}.mp4", name), 1000.0) for name in cameras}
    pipeline = FloorPipeline(floor, PipelineSettings(), random.Random(seed))
    return floor, replay(Playback(recordings, FPS, {}).ticks(), PaintDetector(), pipeline)


def replayed(folder, cameras, seed=1):
    stream, summary = io.BytesIO(), Summary()
    log = EventLog(stream, Origin("mall", "ground", "replay"), random.Random(seed))
    for moment in moments(folder, cameras, seed)[1]:
        log.write(moment.step)
        summary.frames += len(moment.tick.frames)
        summary.add(moment.step)
    return stream.getvalue(), summary


@pytest.mark.parametrize("cameras", [["west"], ["west", "east"]])
def test_the_door_is_counted_exactly_by_one_camera_and_by_two(mall, cameras):
    content, summary = replayed(mall, cameras)
    people = shoppers(SECONDS)
    assert summary.crossings == {("door", "in"): len(people), ("door", "out"): len(people)}
    found = [json.loads(line) for line in content.splitlines() if b"crossing" in line]
    entered = sorted(from_rfc3339(each["body"]["at"]) for each in found if each["body"]["direction"] == "in")
    for at, who in zip(entered, people, strict=True):
        assert at == pytest.approx(1000.0 + who.starts_s + (DOOR_X_M - 2.0) / SPEED_MPS, abs=0.4)


def test_every_line_is_a_legal_message_and_every_session_counts_without_a_gap(mall):
    content, _ = replayed(mall, list(CAMERAS))
    numbers = {}
    for line in content.splitlines():
        message = decode(WHAT_OF[json.loads(line)["schema"]], line)
        numbers.setdefault(message.session, []).append(message.seq)
        assert message.event_id == f"{message.session}-{message.seq}"
        if isinstance(message.body, Crossing):
            assert message.at == message.body.at
    assert len(numbers) == 2
    for seqs in numbers.values():
        assert seqs[0] == 1
        assert all(b == a + 1 for a, b in pairwise(seqs))


def test_the_same_seed_gives_the_same_file(mall):
    assert replayed(mall, ["west"])[0] == replayed(mall, ["west"])[0]
    assert replayed(mall, ["west"])[0] != replayed(mall, ["west"], seed=2)[0]


def test_the_annotated_video_shows_every_moment_of_all_cameras(mall, tmp_path):
    floor, steps = moments(mall, list(CAMERAS))
    overlay, count = Overlay(floor, list(CAMERAS)), 0
    with ClipWriter(tmp_path / "out.mp4", FPS) as clip:
        for moment in steps:
            picture = overlay.draw(moment.tick.frames, moment.step)
            if moment.tick.frames and picture is not None:
                clip.write(picture)
                count += 1
    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert (stream.width, stream.height) == (1280, 360)
        assert sum(1 for _ in container.decode(stream)) == count == SECONDS * FPS


def atrium(*arguments, cwd):
    command = [sys.executable, "-m", "cli.main", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=None, timeout=280)


def command(folder, *more):
    return ["replay", folder / "west.mp4", "--site", folder / "site.toml", "--camera", "west", *more]


def test_the_command_writes_events_a_video_and_a_summary(mall, tmp_path):
    more = ["--out", tmp_path / "e.jsonl", "--annotate", tmp_path / "a.mp4", "--fps", 2, "--start-frame", 150, "--json"]
    done = atrium(*command(mall, *more), cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    summary = json.loads(done.stdout)
    assert summary["frames"] == 20
    assert set(summary["crossings"]) == {"door"}
    first = json.loads((tmp_path / "e.jsonl").read_text().splitlines()[0])
    assert first["at"] == "1970-01-01T00:00:30.000Z"
    assert (tmp_path / "a.mp4").stat().st_size > 1000


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["--camera", "nowhere"], "no camera 'nowhere'"),
        (["--fps", "0"], "--fps 0"),
        (["--start-frame", "9999"], "no frame from --start-frame 9999"),
        (["--out", "/nowhere/at/all.jsonl"], "/nowhere/at/all.jsonl"),
        (["--start-at", "noon"], "'noon' is no time"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(mall, tmp_path, change, words):
    arguments = ["replay", mall / "west.mp4", "--site", mall / "site.toml"]
    if "--camera" not in change:
        arguments += ["--camera", "west"]
    if "--out" not in change:
        arguments += ["--out", tmp_path / "e.jsonl"]
    done = atrium(*arguments, *change, cwd=ROOT)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
