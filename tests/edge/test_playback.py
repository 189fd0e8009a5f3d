"""Recordings played together: every frame once, in order, the same from wherever it goes on."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import BadInputError
from edge.capture.frame import Frame
from edge.capture.recording import RateTicks
from edge.playback import Playback, Tick

IMAGE = np.zeros((2, 2, 3), np.uint8)


@dataclass
class Numbers:
    """A recording of nothing but times."""

    camera: str
    rate_hz: float
    length: int | None
    breaks_at: int | None = None
    damage: str | None = None

    def frames(
        self, fps: float | None = None, start_frame: int = 0, start_at: float = 0.0, *, ticks_from: int = 0
    ) -> Iterator[Frame]:
        ticks = RateTicks(fps, self.rate_hz, ticks_from)
        for index in range(self.length or 0):
            if index == self.breaks_at:
                raise BadInputError(f"{self.camera}: torn")
            if ticks.takes(index / self.rate_hz) and index >= start_frame:
                yield Frame(self.camera, start_at + index / self.rate_hz, index, IMAGE)


def plain(ticks: list[Tick]) -> list[tuple[float, dict[str, int]]]:
    return [(tick.now, {name: frame.index for name, frame in tick.frames.items()}) for tick in ticks]


def played(cameras, fps: float, begin=None) -> tuple[Playback, list[Tick]]:
    playback = Playback({c.camera: (c, start) for c, start in cameras}, fps, begin or {})
    return playback, list(playback.ticks())


def test_cameras_of_one_moment_share_a_tick() -> None:
    _, ticks = played([(Numbers("a", 5.0, 4), 100.0), (Numbers("b", 5.0, 3), 100.02)], 5.0)
    assert [set(tick.frames) for tick in ticks] == [{"a", "b"}, {"a", "b"}, {"a", "b"}, {"a"}]
    assert [tick.now for tick in ticks] == pytest.approx([100.02, 100.22, 100.42, 100.6])


def test_a_camera_that_starts_later_joins_in() -> None:
    playback, ticks = played([(Numbers("a", 5.0, 10), 0.0), (Numbers("b", 5.0, 2), 1.0)], 5.0)
    assert [index for index, tick in enumerate(ticks) if "b" in tick.frames] == [5, 6]
    assert playback.ended == {"a", "b"}


def test_a_torn_recording_ends_alone() -> None:
    playback, ticks = played([(Numbers("a", 5.0, 10), 0.0), (Numbers("b", 5.0, 10, breaks_at=3), 0.0)], 5.0)
    assert len(ticks) == 10
    assert playback.damage == {"b": "b: torn"}
    assert playback.next_frames == {"a": 10, "b": 3}


rates = st.sampled_from([4.0, 5.0, 7.5, 10.0, 12.0, 25.0, 29.97])


@given(
    cameras=st.lists(st.tuples(rates, st.integers(0, 60), st.floats(0, 3)), min_size=1, max_size=4),
    fps=st.sampled_from([1.0, 4.0, 5.0, 8.0, 25.0]),
    data=st.data(),
)
def test_every_analysed_frame_once_and_the_same_ticks_from_any_point_on(cameras, fps: float, data) -> None:
    sources = [(Numbers(f"c{n}", rate, length), 1000.0 + start) for n, (rate, length, start) in enumerate(cameras)]
    playback = Playback({c.camera: (c, start) for c, start in sources}, fps, {})
    ticks, marks = [], [dict(playback.next_frames)]
    for tick in playback.ticks():
        ticks.append(tick)
        marks.append(dict(playback.next_frames))
    for source, start in sources:
        given_out = [tick.frames[source.camera].index for tick in ticks if source.camera in tick.frames]
        assert given_out == [frame.index for frame in source.frames(fps, 0, start)]
    assert all(a.now < b.now for a, b in itertools.pairwise(ticks))
    cut = data.draw(st.integers(0, len(ticks)))
    _, rest = played(sources, fps, marks[cut])
    assert plain(rest) == plain(ticks[cut:])
